"""Steps as text lines, as JSON, and as JUnit XML."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any, Protocol

from cognito_gw.engine.resource import KNOWN_AFTER_APPLY, Action
from cognito_gw.report.say import Safe, line, say, styled
from cognito_gw.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from cognito_gw.engine.resource import Change, Resource, Step


COLORS = {
    Action.CREATE: "green",
    Action.UPDATE: "yellow",
    Action.DELETE: "red",
    Action.FAIL: "red",
    Action.SKIP: "magenta",
}
_WIDEST = 70
_BEFORE = 20  # characters to show before the first difference


class Reporter(Protocol):
    """What receives the progress of a walk."""

    def started(self, resource: Resource) -> None:
        """Note that a resource is being visited."""

    def finished(self, step: Step) -> None:
        """Note the result of a visit."""

    def tell(self, text: str) -> None:
        """Show a note on a wait or a call."""

    def announce(self, text: str) -> None:
        """Show a note even in quiet mode."""


class Lines:
    """Prints one line for each finished step on stderr."""

    def __init__(self, *, quiet: bool = False) -> None:
        """Print only failures if `quiet`."""
        self.quiet = quiet

    def started(self, resource: Resource) -> None:
        """Print nothing: one line per step is enough."""

    def finished(self, step: Step) -> None:
        """Print the step and its error."""
        if self.quiet and step.action is not Action.FAIL:
            return
        for each in step_lines(step):
            say(each, err=True)

    def tell(self, text: str) -> None:
        """Print a note."""
        if not self.quiet:
            say(styled(f"  {text}", dim=True), err=True)

    def announce(self, text: str) -> None:
        """Print a note, even when quiet."""
        say(text, err=True)


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
    return {
        "stack": stack,
        "steps": [step_document(step) for step in steps],
        "outputs": outputs,
    }


def step_document(step: Step) -> dict[str, Any]:
    """Return one step as JSON-ready data."""
    return {
        "kind": step.resource.kind,
        "name": step.resource.label,
        "action": step.word,
        "changes": changes_document(step.changes),
        "error": str(step.error) if step.error else None,
    }


def changes_document(changes: Any) -> dict[str, Any]:
    """Return changes as `{field: {from, to}}`."""
    return {field: _change(change) for field, change in changes.items()}


def _change(change: Change) -> dict[str, Any]:
    return {"from": change.before, "to": change.after}


def write_junit(file: Path, title: str, cases: Iterable[Mapping[str, Any]]) -> None:
    """Write cases (`route`, `case`, `expected`, `got`, `ok`) as JUnit XML."""
    suite = ET.Element("testsuite", name=one_line(title))
    for each in cases:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=one_line(each["route"]),
            name=one_line(each["case"]),
        )
        if each["got"] == "not tried":
            ET.SubElement(case, "skipped")
        if not each["ok"]:
            message = f"expected {each['expected']}, got {each['got']}"
            ET.SubElement(case, "failure", message=one_line(message))
    suite.set("tests", str(len(suite)))
    for name, kind in (("failures", "failure"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{kind}"))))
    text = ET.tostring(suite, encoding="utf-8", xml_declaration=True)
    try:
        file.write_bytes(text)
    except OSError as error:
        if file.is_file():
            file.unlink()  # an incomplete file is invalid XML
        raise OSError(error.errno, error.strerror, str(file)) from None
