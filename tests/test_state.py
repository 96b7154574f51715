"""Private files and folders: how they are created, and when they are trusted."""

from __future__ import annotations

import os
import stat
import threading

import pytest
from processes import full_disk

from cognito_gw.state import (
    alone,
    create_private,
    open_private,
    private,
    replace_private,
)


def mode_of(path):
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def file(tmp_path):
    """A private file."""
    path = tmp_path / "file"
    path.touch(mode=0o600)
    path.write_bytes(b"ours")
    return path


def test_a_private_file_is_read(file):
    """With its exact content."""
    with open_private(file) as opened:
        assert opened.read() == b"ours"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o666])
def test_a_file_of_others_too_is_not_opened(file, mode):
    """Other users may have read or written it."""
    file.chmod(mode)
    with pytest.raises(PermissionError, match="other users can access this file"):
        open_private(file)


@pytest.mark.skipif(bool(os.geteuid()), reason="only root can give files away")
def test_a_file_of_another_owner_is_not_opened(file):
    """Even if root could read it."""
    os.chown(file, 12345, -1)
    with pytest.raises(PermissionError, match="other users can access this file"):
        open_private(file)


def test_a_link_is_not_followed(file):
    """Even to a private file."""
    link = file.with_name("link")
    link.symlink_to(file)
    with pytest.raises(OSError, match="link"):
        open_private(link)


def test_only_plain_files_are_opened(tmp_path):
    """Neither a folder nor a pipe without a writer."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(mode=0o700)
    for name in ("pipe", "folder"):
        with pytest.raises(PermissionError, match=name):
            open_private(tmp_path / name)


def test_a_new_file_is_private_from_its_first_byte(tmp_path):
    """Under any umask."""
    before = os.umask(0)
    try:
        os.close(create_private(tmp_path / "new"))
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "new") == 0o600


def test_a_new_file_is_not_written_through_a_link(file):
    """The link's target and readers of the old file keep the old content."""
    link = file.with_name("link")
    link.symlink_to(file)
    with os.fdopen(create_private(link), "wb") as opened:
        opened.write(b"new")
    assert file.read_bytes() == b"ours"
    assert link.read_bytes() == b"new"
    assert not link.is_symlink()


def test_folders_are_made_private_again(tmp_path):
    """The folder and its parent."""
    folder = tmp_path / "above" / "below"
    assert mode_of(private(folder)) == mode_of(folder.parent) == 0o700
    folder.chmod(0o755)
    folder.parent.chmod(0o777)
    assert mode_of(private(folder)) == mode_of(folder.parent) == 0o700


def test_a_lock_is_private_and_waiting_is_reported(tmp_path):
    """The second process reports that it waits, and waits."""
    file, told = tmp_path / "locks" / "one", threading.Event()

    def second():
        with alone(file, told.set):
            assert first_is_done.is_set()

    first_is_done = threading.Event()
    with alone(file, lambda: pytest.fail("nobody else is at it")):
        waiter = threading.Thread(target=second)
        waiter.start()
        assert told.wait(30)
        first_is_done.set()
    waiter.join()
    assert mode_of(file) == 0o600


def test_a_file_is_replaced_whole(file):
    """The new one is private."""
    file.chmod(0o644)
    replace_private(file, b"new", is_synced=True)
    assert file.read_bytes() == b"new"
    assert mode_of(file) == 0o600
    assert [*file.parent.iterdir()] == [file]


def test_a_full_disk_leaves_what_was_there(file):
    """And no temporary file; the error names the file."""
    with full_disk(), pytest.raises(OSError, match="File too large") as error:
        replace_private(file, b"new")
    assert error.value.filename == str(file)
    assert file.read_bytes() == b"ours"
    assert [*file.parent.iterdir()] == [file]
