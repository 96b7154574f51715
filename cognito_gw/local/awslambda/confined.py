"""Limits its own rights, and then becomes the runtime client of a function.

`python -I -S confined.py FLOOR TMP NEEDED… -- KIND …` runs in an interpreter that finds
its standard library only; `process.py` builds the command. The kinds are `program`,
with a command; `python`, with the packages and the handler; and `probe`, which prints
the limits that work on this machine. `confined.py reap` ends process groups when the
server ends. Imports delay every start of a function, so this file has few.
"""

from __future__ import annotations

import ctypes
import os
import resource
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

OPEN_FILES = PROCESSES = 1024  # what Lambda allows
KEY = "CGW_RUNTIME_KEY"  # read here, and removed from the environment
_API = "AWS_LAMBDA_RUNTIME_API"
_TMP = "/tmp"  # noqa: S108 - the very folder

# Of linux/mount.h, sched.h, prctl.h and capability.h.
_NEW_MOUNTS, _NEW_USER = 0x00020000, 0x10000000
_BIND, _RECURSIVE, _PRIVATE = 0x1000, 0x4000, 0x40000
_SET_ATTRIBUTES, _AT_CWD, _AT_RECURSIVE, _READ_ONLY = 442, -100, 0x8000, 0x1
_NO_NEW_PRIVILEGES = 38
_CAPABILITIES = 0x20080522
_COUNTED_APART = (5, 14)  # since then processes are counted by user namespace

# Of linux/landlock.h: the calls, and the rights by the version that brought them.
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION, _BENEATH = 1, 1
_WRITE_FILE, _REFER, _TRUNCATE = 1 << 1, 1 << 13, 1 << 14
_REMOVE = 1 << 4 | 1 << 5
_MAKE_DEVICES = 1 << 6 | 1 << 11
_MAKE = 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 12
_SINCE = {1: _WRITE_FILE | _REMOVE | _MAKE_DEVICES | _MAKE, 2: _REFER, 3: _TRUNCATE}
_DEVICES = ("null", "zero", "full", "random", "urandom")

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def main() -> None:
    """Run the command line."""
    if sys.argv[1:] == ["reap"]:
        _reap()
        return
    end = sys.argv.index("--")
    floor, tmp, *needed = sys.argv[1:end]
    kind, *rest = sys.argv[end + 1 :]
    if kind == "probe":
        sys.stdout.write(",".join(map(str, _probe(tmp, needed))))
        return
    landlock, own_tmp, processes = map(int, floor.split(","))
    confine(tmp, needed, landlock, bool(own_tmp), bool(processes))
    if kind == "python":
        _run_python(*rest)
    else:
        os.execv(rest[0], rest)  # noqa: S606 - there is no shell


def confine(
    tmp: str, needed: Iterable[str], landlock: int, own_tmp: bool, processes: bool
) -> None:
    """Apply all limits, or fail: a function never runs with fewer than promised."""
    if own_tmp:
        _own_tmp(tmp, needed)
    else:
        os.environ.setdefault("TMPDIR", tmp)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    if processes:
        _limit_processes(apart=own_tmp)
    if landlock:
        _write_only_in(_TMP if own_tmp else tmp, landlock)
    if own_tmp and os.geteuid() != 0:
        _drop_capabilities()


def _probe(tmp: str, needed: Iterable[str]) -> tuple[int, int, int]:
    """Try each limit, in a process that ends afterwards."""
    if sys.platform != "linux":
        return 0, 0, 0
    has_tmp = _works(_own_tmp, tmp, needed)
    version = max(_libc.syscall(_CREATE, None, 0, _VERSION), 0)
    is_confined = _works(_write_only_in, _TMP if has_tmp else tmp, version)
    # The system does not limit the processes of root.
    processes = PROCESSES if os.geteuid() != 0 else 0
    return version if is_confined else 0, int(has_tmp), processes


def _works(give_up: Callable[..., None], *arguments: Any) -> bool:
    try:
        give_up(*arguments)
    except OSError:
        return False
    return True


def _limit(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))


def _limit_processes(*, apart: bool) -> None:
    """Allow as many processes and threads as Lambda, besides the user's own."""
    kernel = tuple(int(part) for part in os.uname().release.split(".")[:2])
    others = 0 if apart and kernel >= _COUNTED_APART else _threads_of(os.geteuid())
    _limit(resource.RLIMIT_NPROC, PROCESSES + others)


def _threads_of(user: int) -> int:
    count = 0
    for entry in os.scandir("/proc"):
        try:
            if entry.name.isdigit() and entry.stat().st_uid == user:
                count += len(os.listdir(f"{entry.path}/task"))
        except OSError:  # it has ended
            pass
    return count


def _own_tmp(folder: str, needed: Iterable[str]) -> None:
    """Mount `folder` as /tmp, for this process and its children only.

    The needed paths in /tmp stay at their place, read-only.
    """
    _leave_mounts()
    tmp = os.path.realpath(_TMP)
    for path in _outermost(needed, tmp):
        place = folder + path.removeprefix(tmp)
        os.makedirs(place, exist_ok=True)
        _bind(path, place)
        # struct mount_attr: what to set, what to clear, propagation, a user namespace.
        attributes = struct.pack("=4Q", _READ_ONLY, 0, 0, 0)
        where = (_AT_CWD, place.encode(), _AT_RECURSIVE)
        _syscall(_SET_ATTRIBUTES, *where, attributes, len(attributes))
    here = os.getcwd()
    _bind(folder, tmp)
    os.chdir(here)  # in the new mount, if it is in /tmp


def _outermost(paths: Iterable[str], top: str) -> list[str]:
    found: list[str] = []
    for path in sorted({os.path.realpath(path) for path in paths}):
        is_seen = any(path == above or path.startswith(f"{above}/") for above in found)
        if path.startswith(f"{top}/") and not is_seen:
            found.append(path)
    return found


def _leave_mounts() -> None:
    """Create a mount namespace; other users than root also need a user namespace."""
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        _check(_libc.unshare(_NEW_MOUNTS))
    else:
        _check(_libc.unshare(_NEW_MOUNTS | _NEW_USER))
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    _check(_libc.mount(None, b"/", None, _RECURSIVE | _PRIVATE, None))


def _write(path: str, text: str) -> None:
    file = os.open(path, os.O_WRONLY)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)


def _bind(path: str, place: str) -> None:
    flags = _BIND | _RECURSIVE
    _check(_libc.mount(path.encode(), place.encode(), None, flags, None))


def _write_only_in(folder: str, version: int) -> None:
    """Let this process and its children write files only in a folder."""
    handled = sum(rights for since, rights in _SINCE.items() if since <= version)
    attributes = struct.pack("=Q", handled)
    rules = _syscall(_CREATE, attributes, len(attributes), 0)
    _allow(rules, folder, handled & ~_MAKE_DEVICES)
    for device in _DEVICES:
        _allow(rules, f"/dev/{device}", handled & (_WRITE_FILE | _TRUNCATE))
    _check(_libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _syscall(_RESTRICT, rules, 0)
    os.close(rules)


def _drop_capabilities() -> None:
    """Drop those of the new user namespace, which could undo the mounts."""
    header, none = struct.pack("=Ii", _CAPABILITIES, 0), bytes(24)
    _check(_libc.capset(header, none))


def _allow(rules: int, path: str, rights: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    _syscall(_ADD, rules, _BENEATH, struct.pack("=Qi", rights, place), 0)
    os.close(place)


def _syscall(number: int, *arguments: Any) -> int:
    return _check(_libc.syscall(number, *arguments))


def _check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _run_python(packages: str, *rest: str) -> None:
    """Run AWS's client, with the function's code first on the path, as on Lambda.

    `packages` are Lambda's own. The rest is where the function's packages for this
    machine are, if they are not in its code; and the handler.
    """
    *here, handler = rest
    own = [os.path.abspath(entry) for entry in _entries("PYTHONPATH")]
    sys.argv = ["awslambdaric", handler]
    sys.path.insert(0, packages)
    client = _python_client()
    sys.path[:0] = [*here, os.getcwd(), *own]
    _add_builtins()
    client(sys.argv)


def _entries(variable: str) -> list[str]:
    return [entry for entry in os.environ.get(variable, "").split(os.pathsep) if entry]


def _python_client() -> Callable[[list[str]], None]:
    """Return AWS's client, changed to send our key."""
    address, path = os.environ[_API], f"/{os.environ.pop(KEY)}"
    os.environ[_API] = address + path  # its native part reads it when it is imported
    try:
        import runtime_client  # noqa: F401 - AWS builds it for Linux only
    except ImportError:
        sys.modules["runtime_client"] = _RuntimeClient(address, path)  # type: ignore[assignment]
    from awslambdaric import __main__ as client
    from awslambdaric.lambda_runtime_client import LambdaRuntimeClient

    os.environ[_API] = address
    plain = LambdaRuntimeClient.call_rapid

    def call(self: Any, verb: str, endpoint: str, *rest: Any, **named: Any) -> None:
        plain(self, verb, path + endpoint, *rest, **named)

    LambdaRuntimeClient.call_rapid = call
    try:
        # From Python 3.12 on it starts a thread to wait for each job, so that signals
        # are heard between jobs: none is sent here, and it doubles the cost of a call.
        from awslambdaric.lambda_config import LambdaConfigProvider

        LambdaConfigProvider.SUPPORTED_THREADPOLLING_ENVS = frozenset()
    except ImportError:  # of an older client
        pass
    main: Callable[[list[str]], None] = client.main
    return main


class _RuntimeClient:
    """The native part of AWS's client in Python, for systems other than Linux.

    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
    """

    def __init__(self, address: str, path: str) -> None:
        from http.client import HTTPConnection

        self._connection = HTTPConnection(address)
        self._path = f"{path}/2018-06-01/runtime/invocation"

    def initialize_client(self, user_agent: str) -> None:
        """Accept the name of the client, which nothing here needs."""

    def next(self) -> tuple[bytes, Any]:
        """Wait for an invocation; return its event and its headers."""
        event, headers = self._send("GET", "next")
        deadline = "Lambda-Runtime-Deadline-Ms"
        return event, dict(headers.items()) | {deadline: int(headers[deadline])}

    def post_invocation_result(
        self, request_id: str, result: bytes, content_type: str, *_: str | None
    ) -> None:
        """Send what the handler returned."""
        headers = {"Content-Type": content_type}
        self._send("POST", f"{request_id}/response", result, headers)

    def post_error(self, request_id: str, error: str, *_: str | None) -> None:
        """Send the error of the handler, as JSON."""
        headers = {"Content-Type": "application/json"}
        self._send("POST", f"{request_id}/error", error.encode(), headers)

    def _send(
        self,
        verb: str,
        endpoint: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[bytes, Any]:
        self._connection.request(verb, f"{self._path}/{endpoint}", body, headers or {})
        response = self._connection.getresponse()
        return response.read(), response.headers


def _reap() -> None:
    """Read process groups (`+ID`, `-ID`) until the server ends; then kill them."""
    import signal

    groups: set[int] = set()
    for line in sys.stdin:
        change = groups.add if line[0] == "+" else groups.discard
        change(int(line[1:]))
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # it has ended
            pass


def _add_builtins() -> None:
    """Add `exit` and the like, which Python leaves out with `-S`."""
    import site

    site.setquit()
    site.setcopyright()
    site.sethelper()


if __name__ == "__main__":
    main()
