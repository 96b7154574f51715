"""The text of the file, whatever kind of file that is."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from cognito_gw.config.yaml_file import LIMIT, read_text
from cognito_gw.errors import UsageError

MIB = 1 << 20


def refusal(file):
    """Return the words in which a file is refused."""
    with pytest.raises(UsageError) as error:
        read_text(file)
    return str(error.value)


class TestSize:
    """How much is read of it."""

    def test_far_too_much(self, file):
        """A file of 50 MB is refused without a look into it."""
        with file.open("wb") as opened:
            opened.truncate(50 * MIB)
        assert refusal(file) == f"{file} is larger than 1 MiB"

    def test_just_enough(self, file):
        """Just the limit is taken."""
        file.write_bytes(b"#" * LIMIT)
        assert len(read_text(file)) == LIMIT


class TestKinds:
    """What is no file, and yet can be opened."""

    def test_a_folder(self, tmp_path):
        """A folder says that it is one."""
        assert refusal(tmp_path) == f"{tmp_path} cannot be read: Is a directory"

    def test_a_device(self):
        """A device may have no end, or nothing before it."""
        assert "is larger than 1 MiB" in refusal(Path("/dev/zero"))
        assert read_text(Path("/dev/null")) == ""

    def test_a_socket(self, file):
        """A socket is nothing to read."""
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(os.fspath(file))
            assert f"{file} cannot be read" in refusal(file)

    def test_a_pipe_that_nobody_writes_to(self, file):
        """It is empty, and not waited for."""
        os.mkfifo(file)
        assert read_text(file) == ""

    def test_a_pipe(self):
        """What another program writes is read to its end."""
        reading, writing = os.pipe()
        writer = threading.Thread(target=_write, args=(writing, b"name: piped\n"))
        writer.start()
        try:
            assert read_text(Path(f"/dev/fd/{reading}")) == "name: piped\n"
        finally:
            writer.join()
            os.close(reading)

    @pytest.mark.skipif(not os.geteuid(), reason="root may read everything")
    def test_a_file_that_may_not_be_read(self, file):
        """The system's words say why."""
        file.touch(mode=0o000)
        assert refusal(file) == f"{file} cannot be read: Permission denied"

    def test_a_link_to_itself(self, file):
        """A link that leads nowhere is told by the system's words, too."""
        file.symlink_to(file)
        assert f"{file} cannot be read" in refusal(file)


def _write(descriptor, content):
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
