"""Every rule of the file, and its error message."""

from __future__ import annotations

from pathlib import Path

import pytest

from cognito_gw.config.model import PasswordPolicy
from cognito_gw.config.rules import weaknesses


def _table():
    text = Path(__file__).with_name("complaints.txt").read_text("utf-8")
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if not line.startswith("#")]
        said = [line.removeprefix("> ") for line in lines if line.startswith("> ")]
        if said:
            yield "\n".join(line for line in lines if not line.startswith("> ")), said


@pytest.mark.parametrize(("text", "expected"), list(_table()))
def test_complaint(complaints, tmp_path, text, expected):
    """Each error has its line, its key and the allowed values."""
    whole = text if text.startswith("name:") else f"name: shop\n{text}"
    found = complaints(whole)
    assert found == [line.replace("{folder}", str(tmp_path)) for line in expected]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("user_pool: {mfa: off}", "YAML reads a bare off as false"),
        ("api: {cors: false}", "no CORS"),
        ("api: {cors: {origins: ['*']}}", "any origin"),
        ("api: {routes: {GET /: , 'ANY /{proxy+}': {}}}", "root and greedy"),
        ("api: {routes: {'GET /u/{a}': {}, 'PUT /u/{a}': {}, 'GET /u/x': {}}}", "same"),
        ("api: {routes: {'GET /a/{x}': {}, 'GET /b/{y}': {}}}", "other places"),
        (
            "app_clients: {web: {callback_urls: ['myapp://cb', 'http://[::1]:1/']}}",
            "app",
        ),
        (
            "app_clients: {web: {callback_urls: ['http://127.0.0.1:8000/cb']}}",
            "loopback",
        ),
        ("app_clients: {web: {oauth_flows: [], callback_urls: []}}", "no hosted UI"),
        ("user_pool: {sign_in_with: []}\nusers: [{username: bob}]", "plain user names"),
        ("user_pool: {id: eu-west-1_Ab}", "names an existing pool"),
        ("user_pool: {id: eu-west-1_Ab}\napp_clients: {web: {id: abc}}", "its client"),
        (
            "user_pool: {id: eu-west-1_Ab}\napi: {routes: {GET /: {scopes: [x/y]}}}",
            "cgw does not know the scopes of an existing pool",
        ),
        ("endpoints: {invoke: 'https://x/{api_id}/{stage}'}", "a template"),
        ("functions: {a: {}, b: {}}\napi: {routes: {GET /: {function: b}}}", "named"),
        ("region: us-gov-west-1", "a region with a longer name"),
        ("app_clients: {}", "no app client at all"),
    ],
)
def test_allowed(loaded, text, reason):
    """Unusual but valid values are accepted."""
    assert loaded(f"name: shop\n{text}").config.name == "shop", reason


@pytest.mark.parametrize(
    ("password", "lacks"),
    [
        ("Abcdef1!", []),
        ("Abcde1!", ["8 characters"]),
        ("ABCDEF1!", ["lowercase letters"]),
        ("abcdef1!", ["uppercase letters"]),
        ("Abcdefg!", ["numbers"]),
        ("Abcdefg1", ["symbols"]),
        ("Abcdef1 ", []),
        ("", ["8 characters", "lowercase letters", "uppercase letters"]),
    ],
)
def test_weaknesses(password, lacks):
    """A password's weaknesses are the reasons for which Cognito would refuse it."""
    assert weaknesses(password, PasswordPolicy())[: len(lacks) or None] == lacks
