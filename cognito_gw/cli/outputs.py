"""`cgw outputs` and `cgw policy`: IDs and URLs, and the IAM policies of a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.app.context import Session, with_reading_session
from cognito_gw.cli.results import exists, exports, flat, show_json, show_outputs
from cognito_gw.cli.settings import Command
from cognito_gw.errors import AwsRefused, UsageError
from cognito_gw.report.say import say, say_exactly, styled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cognito_gw.resources.policy import Document
    from cognito_gw.resources.stack import Stack


@click.command(
    "outputs",
    cls=Command,
    examples=(
        "cgw outputs",
        'eval "$(cgw outputs --format env)"',
    ),
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "env"]),
    help='env: lines for `eval "$(cgw outputs --format env)"`.',
)
@with_reading_session
def outputs(session: Session, *, form: str | None) -> None:
    """Print ids and URLs."""
    from cognito_gw.resources.outputs import outputs as values_of

    session.look(session.stack.resources)
    values = values_of(session.stack, session.links)
    is_there = exists(values)
    if not is_there:
        name = session.config.name
        session.tell(f"nothing of the stack {name} exists yet: run `cgw up` first")
    form = form or session.settings.output
    if form == "json":
        show_json(values)
    elif form == "env":
        named = variables(values)
        if session.is_local:
            named |= session.server.variables(session.aws.region)
        say_exactly(*exports(named))
    elif is_there:
        show_outputs(values)


def variables(values: dict[str, Any]) -> dict[str, str]:
    """Return those that are known under the names of environment variables."""
    return {
        f"CGW_{_variable(key)}": str(value)
        for key, value in flat(values).items()
        if value is not None
    }


def _variable(key: str) -> str:
    return "".join(
        letter if letter.isascii() and letter.isalnum() else "_" for letter in key
    ).upper()


@click.command(
    "policy",
    cls=Command,
    examples=(
        "cgw policy --account 123456789012 > policy.json",
        "cgw policy --boundary arn:aws:iam::123456789012:policy/functions",
        "cgw policy --for use",
    ),
)
@click.option(
    "--for",
    "purpose",
    type=click.Choice(["up", "use"]),
    default="up",
    show_default=True,
    help="up: `up`, `down`, `plan` and the steps. use: `status`, `outputs`, `logs`, "
    "`explain`, `check`, `call`, `token`, `user` and `doctor`.",
)
@click.option(
    "--boundary",
    metavar="ARN",
    help="Allow only function roles with this permissions boundary. "
    "Default: `iam.permissions_boundary` of the file.",
)
@click.option(
    "--split",
    "is_split",
    is_flag=True,
    help="Print a list of policies, each within IAM's limit of 6,144 characters.",
)
@click.option(
    "--account",
    metavar="NUMBER",
    help="The account that the policy is for. Default: the caller's, from AWS.",
)
@with_reading_session
def policy(
    session: Session,
    *,
    purpose: str,
    boundary: str | None,
    is_split: bool,
    account: str | None,
) -> None:
    """Print a least-privilege IAM policy for this file."""
    from cognito_gw.resources.policy import operator_policy, split, user_policy

    _check(purpose, boundary, account)
    stack = _stack(session, account)
    if purpose == "use":
        document, notes = user_policy(stack), []
    else:
        document = operator_policy(stack, boundary, is_split=is_split)
        notes = [*_what_remains(stack, boundary)]
    if not is_split:
        notes += _too_long(document)
    for note in [] if session.settings.quiet else notes:
        say(styled("warning:", fg="yellow"), f" {note}", err=True)
    show_json(split(document) if is_split else document)


def _check(purpose: str, boundary: str | None, account: str | None) -> None:
    from cognito_gw.config.model import POLICY_ARN

    if account and not re.fullmatch("[0-9]{12}", account):
        raise UsageError(f"`{account}` is not an account number: it has 12 digits")
    if boundary and not re.fullmatch(POLICY_ARN, boundary):
        raise UsageError(
            f"`{boundary}` is not the ARN of a policy",
            hint="such as arn:aws:iam::123456789012:policy/functions",
        )
    if boundary and purpose == "use":
        raise UsageError("`--boundary` is for `--for up`: `--for use` makes no roles")


def _stack(session: Session, account: str | None) -> Stack:
    from botocore.exceptions import NoCredentialsError

    from cognito_gw.aws.clients import named_account
    from cognito_gw.resources.stack import build

    if account is None:
        try:
            return session.stack
        except NoCredentialsError:
            raise AwsRefused(
                "no AWS credentials were found, which would tell the account",
                hint="`--account NUMBER` names it",
            ) from None
    region = session.region or session.aws.region
    return build(session.config, named_account(account, region))


def _too_long(document: Document) -> Iterator[str]:
    from cognito_gw.resources.policy import LIMIT, size

    if (length := size(document)) > LIMIT:
        yield (
            f"this policy has {length:,} characters, and IAM takes {LIMIT:,}: "
            "`cgw policy --split` prints several that fit"
        )


def _what_remains(stack: Stack, boundary: str | None) -> Iterator[str]:
    """Yield what the policy alone does not prevent, or does not suffice for."""
    in_file = stack.config.iam.permissions_boundary
    if not stack.api.managed:
        return  # then there are no roles
    if not (boundary or in_file):
        yield (
            "without a permissions boundary, the holder of this policy can give the "
            "functions' roles any right, and so become an administrator. To prevent "
            "it, set `iam.permissions_boundary` in the file, or use `--boundary ARN`"
        )
    elif boundary and boundary != in_file:
        yield (
            "with this policy `cgw up` is refused until the file has "
            f"`iam: {{permissions_boundary: {boundary}}}`"
        )


COMMANDS = {"outputs": outputs, "policy": policy}
