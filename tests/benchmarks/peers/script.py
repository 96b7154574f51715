"""The same stack as a plain boto3 script: sequential calls, without checks."""

from __future__ import annotations

import sys

from benchmarks.peers.peer import Peer

_SCRIPT = "script.py"


class Script(Peer):
    """Keeps the IDs in a file; `again` reads everything once."""

    name = "boto3 script"
    program = sys.executable
    remark = "sequential, without any check"

    def prepare(self, account):  # noqa: ARG002 - nothing is to be made
        self.write(_SCRIPT, _SCRIPT)

    def fresh(self):
        return [sys.executable, _SCRIPT, "create"]

    def again(self):
        return [sys.executable, _SCRIPT, "read"]

    def change(self):
        return [sys.executable, _SCRIPT, "change"]

    def down(self):
        return [sys.executable, _SCRIPT, "destroy"]
