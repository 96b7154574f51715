"""cgw itself."""

from __future__ import annotations

from benchmarks.peers.peer import Peer


class Cgw(Peer):
    """Reads the file and the account each time; keeps no state."""

    name = program = "cgw"

    def prepare(self, account):  # noqa: ARG002 - nothing is to be made
        self.file = self.write("tutorial.yaml", "cgw.yaml")

    def fresh(self):
        return ["cgw", "up"]

    def change(self):
        text = self.file.read_text("utf-8")
        self.file.write_text(text.replace("memory: 128", "memory: 256"), "utf-8")
        return ["cgw", "up"]

    def down(self):
        return ["cgw", "down", "--yes"]
