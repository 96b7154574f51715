"""`python -m cognito_gw.local`: the server process itself, in the foreground."""

from __future__ import annotations

import argparse
import asyncio
import errno
import fcntl
import json
import logging
import os
import secrets
import signal
import socket
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvloop

from cognito_gw.aws.endpoints import AccessKey
from cognito_gw.errors import CgwError
from cognito_gw.local import events
from cognito_gw.local.process import STATE
from cognito_gw.local.state_file import Saved
from cognito_gw.state import create_private
from cognito_gw.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOST = "127.0.0.1"
CHECK_SECONDS = 1.0  # how often it checks that its state file still exists
ENVIRONMENT = {
    # Any web page could otherwise drive this AWS, and so run code as a Lambda.
    "MOTO_DISABLE_GLOBAL_CORS": "true",
    # moto writes local times as if they were UTC.
    "TZ": "UTC",
    # aiohttp takes a tenth of a second to read the system's certificates on import.
    # Only its client needs them, and this process has none.
    "SSL_CERT_FILE": os.devnull,
    # The user's files are for the real AWS.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


def main() -> int:
    """Serve until SIGTERM or SIGINT."""
    arguments = _arguments()
    if arguments.ready_fd is not None:
        _leave_parent()
    os.umask(0o077)
    _set_environment()
    handler = logging.StreamHandler()
    handler.setFormatter(events.LogFormatter("%(asctime)s %(message)s"))
    logging.basicConfig(handlers=[handler])
    logging.getLogger("cognito_gw").setLevel(logging.INFO)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(arguments))
    except CgwError as error:
        _report(arguments.ready_fd, {"error": error.what, "hint": error.hint or ""})
        sys.stderr.write(printable(f"error: {error.what}\n{error.hint or ''}") + "\n")
        return error.exit_code
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m cognito_gw.local")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument(
        "--persist", action="store_true", help="keep the state across restarts"
    )
    parser.add_argument(
        "--ready-fd", type=int, help="run as a daemon; report to this pipe"
    )
    parser.add_argument("--while-open", type=int, help="stop when this pipe is closed")
    return parser.parse_args()


def _leave_parent() -> None:
    if os.fork():
        os._exit(0)
    os.setsid()


def _set_environment() -> None:
    """Drop the user's settings for the real AWS; moto reads ours when imported."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "MOTO_"))]:
        del os.environ[name]
    os.environ.update(ENVIRONMENT)
    time.tzset()


async def _serve(arguments: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    if arguments.while_open is not None:
        _end_with(arguments.while_open, stopped)
    saved = Saved(arguments.state_dir) if arguments.persist else None
    listener = _listen_on_last_port(saved) if saved and not arguments.port else None
    listener = listener or _listen(arguments.port)
    url = f"http://{HOST}:{listener.getsockname()[1]}"
    instance = secrets.token_hex(16)
    key = AccessKey.create()
    state = {"url": url, "pid": os.getpid(), "instance": instance}
    state |= {"persist": arguments.persist, "access_key": asdict(key)}
    # moto reads the environment, set by now, when it is imported.
    from cognito_gw.local.server import Start, serving

    start = Start(url, instance, key, arguments.state_dir.absolute(), saved)
    with ExitStack() as stack:
        async with serving(start, listener):
            is_known = stack.enter_context(
                _state_file(arguments.state_dir / STATE, state)
            )
            _report(arguments.ready_fd, {"pid": os.getpid()})
            await _end_of(stopped, is_known)


async def _end_of(stopped: asyncio.Event, is_known: Callable[[], bool]) -> None:
    """Wait until told to stop, or until no client can find this server any more."""
    while is_known():
        with suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), CHECK_SECONDS)
            return
    logging.getLogger(__name__).warning("the state file is gone; stopping")


def _end_with(pipe: int, stopped: asyncio.Event) -> None:
    """Stop when the last process that holds the other end of the pipe has gone."""
    loop = asyncio.get_running_loop()

    def end() -> None:
        loop.remove_reader(pipe)  # or the loop would call this again and again
        stopped.set()

    loop.add_reader(pipe, end)


def _listen_on_last_port(saved: Saved) -> socket.socket | None:
    """Listen on the last port again, so that issuers and links stay valid."""
    try:
        return _listen(saved.port)
    except CgwError:
        return None


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise CgwError(
            f"cannot listen on port {port}: {os.strerror(error.errno)}",
            hint="choose another port with --port",
        ) from error
    return listener


@contextmanager
def _state_file(path: Path, state: dict[str, Any]) -> Iterator[Callable[[], bool]]:
    """Publish this server in a file that stays locked for as long as it runs.

    The lock belongs to the file itself, not to a name, so that a client can trust the
    content of the file it has opened. It ends with the process, because the file is
    never closed. Yields a function that checks that the file is still there.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    descriptor = create_private(draft)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(json.dumps(state).encode())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise CgwError(
            f"{path} cannot be written: {error.strerror}",
            hint="free some space on that disk",
        ) from None

    def is_known() -> bool:
        with suppress(FileNotFoundError, NotADirectoryError):
            return os.path.samestat(path.stat(), os.fstat(descriptor))
        return False

    try:
        yield is_known
    finally:
        if is_known():
            path.unlink(missing_ok=True)


def _report(ready_fd: int | None, report: dict[str, Any]) -> None:
    if ready_fd is not None:
        os.write(ready_fd, json.dumps(report).encode())
        os.close(ready_fd)


if __name__ == "__main__":
    status = main()
    logging.shutdown()
    sys.stdout.flush()
    # Everything is closed and saved. Python would take half a second to unload moto.
    os._exit(status)
