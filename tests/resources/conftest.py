"""The resources of tests/full.yaml, one by one."""

from __future__ import annotations

from contextlib import contextmanager
from copy import deepcopy
from typing import NamedTuple

import pytest
from botocore.stub import Stubber
from faults.local import backends, restore, state_of

_MADE = {}


@pytest.fixture
def standing(aws, built, do):
    """Return a function that creates a stack in an empty account, once per worker."""

    def run(**sections):
        stack, key = built(**sections), repr(sections)
        if key not in _MADE:
            steps = do("apply", *stack.resources)
            assert [step.error for step in steps.values() if step.error] == []
            lives = [resource.live for resource in stack.resources]
            _MADE[key] = state_of(*backends()), deepcopy(lives)
        state, lives = _MADE[key]
        restore(state, *backends())
        for resource, live in zip(stack.resources, deepcopy(lives), strict=True):
            resource.live = live
        aws.session.calls.clear()
        return stack

    return run


@pytest.fixture
def find(built):
    """Return a function that finds a resource of a new stack by its kind and label."""

    def run(kind, label=None, *, stack=None, **sections):
        return next(
            each
            for each in (stack or built(**sections)).resources
            if each.kind == kind and label in (None, each.label)
        )

    return run


@pytest.fixture
def stubbed():
    """Return a context in which one client returns only expected responses."""

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
