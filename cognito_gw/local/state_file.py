"""The saved state as a file: private, complete, and checked."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cognito_gw import __version__
from cognito_gw.errors import CgwError
from cognito_gw.state import open_private, replace_private

if TYPE_CHECKING:
    from pathlib import Path

    from filelock import FileLock

SAVED, LOCK = "local.saved", "local.saved.lock"
FORMAT = 2


@dataclass(frozen=True)
class Saved:
    """The saved state of one state directory."""

    directory: Path

    @property
    def path(self) -> Path:
        """The file."""
        return self.directory / SAVED

    @property
    def port(self) -> int:
        """The last port of the server, or 0 if unknown."""
        try:
            with open_private(self.path) as file:
                port = int(json.loads(file.readline())["port"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return 0
        return port if port in range(1 << 16) else 0

    def claim(self) -> FileLock:
        """Keep other servers off the file for as long as the returned lock is held."""
        from filelock import FileLock, Timeout

        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(self.directory / LOCK, mode=0o600)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            raise CgwError(
                f"another local AWS saves its state in {self.path}",
                hint="stop the other one first",
            ) from None
        return lock

    def read(self) -> bytes | None:
        """Return the state, or None if none is saved. Raises CgwError if unusable."""
        try:
            with open_private(self.path) as file:
                head, _, state = file.read().partition(b"\n")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self.unusable(error.strerror or "no file") from None
        try:
            header = json.loads(head)
            written_by = {name: header[name] for name in _writer()}
            is_whole = header["sha256"] == _digest(state)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise self.unusable("it is not a saved state") from None
        if written_by != _writer():
            raise self.unusable(f"{_versions(written_by)} wrote it")
        if not is_whole:
            raise self.unusable("it is damaged")
        return state

    def write(self, state: bytes, port: int) -> None:
        """Replace the file in one step, so that a crash leaves the old or the new."""
        header = _writer() | {"port": port, "sha256": _digest(state)}
        content = b"\n".join([json.dumps(header).encode(), state])
        replace_private(self.path, content, is_synced=True)

    def unusable(self, why: str) -> CgwError:
        """Return the error for an unusable file, with what to do about it."""
        return CgwError(
            f"{self.path} cannot be used: {why}; this is {_versions(_writer())}",
            hint=f"run `rm {self.path}`, or use the version that wrote it",
        )


def _writer() -> dict[str, Any]:
    """Return the versions that must match to read a state: their classes change."""
    from importlib.metadata import version

    return {"format": FORMAT, "cgw": __version__, "moto": version("moto")}


def _versions(writer: dict[str, Any]) -> str:
    return f"cgw {writer['cgw']} with moto {writer['moto']}"


def _digest(state: bytes) -> str:
    return hashlib.sha256(state).hexdigest()
