"""Brings a file's stack up on a local AWS of its own, and ends that."""

from __future__ import annotations

from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import click

from cognito_gw.cli.session import Session
from cognito_gw.cli.settings import Settings
from cognito_gw.config.load import load
from cognito_gw.config.schema import Config, Endpoints, User
from cognito_gw.config.secret import Password
from cognito_gw.engine import reconcile
from cognito_gw.engine.walk import forward
from cognito_gw.errors import CgwError
from cognito_gw.local import daemon
from cognito_gw.report.lines import step_lines
from cognito_gw.resources.user import generate_password
from cognito_gw.testing.local_stack import LocalStack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def local_stack(file: Path, folder: Path) -> Iterator[LocalStack]:
    """Bring the stack of a file up; the local AWS keeps its state in the folder."""
    config = _for_tests(load(file).config)
    settings = Settings(config=file, local=True, quiet=True)
    with daemon.private(folder):
        session = Session(settings, folder, given=config)
        bring_up(session)
        with closing(LocalStack(session)) as stack:
            yield stack


def _for_tests(config: Config) -> Config:
    """Return it with a password for every user, and no other AWS's addresses."""
    length = config.user_pool.password_policy.min_length
    users = [_with_password(user, length) for user in config.users]
    return config.model_copy(update={"users": users, "endpoints": Endpoints()})


def _with_password(user: User, length: int) -> User:
    """Make a password up where the file has none, or its variable is not set."""
    if user.password is not None and user.password.missing is None:
        return user
    made = Password(generate_password(length))
    return user.model_copy(update={"password": made})


def bring_up(session: Session) -> None:
    """Make the stack of a session; raise one error for all that failed."""
    resources = session.stack.resources
    visit = partial(reconcile.apply, aws=session.aws)
    steps = session.walk(visit, forward(resources), resources, silently=True)
    failed = [step for step in steps if step.word == "failed"]
    if failed:
        lines = [f"  {line}" for step in failed for line in step_lines(step)]
        what = f"{session.settings.config} cannot be brought up locally:"
        raise CgwError(click.unstyle("\n".join([what, *lines])))
    session.look([session.stack.api])  # its paths were made after it
