"""Remembers which file this machine last applied to which stack."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cognito_gw.errors import CgwError
from cognito_gw.oauth.tokens import in_words
from cognito_gw.state import open_private, private, replace_private

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cognito_gw.app.context import Context


@dataclass(frozen=True)
class Record:
    """One stack on one target, and when each file applied it last."""

    stack: str
    target: str
    files: dict[str, str] = field(default_factory=dict)  # path: time
    env: str | None = None

    @property
    def last(self) -> str | None:
        """The file that applied it last."""
        return max(self.files, key=lambda file: self.files[file], default=None)

    def is_of(self, folder: Path) -> bool:
        """Whether a file of this folder applied it."""
        return any(Path(file).parent == folder for file in self.files)


class History:
    """Remembers on this machine which file applied which stack."""

    def __init__(self, context: Context) -> None:
        """Make no call yet."""
        self.context = context
        self._stack = context.config.name
        self._file = context.options.config.resolve()
        self._creations: dict[str, datetime | None] = {}

    @cached_property
    def _target(self) -> str:
        aws = self.context.aws
        is_local = self.context.is_local
        endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
        place = "local" if is_local else f"{endpoint} {aws.account.number}"
        return f"{place} {aws.region}"

    def look(self) -> None:
        """Read from AWS whether the stack exists, unless this folder applied it."""
        ours = [record for record in self._records() if record.stack == self._stack]
        if not any(record.is_of(self._file.parent) for record in ours):
            self._creation(self._stack)

    @property
    def exists(self) -> bool:
        """Whether the stack exists, as far as the caller may see."""
        return bool(self._record().files) or self._creation(self._stack) is not None

    def notices(self) -> list[str]:
        """Return what to know before this file is applied from here the first time."""
        record = self._record()
        if record.is_of(self._file.parent):
            return []
        return [*self._taken_over(record), *self._left_behind()]

    def note(self) -> None:
        """Remember that this file applied the stack now."""
        record, now = self._record(), datetime.now(UTC).isoformat(timespec="seconds")
        record.files[str(self._file)] = now
        path = self._path(self._stack)
        private(path.parent)
        replace_private(path, json.dumps(vars(record)).encode())

    def clear(self) -> None:
        """Forget the stack, which was removed."""
        self._path(self._stack).unlink(missing_ok=True)

    def _taken_over(self, record: Record) -> Iterator[str]:
        created = self._creation(self._stack)
        if created is None:
            return
        context = self.context
        where = "the local AWS" if context.is_local else context.aws.account.number
        age = in_words((datetime.now(UTC) - created).total_seconds())
        last = (
            f"last applied from {record.last}"
            if record.last
            else ("not applied from this machine before")
        )
        yield (
            f"the stack `{self._stack}` already exists in {where} "
            f"({context.aws.region}), created on {created:%Y-%m-%d} ({age} ago), "
            f"{last}: this changes it; if it is not yours, choose another `name:`"
        )

    def _left_behind(self) -> Iterator[str]:
        there = self.context.config.stacks
        for record in self._records():
            old = record.stack
            is_ours = record.target == self._target and str(self._file) in record.files
            if is_ours and old not in there and self._creation(old):
                yield (
                    f"this file applied the stack `{old}` before, which still exists: "
                    f"to remove it, {self._how_to_remove(record)}"
                )

    def _how_to_remove(self, record: Record) -> str:
        """Say what to change in the file, and what to run then."""
        config, env = self.context.config, record.env
        name = record.stack.removesuffix(f"-{env}") if env else record.stack
        changes = [f"set `name: {name}`"] if name != config.stacks[0] else []
        if env and env not in config.environments:
            changes.append(f"set `environments: {{{env}: {{}}}}`")
        command = f"`cgw --env {env} down`" if env else "`cgw down`"
        if config.env and not env:
            command = "`down` without `--env`"
        return f"{' and '.join(changes)} and run {command}"

    def _creation(self, stack: str) -> datetime | None:
        """Return when a stack was created, if it exists and the caller may see it."""
        from botocore.exceptions import BotoCoreError, ClientError

        from cognito_gw.aws.tags import creation

        if stack not in self._creations:
            try:
                self._creations[stack] = creation(self.context.aws, stack)
            except (BotoCoreError, ClientError, CgwError) as error:
                self.context.ui.trace(
                    f"cannot find out whether `{stack}` exists: {error}"
                )
                self._creations[stack] = None
        return self._creations[stack]

    def _record(self) -> Record:
        env = self.context.config.env
        known = _read(self._path(self._stack))
        return known or Record(self._stack, self._target, env=env)

    def _records(self) -> Iterator[Record]:
        for path in sorted((self.context.state / "stacks").glob("*.json")):
            if record := _read(path):
                yield record

    def _path(self, stack: str) -> Path:
        key = hashlib.sha256(f"{self._target} {stack}".encode()).hexdigest()
        return self.context.state / "stacks" / f"{key[:32]}.json"


def _read(path: Path) -> Record | None:
    """Return a record; None if it is malformed or others may write it."""
    with suppress(OSError, ValueError, TypeError), open_private(path) as file:
        record = Record(**json.load(file))
        texts = (record.stack, record.target, record.env or "", *record.files.items())
        if all(isinstance(text, str | tuple) for text in texts):
            return record
    return None
