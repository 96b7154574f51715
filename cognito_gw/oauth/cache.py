"""Tokens on disk: one file per stack, target, app client and user, for this user alone.

A file that is not what we wrote is no cache: it is ignored and written anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cognito_gw.oauth.tokens import Tokens
from cognito_gw.state import state_directory


@dataclass(frozen=True)
class Key:
    """Whose tokens they are."""

    stack: str
    target: str  # what tells one AWS from another: profile, region, endpoint
    client: str
    user: str


def recall(key: Key) -> Tokens | None:
    """Return the tokens kept for a key, fresh or not."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        content = json.loads(_file(key).read_text(encoding="utf-8"))
        tokens = Tokens(**content["tokens"])
        if content["key"] == asdict(key) and _is_sound(tokens):
            return tokens
    return None


def keep(key: Key, tokens: Tokens) -> None:
    """Keep the tokens; a reader sees the old file or the new one, nothing between."""
    target = _file(key)
    for folder in (target.parent.parent, target.parent):
        folder.mkdir(mode=0o700, exist_ok=True)
    content = json.dumps({"key": asdict(key), "tokens": asdict(tokens)})
    handle, draft = tempfile.mkstemp(dir=target.parent)  # mode 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(content)
    Path(draft).replace(target)


def forget(stack: str) -> int:
    """Drop all tokens of a stack, and return how many files there were."""
    files = list(_folder(stack).glob("*"))  # drafts too, if one was left
    for file in files:
        file.unlink(missing_ok=True)
    return len(files)


def _is_sound(tokens: Tokens) -> bool:
    fields: dict[str, Any] = dict(vars(tokens))
    is_timed = isinstance(fields.pop("expires_at"), int | float)
    is_token = isinstance(fields["access_token"], str)
    texts = (str, type(None))
    return is_timed and is_token and all(isinstance(x, texts) for x in fields.values())


def _folder(stack: str) -> Path:
    return state_directory() / "tokens" / stack


def _file(key: Key) -> Path:
    name = hashlib.sha256(json.dumps(asdict(key)).encode()).hexdigest()[:32]
    return _folder(key.stack) / f"{name}.json"
