"""The local AWS keeps to this machine, and takes everything along when it goes."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from select import select

import httpx
import pytest
from commandline import EXAMPLE, Terminal

from cognito_gw.local import daemon

PROC = Path("/proc")
SECONDS = 10
LISTENING, LOOPBACK = "0A", "0100007F"  # as Linux spells them: little-endian

pytestmark = pytest.mark.skipif(not PROC.is_dir(), reason="asks Linux's /proc")


@pytest.fixture
def shell(tmp_path, variables):
    """A shell of a user who has a local AWS of their own, with a stack on it."""
    own = {"XDG_STATE_HOME": str(tmp_path / "state"), "TMPDIR": str(tmp_path / "tmp")}
    Path(own["TMPDIR"]).mkdir()
    terminal = Terminal(tmp_path, ("--local",), variables | own)
    terminal.write(EXAMPLE.read_text("utf-8"))
    terminal("up")
    terminal("call", "/transactions")
    yield terminal
    daemon.stop(tmp_path / "state" / "cognito-gw")


def family(pid):
    """A process and all that come of it."""
    children = {}
    for entry in PROC.glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(int(fields[1]), []).append(int(entry.parent.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


@contextmanager
def ended(pids):
    """Expect that the processes end with the block, or in the moments after it."""
    with ExitStack() as stack:
        waiting = []
        for pid in pids:
            waiting.append(os.pidfd_open(pid))
            stack.callback(os.close, waiting[-1])
        yield
        for process in waiting:
            assert select([process], [], [], SECONDS)[0], "a process goes on"


def listening_addresses(pids):
    """Where the processes listen."""
    inodes = set()
    for pid in pids:
        for descriptor in (PROC / str(pid) / "fd").iterdir():
            inodes.add(str(descriptor.readlink()))
    rows = [
        row.split()
        for table in ("tcp", "tcp6")
        for row in (PROC / "net" / table).read_text().splitlines()[1:]
    ]
    return {
        row[1].partition(":")[0]
        for row in rows
        if row[3] == LISTENING and f"socket:[{row[9]}]" in inodes
    }


def test_it_listens_on_loopback_alone_and_leaves_no_process(shell):
    status = shell("local", "status", "-o", "json").document
    pids = family(status["pid"])
    assert len(pids) >= 3, "the server, the function, and what ends it"
    assert listening_addresses(pids) == {LOOPBACK}
    with ended(pids):
        shell("local", "stop")
    assert list(Path(shell.environment["TMPDIR"]).iterdir()) == []


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "169.254.169.254:80"])
def test_every_address_refuses_a_foreign_host(cgw, local, host):
    """A name of an attacker's that leads to this port opens nothing."""
    outputs = cgw("up", "-o", "json").document["outputs"]
    addresses = [
        local,
        f"{local}/_cgw/events",
        outputs["issuer"] + "/.well-known/jwks.json",
        outputs["sign_in_url"],
        outputs["invoke_url"] + "/health",
    ]
    for address in addresses:
        answer = httpx.get(address, headers={"Host": host})
        assert (answer.status_code, address) == (403, address)
    cgw("down", "--yes")
