"""Any content of the file leads to one short, readable message."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cognito_gw.config.load import BadConfig, load
from cognito_gw.config.model import Config
from cognito_gw.errors import UsageError

LEVELS = range(1, 20)


def refusal(file):
    """Return the error message for a file."""
    with pytest.raises(UsageError) as error:
        load(file, {})
    assert error.value.exit_code == 2
    assert str(error.value).encode("utf-8")
    return str(error.value)


def levels(first, following):
    """Return lines in which each refers to the previous one several times."""
    lines = [f"k{n}: &a{n} {following.format(f'*a{n - 1}')}" for n in LEVELS]
    return "\n".join([f"k0: &a0 {first}", *lines, "name: x\n"])


BLOWN_UP = {
    "lists": levels("[x]", "[{0}, {0}, {0}]"),
    "mappings": levels("{a: 1}", "{{a: {0}, b: {0}}}"),
    "merges": levels("{a: 1}", "{{<<: [{0}, {0}]}}"),
    "the same key": levels("{a: 1}", "{{a: {0}, a: {0}}}"),
}


@pytest.mark.parametrize("text", BLOWN_UP.values(), ids=BLOWN_UP)
def test_aliases_that_blow_up_are_refused(file, text):
    """A few lines can expand to more values than there are atoms on Earth."""
    file.write_text(text)
    assert ": with what aliases repeat, these are over 50,000 values" in refusal(file)


def test_a_key_that_blows_up_is_refused(file):
    """The error does not expand it."""
    file.write_text("? &a [[x, x], [x, x]]\n: 1\n")
    assert "line 1, column 3: this is not YAML: a key must be text" in refusal(file)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "- " * 100_000,
        "name: &x [*x]",
        "name: x\nuser_pool: &x\n  <<: *x\n",
    ],
)
def test_what_is_nested_too_deep_is_refused(file, text):
    """Lists nested in lists, or a list that contains itself."""
    file.write_text(text)
    assert "nested too deep" in refusal(file)


def test_many_complaints_are_some_complaints(file):
    """The error shows some of them, and the total number."""
    file.write_text("name: x\nusers:\n" + "- {username: a}\n" * 1000)
    head, *lines = refusal(file).splitlines()
    assert head == f"{file} has over 100 problems, such as:"
    assert len(lines) == 100


@pytest.mark.parametrize(
    "text",
    [
        f"name: {'a' * 100_000}",
        f"{'k' * 100_000}: 1",
        f"domain: '{'é' * 50_000}'",
        "name: " + ":".join(["59"] * 3000),
        "region: 0x" + "f" * 100_000,
    ],
)
def test_a_long_value_is_not_repeated_at_length(file, text):
    """The error shows only its beginning."""
    file.write_text(text)
    assert max(map(len, refusal(file).splitlines())) < 2500


@pytest.mark.parametrize("key", ["1", "on", "null", "1.5", "0x10"])
def test_a_key_is_text_without_quotes_too(loaded, key):
    """Numbers and booleans in YAML are tag names as they are written."""
    assert loaded(f"name: x\ntags: {{{key}: a}}\n").config.tags == {key: "a"}


def test_our_own_marks_cannot_be_spelled(file):
    """A tag with the name of our marker does not create a missing password."""
    file.write_text("name: x\nusers: [{username: a@b.c, password: !missing [P]}]")
    assert "line 2, column 37: this is not YAML" in refusal(file)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("users: ['alice:hunter2']", "users[0]"),
        ("users: [[hunter2]]", "users[0]"),
        ("users: [{username: a@b.c, password: {is: hunter2}}]", "users[0].password"),
        ("users: [{username: a@b.c, groups: hunter2}]", "users[0].groups"),
        ("functions: {hello: {environment: hunter2}}", "functions.hello.environment"),
        ("functions: {hello: {environment: {KEY: 4711}}}", "functions.hello"),
    ],
)
def test_what_can_be_a_secret_is_not_repeated(complaints, text, path):
    """Also in the wrong place or with the wrong type."""
    (told,) = complaints(f"name: x\n{text}\n")
    assert path in told
    assert not {"hunter2", "4711"} & set(told.replace("`", " ").split())


WRONG = [None, True, -1, 10**400, 2.5, float("nan"), "\0\x1b[2J", "", [], [[]]]
WRONG += [{"": None}, {"a": {"b": "c"}}, "x" * 300]


def key_paths(schema, path=()):
    """Return every path in the schema, with a name for free keys."""
    schema = resolved(schema)
    found = [path] if path else []
    below = dict(schema.get("properties", {}))
    free = [schema.get("additionalProperties")]
    free += schema.get("patternProperties", {}).values()
    below |= {"GET /x" if path[-1:] == ("routes",) else "abc": each for each in free}
    for key, inside in below.items():
        found += key_paths(inside, (*path, key)) if isinstance(inside, dict) else []
    if "items" in schema:
        found += key_paths(schema["items"], (*path, 0))
    return found


SCHEMA = Config.model_json_schema()


def resolved(schema):
    for option in schema.get("anyOf", [schema]):
        if "$ref" in option:
            return SCHEMA["$defs"][option["$ref"].rpartition("/")[2]]
    return schema


def holding(path, value):
    """Return a file's data with a value at a path."""
    for depth in range(len(path), 0, -1):
        beside = BESIDE.get(path[: depth - 1], {})
        key = path[depth - 1]
        value = [value] if key == 0 else beside | {key: value}
    return {"name": "x"} | value


BESIDE = {  # always required
    ("users", 0): {"username": "a@b.c"},
    ("resource_servers", "abc"): {"scopes": {"read": "Read"}},
    ("api", "cors"): {"origins": ["https://a.example"]},
    ("api", "throttle"): {"rate": 1, "burst": 1},
    ("api", "routes", "GET /x", "throttle"): {"rate": 1, "burst": 1},
}
PATHS = key_paths(SCHEMA)


def test_the_paths_are_those_of_the_schema():
    """On all levels."""
    assert ("users", 0, "password") in PATHS
    assert ("api", "routes", "GET /x", "scopes", 0) in PATHS
    assert {path[0] for path in PATHS} == set(Config.model_fields)
    assert {len(after) - len(before) for before, after in pairwise(PATHS)} >= {0, 1}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: ".".join(map(str, path)))
def test_a_wrong_value_is_reported_with_its_key(file, path):
    """For every key of the file and every value."""
    for value in WRONG:
        text = yaml.dump(holding(path, value), Dumper=yaml.CSafeDumper)
        file.write_text(text, encoding="utf-8")
        told = told_of(file)
        assert not told or any(of_one_branch(path, each) for each in told), value


def of_one_branch(path, other):
    return all(one == two for one, two in zip(path, other, strict=False))


def told_of(file):
    """Return the keys with errors, or nothing."""
    try:
        load(file, {})
    except BadConfig as error:
        return [each.path for each in error.problems]
    return []


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.binary() | st.binary().map(b"name: x\n".__add__))
def test_any_bytes(file, content):
    """Any bytes are either loaded or refused with a message."""
    file.write_bytes(content)
    with suppress(UsageError):
        load(file, {})
