"""What Cognito and API Gateway say when they refuse, and the causes that they name.

`refusals.yaml` contains the patterns. A text may have been pasted from anywhere: a log,
a page, an address, a stack trace.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import unquote_plus

import yaml

_LONGEST = 10_000  # characters that are read of the beginning, and of the end
# What is around the words where people paste them.
_NOISE = re.compile(
    r"^[ \t]*(at |File \"|#\d+ ).*$"  # frames of a stack
    r"|\bat [\w.$/]{1,200} ?\([^()]{0,300}\)"
    r"|\b\w{1,20}://[^\s?#\"'<>]*"  # the place of an address
    r"|[?&#](?!error|message)[\w.]{1,60}=[^&\s\"']*"  # and what else is in its query
    r"|</?[a-z][^<>]*>"
    r"|[\w.$/-]{0,80}cognito-?identity-?provider[a-z]*(\.model)?\.?",
    re.IGNORECASE | re.MULTILINE,
)
_WRAPPING = re.compile(
    r"\ban error occurred\b|\bwhen calling the \w+ operation\b|\bstatus ?code\b"
    r"|\brequest ?id\W+[\w-]+|\bx-amzn-errortype\b|\bhttps?/[\d.]+"
    r"|\b(__type|code|error|errors|exception|message|name|null|promise|reason|service"
    r"|status|type|uncaught|[1-5]\d\d)\b"
    r"|[\W_]+",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Refusal:
    """The texts that name a cause, and its documentation, as in `refusals.yaml`."""

    messages: tuple[str, ...] = ()
    error_codes: tuple[str, ...] = ()
    whole_text: tuple[str, ...] = ()
    quotes_another_program: bool = False
    summary: str = ""  # empty: a rule has the documentation
    details: str = ""
    fix: str = ""
    shows: str | None = None


@cache
def refusals() -> dict[str, Refusal]:
    """Return the refusals by the code of their cause, in the file's order."""
    text = files("cognito_gw.diagnosis").joinpath("refusals.yaml").read_text("utf-8")
    # libyaml, where PyYAML has it, takes a tenth of the time.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    entries = yaml.load(text, loader)  # noqa: S506 - both are safe loaders
    return {code: Refusal(**_with_tuples(entry)) for code, entry in entries.items()}


def _with_tuples(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in entry.items()
    }


@cache
def _patterns() -> list[dict[str, re.Pattern[str]]]:
    """Return the patterns by code: those of messages, then those of error codes."""
    return [
        {
            code: re.compile("|".join(texts), re.IGNORECASE)
            for code, refusal in refusals().items()
            if (texts := getattr(refusal, kind))
        }
        for kind in ("messages", "error_codes")
    ]


def named_by(told: str) -> frozenset[str]:
    """Return the codes of the causes that a text names, however it was pasted."""
    words = _words_in(told)
    for table in _patterns():
        found = {code for code, pattern in table.items() if pattern.search(words)}
        if found:
            quoting = {c for c in found if refusals()[c].quotes_another_program}
            return frozenset(quoting or found)
    bare = _bare(words)
    return frozenset(
        code
        for code, refusal in refusals().items()
        if bare and bare in map(_bare, refusal.whole_text)
    )


def _words_in(told: str) -> str:
    """Return what is said in a text, on one line and without what is around it."""
    if len(told) > 2 * _LONGEST:
        told = f"{told[:_LONGEST]}\n{told[-_LONGEST:]}"
    plain = re.sub(r"\\+", r"\\", told)
    plain = re.sub(r"\\u0027", "'", re.sub(r"\\[nrt]", "\n", plain))
    plain = re.sub(r"\\", " ", re.sub(r"\\([\"/])", r"\1", plain))
    plain = html.unescape(unquote_plus(_NOISE.sub(" ", plain)))
    return " ".join(_NOISE.sub(" ", plain).replace("\u2019", "'").split())


def _bare(words: str) -> str:
    """Return the words of a text without what wraps them, each once."""
    return " ".join(dict.fromkeys(_WRAPPING.sub(" ", words).lower().split()))
