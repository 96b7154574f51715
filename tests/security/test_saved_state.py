"""A saved state creates only data and changes nothing in the process that reads it."""

from __future__ import annotations

import importlib
import pickle
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.iam import models

from cognito_gw.local import autosave
from cognito_gw.local.apigateway.context import Snapshots

CLASSES = [
    "moto.iam.models.Role",
    "moto.cognitoidp.models.CognitoIdpUserPool",
    "moto.cognitoidp.models.UserStatus",
    "moto.awslambda.models.LambdaFunction",
    "moto.utilities.tagging_service.TaggingService",
    "cognito_gw.local.apigateway.context.Snapshot",
    "cognito_gw.local.cognito.directory.Mfa",
    "weakref.WeakValueDictionary",
    "dateutil.tz.tz.tzlocal",
    "re._compile",
]
NOTHING = pickle.dumps(({}, {}), 0)  # a state with no data


def named(place):
    """Return the opcode that puts a class on the stack."""
    module, _, name = place.rpartition(".")
    return f"c{module}\n{name}\n".encode()


def spelled(value):
    """Return the opcodes that put a value of plain data on the stack."""
    return pickle.dumps(value, 0)[:-1]


def found(place):
    """Return the value at a path."""
    module, _, name = place.rpartition(".")
    return getattr(importlib.import_module(module), name)


def load(*opcodes):
    """Read an otherwise empty state that begins with these opcodes."""
    return autosave.load(b"".join([*opcodes, b"0", NOTHING]), Snapshots())


def attributes_of(*places):
    """Return the attributes of classes and the defaults of functions."""
    things = [found(place) for place in places]
    return [
        (dict(vars(thing)), getattr(thing, "__defaults__", None)) for thing in things
    ]


def test_the_empty_state_is_read():
    """So an error below comes from what the test adds."""
    load(spelled("any"))


@pytest.mark.parametrize("place", CLASSES)
@pytest.mark.parametrize(
    "state",
    [(None, {"planted": 1}), ({}, {"planted": 1}), {}, (None, {})],
    ids=str,
)
def test_a_class_takes_no_state(place, state):
    """`BUILD` sets attributes on an object, and a class is an object."""
    before = attributes_of(place)
    with pytest.raises(pickle.PickleError, match="may not be changed"):
        load(named(place), spelled(state), b"b")
    assert attributes_of(place) == before


def test_a_class_takes_no_state_where_it_is_made_of():
    """Neither its constructor nor its methods can be replaced."""
    before = attributes_of("moto.iam.models.Role")
    with pytest.raises(pickle.PickleError):
        load(
            named("moto.iam.models.Role"),
            b"(N(dV__init__\n",
            named("moto.iam.models.Policy"),
            b"stb",
        )
    assert attributes_of("moto.iam.models.Role") == before


@pytest.fixture
def planted(monkeypatch):
    """A class of moto's that records its construction."""

    class Planted:
        def __init__(self, *arguments):
            self.constructed.append(arguments)

    Planted.constructed = []
    Planted.__module__, Planted.__qualname__ = models.__name__, "Planted"
    monkeypatch.setattr(models, "Planted", Planted, raising=False)
    return Planted


@pytest.mark.parametrize(
    "opcodes",
    [b"(tR", b"(I1\nI2\ntR", b")R", b"(tR)R"],
    ids=["reduce", "with arguments", "empty tuple", "twice"],
)
def test_no_constructor_runs(planted, opcodes):
    """Some constructors of moto start processes, open files, or register themselves."""
    with suppress(TypeError, pickle.PickleError):
        load(named("moto.iam.models.Planted"), opcodes)
    assert planted.constructed == []


@pytest.mark.parametrize(
    "opcodes",
    [b"(I1\nimoto.iam.models\nPlanted\n", b"(cmoto.iam.models\nPlanted\nI1\no"],
    ids=["inst", "obj"],
)
def test_no_constructor_runs_by_older_opcodes(planted, opcodes):
    """They call a class as well."""
    with suppress(TypeError, pickle.PickleError):
        load(opcodes)
    assert planted.constructed == []


def test_an_instance_takes_its_state(planted):
    """Without a constructor, and with its attributes."""
    made = []
    planted.__setstate__ = lambda self, state: made.append((type(self), state))
    load(named("moto.iam.models.Planted"), b")\x81", spelled({"name": "any"}), b"b")
    assert made == [(planted, {"name": "any"})]
    assert planted.constructed == []


@pytest.mark.parametrize(
    "place",
    [
        "moto.core.base_backend.InstanceTrackerMeta",
        "moto.core.base_backend.BackendDict",
        "moto.iam.models.IAMBackend",
        "moto.kms.models.Key",
        "moto.moto_server.threaded_moto_server.ThreadedMotoServer",
        "cognito_gw.local.process.Server",
        "cognito_gw.local.state_file.Saved",
        "cognito_gw.local.awslambda.process.Process",
        "cognito_gw.local.dispatch.ControlPlane",
    ],
)
def test_objects_that_no_state_contains_are_refused(place):
    """Servers, backends, and factories of classes are not data."""
    with pytest.raises(pickle.PickleError):
        load(named(place))


@pytest.mark.parametrize("service", ["kms", "sts", "ec2", "../iam", ""])
def test_only_backends_whose_state_is_saved_are_found(service):
    """A state file cannot reach any other service."""
    place = pickle.dumps((service, "123456789012", "eu-west-1"), 0)[:-1]
    with pytest.raises(pickle.PickleError):
        load(place, b"Q")


STATES = st.recursive(
    st.none() | st.integers() | st.text(max_size=3) | st.just("planted"),
    lambda inner: (
        st.dictionaries(st.sampled_from(["planted", "__init__", "__new__"]), inner)
        | st.tuples(inner, inner)
    ),
    max_leaves=4,
)
STEPS = st.sampled_from(CLASSES).map(named) | STATES.map(spelled)
OPCODES = st.sampled_from([b"b", b"R", b")", b"\x81", b"\x85", b"2", b"(", b"t", b"o"])


@given(st.sampled_from(CLASSES), STATES, st.lists(STEPS | OPCODES, max_size=6))
def test_no_order_of_opcodes_changes_a_class(place, state, opcodes):
    """Whatever it pushes, calls, and builds."""
    before = attributes_of(*CLASSES)
    with suppress(Exception):
        load(named(place), b"2", spelled(state), b"b", *opcodes)
    assert attributes_of(*CLASSES) == before
