"""The text of the file, whatever kind of file that is."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from cognito_gw.config.yaml_file import LIMIT, read_text
from cognito_gw.errors import UsageError


def refusal(file):
    """Return the words in which a file is refused."""
    with pytest.raises(UsageError) as error:
        read_text(file)
    return str(error.value)


def test_size(file):
    """A file up to the limit is read. A device may have no end, or be empty."""
    file.write_bytes(b"#" * LIMIT)
    assert len(read_text(file)) == LIMIT
    file.write_bytes(b"#" * (LIMIT + 1))
    assert refusal(file) == f"{file} is larger than 1 MiB"
    assert "is larger than 1 MiB" in refusal(Path("/dev/zero"))
    assert read_text(Path("/dev/null")) == ""


class TestKinds:
    """Other things than plain files that can be opened."""

    def test_a_folder(self, tmp_path):
        """A folder says that it is one."""
        assert refusal(tmp_path) == f"{tmp_path} cannot be read: Is a directory"

    def test_a_socket(self, file):
        """A socket is nothing to read."""
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(os.fspath(file))
            assert f"{file} cannot be read" in refusal(file)

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
