"""The end of a walk: its document or its text, and its exit code."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

from cognito_gw.cli.settings import command
from cognito_gw.errors import CgwError
from cognito_gw.gateway_rules import split_route
from cognito_gw.report.say import say, say_exactly, styled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cognito_gw.app.context import Session
    from cognito_gw.engine.resource import Step
    from cognito_gw.resources.stack import Stack
    from cognito_gw.resources.unmanaged import Found


_CROWD = 10  # users that are told one by one
_REMOVALS = {
    "app client": "aws cognito-idp delete-user-pool-client --user-pool-id {pool} "
    "--client-id {id}",
    "group": "aws cognito-idp delete-group --user-pool-id {pool} --group-name {id}",
    "resource server": "aws cognito-idp delete-resource-server --user-pool-id {pool} "
    "--identifier {id}",
    "authorizer": "aws apigateway delete-authorizer --rest-api-id {api} "
    "--authorizer-id {id}",
    "stage": "aws apigateway delete-stage --rest-api-id {api} --stage-name {id}",
    "function": "aws lambda delete-function --function-name {id}",
}
_VARIABLE = re.compile(r"\{[^}]+\}")


def show_json(document: Any, indent: int | None = 2) -> None:
    """Print one JSON document, in ASCII: a terminal obeys some other characters."""
    text = json.dumps(document, indent=indent, default=str)
    say_exactly(*text.replace("\x7f", "\\u007f").split("\n"))


def finish(session: Session, steps: list[Step], *, with_outputs: bool = False) -> None:
    """Print what a walk made, and exit with the code of what failed."""
    from cognito_gw.resources.outputs import outputs

    values = outputs(session.stack, session.links)
    if session.settings.as_json:
        from cognito_gw.report.lines import steps_document

        show_json(steps_document(session.config.name, steps, values))
    elif with_outputs and not failure_code(steps):
        show_outputs(values)
    if code := failure_code(steps):
        raise SystemExit(code)


def failure_code(steps: list[Step]) -> int:
    """Return the exit code of the failures: their own where they agree, else 1."""
    codes = {
        step.error.exit_code for step in steps if step.word == "failed" and step.error
    }
    return codes.pop() if len(codes) == 1 else int(bool(codes))


def show_outputs(values: dict[str, Any]) -> None:
    """Print as aligned text the outputs of what is there."""
    for key, value in flat(values).items():
        if value is not None:
            say(f"{key:<24}{value}")


def exists(values: dict[str, Any]) -> bool:
    """Whether there is anything but what the file alone tells."""
    made = {key for key, value in flat(values).items() if value is not None}
    return not made <= {"region", "stage"}


def show_left(session: Session) -> None:
    """Warn about what left the file: it stays until somebody removes it."""
    from botocore.exceptions import BotoCoreError, ClientError

    from cognito_gw.resources.unmanaged import may_have_left, unmanaged

    if session.settings.quiet or not may_have_left(session.stack):
        return
    try:
        found = unmanaged(session.stack, session.aws, with_users=True)
    except (BotoCoreError, ClientError, CgwError) as error:
        session.trace(f"cannot tell what left the file: {error}")
        return
    for each in _left(session.stack, found):
        say(styled("warning:", fg="yellow"), f" {each}", err=True)
    if session.is_local and any(kind != "user" for kind, *_ in found):
        say(f'for `aws` on the local AWS: eval "$({command("local env")})"', err=True)


def _left(stack: Stack, found: list[Found]) -> Iterator[str]:
    """Spell each out, with the command that removes it; many users as one."""
    users = [each for each in found if each[0] == "user"]
    is_crowd = len(users) > _CROWD
    for kind, name, id_ in found:
        if kind != "user":
            how = _REMOVALS[kind].format(
                id=shlex.quote(id_), pool=stack.pool.id, api=stack.api.id
            )
        elif is_crowd:
            continue
        else:
            how = command(f"user remove {shlex.quote(name)}")
        yield f"{kind} `{name}` is not in the file, and stays; to remove it: {how}"
    if is_crowd:
        yield (
            f"more than {_CROWD} users are not in the file, and stay; to see them: "
            f"{command('user list')}"
        )


def show_next(session: Session) -> None:
    """Print what can be done with a stack that is up, and what goes on running."""
    from cognito_gw.resources.outputs import outputs

    lines = [command(f"call {_example(session.config.api.routes)}")]
    if session.is_local:
        lines += [
            f"{session.server.url} shows what exists, and each call",
            f"the local AWS keeps running; `{command('local stop')}` ends it",
        ]
    elif outputs(session.stack, session.links)["sign_in_url"]:
        lines += [f"{command('open')} opens the sign-in page"]
    for number, each in enumerate(lines):
        say("      " if number else "next: ", each, err=True)


def _example(routes: Iterable[str]) -> str:
    """Return what to call: the first GET, with values in the place of variables."""
    named = [*map(split_route, routes)]
    verb, path = next((each for each in named if each[0] in ("GET", "ANY")), named[0])
    option = "" if verb in ("GET", "ANY") else f"-X {verb} "
    return option + shlex.quote(_VARIABLE.sub("1", path))


def exports(variables: Mapping[str, str]) -> list[str]:
    """Return environment variables as lines for a shell's `eval`."""
    return [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]


def flat(values: dict[str, Any]) -> dict[str, Any]:
    """Return the outputs one level deep: `functions.hello`."""
    result: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            result |= {f"{key}.{name}": item for name, item in value.items()}
        else:
            result[key] = value
    return result
