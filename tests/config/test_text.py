"""Reading the file's text from any kind of file."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from cognito_gw.config.yaml_file import LIMIT, read_text
from cognito_gw.errors import UsageError


def refusal(file):
    """Return the error message for a file."""
    with pytest.raises(UsageError) as error:
        read_text(file)
    return str(error.value)


def test_size(file):
    """A file up to the limit is read. A device may be endless or empty."""
    file.write_bytes(b"#" * LIMIT)
    assert len(read_text(file)) == LIMIT
    file.write_bytes(b"#" * (LIMIT + 1))
    assert refusal(file) == f"{file} is larger than 1 MiB"
    assert "is larger than 1 MiB" in refusal(Path("/dev/zero"))
    assert read_text(Path("/dev/null")) == ""


class TestKinds:
    """Other kinds of files."""

    def test_a_folder(self, tmp_path):
        """The error says that it is a folder."""
        assert refusal(tmp_path) == f"{tmp_path} cannot be read: Is a directory"

    def test_a_socket(self, file):
        """A socket is refused."""
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(os.fspath(file))
            assert f"{file} cannot be read" in refusal(file)

    def test_a_pipe_without_a_writer(self, file):
        """It is empty; cgw does not wait."""
        os.mkfifo(file)
        assert read_text(file) == ""

    def test_a_pipe(self):
        """A pipe is read to its end."""
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
        """The error shows the system's message."""
        file.touch(mode=0o000)
        assert refusal(file) == f"{file} cannot be read: Permission denied"

    def test_a_link_to_itself(self, file):
        """For a link to itself, the error shows the system's message, too."""
        file.symlink_to(file)
        assert f"{file} cannot be read" in refusal(file)


def _write(descriptor, content):
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
