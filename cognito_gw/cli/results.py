"""Prints results: steps, outputs, and JSON documents."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

from cognito_gw.app.stack_state import flat, outputs, unmanaged_with_users
from cognito_gw.app.walks import failure_code
from cognito_gw.cli.command import command_line, with_options
from cognito_gw.cli.output import Safe, line, say, say_exactly, styled
from cognito_gw.engine.resource import KNOWN_AFTER_APPLY, Action
from cognito_gw.gateway_rules import split_route

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cognito_gw.app.context import Context
    from cognito_gw.engine.resource import Change, Step
    from cognito_gw.resources.stack import Stack
    from cognito_gw.resources.unmanaged import Found


COLORS = {
    Action.CREATE: "green",
    Action.UPDATE: "yellow",
    Action.DELETE: "red",
    Action.FAIL: "red",
    Action.SKIP: "magenta",
}
_WIDEST = 70
_BEFORE = 20  # characters to show before the first difference


def with_hint(step: Step) -> Step:
    """Return a step whose error's hint repeats the caller's global options."""
    if step.error and step.error.hint:
        step.error.hint = with_options(step.error.hint)
    return step


def step_lines(step: Step, *, with_values: bool = False) -> Iterator[Safe]:
    """Yield the lines of a step: action, resource, changes, and error."""
    word = styled(f"{step.spoken:<10}", fg=COLORS.get(step.action))
    yield line(word, f"{step.resource.kind:<18}", step.resource.label)
    if step.action is Action.UPDATE or (with_values and step.action is Action.CREATE):
        yield from change_lines(step.changes)
    if step.loss:
        yield line(f"{'':12}lost: {step.loss}")
    if step.error:
        yield line(" " * 10, step.error)
        if step.error.hint:
            yield line(" " * 10, "hint: ", step.error.hint)


def change_lines(changes: Mapping[str, Change]) -> Iterator[Safe]:
    """Yield `field: before → after`, or only the new value if there was none."""
    for field, change in changes.items():
        before, after = _spelled(change.before), _spelled(change.after)
        if change.before is None:
            yield line(f"{'':12}{field}: {_cut(after)}")
        else:
            same = _alike(before, after)
            yield line(f"{'':12}{field}: {_cut(before, same)} → {_cut(after, same)}")


def summary(steps: list[Step]) -> str:
    """Count the steps by result."""
    counts: dict[str, int] = {}
    for step in steps:
        counts[step.spoken] = counts.get(step.spoken, 0) + 1
    return ", ".join(f"{count} {word}" for word, count in counts.items())


def _spelled(value: Any) -> str:
    if value is None or value == KNOWN_AFTER_APPLY:
        return "(none)" if value is None else KNOWN_AFTER_APPLY
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _alike(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    shorter = min(len(one), len(other))
    return next((index for index, (a, b) in pairs if a != b), shorter)


def _cut(text: str, same: int = 0) -> str:
    """Return the part that fits; skip most of a prefix of `same` characters."""
    if same > _WIDEST - _BEFORE and len(text) > _WIDEST:
        text = f"…{text[same - _BEFORE :]}"
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def steps_document(
    stack: str, steps: Iterable[Step], outputs: dict[str, Any]
) -> dict[str, Any]:
    """Return the document of `plan`, `up`, `down` and every step."""
    found = [
        {
            "kind": step.resource.kind,
            "name": step.resource.label,
            "action": step.word,
            "changes": changes_document(step.changes),
            "error": str(step.error) if step.error else None,
        }
        for step in steps
    ]
    return {"stack": stack, "steps": found, "outputs": outputs}


def changes_document(changes: Mapping[str, Change]) -> dict[str, Any]:
    """Return changes as `{field: {from, to}}`."""
    return {
        field: {"from": change.before, "to": change.after}
        for field, change in changes.items()
    }


_CROWD = 10  # more users are counted, not listed
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
_UNREMOVABLE = {
    "custom attribute": "AWS never deletes one",
    "setting": "{id}; the file can set it",
}
_VARIABLE = re.compile(r"\{[^}]+\}")


def show_json(document: Any, indent: int | None = 2) -> None:
    """Print one JSON document in ASCII; a terminal may obey other characters."""
    text = json.dumps(document, indent=indent, default=str)
    say_exactly(*text.replace("\x7f", "\\u007f").split("\n"))


def finish(context: Context, steps: list[Step], *, with_outputs: bool = False) -> None:
    """Print the JSON document or the outputs, and exit with the code of failures."""
    values = outputs(context)
    if context.options.as_json:
        show_json(steps_document(context.config.name, steps, values))
    elif with_outputs and not failure_code(steps):
        show_outputs(values)
    if code := failure_code(steps):
        raise SystemExit(code)


def show_steps(
    steps: Iterable[Step], *, with_values: bool = False, err: bool = False
) -> None:
    """Print each step on a line, with its changes and its error below."""
    for step in steps:
        for text in step_lines(with_hint(step), with_values=with_values):
            say(text, err=err)


def show_outputs(values: dict[str, Any]) -> None:
    """Print the outputs that are not None as aligned text."""
    for key, value in flat(values).items():
        if value is not None:
            say(f"{key:<24}{value}")


def show_unmanaged(context: Context) -> None:
    """Warn about what is not in the file (any more), and stays."""
    if context.options.quiet:
        return
    found = unmanaged_with_users(context)
    for text in _unmanaged_lines(context.stack, found):
        say(styled("warning:", fg="yellow"), f" {text}", err=True)
    if context.is_local and any(kind in _REMOVALS for kind, *_ in found):
        line = f'eval "$({command_line("local env")})"'
        say(f"for `aws` on the local AWS: {line}", err=True)


def _unmanaged_lines(stack: Stack, found: list[Found]) -> Iterator[str]:
    """Yield each with the command that deletes it; many users as one."""
    is_crowd = sum(kind == "user" for kind, *_ in found) > _CROWD
    for kind, name, id_ in found:
        if kind in _UNREMOVABLE:
            why = _UNREMOVABLE[kind].format(id=id_)
            yield f"{kind} `{name}` is not in the file and stays: {why}"
            continue
        if kind != "user":
            how = _REMOVALS[kind].format(
                id=shlex.quote(id_), pool=stack.pool.id, api=stack.api.id
            )
        elif is_crowd:
            continue
        else:
            how = command_line(f"user remove {shlex.quote(name)}")
        yield f"{kind} `{name}` is not in the file and stays; to delete it: {how}"
    if is_crowd:
        yield (
            f"more than {_CROWD} users are not in the file and stay; to list them: "
            f"{command_line('user list')}"
        )


def show_next(context: Context) -> None:
    """Print what to do next with a stack that is up."""
    lines = [command_line(f"call {_example(context.config.api.routes)}")]
    if context.is_local:
        lines += [
            f"{context.server.url} shows all resources and calls",
            f"the local AWS keeps running; `{command_line('local stop')}` stops it",
        ]
    elif outputs(context)["sign_in_url"]:
        lines += [f"{command_line('open')} opens the sign-in page"]
    for number, text in enumerate(lines):
        say("      " if number else "next: ", text, err=True)


def _example(routes: Iterable[str]) -> str:
    """Return what to call: the first GET, with values for its variables."""
    pairs = [*map(split_route, routes)]
    verb, path = next((pair for pair in pairs if pair[0] in ("GET", "ANY")), pairs[0])
    option = "" if verb in ("GET", "ANY") else f"-X {verb} "
    return option + shlex.quote(_VARIABLE.sub("1", path))


def exports(variables: Mapping[str, str]) -> list[str]:
    """Return environment variables as lines for `eval` in a shell."""
    return [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
