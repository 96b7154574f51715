"""Tokens on disk: one file per stack, target, app client, user, flow and scopes.

Only this user can read them. A file that cgw did not write is ignored and replaced.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cognito_gw import state
from cognito_gw.oauth.tokens import Tokens
from cognito_gw.state import open_private, private, replace_private, state_directory
from cognito_gw.text import json_object

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

_TOKENS, _LOCKS, _WAITING = "tokens", "token-locks", "challenges"


@dataclass(frozen=True)
class Key:
    """Whose tokens they are, and what was requested."""

    stack: str
    target: str  # where they come from and are sent: AWS, and the addresses in the file
    client: str
    user: str = ""  # empty for machines, and for sign-in on the page
    flow: str = "auto"
    scopes: tuple[str, ...] = ()  # empty: those of the flow

    @property
    def name(self) -> str:
        """A unique file name for the key."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:32]


def recall(key: Key) -> Tokens | None:
    """Return the cached tokens of a key, fresh or expired, or None."""
    with suppress(TypeError, KeyError):  # fields that tokens do not have
        content = _read(_file(_TOKENS, key))
        tokens = Tokens(**content["tokens"]) if _is_of(content, key) else None
        if tokens and _is_sound(tokens):
            return tokens
    return None


def keep(key: Key, tokens: Tokens) -> None:
    """Cache tokens, atomically."""
    _write(_TOKENS, key, {"tokens": asdict(tokens)})


def kept(stack: str) -> list[Key]:
    """Return the keys of all cached tokens of a stack."""
    contents = [_read(file) for file in _folder(_TOKENS, stack).glob("*.json")]
    keys = []
    for content in contents:
        with suppress(TypeError, KeyError):
            fields = content["key"]
            keys.append(Key(**fields | {"scopes": tuple(fields["scopes"])}))
    return [key for key in keys if key.stack == stack and recall(key)]


def drop(key: Key) -> None:
    """Delete the cached tokens of one key."""
    _file(_TOKENS, key).unlink(missing_ok=True)


def forget(stack: str) -> int:
    """Delete everything cached for a stack; return the number of token files."""
    count = _empty(_folder(_TOKENS, stack))
    _empty(_folder(_WAITING, stack))
    return count


def keep_waiting(key: Key, challenge: Mapping[str, Any]) -> None:
    """Store a challenge that a later run can answer."""
    _write(_WAITING, key, {"challenge": challenge})


def waiting(key: Key) -> dict[str, Any] | None:
    """Return the stored challenge and delete it, or return None."""
    file = _file(_WAITING, key)
    content = _read(file)
    file.unlink(missing_ok=True)
    challenge = content.get("challenge") if _is_of(content, key) else None
    return challenge if isinstance(challenge, dict) else None


def alone(key: Key, tell: Callable[[], None]) -> AbstractContextManager[None]:
    """Lock the key, so that one process signs in; call `tell` before waiting."""
    return state.alone(state_directory() / _LOCKS / key.name, tell)


def _read(file: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError), open_private(file) as opened:
        return json_object(opened.read())
    return {}


def _write(kind: str, key: Key, content: dict[str, Any]) -> None:
    folder = private(_folder(kind, key.stack))
    text = json.dumps({"key": asdict(key)} | content)
    replace_private(folder / _file(kind, key).name, text.encode())


def _is_of(content: dict[str, Any], key: Key) -> bool:
    return bool(content.get("key") == json.loads(json.dumps(asdict(key))))


def _is_sound(tokens: Tokens) -> bool:
    fields: dict[str, Any] = dict(vars(tokens))
    is_timed = isinstance(fields.pop("expires_at"), int | float)
    is_flagged = isinstance(fields.pop("by_oauth"), bool)
    is_token = isinstance(fields["access_token"], str)
    texts = (str, type(None))
    are_texts = all(isinstance(text, texts) for text in fields.values())
    return is_timed and is_flagged and is_token and are_texts


def _empty(folder: Path) -> int:
    files = list(folder.glob("*"))  # including unfinished drafts
    for file in files:
        file.unlink(missing_ok=True)
    return len(files)


def _folder(kind: str, stack: str) -> Path:
    return state_directory() / kind / stack


def _file(kind: str, key: Key) -> Path:
    return _folder(kind, key.stack) / f"{key.name}.json"
