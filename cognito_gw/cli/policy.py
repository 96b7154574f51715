"""`cgw policy`: who runs `up` and `down` on this file needs just this."""

from __future__ import annotations

import click

from cognito_gw.cli.results import show_json
from cognito_gw.cli.session import Session, with_session
from cognito_gw.cli.settings import Command


@click.command(
    "policy",
    cls=Command,
    examples=(
        "cgw policy > policy.json",
        "cgw policy --account 123456789012",
    ),
)
@click.option(
    "--account",
    metavar="NUMBER",
    help="The account that it is for. Default: the caller's, which AWS is asked for.",
)
@with_session
def policy(session: Session, *, account: str | None) -> None:
    """Print the least-privilege IAM policy for `up` and `down` on this file."""
    from cognito_gw.aws.clients import Account
    from cognito_gw.resources.policy import operator_policy
    from cognito_gw.resources.stack import build

    if account is None:
        stack = session.stack
    else:
        region = session.region or session.aws.region
        partition = "aws-cn" if region.startswith("cn-") else "aws"
        stack = build(session.config, Account(partition, region, account))
    show_json(operator_policy(stack))


COMMANDS = {"policy": policy}
