"""Generates `docs/why-401.md` from the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw.diagnosis.rules import CALL_RULES, SIGN_IN_RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cognito_gw.diagnosis.rule import Rule

_HEAD = """\
# Why 401? Why 403?

The causes for which a call of a REST API with an Amazon Cognito authorizer is refused
or fails, and how to fix each one. `cgw explain` finds the cause: it sends the call,
reads the deployed stage, the token, the authorizer, the user pool and the function, and
shows the values that differ.

```console
cgw explain /transactions
cgw explain /transactions --token @token.txt -o json
cgw explain https://abc123.execute-api.eu-west-1.amazonaws.com/dev/orders --token -
```

It changes nothing, and works for any REST API, including those that cgw did not create:
see [the guide](explain.md). This page is generated from the rules that it uses.
"""
_PLACE = {
    "api_id": "API_ID",
    "client": "CLIENT",
    "client_id": "CLIENT_ID",
    "function": "FUNCTION",
    "header": "Authorization",
    "origin": "https://app.example.com",
    "path": "/transactions",
    "pool_id": "POOL_ID",
    "scope": "transactions/write",
    "source": "arn:aws:execute-api:REGION:ACCOUNT:API_ID/*/*",
    "stage": "STAGE",
    "user": "USER",
}


# A code has one section, even if both calls and sign-ins can fail for it.
_CALLS = {rule.code for rule in CALL_RULES}


def page() -> str:
    """Return the whole page, as Markdown."""
    parts = [
        _HEAD,
        *_table(),
        "## The call is refused or fails\n",
        *map(_section, CALL_RULES),
        "## The sign-in fails\n",
        *(_section(rule) for rule in SIGN_IN_RULES if rule.code not in _CALLS),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _table() -> Iterator[str]:
    yield "| response | causes |\n| --- | --- |"
    for status, words in (
        (401, "`Unauthorized`, `The incoming token has expired`"),
        (403, "`Missing Authentication Token`, `Forbidden`, `Invalid key=value pair`"),
        (404, ""),
        (429, "`Too Many Requests`"),
        (431, "`Request Header Fields Too Large`"),
        (500, "`Internal server error`"),
        (502, "`Internal server error`"),
        (504, "`Endpoint request timed out`"),
    ):
        codes = [_link(rule.code) for rule in CALL_RULES if status in rule.statuses]
        yield f"| {status} {words}".rstrip() + f" | {', '.join(codes)} |"
    anything = [_link(rule.code) for rule in CALL_RULES if not rule.statuses]
    yield f"| any | {', '.join(anything)} |"
    codes = [_link(rule.code) for rule in SIGN_IN_RULES]
    yield f"| no token | {', '.join(codes)} |\n"


def _link(code: str) -> str:
    return f"[{code}](#{code})"


def _section(rule: Rule[Any]) -> str:
    """Return one rule: its documentation and its fixes."""
    lines = [f"### {rule.code}\n", f"{rule.text}\n"]
    lines.append(f"With cgw: {rule.fix.format_map(_PLACE)}.\n")
    if rule.elsewhere:
        lines.append(f"Otherwise: {rule.elsewhere.format_map(_PLACE)}.\n")
    return "\n".join(lines)
