"""Saves of watched files are reported, and nothing else; by watchfiles itself."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from queue import Queue

import pytest

from cognito_gw.app.watch import Watched, saves
from cognito_gw.resources.code import CodeFolder

SECONDS = 30  # a test that would hang fails instead


@pytest.fixture
def watched(tmp_path):
    """A file, a folder of code with a subfolder, and a zip in another folder."""
    file, code = tmp_path / "cgw.yaml", tmp_path / "hello"
    archive = tmp_path / "build" / "order.zip"
    (code / "package").mkdir(parents=True)
    archive.parent.mkdir()
    for each in (file, code / "app.py", code / "package" / "part.py", archive):
        each.write_text("old")
    (code / ".cgwignore").write_text("*.log\n")
    return Watched(file, frozenset({CodeFolder(code), CodeFolder(archive)}))


def heard(watched, *edits):
    """Return the first report after editing everything at once."""
    queue = Queue()
    stream = saves(watched.folders(), watched.has)
    for edit in edits:
        edit(watched.file.parent)
    listening = threading.Thread(target=lambda: queue.put(next(stream)), daemon=True)
    listening.start()
    return {
        str(each.relative_to(watched.file.parent))
        for each in queue.get(timeout=SECONDS)
    }


def writing(name):
    return lambda folder: (folder / name).write_text("new")


def replacing(name):
    def replace(folder):
        draft = folder / "hello" / "draft.tmp"
        draft.write_text("new")
        draft.replace(folder / name)

    return replace


@pytest.mark.parametrize("save", [writing, replacing])
@pytest.mark.parametrize(
    "name",
    [
        "cgw.yaml",
        "hello/app.py",
        "hello/package/part.py",
        "hello/.cgwignore",
        "build/order.zip",
    ],
)
def test_a_save(watched, save, name):
    """Of the file, of code at any depth, of a zip; in place, or as editors do."""
    assert heard(watched, save(name)) == {name}


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (writing("hello/new.py"), {"hello/new.py"}),
        (lambda at: (at / "hello/app.py").unlink(), {"hello/app.py"}),
        (lambda at: (at / "hello/app.py").chmod(0o755), {"hello/app.py"}),
        (lambda at: (at / "hello/empty").mkdir(), {"hello/empty"}),
        (
            lambda at: shutil.rmtree(at / "hello/package"),
            {"hello/package", "hello/package/part.py"},
        ),
        (lambda at: (at / "build").rename(at / "old"), {"build"}),
    ],
    ids=["new", "removed", "mode", "folder", "folder removed", "folder renamed"],
)
def test_a_change(watched, edit, expected):
    """Any change of the deployed zip, or its deletion."""
    assert heard(watched, edit) == expected


def test_undeployed_files_are_not_reported(watched):
    """Caches, and the files that editors keep next to a file."""
    names = (
        "other.yaml",
        "build/notes.txt",
        "hello/app.pyc",
        "hello/.app.py.swp",
        "hello/app.py~",
        "hello/#app.py#",
        "hello/4913",
        "hello/.env",
        "hello/debug.log",
    )
    (watched.file.parent / "hello/__pycache__").mkdir()
    quiet = [writing(name) for name in (*names, "hello/__pycache__/app.txt")]
    link = watched.file.parent / "hello/.#app.py"
    link.symlink_to("somebody@somewhere.1:2")
    assert heard(watched, *quiet, writing("hello/app.py")) == {"hello/app.py"}


def test_polls_where_no_events_arrive(watched, environment):
    """As on network drives, by watchfiles' own setting."""
    environment.setenv("WATCHFILES_FORCE_POLLING", "1")
    environment.setenv("WATCHFILES_POLL_DELAY_MS", "10")
    assert heard(watched, writing("hello/new.py")) == {"hello/new.py"}


def test_a_file_by_a_link(watched):
    """Both its target and the link are watched."""
    link = watched.file.parent / "build" / "link.yaml"
    link.symlink_to(watched.file)
    linked = Watched(link)
    assert linked.folders() == {link.parent, watched.file.parent}
    assert linked.has(link)
    assert linked.has(watched.file)


def test_a_missing_file_is_watched_from_its_parent(tmp_path):
    """In the nearest existing folder; creating the file is a change."""
    code = CodeFolder(tmp_path / "a" / "b" / "code")
    watched = Watched(tmp_path / "cgw.yaml", frozenset({code}))
    assert watched.folders() == {tmp_path}
    assert watched.has(tmp_path / "a")
    assert not watched.has(tmp_path / "other")


def test_a_missing_folder_is_reported():
    """The caller has to look again."""
    with pytest.raises(FileNotFoundError):
        saves({Path("/nowhere/at/all")}, bool)
