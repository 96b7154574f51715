"""The end of a walk: its document or its text, and its exit code."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

from cognito_gw.report.say import say, say_exactly

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.cli.session import Session
    from cognito_gw.engine.resource import Step


def show_json(document: Any, indent: int | None = 2) -> None:
    """Print one JSON document, in ASCII: a terminal obeys some other characters."""
    text = json.dumps(document, indent=indent, default=str)
    say_exactly(*text.replace("\x7f", "\\u007f").split("\n"))


def finish(session: Session, steps: list[Step], *, with_outputs: bool = False) -> None:
    """Print what a walk made, and exit with the code of what failed."""
    from cognito_gw.resources.outputs import outputs

    values = outputs(session.stack, session.links)
    if session.settings.as_json:
        from cognito_gw.report.document import steps_document

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
