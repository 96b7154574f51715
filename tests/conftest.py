"""What every test stands on: no user's environment, no AWS, no waiting."""

from __future__ import annotations

import os
from copy import deepcopy
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from fakes import FakeAws, QuickAws, SharedSession
from moto import mock_aws
from moto.cognitoidp import models
from moto.utilities.utils import load_resource

from cognito_gw.config.model import Config
from cognito_gw.engine import reconcile
from cognito_gw.engine.walk import backward, closure, forward, walk
from cognito_gw.resources.stack import build

pytest_plugins = ["pytester"]

REGION = "eu-west-1"
_OURS = ("AWS_", "CGW_", "XDG_")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")

MOTO_KEY = "cognitoidp/resources/jwks-private.json"
FULL = Path(__file__).with_name("full.yaml")


def pytest_addoption(parser):
    """Add the option that rewrites the expected outputs of tests/cli/golden."""
    parser.addoption("--update-golden", action="store_true")


def pytest_terminal_summary(terminalreporter):
    """Say at how many points tests/faults has killed cgw."""
    passed = terminalreporter.getreports("passed")
    points = sum(dict(each.user_properties).get("points", 0) for each in passed)
    if points:
        terminalreporter.write_line(f"killed at {points} points: it went on from each")


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """Nothing of the user's own reaches a test, and no real credentials."""
    for name in os.environ:
        if name.startswith(_OURS) or name.upper() in _PROXIES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return monkeypatch


@pytest.fixture(scope="session", autouse=True)
def _quick_keys():
    """Let moto read its signing key once, and not for each user pool anew."""
    key = models.jwk.RSAKey.import_key(load_resource(MOTO_KEY))
    models.jwk = SimpleNamespace(RSAKey=SimpleNamespace(import_key=lambda _: key))


@pytest.fixture(scope="session")
def session():
    """One session, and one client per service, for all tests of a worker."""
    return SharedSession(
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        region_name=REGION,
    )


@pytest.fixture
def aws(session):
    """An empty account of moto's."""
    with mock_aws(config={"lambda": {"use_docker": False}}):
        quick = QuickAws(session)
        assert quick.account.region == REGION
        # moto makes its tables of these routes at the first call; Python 3.11 may fail
        # at that in several threads at once.
        quick.apigateway.get_rest_apis()
        quick.functions.list_functions()
        session.calls.clear()
        yield quick


@pytest.fixture
def fake_aws():
    """A world in memory."""
    return FakeAws()


@pytest.fixture
def configured():
    """Return a maker of configurations: the full one with some sections replaced."""

    def make(text="", **sections):
        data = deepcopy(_read(text or FULL.read_text("utf-8")))
        if "user_pool" in sections:  # what it has besides stays: others name it
            sections["user_pool"] = data["user_pool"] | sections["user_pool"]
        return Config.model_validate(data | sections)

    return make


@cache
def _read(text):
    return yaml.safe_load(text)


@pytest.fixture
def built(aws, configured):
    """Return a maker of stacks: the full configuration with sections replaced."""

    def make(text="", **sections):
        return build(configured(text, **sections), aws.account)

    return make


@pytest.fixture
def do(aws):
    """Return what walks a verb of the engine over resources and all they need."""

    def run(verb, *resources):
        chosen = closure(resources)
        if verb == "destroy":
            _walk(reconcile.refresh, forward(chosen), aws)
            return _walk(reconcile.destroy, backward(chosen), aws)
        return _walk(getattr(reconcile, verb), forward(chosen), aws)

    return run


def _walk(verb, graph, aws):
    return {each.resource: each for each in walk(partial(verb, aws=aws), graph)}
