"""What arguments name: texts, files, stdin, pairs."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from cognito_gw.errors import UsageError
from cognito_gw.oauth.tokens import claims_of

_AROUND = " \t\r\n\"'`<>,;\u2018\u2019\u201c\u201d\u200b\ufeff"
_HEADER = re.compile(
    r"^(authorization|token)[\"']*\s*[:=]\s*[\"']*|^bearer(\s+|$)", re.IGNORECASE
)
_LABELED = re.compile(
    r"(?P<kind>id|access)_?token[\"']*\s*[:=]\s*[\"']*(?P<token>[\w.~%-]+)",
    re.IGNORECASE,
)
_JWT = re.compile(r"\beyJ[\w-]*(?:\.[\w-]*)+")
_HOLDER = re.compile(r"[a-z][a-z0-9+.-]*://|[#?{]", re.IGNORECASE)
_ANSWER = re.compile(r"\b(?P<name>code|error)[\"']*\s*[:=]\s*[\"']*(?P<value>[\w-]*)")


def given_token(choice: str, kind: str = "id") -> str:
    """Return a token that is given as itself, as @FILE, or as - for stdin.

    It may also be in something else: the address to which the sign-in page came back,
    or the JSON of a token endpoint. `kind` says which of its tokens is meant. What is
    around it goes, such as blanks, quotes, `Bearer `, and the line breaks of a copy.
    """
    text = choice.strip()
    if text == "-":
        text = sys.stdin.buffer.read().decode(errors="replace")
    elif text.startswith("@"):
        text = read_bytes(text[1:]).decode(errors="replace")
    labeled = {each["kind"].lower(): each["token"] for each in _LABELED.finditer(text)}
    if labeled:
        return next(labeled[each] for each in (kind, "id", "access") if each in labeled)
    token = re.sub(r"\s*[\r\n]+\s*", "", text.strip(_AROUND))
    while found := _HEADER.match(token):
        token = token[found.end() :].strip(_AROUND)
    several = _JWT.findall(text)
    if len(several) > 1:
        return _of_kind(several, kind)
    if not token:
        raise UsageError("what was given is no ID or access token: it is empty")
    if _HOLDER.match(token):
        raise _without_token(token)
    return token


def _of_kind(tokens: list[str], kind: str) -> str:
    """Return the token of a kind, as they say themselves."""
    uses = {claims_of(each).get("token_use"): each for each in tokens}
    if kind not in uses:
        raise UsageError(
            f"{len(tokens)} tokens were given, and none of them is the {kind} token",
            hint="give one token",
        )
    return uses[kind]


def _without_token(holder: str) -> UsageError:
    """Return the error for an address or an answer, whose values it does not repeat."""
    found = {each["name"]: each["value"] for each in _ANSWER.finditer(holder)}
    if "error" in found:
        return UsageError(
            f"no token was given, but an error: {found['error'][:60]}",
            hint="`cgw explain --error` with all of it says why",
        )
    if "code" in found:
        return UsageError(
            "no token was given, but an authorization code",
            hint="`cgw token --flow browser` exchanges codes for tokens",
        )
    return UsageError(
        "no token was given: there is neither id_token nor access_token in it",
        hint="copy the whole address, with what follows the `#`",
    )


def without_tokens(text: str) -> str:
    """Return a text that is to be shown, and may hold tokens, without them."""
    return _JWT.sub("eyJ…", text)


def given_body(data: str | None) -> bytes | None:
    """Return a body that is given as itself, as @FILE, or as - for stdin."""
    if data == "-":
        return sys.stdin.buffer.read()
    if data is not None and data.startswith("@"):
        return read_bytes(data[1:])
    return None if data is None else data.encode()


def read_bytes(file: str) -> bytes:
    """Return what is in a file that the user names."""
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None


def pair(text: str, separator: str, option: str) -> tuple[str, str]:
    """Split what an option gives into a name and a value."""
    name, found, value = text.partition(separator)
    if not found or not name.strip():
        # What follows the name may be a secret.
        shown = text.strip().partition(" ")[0] if separator == ":" else text
        shown = without_tokens(shown)[:40]
        raise UsageError(f"{option} takes a name, `{separator}` and a value: `{shown}`")
    return name.strip(), value.strip() if separator == ":" else value
