"""The resources of tests/full.yaml, one by one."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from botocore.stub import Stubber

from cognito_gw.aws.clients import Account
from cognito_gw.config.model import Config
from cognito_gw.resources.stack import build

FULL = Path(__file__).parents[1] / "full.yaml"


def pytest_generate_tests(metafunc):
    """Run what asks for a `place` once for every resource of the full stack."""
    if "place" in metafunc.fixturenames:
        config = Config.model_validate(yaml.safe_load(FULL.read_text("utf-8")))
        stack = build(config, Account("aws", "eu-west-1", "123456789012"))
        names = [f"{each.kind} {each.label}" for each in stack.resources]
        metafunc.parametrize("place", range(len(names)), ids=names)


@pytest.fixture
def find(built):
    """Return what finds a resource of a newly built stack by its kind and label."""

    def run(kind, label=None, **sections):
        return next(
            each
            for each in built(**sections).resources
            if each.kind == kind and label in (None, each.label)
        )

    return run


@pytest.fixture
def stubbed():
    """Return a context in which one client answers only what it was told to expect."""

    @contextmanager
    def run(client, *expected):
        with Stubber(client) as stubber:
            for operation, sent, answer in expected:
                if isinstance(answer, tuple):
                    code, message = answer
                    stubber.add_client_error(
                        operation, code, message, expected_params=sent
                    )
                else:
                    stubber.add_response(operation, answer, sent)
            yield
            stubber.assert_no_pending_responses()

    return run


class _Refusal(NamedTuple):
    status_code: int = 403


@pytest.fixture
def refusing():
    """Return a context in which AWS refuses one operation of a client."""

    @contextmanager
    def run(client, operation, code="AccessDeniedException"):
        event = f"before-call.{client.meta.service_model.service_id}.{operation}"
        event = event.lower().replace(operation.lower(), operation).replace(" ", "-")
        answer = _Refusal(), {"Error": {"Code": code, "Message": "no"}}

        def refuse(**_):
            return answer

        client.meta.events.register_first(event, refuse)
        try:
            yield
        finally:
            client.meta.events.unregister(event, refuse)

    return run
