"""Broken stacks: `cgw explain` names the cause of each failure first.

The suite runs the first case of each cause, without those that come about like another;
`-m nightly` runs the rest. tests/diagnosis checks every cause without an AWS.
"""

from __future__ import annotations

import re

import pytest
from broken import Broken
from e2e.catalogue import authorizers, cors, functions, routing, sign_in, tokens

from cognito_gw.cli import cgw

CATALOGUE = (
    *tokens.CASES,
    *authorizers.CASES,
    *routing.CASES,
    *functions.CASES,
    *cors.CASES,
    *sign_in.CASES,
)
# Cognito's answer to a sign-in names the state of the user: one is enough. The last
# ones need an `up` each, or a wait.
LIKE_ANOTHER = {
    "an unconfirmed user",
    "a password that was reset",
    "a password for once",
    "a user with an authenticator app",
    "an answer that the app may not read",
    "the function takes too long for itself",
    "no app client",
}
APP = "https://app.example.com/"
# The cases of each stack.
HEALTHY = {
    "everything": ("", "standing"),
    "an ID token": ("/transactions", "standing"),
    "a password in the open": ("/transactions --flow password --token id", "standing"),
    "a public route": ("/health", "standing"),
    "a public route with a token": ("/health --token id", "standing"),
    "a whole URL": ("{site.outputs[invoke_url]}/transactions --token id", "standing"),
    "a link to sign in": (sign_in.link(), "standing"),
    "the sign-in page": (sign_in.link("login"), "standing"),
    "everything, with all flows": ("", "stack"),
    "an access token": ("/transactions -X POST", "stack"),
    "a machine": ("/transactions -X POST --client machine", "stack"),
    "an implicit flow": (
        sign_in.link(client="learner", response_type="token", redirect_uri=APP),
        "stack",
    ),
}


@pytest.fixture
def standing_site(standing, account, environment):
    """A stack that tests change slightly and restore."""
    standing.is_changed = True  # until everything is restored
    with Broken(standing, standing.cgw, account, environment) as broken:
        yield broken
    standing.is_changed = False


@pytest.fixture
def stack_site(stack, account, environment):
    """A stack with an app client for each flow."""
    with Broken(stack, stack.quick, account, environment) as broken:
        yield broken


@pytest.fixture
def site(where, request):
    """The stack of a case."""
    return request.getfixturevalue(f"{where}_site")


def explained(site, arguments):
    """Return the output of `cgw explain`."""
    return site.cgw("explain", *arguments, "-o", "json").document


def commands(fix):
    """Return the cgw commands that a fix names."""
    return {*re.findall(r"[`(]cgw (?:--local )?([a-z-]+)", fix)}


def tokens_in(arguments):
    """Return the tokens in a command line."""
    return re.findall(r"ey[\w-]{20,}\.[\w.-]+", " ".join(arguments))


def parameters():
    """Return all cases; those with a repeated cause run nightly."""
    seen = set()
    for case in CATALOGUE:
        is_like_another = case.code in seen or case.name in LIKE_ANOTHER
        marks = [pytest.mark.nightly] * is_like_another
        seen.add(case.code)
        yield pytest.param(case, case.where, id=case.name, marks=marks)


@pytest.mark.parametrize(("case", "where"), [*parameters()])
def test_the_cause_of_a_failure_comes_first(case, site):
    """It has evidence and a fix, and explain reports no other cause."""
    case.breaks(site)
    arguments = case.arguments(site)
    told = explained(site, arguments)
    first, *others = told["causes"] or [{"code": None}]
    assert first["code"] == case.code, told
    assert {cause["code"] for cause in others} == {*case.also}, told
    assert case.status in (None, told["status"])
    for cause in told["causes"]:
        assert cause["summary"]
        assert cause["evidence"]
        assert cause["fix"]
        assert commands(cause["fix"]) <= {*cgw.list_commands(None)}
    assert not [token for token in tokens_in(arguments) if token in str(told)]


@pytest.mark.parametrize("where", ["standing", "stack"])
def test_a_healthy_stack_has_no_cause(site, where):
    """Explain reports nothing for requests that work as configured."""
    for line, place in HEALTHY.values():
        if place == where:
            told = explained(site, line.format(site=site).split())
            assert told["causes"] == [], (line, told)
