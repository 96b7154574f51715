"""Where a user's password comes from: never from an argument, which others can read."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cognito_gw.aws_rules import PASSWORDS, is_password
from cognito_gw.cli.answers import PASSWORD, is_terminal
from cognito_gw.errors import UsageError
from cognito_gw.report.say import ask, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.cli.session import Session
    from cognito_gw.config.secret import Password


def password_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a command that sets a password."""
    temporary = click.option(
        "--temporary", is_flag=True, help="The first sign-in asks for another one."
    )
    stdin = click.option(
        "--password-stdin", is_flag=True, help="Read the password from stdin, one line."
    )
    return temporary(stdin(command))


def given_password(session: Session, *, from_stdin: bool) -> Password | None:
    """Return what CGW_PASSWORD or stdin holds, if it is strong enough."""
    value = session.environment.get(PASSWORD)
    if from_stdin and value is not None:
        raise UsageError(
            f"the password stands in {PASSWORD}, and --password-stdin gives one, too",
            hint=f"leave the option out, or unset {PASSWORD}",
        )
    if from_stdin:
        value = sys.stdin.readline().rstrip("\r\n")
    elif value is not None:
        session.tell(f"the password is that in {PASSWORD}")
    if value is None:
        return None
    if fault := _fault(session, value):
        raise UsageError(fault)
    return _secret(value)


def typed_password(session: Session, name: str) -> Password | None:
    """Ask in a terminal, until it is strong enough; None: one is to be made up."""
    while is_terminal():
        value = _ask(f"Password of {name} (empty: make one up)")
        if not value:
            break
        fault = _fault(session, value)
        if fault is None and value == _ask("The same again"):
            return _secret(value)
        say(fault or "these two differ", err=True)
    return None


def _fault(session: Session, value: str) -> str | None:
    from cognito_gw.config.check import weaknesses

    if not is_password(value):
        return PASSWORDS
    lacks = weaknesses(value, session.config.user_pool.password_policy)
    words = "the password is too weak for user_pool.password_policy: needs "
    return words + ", ".join(lacks) if lacks else None


def _ask(question: str) -> str:
    return str(ask(question, default="", show_default=False, hide_input=True))


def _secret(value: str) -> Password:
    from cognito_gw.config.secret import Password

    return Password(value)
