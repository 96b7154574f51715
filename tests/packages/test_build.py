"""What is built: wheels for Lambda, once, and the same bytes everywhere."""

from __future__ import annotations

import io
import os
import zipfile

import pytest

from cognito_gw.errors import CgwError, UsageError
from cognito_gw.packages import build as builds
from cognito_gw.packages.build import build, cache_folder
from cognito_gw.packages.lock import find
from cognito_gw.packages.target import Target
from cognito_gw.resources.archive import sha256
from cognito_gw.resources.code import zipped

ARM = Target.on_lambda("python3.13", "arm64")
X86 = Target.on_lambda("python3.13", "x86_64")
HASH = "cR8NYOXMBWKiurASMr9igrb1RkM53q/r8tOvtDRD2Q0="


def names(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name for name in archive.namelist() if ".dist-info" not in name}


@pytest.mark.server
@pytest.mark.usefixtures("tool")
def test_the_zip_has_the_wheels_for_lambda(code, requirements):
    """Never those of this machine; markers are those of Lambda, too.

    The hash is the same with each tool, on each machine.
    """
    requirements("fastmath", "web==1.0", "sub; sys_platform == 'win32'")
    content = zipped(code, (), ARM)
    assert names(content) == {
        "app.py",
        "requirements.txt",
        "fastmath/__init__.py",
        "fastmath/_part.cpython-313-aarch64-linux-gnu.so",
        "web/__init__.py",
        "onarm.py",
        "onlinux.py",
    }
    assert sha256(content) == HASH


@pytest.mark.server
@pytest.mark.usefixtures("tool")
def test_no_fitting_wheel(code, requirements):
    requirements("musl==1.0", "web")
    with pytest.raises(
        CgwError,
        match=r"requirements\.txt: musl\S* has no wheel for py"
        r"thon3\.13 on x86_64",
    ) as caught:
        zipped(code, (), X86)
    assert "builds no package from source" in caught.value.hint
    left = [path for path in cache_folder().iterdir() if path.suffix != ".lock"]
    assert left == []


def test_an_unchanged_list_is_not_built_again(code, requirements):
    """Comments and order of files do not matter; the list, runtime and CPU do."""
    requirements("web  # the framework", "")
    told = []
    place = build(find(code, X86), X86, told.append)
    requirements("# comment", "web")
    assert build(find(code, X86), X86, told.append) == place
    assert told == [f"building the packages of {code}/requirements.txt for {X86.name}"]
    assert build(find(code, ARM), ARM, told.append) != place


def test_a_failed_or_interrupted_build_leaves_nothing(code, requirements, monkeypatch):
    requirements("web")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(builds, "install", interrupt)
    with pytest.raises(KeyboardInterrupt):
        build(find(code, X86), X86)

    def fill(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(builds, "install", fill)
    with pytest.raises(CgwError, match="No space left on device"):
        build(find(code, X86), X86)
    assert not [path for path in cache_folder().iterdir() if path.is_dir()]


def test_old_builds_are_removed_by_a_new_one(code, requirements, monkeypatch):
    monkeypatch.setattr(builds, "install", lambda *a: (a[2] / "files").mkdir())
    requirements("web")
    old, draft = build(find(code, X86), X86), cache_folder() / ".draft-killed"
    draft.mkdir()
    for path in (old, draft):
        os.utime(path, (0, 0))
    requirements("sub")
    build(find(code, X86), X86)
    assert not old.exists()
    assert not draft.exists()


def test_code_and_packages_with_one_name(code, requirements):
    """Packages that were once installed into the folder."""
    requirements("web")
    (code / "web").mkdir()
    (code / "web/__init__.py").write_text("vendored")
    with pytest.raises(UsageError, match=r"has web, and so have the packages"):
        zipped(code, (), X86)
    (code / ".cgwignore").write_text("requirements.txt\n")
    assert names(zipped(code, (), X86)) == {"app.py", "web/__init__.py"}


def test_a_zip_that_is_too_large_names_what_is_largest(code, requirements, monkeypatch):
    monkeypatch.setattr("cognito_gw.aws_rules.ZIPPED", 3 << 20)
    (code / "data.bin").write_bytes(os.urandom(4 << 20))
    requirements("web")
    with pytest.raises(UsageError, match=r"5 MiB zipped.*largest: data.bin \(4 MiB\)"):
        zipped(code, (), X86)
