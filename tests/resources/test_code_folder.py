"""A function's folder: plain files inside of it, or an error with the name."""

from __future__ import annotations

import io
import os
import socket
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cognito_gw.errors import UsageError
from cognito_gw.resources.code import CodeFolder, zipped

MIB = 1 << 20


@pytest.fixture
def code(tmp_path):
    """A folder with one file, and a file outside of it."""
    (tmp_path / "secret").write_text("of somebody else's")
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").write_text("a = 1")
    return tmp_path / "code"


def names(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.namelist()


def refusal(code):
    with pytest.raises(UsageError) as error:
        zipped(code)
    return error.value.what


@pytest.mark.parametrize("target", ["../secret", "/etc/hostname", "../code/../secret"])
def test_a_link_out_of_the_folder_is_refused(code, target):
    """Its target was never meant for deployment."""
    link = code / "sub" / "innocent.py"
    link.parent.mkdir()
    link.symlink_to(target if target.startswith("/") else f"../{target}")
    assert refusal(code) == f"{link} is a link out of {code}: Lambda takes files"


def test_a_link_by_a_link_is_refused(code):
    """The first link leads to the second, which leads out of the folder."""
    (code / "second").symlink_to("../secret")
    (code / "first").symlink_to("second")
    assert f"{code / 'first'} is a link out of" in refusal(code)


def test_a_link_within_the_folder_is_the_file(code):
    """Lambda does not support links: the zip contains the file twice."""
    (code / "same.py").symlink_to("app.py")
    content = zipped(code)
    assert names(content) == ["app.py", "same.py"]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.read("same.py") == b"a = 1"


def test_what_editors_keep_beside_a_file_is_left_out(code):
    """A swap file contains unsaved text; a lock is a broken link."""
    for name in (".app.py.swp", "app.py~", "#app.py#", "4913"):
        (code / name).write_text("unsaved")
    (code / ".#app.py").symlink_to("somebody@somewhere.1:2")
    assert names(zipped(code)) == ["app.py"]


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store",
        ".idea/workspace.xml",
        ".vscode/settings.json",
        "node_modules/.cache/babel/a.json",
        "sub/node_modules/.cache/a",
        "sub/__pycache__/app.cpython-313.pyc",
        ".cgwignore",
    ],
)
def test_files_that_are_never_deployed_on_purpose_are_excluded(code, name):
    """At any depth; other files next to them are deployed."""
    write(code, name, "")
    write(code, "node_modules/left-pad/index.js", "")
    assert names(zipped(code)) == ["app.py", "node_modules/left-pad/index.js"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", ["app.py", "build/a.js", "notes.md", "sub/keep.md", "tests/test_app.py"]),
        (
            "tests/\n# comment\n\n*.md\n!keep.md",
            ["app.py", "build/a.js", "sub/keep.md"],
        ),
        ("/build\n/tests\nsub", ["app.py", "notes.md"]),
        ("*\n!app.py", ["app.py"]),
        ("tests/\n!tests/test_app.py\n*.md\n*.js", ["app.py"]),  # as git creates it
        ("tests/**\n*.md\n*.js\r\n", ["app.py"]),
        ("APP.PY\nbuild\n*.md\ntests", ["app.py"]),
    ],
)
def test_the_ignore_file(code, lines, expected):
    """It has the syntax of .gitignore."""
    for name in ("build/a.js", "notes.md", "sub/keep.md", "tests/test_app.py"):
        write(code, name, "")
    write(code, ".cgwignore", lines)
    assert names(zipped(code)) == expected


def test_what_is_ignored_does_not_change_the_hash(code):
    """`plan` shows no change, and nothing is deployed."""
    write(code, ".cgwignore", "*.log\n")
    before = zipped(code)
    write(code, "debug.log", "x")
    (code / "link.log").symlink_to("/")
    assert zipped(code) == before


def test_the_ignore_file_undoes_a_default(code):
    """It can include files that are excluded by default."""
    write(code, "venv/a.py", "")
    write(code, ".cgwignore", "!venv\n")
    assert names(zipped(code)) == ["app.py", "venv/a.py"]


@pytest.mark.parametrize("line", ["!", "[z-a]", "a\\"])
def test_a_wrong_line_of_the_ignore_file_is_named(code, line):
    """With its number; the file is not ignored."""
    write(code, ".cgwignore", f"*.md\n{line}\n")
    expected = f"{code / '.cgwignore'}:2: `{line}` is not a valid pattern"
    assert refusal(code) == expected


def test_an_ignore_file_that_is_not_text_is_named(code):
    """Or cannot be read."""
    (code / ".cgwignore").write_bytes(b"caf\xe9")
    assert refusal(code) == f"{code / '.cgwignore'} is not UTF-8 text"
    (code / ".cgwignore").unlink()
    (code / ".cgwignore").mkdir()
    assert refusal(code) == f"{code / '.cgwignore'} cannot be read: Is a directory"


def test_an_empty_folder_is_reported(code):
    """Lambda refuses empty zips."""
    write(code, ".cgwignore", "*")
    assert refusal(code) == f"{code} has no file to deploy"


def test_settings_that_are_left_out_are_named(code):
    """Unless `include` or the ignore file excludes them explicitly."""
    for name in (".env", ".env.local", ".envrc"):
        write(code, name, "")
    assert CodeFolder(code).settings_left_out() == [".env", ".env.local"]
    assert CodeFolder(code, (".env",)).settings_left_out() == [".env.local"]
    write(code, ".cgwignore", ".env*")
    assert CodeFolder(code).settings_left_out() == []


def write(code, name, text):
    path = code / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize("target", [".", "..", "sub", "/"])
def test_a_link_to_a_folder_is_refused(code, target):
    """A link to a parent folder would never end."""
    (code / "sub").mkdir()
    (code / "link").symlink_to(target)
    assert str(code / "link") in refusal(code)


def test_links_in_a_circle_are_refused(code):
    """They have no target."""
    (code / "one").symlink_to("two")
    (code / "two").symlink_to("one")
    assert refusal(code).startswith(f"{code / 'one'} cannot be read: ")


def test_a_link_to_nothing_is_refused(code):
    """It is not omitted silently."""
    (code / "gone.py").symlink_to("no-such-file")
    assert refusal(code).startswith(f"{code / 'gone.py'} cannot be read: ")


def test_the_folder_itself_may_be_a_link(code):
    """The file names it explicitly."""
    link = code.with_name("link")
    link.symlink_to(code)
    assert zipped(link) == zipped(code)


def test_a_pipe_is_refused(code):
    """A read could block forever."""
    os.mkfifo(code / "pipe")
    expected = f"{code / 'pipe'} is neither a file nor a folder: Lambda takes files"
    assert refusal(code) == expected


def test_a_socket_is_refused(code):
    """It has no content."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.fspath(code / "socket"))
        assert str(code / "socket") in refusal(code)


@pytest.mark.parametrize("name", [".git", "venv", "__pycache__", "old.pyc"])
def test_what_is_left_out_may_be_odd(code, name):
    """Virtual environments contain many links."""
    (code / name).symlink_to("/")
    assert names(zipped(code)) == ["app.py"]


def test_a_name_that_is_not_text_is_refused(code):
    """A zip encodes names in UTF-8."""
    with (code / os.fsdecode(b"caf\xe9.py")).open("w"):
        pass
    assert "has a name that is not UTF-8" in refusal(code)


@pytest.mark.skipif(not os.geteuid(), reason="root may read everything")
@pytest.mark.parametrize("name", ["app.py", "sub"])
def test_what_may_not_be_read_is_named(code, name):
    """An unreadable file, or a folder whose files would be missing."""
    (code / "sub").mkdir()
    (code / name).chmod(0)
    assert refusal(code) == f"{code / name} cannot be read: Permission denied"
    (code / name).chmod(0o700)


def test_a_large_folder_is_refused_by_its_size(code):
    """Before its terabyte is read."""
    with (code / "big.bin").open("wb") as file:
        file.truncate(1 << 40)
    assert "1048577 MiB unzipped; Lambda takes 250 MiB" in refusal(code)


def test_a_zip_that_is_gone_is_named(tmp_path):
    """If it was deleted after cgw read the file."""
    file = tmp_path / "code.zip"
    assert refusal(file) == f"{file} cannot be read: No such file or directory"


def archive_of_two():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("app.py", "a = 1")
        archive.writestr("pkg/b.py", "b = 2")
    return content.getvalue()


ARCHIVE = archive_of_two()
SPOTS = st.lists(
    st.tuples(st.integers(0, len(ARCHIVE) - 1), st.integers(0, 255)), min_size=1
)


@settings(
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(SPOTS)
def test_a_damaged_zip_is_for_lambda_to_refuse(tmp_path, spots):
    """It is either sent unchanged or too large; no other error occurs."""
    content = bytearray(ARCHIVE)
    for place, octet in spots:
        content[place] = octet
    file = tmp_path / "code.zip"
    file.write_bytes(content)
    try:
        assert zipped(file) == content
    except UsageError as error:
        assert "unzipped" in error.what  # noqa: PT017 - it need not be raised
