"""The local AWS stays on this machine and leaves nothing when it stops."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from select import select

import pytest
from browsing import fetch
from commandline import QuickTerminal

from cognito_gw.local import process

PROC = Path("/proc")
SECONDS = 10
LISTENING, LOOPBACK = "0A", "0100007F"  # as Linux writes them: little-endian

pytestmark = pytest.mark.skipif(not PROC.is_dir(), reason="asks Linux's /proc")


@pytest.fixture
def shell(tmp_path, variables, environment):
    """A shell of a user with a separate local AWS, with a stack on it."""
    own = {"XDG_STATE_HOME": str(tmp_path / "state"), "TMPDIR": str(tmp_path / "tmp")}
    Path(own["TMPDIR"]).mkdir()
    for key, value in (variables | own).items():
        environment.setenv(key, value)
    environment.chdir(tmp_path)
    terminal = QuickTerminal(tmp_path, ("--local",))
    terminal.write("name: small\napi: {routes: {GET /health: {auth: none}}}\n")
    terminal("up")
    terminal("call", "/health")
    yield terminal
    process.stop(tmp_path / "state" / "cognito-gw")


def family(pid):
    """A process and all its descendants."""
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
    """Expect the processes to end with the block, or soon after."""
    with ExitStack() as stack:
        waiting = []
        for pid in pids:
            waiting.append(os.pidfd_open(pid))
            stack.callback(os.close, waiting[-1])
        yield
        for process in waiting:
            assert select([process], [], [], SECONDS)[0], "a process goes on"


def listening_addresses(pids):
    """The addresses on which the processes listen."""
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


def test_it_keeps_to_this_machine(shell):
    """Only loopback sockets, no foreign host name; no process or file afterwards."""
    pids = family(shell("local", "status", "-o", "json").document["pid"])
    assert len(pids) >= 3, "the server, the function, and what ends it"
    assert listening_addresses(pids) == {LOOPBACK}
    refuses_foreign_hosts(shell("outputs", "-o", "json").document)
    with ended(pids):
        shell("local", "stop")
    assert list((shell.folder / "tmp").iterdir()) == []


def refuses_foreign_hosts(outputs):
    """An attacker's host name that resolves to this port is refused."""
    issuer = outputs["issuer"]
    url = issuer.rpartition("/")[0]
    addresses = [
        url,
        f"{url}/_cgw/events",
        f"{issuer}/.well-known/jwks.json",
        outputs["sign_in_url"],
        f"{outputs['invoke_url']}/health",
    ]
    for host in ("evil.example", "127.0.0.1", "169.254.169.254:80"):
        for address in addresses:
            answer = fetch(address, headers={"Host": host})
            assert (answer.status_code, address) == (403, address)
