"""The common parts of all tools: four commands, run in a separate folder."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from benchmarks.account import PARTS

STACKS = Path(__file__).parents[1] / "stacks"
VERBS = ("fresh", "again", "change", "down")


class Peer(ABC):
    """One tool and its description of the tutorial's stack.

    `change` doubles the function's memory. The work of `prepare` and the four methods
    themselves is not measured; the commands that the methods return are.
    """

    name: ClassVar[str]
    program: ClassVar[str]
    parts: ClassVar[tuple[str, ...]] = PARTS  # of the stack that it creates
    remark: ClassVar[str] = ""

    def __init__(self, shell, url, options):
        """Use a shell whose folder is empty; AWS is at `url`."""
        self.shell, self.url, self.options = shell, url, options

    @property
    def is_installed(self):
        """Whether its program is in the PATH."""
        return shutil.which(self.program, path=self.shell.variables["PATH"]) is not None

    def write(self, stack, name):
        """Copy one of the stacks into the folder, and return its path."""
        return shutil.copy(STACKS / stack, self.shell.folder / name)

    @abstractmethod
    def prepare(self, account):
        """Write the files; create prerequisites that the tool does not create."""

    @abstractmethod
    def fresh(self):
        """Return the command that creates the stack."""

    def again(self):
        """Return the command that has nothing to do."""
        return self.fresh()

    @abstractmethod
    def change(self):
        """Return the command that changes one thing."""

    @abstractmethod
    def down(self):
        """Return the command that deletes it."""
