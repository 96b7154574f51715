"""The local AWS as a background process: start, find, and stop it."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import signal
import subprocess
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from select import select
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

from cognito_gw import search_path
from cognito_gw.aws.endpoints import AccessKey
from cognito_gw.errors import CgwError
from cognito_gw.local.state_file import SAVED
from cognito_gw.state import create_private, open_private

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STATE, LOG, LOCK = "local.json", "local.log", "local.lock"
EXTRA = (
    "aiohttp",
    "awslambdaric",
    "flask",
    "flask_cors",
    "httptools",
    "jinja2",
    "jwt",
    "moto",
    "packaging",
    "pyotp",
    "segno",
    "uvloop",
)
REGION = "us-east-1"  # the default
START_SECONDS = 60.0
STOP_SECONDS = 15.0
HEALTH_SECONDS = 5.0
POLL_SECONDS = 0.02
LOG_TAIL = 5
# A state file that does not exist, is not private, or that cgw did not write.
UNREADABLE = (OSError, ValueError, KeyError, TypeError, RecursionError)


@dataclass(frozen=True)
class Server:
    """A running local AWS."""

    url: str
    pid: int
    log: Path
    access_key: AccessKey
    saved: Path | None = None  # where it saves its state, if it does

    def variables(self, region: str | None = None) -> dict[str, str]:
        """Return the environment variables with which AWS clients call it."""
        names = ("AWS_REGION", "AWS_DEFAULT_REGION")  # boto3 reads the second alone
        return {
            "AWS_ENDPOINT_URL": self.url,
            **self.access_key.variables,
            **dict.fromkeys(names, region or REGION),
        }

    def is_at(self, port: int) -> bool:
        """Whether it listens on this port."""
        return urlsplit(self.url).port == port


def running(state_dir: Path) -> Server | None:
    """Return the running local AWS, and forget one that has ended."""
    server = _find(state_dir)
    if server is None and (state_dir / STATE).exists():
        with _lock(state_dir):
            server = _find_or_forget(state_dir)
    return server


def start(
    state_dir: Path,
    port: int = 0,
    *,
    persist: bool | None = None,
    while_open: int | None = None,
) -> Server:
    """Return the running local AWS, or start one on `port` (0: any free one).

    With `persist` it restores the state saved here, and saves it. The default is to do
    so if there is a saved state. It ends when the pipe with the read end `while_open`
    is closed. Raises CgwError if it cannot start.
    """
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    state_dir.chmod(0o700)
    with _lock(state_dir):
        server = _find_or_forget(state_dir)
        if server is None:
            _require_extra()
            has_saved = (state_dir / SAVED).exists()
            persists = has_saved if persist is None else persist
            options = ["--persist"] if persists else []
            options += [] if while_open is None else [f"--while-open={while_open}"]
            pid = _spawn(state_dir, [f"--port={port}", *options], while_open)
            server = _find(state_dir)
            if server is None:  # no client could find or stop it
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
    if server is None:
        raise _died(state_dir / LOG)
    if persist and not server.saved:
        raise CgwError(
            f"the local AWS already runs at {server.url}, without --persist",
            hint="run `cgw local stop` first; the current state is then lost",
        )
    return server


def stop(state_dir: Path) -> bool:
    """Stop the running local AWS, and return whether there was one."""
    server = running(state_dir)
    if server is None:
        return False
    with (
        suppress(FileNotFoundError, ProcessLookupError),  # it has ended meanwhile
        open_private(state_dir / STATE) as state,
    ):
        os.kill(server.pid, signal.SIGTERM)
        if not _has_ended_in_time(state):
            # Its Lambda processes end when it no longer answers them.
            os.kill(server.pid, signal.SIGKILL)
    (state_dir / STATE).unlink(missing_ok=True)
    return True


@contextmanager
def private(state_dir: Path) -> Iterator[Server]:
    """Run a local AWS that ends with the block, or with this process if killed."""
    read_end, write_end = os.pipe()
    try:
        try:
            server = start(state_dir, while_open=read_end)
        finally:
            os.close(read_end)
        yield server
    finally:
        stop(state_dir)
        os.close(write_end)


def recorded_instance(state_dir: Path) -> str | None:
    """Return the ID of the local AWS that last ran here, without calling it."""
    try:
        with open_private(state_dir / STATE) as file:
            return str(json.load(file)["instance"])
    except UNREADABLE:
        return None


def _find(state_dir: Path) -> Server | None:
    try:
        with open_private(state_dir / STATE) as file:
            state = json.load(file)
            alive = _is_alive(file)
        saved = state_dir / SAVED if state["persist"] else None
        key = AccessKey(**state["access_key"])
        server = Server(str(state["url"]), state["pid"], state_dir / LOG, key, saved)
        identity = {"instance": state["instance"], "pid": state["pid"]}
    except UNREADABLE:
        return None
    return server if alive and _health(server.url) == identity else None


def _find_or_forget(state_dir: Path) -> Server | None:
    server = _find(state_dir)
    if server is None:
        (state_dir / STATE).unlink(missing_ok=True)
    return server


def _health(url: str) -> Any:
    try:
        place = urlsplit(url).netloc
        connection = http.client.HTTPConnection(place, timeout=HEALTH_SECONDS)
        with closing(connection):
            connection.request("GET", "/_cgw/health")
            return json.load(connection.getresponse())
    except (*UNREADABLE, http.client.HTTPException):
        return None


def _spawn(state_dir: Path, options: list[str], while_open: int | None) -> int:
    """Start the server, which reports through a pipe: its PID, or why it failed."""
    ready, child_end = os.pipe()
    command = [*search_path.python_module("cognito_gw.local"), *options]
    command += [f"--state-dir={state_dir.absolute()}", f"--ready-fd={child_end}"]
    pipes = [child_end] if while_open is None else [child_end, while_open]
    with os.fdopen(ready, "rb") as reports:
        _run_detached(command, pipes, state_dir / LOG)
        readable, _, _ = select([reports], [], [], START_SECONDS)
        line = reports.read() if readable else b""
    if not line:
        raise _died(state_dir / LOG)
    report = json.loads(line)
    if "error" in report:
        raise CgwError(report["error"], hint=report["hint"])
    return int(report["pid"])


def _run_detached(command: list[str], pipes: list[int], log_path: Path) -> None:
    """Run a command that daemonizes itself, so that the system reaps it later.

    The command reports to the first of the `pipes`, which is closed here.
    """
    with os.fdopen(pipes[0], "wb"), os.fdopen(create_private(log_path), "wb") as log:
        subprocess.run(  # noqa: S603 - our own interpreter, our own arguments
            command,
            check=False,
            # Code in the caller's folder must not run.
            cwd=log_path.parent,
            env=search_path.environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=pipes,
        )


def _died(log: Path) -> CgwError:
    lines = log.read_text(errors="replace").splitlines()[-LOG_TAIL:]
    what = "\n".join(["the local AWS did not start", *lines])
    return CgwError(what, hint=f"see the complete log: {log}")


def _require_extra() -> None:
    missing = [name for name in EXTRA if find_spec(name) is None]
    if missing:
        raise CgwError(
            f"the local AWS needs {', '.join(missing)}, not installed",
            hint="pip install 'cognito-gw[local]'",
        )


def _is_alive(state: BinaryIO) -> bool:
    """Whether the server is alive: it locks its state file for as long as it runs.

    Its PID is no proof: it may now belong to another process, or to a zombie.
    """
    try:
        fcntl.flock(state, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _has_ended_in_time(state: BinaryIO) -> bool:
    deadline = time.monotonic() + STOP_SECONDS
    while _is_alive(state):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


@contextmanager
def _lock(state_dir: Path) -> Iterator[None]:
    """Let one process at a time start or forget the server of a directory."""
    from filelock import FileLock

    with FileLock(state_dir / LOCK, mode=0o600):
        yield
