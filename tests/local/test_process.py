"""The local AWS starts once, is found again, and stops without leaving files."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from cognito_gw.errors import CgwError
from cognito_gw.local import process
from cognito_gw.local.state_file import Saved
from cognito_gw.state import create_private


@pytest.fixture
def state_dir(tmp_path):
    yield tmp_path / "state"
    process.stop(tmp_path / "state")


@pytest.fixture(scope="module")
def at_once(tmp_path_factory):
    """The results of concurrent starts, with settings for the real AWS."""
    state_dir = tmp_path_factory.mktemp("shared") / "state"
    assert process.running(state_dir) is None
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(4) as pool:
        patch.setenv("AWS_PROFILE", "none-such")
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        yield state_dir, set(pool.map(lambda _: process.start(state_dir), range(4)))
    process.stop(state_dir)


@pytest.fixture
def shared_dir(at_once):
    """The state directory of one server, for tests that leave it running."""
    return at_once[0]


def test_starts_at_the_same_time_give_one_server_that_is_found(at_once):
    state_dir, servers = at_once
    assert servers == {process.running(state_dir)}
    assert servers == {process.start(state_dir)}


def test_a_server_stops_or_is_lost_and_the_next_one_starts(state_dir):
    first = process.start(state_dir)
    port = int(first.url.rpartition(":")[2])
    assert process.stop(state_dir) is True
    with socket.socket() as client, pytest.raises(ConnectionRefusedError):
        client.connect(("127.0.0.1", port))
    assert not (state_dir / process.STATE).exists()
    assert process.stop(state_dir) is False
    killed = process.start(state_dir, port)
    assert killed.url == f"http://127.0.0.1:{port}", "its port is free at once"
    os.kill(killed.pid, signal.SIGKILL)
    assert process.running(state_dir) is None
    assert not (state_dir / process.STATE).exists()
    # No client could find or stop a server without its state file: it stops itself.
    lost = process.start(state_dir)
    with _ends(lost):
        shutil.rmtree(state_dir)
        state_dir.mkdir()
        (state_dir / process.STATE).touch()  # as of another server
    assert process.running(state_dir) is None
    moved = process.start(state_dir)
    assert process.running(state_dir) == moved
    assert len({first.pid, killed.pid, lost.pid, moved.pid}) == 4
    with _ends(moved):
        state_dir.rename(state_dir.with_name("elsewhere"))
        assert process.running(state_dir) is None


def test_only_the_user_can_read_its_files(shared_dir):
    server = process.running(shared_dir)
    modes = [
        stat.S_IMODE(path.stat().st_mode)
        for path in (shared_dir, shared_dir / process.STATE, server.log)
    ]
    assert modes == [0o700, 0o600, 0o600]


def test_a_port_in_use_is_named(state_dir):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CgwError, match=f"port {port}") as caught:
            process.start(state_dir, port)
    assert "--port" in caught.value.hint


@contextlib.contextmanager
def _ends(server):
    """After the block, wait until a process has ended."""
    process = os.pidfd_open(server.pid)
    try:
        yield
        assert select.select([process], [], [], 30)[0]
    finally:
        os.close(process)


def test_a_server_that_cannot_be_found_after_start_is_stopped(state_dir, monkeypatch):
    spawn, processes = process._spawn, []  # noqa: SLF001 - to learn its pid

    def watched(*arguments):
        pid = spawn(*arguments)
        processes.append(os.pidfd_open(pid))
        return pid

    monkeypatch.setattr(process, "_spawn", watched)
    monkeypatch.setattr(process, "_health", lambda _: None)
    with pytest.raises(CgwError, match="did not start"):
        process.start(state_dir)
    assert select.select(processes, [], [], 30)[0]
    os.close(processes[0])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root listens on port 80")
def test_listens_on_the_port_of_http(state_dir):
    """Its `Host` header has no port."""
    try:
        server = process.start(state_dir, port=80)
    except CgwError as error:  # another process has the port
        assert "cannot listen on port 80" in error.what  # noqa: PT017
    else:
        assert process.running(state_dir) == server


def test_a_private_server_ends_when_its_owner_is_killed(state_dir):
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from cognito_gw.local import process\n"
        "with process.private(Path(sys.argv[1])) as server:\n"
        "    print(server.url, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(state_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as owner:
        url = owner.stdout.readline().decode().strip()
        server = process.running(state_dir)
        assert server.url == url
        with os.fdopen(os.pidfd_open(server.pid), "rb") as ended:
            owner.kill()
            assert select.select([ended], [], [], process.STOP_SECONDS)[0]
    assert not (state_dir / process.STATE).exists(), "it has cleaned up after itself"


@pytest.mark.parametrize(
    "lie",
    [
        {"instance": "another one"},
        {"pid": 2**22 + 1},
        {"url": "http://127.0.0.1:1"},
    ],
)
def test_a_false_state_file_is_not_trusted(shared_dir, lie):
    started = process.running(shared_dir)
    path, kept = shared_dir / process.STATE, shared_dir / "kept"
    kept.hardlink_to(path)
    truth = path.read_text()
    path.write_text(json.dumps(json.loads(truth) | lie))
    assert process.running(shared_dir) is None
    kept.write_text(truth)
    kept.rename(path)
    assert process.running(shared_dir) == started


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b'{"url": 1}', b"\xff\0", b"[" * 100_000, b"1", b'"instance"'],
)
def test_a_malformed_state_file_is_removed(state_dir, content):
    state_dir.mkdir()
    (state_dir / process.STATE).touch(mode=0o600)
    (state_dir / process.STATE).write_bytes(content)
    assert process.recorded_instance(state_dir) is None
    assert process.running(state_dir) is None
    assert not (state_dir / process.STATE).exists()


@pytest.mark.parametrize(
    "lie",
    [
        {"url": 5},
        {"url": "http://[::1"},
        {"url": "http://a b\r\nc"},
        {"url": "http://127.0.0.1:x"},
        {"url": ""},
        {"pid": "1"},
        {"persist": None, "instance": ["a"]},
    ],
)
def test_a_locked_state_file_with_invalid_values_is_not_trusted(state_dir, lie):
    state_dir.mkdir()
    path = state_dir / process.STATE
    truth = {"url": "http://127.0.0.1:1", "pid": 1, "instance": "a", "persist": False}
    with os.fdopen(create_private(path), "w") as file:
        json.dump(truth | lie, file)
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        assert process.running(state_dir) is None
    assert not path.exists()


def _by_link(path):
    path.symlink_to(path.rename(path.with_name("moved")))


def _for_all(path):
    path.chmod(0o644)


def _by_pipe(path):
    path.unlink()
    os.mkfifo(path, 0o600)


@pytest.mark.parametrize("alter", [_by_link, _for_all, _by_pipe])
def test_a_state_file_that_is_not_private_is_not_trusted(state_dir, alter):
    state_dir.mkdir()
    path = state_dir / process.STATE
    truth = {"url": "http://127.0.0.1:1", "pid": 1, "instance": "a", "persist": False}
    with os.fdopen(create_private(path), "w") as file:
        json.dump(truth, file)
    assert process.recorded_instance(state_dir) == "a"
    alter(path)
    assert process.recorded_instance(state_dir) is None
    assert process.running(state_dir) is None
    assert not path.exists()


def test_a_lock_that_is_a_link_is_refused(state_dir, tmp_path):
    state_dir.mkdir()
    (state_dir / process.LOCK).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=process.LOCK):
        process.start(state_dir)
    assert not (tmp_path / "elsewhere").exists()


def test_a_failed_start_shows_the_end_of_the_log(state_dir, tmp_path, monkeypatch):
    broken = tmp_path / "aiohttp"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise RuntimeError('out of luck')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(CgwError, match="out of luck") as caught:
        process.start(state_dir)
    assert process.LOG in caught.value.hint


def test_missing_packages_are_named_with_how_to_install_them(state_dir, monkeypatch):
    monkeypatch.setattr(process, "EXTRA", ("json", "no_such_package"))
    with pytest.raises(CgwError, match="no_such_package") as caught:
        process.start(state_dir)
    assert caught.value.hint == "pip install 'cognito-gw[local]'"


def test_persists_by_default_if_a_state_is_saved(state_dir, monkeypatch):
    """e2e/test_persist.py restores such a state."""
    state_dir.mkdir()
    Saved(state_dir).write(b"any", 0)

    def refuse(_state_dir, options, _pipe):
        raise CgwError(" ".join(options))

    monkeypatch.setattr(process, "_spawn", refuse)
    for persist, expected in ((None, True), (False, False)):
        with pytest.raises(CgwError) as caught:
            process.start(state_dir, persist=persist)
        assert ("--persist" in caught.value.what) is expected


def test_a_running_server_cannot_start_to_persist(shared_dir):
    server = process.running(shared_dir)
    assert server.saved is None
    with pytest.raises(CgwError, match="without --persist"):
        process.start(shared_dir, persist=True)
    assert process.running(shared_dir) == server


def test_an_unreadable_saved_state_is_not_replaced(state_dir):
    state_dir.mkdir()
    Saved(state_dir).write(b"in good order, but no state", 0)
    before = Saved(state_dir).path.read_bytes()
    with pytest.raises(CgwError, match="cannot be used") as caught:
        process.start(state_dir)
    assert f"rm {Saved(state_dir).path}" in caught.value.hint
    assert process.running(state_dir) is None
    assert Saved(state_dir).path.read_bytes() == before


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.nightly),  # as `stop` does
    ],
)
def test_a_signal_stops_the_foreground_server(state_dir, number):
    command = [sys.executable, "-m", "cognito_gw.local", "--state-dir", str(state_dir)]
    with subprocess.Popen(command) as server:
        while process.running(state_dir) is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                assert server.wait(0.05) is None
        server.send_signal(number)
        assert server.wait(20) == 0
    assert not (state_dir / process.STATE).exists()


def test_the_client_side_imports_nothing_heavy():
    heavy = ("moto", "aiohttp", "boto3", "botocore", "flask")
    program = (
        "import sys; import cognito_gw.local.process; "
        f"sys.exit(any(name in sys.modules for name in {heavy}))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
