"""`cgw exec` and `cgw curl`: run other programs with a token."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.app import programs
from cognito_gw.app.auth import tokens_for
from cognito_gw.cli.command import command
from cognito_gw.cli.options import (
    of_pool,
    pool_options,
    sign_in_options,
    token_option,
    token_request,
)
from cognito_gw.cli.terminal import with_reading_context

if TYPE_CHECKING:
    from cognito_gw.app.context import Context

# What follows the first argument belongs to the program.
_OF_PROGRAM = {"allow_interspersed_args": False}


@command(
    "exec",
    "cgw exec -- npm test",
    "cgw exec --user bob@example.com -- python client.py",
    context_settings=_OF_PROGRAM,
)
@click.argument("words", nargs=-1, required=True, metavar="-- CMD [ARG]...")
@sign_in_options
@pool_options
@with_reading_context
def exec_(context: Context, *, words: tuple[str, ...], **options: Any) -> None:
    """Run a program with tokens in its environment.

    It finds CGW_API_URL, CGW_ID_TOKEN and CGW_ACCESS_TOKEN. Its exit code is that of
    `cgw exec`. A token lasts about an hour and is not renewed for the program.
    """
    context = of_pool(context, options)
    tokens = tokens_for(context, token_request(options))
    added = programs.token_variables(context, tokens)
    programs.become(words, os.environ | added)


@command(
    "curl",
    "cgw curl -- /transactions",
    "cgw curl -- -sS --json '{}' /transactions",
    context_settings=_OF_PROGRAM,
)
@click.argument("words", nargs=-1, required=True, metavar="-- [ARG]... PATH")
@token_option
@sign_in_options
@with_reading_context
def curl(
    context: Context, *, words: tuple[str, ...], choice: str | None, **options: Any
) -> None:
    """Run curl with the token that the method requires.

    PATH begins with / and is a path of the API. curl reads the token from a pipe: other
    users cannot see it, as they could in its arguments. Addresses of other hosts are
    refused. The exit code is that of curl.
    """
    arguments, environment = programs.curl(
        context, words, choice, token_request(options)
    )
    programs.become(["curl", *arguments], environment)


COMMANDS = {"exec": exec_, "curl": curl}
