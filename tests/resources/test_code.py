"""The zip of a function's code: the same bytes on every machine."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from base64 import b64encode

import pytest

from cognito_gw.aws_rules import size_fault
from cognito_gw.errors import UsageError
from cognito_gw.resources.archive import sha256
from cognito_gw.resources.code import zipped

MIB = 1024 * 1024


@pytest.fixture
def folder(tmp_path):
    """Return a function that makes a folder with files, written in the given order."""

    def make(name, *files):
        for file in files:
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"# {file}", encoding="utf-8")
        return tmp_path / name

    return make


def names(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return archive.namelist()


class TestSameBytes:
    """Irrelevant properties do not change the hash."""

    def test_order(self, folder):
        """Files can be created in any order."""
        first = zipped(folder("one", "a.py", "b/c.py", "d.py"))
        assert zipped(folder("two", "d.py", "b/c.py", "a.py")) == first

    def test_sorted(self, folder):
        """Files are sorted by name, whatever the file system's order."""
        files = [f"{n * 37 % 100:02}.py" for n in range(100)]
        assert names(zipped(folder("one", *files))) == sorted(files)

    def test_time(self, folder):
        """Neither the age of the files nor that of the zip matters."""
        code = folder("one", "a.py")
        first = zipped(code)
        os.utime(code / "a.py", (1_000_000_000, 1_000_000_000))
        assert zipped(code) == first
        with zipfile.ZipFile(io.BytesIO(first)) as archive:
            assert archive.getinfo("a.py").date_time == (1980, 1, 1, 0, 0, 0)

    @pytest.mark.parametrize("mode", [0o600, 0o644, 0o666, 0o640])
    def test_umask(self, folder, mode):
        """The umask of the files does not matter."""
        code = folder("one", "a.py")
        first = zipped(code)
        (code / "a.py").chmod(mode)
        assert zipped(code) == first

    def test_default(self):
        """The hash of the default code never changes."""
        assert zipped(None) == zipped(None)
        assert names(zipped(None)) == ["lambda_function.py"]


class TestOtherBytes:
    """Relevant changes change the hash."""

    def test_content(self, folder):
        """Changed content changes the zip."""
        code = folder("one", "a.py")
        first = zipped(code)
        (code / "a.py").write_text("other", encoding="utf-8")
        assert zipped(code) != first

    def test_name(self, folder):
        """A changed name changes the zip."""
        assert zipped(folder("one", "a.py")) != zipped(folder("two", "b.py"))

    def test_executable(self, folder):
        """The executable bit is preserved for `bootstrap`; all files are readable."""
        code = folder("one", "bootstrap", "a.py")
        (code / "bootstrap").chmod(0o700)
        with zipfile.ZipFile(io.BytesIO(zipped(code))) as archive:
            modes = {
                each.filename: each.external_attr >> 16 for each in archive.filelist
            }
        assert modes == {"a.py": 0o100644, "bootstrap": 0o100755}


class TestWhatIsIn:
    """Which files of a folder are deployed."""

    def test_nested(self, folder):
        """Nested folders are included, with paths from the top."""
        code = folder("one", "a.py", "pkg/b.py", "pkg/deep/c.json")
        assert names(zipped(code)) == ["a.py", "pkg/b.py", "pkg/deep/c.json"]

    @pytest.mark.parametrize(
        "left_out",
        [
            "__pycache__/a.cpython-311.pyc",
            "pkg/__pycache__/b.pyc",
            "old.pyc",
            ".git/config",
            ".venv/bin/python",
            ".DS_Store",
        ],
    )
    def test_left_out(self, folder, left_out):
        """Leftovers of tools are not deployed."""
        assert names(zipped(folder("one", "a.py", left_out))) == ["a.py"]

    def test_nothing_but_leavings(self, folder):
        """A folder with leftovers only is refused, as Lambda would refuse its zip."""
        with pytest.raises(UsageError, match="has no file to deploy"):
            zipped(folder("one", ".git/config", "__pycache__/a.pyc"))

    def test_given_zip(self, tmp_path):
        """A given zip is deployed unchanged."""
        given = tmp_path / "code.zip"
        given.write_bytes(b"whatever it holds")
        assert zipped(given) == b"whatever it holds"


class TestLimit:
    """Lambda accepts at most 50 MiB at once."""

    def test_over(self):
        """Larger code is refused with its size."""
        assert size_fault(51 * MIB, 0) == "51 MiB zipped; Lambda takes 50 MiB"

    def test_just(self):
        """Code of exactly this size is accepted."""
        assert size_fault(50 * MIB, 250 * MIB) is None

    def test_folder(self, folder):
        """A folder larger than the limit is compressed, and runs the same."""
        code = folder("one", "a.py")
        with (code / "big.bin").open("wb") as file:
            file.truncate(60 * MIB)
        content = zipped(code)
        assert len(content) < MIB
        assert content == zipped(code)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.testzip() is None
            assert archive.getinfo("big.bin").file_size == 60 * MIB

    def test_folder_that_does_not_deflate(self, folder):
        """Code still too large after compression is refused with its size."""
        code = folder("one", "a.py")
        with (code / "big.bin").open("wb") as file:
            for _ in range(51):
                file.write(os.urandom(MIB))
        with pytest.raises(UsageError, match="MiB zipped; Lambda takes 50 MiB"):
            zipped(code)

    def test_folder_unzipped(self, folder):
        """The unzipped files have a limit, whatever the size of their zip."""
        code = folder("one", "a.py")
        with (code / "big.bin").open("wb") as file:
            file.truncate(251 * MIB)
        with pytest.raises(UsageError, match="MiB unzipped; Lambda takes 250 MiB"):
            zipped(code)


def test_sha256():
    """The hash has the format of Lambda's CodeSha256."""
    expected = b64encode(hashlib.sha256(b"code").digest()).decode()
    assert sha256(b"code") == expected
