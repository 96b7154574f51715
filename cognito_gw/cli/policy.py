"""`cgw policy`: who runs `up` and `down` on this file needs just this."""

from __future__ import annotations

import click

from cognito_gw.cli.results import show_json
from cognito_gw.cli.session import Session, with_session
from cognito_gw.cli.settings import Command


@click.command("policy", cls=Command)
@click.option(
    "--account",
    metavar="NUMBER",
    help="The account it is for; asked of AWS when not given.",
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
