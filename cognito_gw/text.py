"""Text: made safe to print, read as JSON or an address, and suggestions for names."""

from __future__ import annotations

import difflib
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


# Characters that control a terminal, reorder text, or are invisible: Unicode categories
# Cc, Cf, Cs, Zl and Zp, blank letters, and what XML forbids. Emoji keep their U+FE0F.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2"
    "\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_SPELLED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def one_line(text: object) -> str:
    """Escape every character that is unsafe to print, including line ends and tabs."""
    text = str(text)
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(lambda found: _spelled(found[0]), text)


def printable(text: str) -> str:
    """Escape every character that is unsafe to print, but keep line ends and tabs."""
    lines = text.rstrip("\r\n").replace("\r\n", "\n").replace("\r", "\n")
    return _UNSAFE.sub(_unless_layout, lines)


def _unless_layout(found: re.Match[str]) -> str:
    return found[0] if found[0] in "\n\t" else _spelled(found[0])


def _spelled(letter: str) -> str:
    code = ord(letter)
    if letter in _SPELLED:
        return _SPELLED[letter]
    if code <= 0xFF:  # noqa: PLR2004 - where `\x` ends
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004


def json_object(text: str | bytes) -> dict[str, Any]:
    """Return the JSON object that a text contains; an empty one if it contains none."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


_LEAST = 3  # letters from which on part of a name counts as a match


def near(
    name: str, known: Iterable[str], count: int = 1, cutoff: float = 0.7
) -> list[str]:
    """Return up to `count` known names that are most similar, ignoring case.

    Part of a name is similar, too: `alice` matches `alice@example.com`.
    """
    asked, by_name = name.lower(), {word.lower(): word for word in known}
    parts = [key for key in by_name if len(asked) >= _LEAST and asked in key]
    parts.sort(key=lambda key: (not key.startswith(asked), len(key)))
    likeness = {key: _likeness(asked, key) for key in by_name}
    alike = [key for key in by_name if likeness[key] >= cutoff]
    alike.sort(key=lambda key: -likeness[key])
    return [by_name[key] for key in dict.fromkeys([*parts, *alike])][:count]


def _likeness(asked: str, name: str) -> float:
    """Return how similar two names are (0 to 1), apart from a shared email domain."""
    user, at, domain = asked.partition("@")
    if at and name.endswith(f"@{domain}"):
        asked, name = user, name.removesuffix(f"@{domain}")
    return difflib.SequenceMatcher(None, name, asked).ratio()


def guess(name: str, known: Iterable[str]) -> str:
    """Return `did you mean …?`, or an empty string if no known name is similar."""
    found = near(name, known)
    return f"did you mean `{found[0]}`?" if found else ""


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Return a message: `what` is unknown, a suggestion, and the known names."""
    names = list(known)
    there = f"known: {', '.join(names) or 'none'}"
    return f"{what}; {f'{guess(name, names)} {there}'.lstrip()}"


def key_path(path: Iterable[str | int]) -> str:
    """Spell a path of keys, such as `app_clients.web.oauth_flows[1]`."""
    keys = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return "".join(keys).removeprefix(".")


LOOPBACK = ("127.0.0.1", "::1", "localhost")
LOOPBACK_HOST = r"(?:localhost|127\.0\.0\.1|\[::1\])"  # a pattern, as in a URL
# Only what all programs parse alike: no user name, query, backslash, or space.
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://"
    r"(?:(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)|\[(?P<ip>[0-9A-Fa-f:]+)\])"
    r"(?P<port>:[0-9]{1,5})?"
    r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?"
)


def origin_of(address: str) -> tuple[str, str, str] | None:
    """Return (scheme, host, port), or None if it is not a plain web address."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return None
    host = (found["name"] or found["ip"]).lower()
    return found["scheme"], host, found["port"] or ""


def is_private(address: str) -> bool:
    """Whether others on the network cannot read what is sent to the address."""
    origin = origin_of(address)
    if origin is None:
        return False
    scheme, host, _ = origin
    return scheme == "https" or host in LOOPBACK
