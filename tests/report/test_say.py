"""Messages on a terminal wrap between words."""

from __future__ import annotations

import io

import click
import pytest

from cognito_gw.cli.output import ask, fitted, line, say, styled


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self):
        """Return true."""
        return True


@pytest.fixture(autouse=True)
def width(environment):
    """Return the terminal's width."""
    environment.setenv("COLUMNS", "40")


WORDS = "the local AWS stopped, and so the call that was made has no answer"


def test_breaks_between_words():
    """Each line fits, and continuation lines are indented."""
    lines = fitted(line("  hint: ", WORDS), Screen()).split("\n")
    assert all(len(each) <= 40 for each in lines)
    assert [each[:5] for each in lines] == ["  hin", "    t"]
    assert " ".join(each.strip() for each in lines) == f"hint: {WORDS}"


def test_a_style_has_no_width():
    """It is not cut either."""
    text = fitted(line(styled("error: ", fg="red"), WORDS), Screen())
    assert text.startswith("\x1b[31merror: \x1b[0m")
    assert max(len(click.unstyle(each)) for each in text.split("\n")) <= 40


def test_what_is_to_be_copied_stays_on_one_line():
    """If it fits on one line."""
    command = "`cgw --local -c prod.yaml up`"
    assert command in fitted(line(f"first run {command} and so on"), Screen())
    longer = "`cgw --local -c a-long-name.yaml token --user alice`"
    lines = fitted(line(longer), Screen()).split("\n")
    assert " ".join(each.strip() for each in lines) == longer


def test_a_word_that_no_line_can_hold_is_left():
    """URLs are not broken."""
    address = "https://example.com/" + "a" * 60
    lines = fitted(line(f"open {address} now"), Screen()).split("\n")
    assert [each.strip() for each in lines] == ["open", address, "now"]


def test_messages_questions_and_results_fit(environment):
    """On a terminal; output for programs is printed by `say_exactly`."""
    out, err = Screen(), Screen()
    environment.setattr("sys.stdout", out)
    environment.setattr("sys.stderr", err)
    asked = []
    environment.setattr(
        "click.termui.visible_prompt_func", lambda text: asked.append(text) or "x"
    )
    say(WORDS)
    say(WORDS, err=True)
    ask(f"{WORDS}?")
    told = out.getvalue() + err.getvalue() + "".join(asked)
    assert max(map(len, told.split("\n"))) <= 40
    assert " ".join(told.split()) == f"{WORDS} {WORDS} {WORDS}?:"


def test_a_file_gets_whole_lines():
    """Programs read them."""
    assert fitted(line(WORDS), io.StringIO()) == WORDS
