"""Shared by all tests: tiers, a clean environment, and moto's AWS in memory."""

from __future__ import annotations

import itertools
import os
import sys
from collections import Counter
from copy import deepcopy
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from hypothesis import settings

pytest_plugins = ["pytester"]

# The slowest first: short tests fill the gaps at the end of a parallel run.
TIERS = ("e2e", "server", "aws", "unit")
NIGHTLY = "nightly"
TIER_OF_FOLDER = {
    "diagnosis": "unit",
    "e2e": "e2e",
    "faults": "aws",
    "local": "server",
    "oauth": "unit",
}
TIER_OF_FIXTURE = {"server": "server", "moto_url": "server", "aws": "aws"}

REGION = "eu-west-1"
_OURS = ("AWS_", "CGW_", "XDG_")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nonexistent/aws-config",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/aws-credentials",
}

MOTO_KEY = "cognitoidp/resources/jwks-private.json"
FULL = Path(__file__).with_name("full.yaml")


def pytest_addoption(parser):
    """Add the option that rewrites the expected outputs of tests/cli/golden."""
    parser.addoption("--update-golden", action="store_true")


def pytest_configure(config):
    """Let hypothesis try few examples, and many in a nightly run."""
    is_nightly = NIGHTLY in config.option.markexpr
    settings.register_profile("ci", deadline=None, database=None, max_examples=60)
    settings.register_profile("nightly", settings.get_profile("ci"), max_examples=2000)
    settings.load_profile("nightly" if is_nightly else "ci")


def pytest_xdist_auto_num_workers():
    """Use one worker more than there are cores: tests also wait for other processes."""
    return len(os.sched_getaffinity(0)) + 1 if sys.platform == "linux" else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Mark each test with its tier; sort by tier, and skip nightly tests."""
    is_nightly = NIGHTLY in config.option.markexpr
    by_tier = {tier: [] for tier in TIERS}
    left_out = []
    for item in items:
        tier = tier_of(item)
        item.add_marker(tier)
        item.user_properties.append(("tier", tier))
        if is_nightly and getattr(item.obj, "is_hypothesis_test", False):
            item.add_marker(NIGHTLY)  # with its many examples
        runs = is_nightly or item.get_closest_marker(NIGHTLY) is None
        (by_tier[tier] if runs else left_out).append(item)
    items[:] = itertools.chain.from_iterable(by_tier.values())
    if left_out:
        config.hook.pytest_deselected(items=left_out)


def tier_of(item):
    """Return a test's tier from its marker, or else its folder or its fixtures."""
    marks = {mark.name for mark in item.iter_markers()}
    explicit = [tier for tier in TIERS if tier in marks]
    if explicit:
        return explicit[0]
    if (folder := _folder(item.path)) in TIER_OF_FOLDER:
        return TIER_OF_FOLDER[folder]
    found = (TIER_OF_FIXTURE.get(name) for name in item.fixturenames)
    return min(filter(None, found), key=TIERS.index, default="unit")


@cache
def _folder(path):
    """Return a file's folder in `tests`."""
    return path.relative_to(Path(__file__).parent).parts[0]


def pytest_terminal_summary(terminalreporter):
    """Print each tier's tests and seconds, and the points where cgw was killed."""
    seconds, tests, points = Counter(), Counter(), 0
    for report in itertools.chain.from_iterable(terminalreporter.stats.values()):
        if not isinstance(report, pytest.TestReport):  # a warning, or deselected
            continue
        properties = dict(report.user_properties)
        if tier := properties.get("tier"):
            seconds[tier] += report.duration
            tests[tier] += report.when == "call"
            points += properties.get("points", 0) * (report.when == "call")
    for tier in reversed(TIERS):
        if tier in tests:
            terminalreporter.write_line(
                f"{tier:6} {tests[tier]:5} tests {seconds[tier]:6.1f} s"
            )
    if points:
        terminalreporter.write_line(f"killed at {points} points: it went on from each")


@pytest.fixture(scope="session", autouse=True)
def _clean_environment():
    """Hide the user's settings and credentials from all tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(_OURS) or name.upper() in _PROXIES:
                patch.delenv(name)
        for name, value in _ENVIRONMENT.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def _state_homes(tmp_path_factory):
    """Folders that exist only after something is written to them."""
    top = tmp_path_factory.mktemp("states")
    return (top / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def environment(request, monkeypatch, _state_homes):
    """An environment that the test may change, with a state directory per test."""
    is_asked_for = "tmp_path" in request.fixturenames
    home = request.getfixturevalue("tmp_path") if is_asked_for else next(_state_homes)
    monkeypatch.setenv("XDG_STATE_HOME", f"{home}/state")
    return monkeypatch


@pytest.fixture(scope="session")
def quick_keys():
    """Let moto cache its signing key and its table of names."""
    from moto.cognitoidp import models
    from moto.core import responses
    from moto.core.base_backend import BaseBackend
    from moto.utilities.utils import load_resource

    key = models.jwk.RSAKey.import_key(load_resource(MOTO_KEY))
    models.jwk = SimpleNamespace(RSAKey=SimpleNamespace(import_key=lambda _: key))
    names = cache(responses.method_names_from_class)
    responses.method_names_from_class = names
    responses.gen_amzn_requestid_long = lambda _: ""
    BaseBackend.urls = property(cache(BaseBackend.urls.fget))


@pytest.fixture(scope="session")
def session(quick_keys):  # noqa: ARG001 - moto sees only sessions made after its import
    """One session for all tests of a worker, with one client per service."""
    from fakes import SharedSession

    return SharedSession(
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        region_name=REGION,
    )


@pytest.fixture
def aws(session):
    """An empty account in moto."""
    from fakes import QuickAws
    from moto import mock_aws

    with mock_aws(config={"lambda": {"use_docker": False}}):
        quick = QuickAws(session)
        assert quick.account.region == REGION
        # moto builds its tables of these routes at the first call; Python 3.11 may fail
        # if several threads do so at once.
        quick.apigateway.get_rest_apis()
        quick.functions.list_functions()
        session.calls.clear()
        yield quick


@pytest.fixture
def fake_aws():
    """AWS in memory."""
    from fakes import FakeAws

    return FakeAws()


@pytest.fixture
def configured():
    """Return a function that makes configurations: the full one with new sections."""
    from cognito_gw.config.model import Config

    def make(text="", **sections):
        data = deepcopy(_read(text or FULL.read_text("utf-8")))
        if "user_pool" in sections:  # other entries stay: other sections refer to them
            sections["user_pool"] = data["user_pool"] | sections["user_pool"]
        return Config.model_validate(data | sections)

    return make


@cache
def _read(text):
    return yaml.safe_load(text)


@pytest.fixture
def built(aws, configured):
    """Return a function that makes stacks: the full one with new sections."""
    from cognito_gw.resources.stack import build

    def make(text="", **sections):
        return build(configured(text, **sections), aws.account)

    return make


@pytest.fixture
def do(aws):
    """Return a function that applies a verb to resources and their dependencies."""
    from cognito_gw.engine import reconcile
    from cognito_gw.engine.walk import backward, closure, forward, walk

    def run(verb, *resources):
        chosen = closure(resources)
        if verb == "destroy":
            walked(reconcile.refresh, forward(chosen))
            return walked(reconcile.destroy, backward(chosen))
        return walked(getattr(reconcile, verb), forward(chosen))

    def walked(verb, graph):
        steps = walk(partial(verb, aws=aws), graph)
        return {step.resource: step for step in steps}

    return run
