"""Steps as lines, as rows and as data."""

from __future__ import annotations

import json

import click
import pytest
from fakes import FakeResource

from cognito_gw.app.context import Options
from cognito_gw.cli.results import (
    change_lines,
    changes_document,
    step_lines,
    steps_document,
    summary,
)
from cognito_gw.cli.rows import Rows
from cognito_gw.cli.terminal import Terminal
from cognito_gw.engine.resource import KNOWN_AFTER_APPLY, Action, Change, Step
from cognito_gw.errors import CgwError

ONE = FakeResource("one")
FAILED = Step(ONE, Action.FAIL, error=CgwError("it broke", hint="mend it"), done=True)
UPDATED = Step(ONE, Action.UPDATE, {"size": Change(1, 2)}, done=True)


def spelled(step, **options):
    """Return the lines of a step without colors."""
    return [click.unstyle(line) for line in step_lines(step, **options)]


# The old value, the new value, and the line.
CHANGES = [
    (1, 2, "size: 1 → 2"),
    ("a", "b", "size: a → b"),
    (None, 2, "size: 2"),
    (2, None, "size: 2 → (none)"),
    (False, True, "size: false → true"),
    ([], {"a": [1]}, 'size: [] → {"a": [1]}'),
    (None, KNOWN_AFTER_APPLY, f"size: {KNOWN_AFTER_APPLY}"),
    (None, "x" * 200, f"size: {'x' * 69}…"),
]


@pytest.mark.parametrize(("before", "after", "line"), CHANGES)
def test_a_change_is_shown_with_both_values(before, after, line):
    """Only the new one if there was none; long values are cut."""
    (told,) = change_lines({"size": Change(before, after)})
    assert told.strip() == line


def test_a_step_is_a_line_with_its_changes_or_its_error():
    """A creation's values are shown only on request."""
    assert spelled(UPDATED) == [
        "updated   thing             one",
        f"{'':12}size: 1 → 2",
    ]
    assert spelled(FAILED) == [
        "failed    thing             one",
        f"{'':10}it broke",
        f"{'':10}hint: mend it",
    ]
    created = Step(ONE, Action.CREATE, {"size": Change(None, 2)})
    assert len(spelled(created)) == 1
    assert len(spelled(created, with_values=True)) == 2


def test_steps_are_counted_by_what_became_of_them():
    """In the order of their first occurrence."""
    kept = Step(ONE, Action.KEEP, done=True)
    assert summary([kept, UPDATED, kept]) == "2 unchanged, 1 updated"
    assert summary([]) == ""


@pytest.mark.parametrize(
    ("quiet", "told"),
    [
        (False, ["updated   thing", "size: 1 → 2", "failed    thing", "broke", "hint"]),
        (True, ["failed    thing", "broke", "hint"]),
    ],
)
def test_lines_go_to_stderr_and_quiet_leaves_the_failures(capsys, quiet, told):
    """A message that appears only once is shown even then."""
    lines = Terminal(Options(quiet=quiet))
    lines.started(ONE)
    lines.finished(UPDATED)
    lines.finished(FAILED)
    lines.tell("a wait")
    lines.announce("a password")
    out, err = capsys.readouterr()
    assert out == ""
    notes = ["a password"] if quiet else ["a wait", "a password"]
    found = err.splitlines()
    assert len(found) == len(told + notes)
    for line, words in zip(found, told + notes, strict=True):
        assert words in line


def test_rows_end_as_what_became_of_each(capsys):
    """Steps that never started are omitted; markup in names is escaped."""
    unwanted = FakeResource("unwanted", is_wanted=False)
    odd, never = FakeResource("[red]odd[/]"), FakeResource("never")
    with Rows([ONE, odd, never, unwanted]) as rows:
        for resource in (ONE, odd):
            rows.started(resource)
        rows.finished(UPDATED)
        rows.finished(
            Step(odd, Action.FAIL, error=CgwError("[b]no", hint="[i]yes"), done=True)
        )
        rows.tell("[dim] a wait")
        rows.announce("[x] said once")
    out, err = capsys.readouterr()
    assert out == ""
    for words in ("updated", "size: 1 → 2", "[red]odd[/]", "[b]no", "hint: [i]yes"):
        assert words in err
    assert "[x] said once" in err
    assert "never" not in err
    assert "unwanted" not in err


def test_steps_are_data_with_the_contracts_keys():
    """They can be serialized as JSON."""
    document = steps_document("shop", [UPDATED, FAILED], {"region": "eu-west-1"})
    assert json.loads(json.dumps(document)) == {
        "stack": "shop",
        "steps": [
            {
                "kind": "thing",
                "name": "one",
                "action": "updated",
                "changes": {"size": {"from": 1, "to": 2}},
                "error": None,
            },
            {
                "kind": "thing",
                "name": "one",
                "action": "failed",
                "changes": {},
                "error": "it broke",
            },
        ],
        "outputs": {"region": "eu-west-1"},
    }
    assert changes_document({}) == {}


def test_long_values_are_shown_where_they_differ():
    """If cut at the end, both would look the same; short values are shown whole."""
    same, middle = "a" * 90, "b" * 60
    for before, after, shown in [
        (f"{same}-old", f"{same}-new", f"…{'a' * 19}-old → …{'a' * 19}-new"),
        (f"{middle}1", f"{middle}2", f"{middle}1 → {middle}2"),
        (f"x{same}", f"y{same}", f"x{'a' * 68}… → y{'a' * 68}…"),
    ]:
        (told,) = change_lines({"uri": Change(before, after)})
        assert told.strip() == f"uri: {shown}"
