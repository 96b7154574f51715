"""What a code folder lists, and what cgw refuses to install."""

from __future__ import annotations

import json

import pytest

from cognito_gw.errors import UsageError
from cognito_gw.packages.lock import find, redacted, unlocked
from cognito_gw.packages.target import Target

X86 = Target.on_lambda("python3.13", "x86_64")
ARM = Target.on_lambda("python3.13", "arm64")
NODE = Target.on_lambda("nodejs22.x", "arm64")
SHA = "sha256:" + "0" * 64


def lines(folder, target=X86):
    return find(folder, target).files["requirements.txt"].splitlines()


def test_requirements_are_flattened(code, requirements):
    """Comments, continued lines, and files in the folder; hashes and markers stay."""
    (code / "base.txt").write_text("-c limits.txt\nrequests>=2 # http\n")
    (code / "limits.txt").write_text("urllib3<3")
    requirements(
        "# all",
        "-r base.txt",
        "",
        f"numpy==2.0 ; python_version >= '3.9' \\\n  --hash={SHA}",
        "-i https://index.example/simple",
        "--only-binary=:all:",
        "--require-hashes",
        "a[b, c]==1",
    )
    assert lines(code) == [
        "requests>=2",
        f'numpy==2.0; python_version >= "3.9" --hash={SHA}',
        "--index-url https://index.example/simple",
        "--require-hashes",
        "a[b,c]==1",
    ]
    assert find(code, X86).files["constraints.txt"] == "urllib3<3\n"


REFUSED = {
    "-e .": "an editable package is not deployed",
    "--editable=git+https://x/y": "an editable package is not deployed",
    "./wheels/a-1.whl": "a local path or an address",
    "../lib": "a local path or an address",
    "/abs/lib": "a local path or an address",
    "C:\\x\\a.whl": "a local path or an address",
    "git+ssh://git@host/x.git": "a local path or an address",
    "https://u:secret@host/a-1-py3-none-any.whl": "a local path or an address",
    "a @ git+https://host/a": "a comes from an address",
    "a @ https://u:secret@host/a.tar.gz": "a comes from an address",
    "a @ file:///tmp/a.whl": "a comes from an address",
    "--index-url https://u:secret@host/simple": "the address holds credentials",
    "--extra-index-url=https://secret@host/": "the address holds credentials",
    "-i https://host/${AWS_SECRET_ACCESS_KEY}/": "variables are not replaced",
    "--find-links ./wheels": "is not an https address",
    "-f/wheels": "is not an https address",
    "--index-url http://host/simple": "is not an https address",
    "--no-binary :all:": "nothing is built",
    "--pre": "pin the version of a pre-release",
    "--trusted-host host": "does not support the option --trusted-host",
    "-r ../other.txt": "there is no file ../other.txt in the code folder",
    "-r /etc/passwd": "there is no file /etc/passwd in the code folder",
    "-r requirements.txt": "includes itself",
    "= 1": "is not a requirement",
    "requests=2": "is not a requirement",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_is_refused(code, requirements, line):
    """With the line's number, and without passwords."""
    requirements("# first", line)
    with pytest.raises(UsageError, match=r"requirements\.txt:2: ") as caught:
        find(code, X86)
    assert REFUSED[line] in caught.value.what
    assert "secret@" not in caught.value.what


def test_credentials_are_never_shown():
    text = "Looking in indexes: https://me:pw@host/simple, http://token@other/x"
    assert redacted(text) == (
        "Looking in indexes: https://****@host/simple, http://****@other/x"
    )


def test_no_list(code, requirements):
    """None, one that is ignored, and one of another language."""
    assert find(code, X86) is None
    requirements("web")
    assert find(code, X86, "requirements.txt".__eq__) is None
    assert find(code, NODE) is None


def test_a_list_that_is_not_text(code):
    (code / "requirements.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="UTF-8"):
        find(code, X86)


PROJECT = """\
[project]
name = "orders"
version = "1"
dependencies = ["web>=1", "fast[extra]"]
"""
UV_LOCK = """\
version = 1
requires-python = ">=3.11"
[[package]]
name = "orders"
version = "1"
source = { virtual = "." }
dependencies = [
  { name = "web" }, { name = "fast", extra = ["extra"] },
  { name = "old", marker = "python_full_version < '3.13'" },
]
[package.dev-dependencies]
dev = [{ name = "tool" }]
[package.metadata]
requires-dist = [{ name = "web", specifier = ">=1" }, { name = "fast" }]
[[package]]
name = "web"
version = "1.2"
source = { registry = "https://pypi.org/simple" }
wheels = [{ url = "https://f/web-1.2-py3-none-any.whl", hash = "sha256:aa" }]
[[package]]
name = "fast"
version = "2.0"
source = { registry = "https://index.example/simple" }
wheels = [
  { url = "https://f/fast-2.0-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", hash = "sha256:bb" },
  { url = "https://f/fast-2.0-cp313-cp313-win_amd64.whl", hash = "sha256:cc" },
]
[package.optional-dependencies]
extra = [{ name = "old" }]
[[package]]
name = "old"
version = "0.1"
source = { registry = "https://pypi.org/simple" }
wheels = [{ url = "https://f/old-0.1-py3-none-any.whl", hash = "sha256:dd" }]
"""  # noqa: E501


@pytest.fixture
def project(code):
    """Return a function that writes pyproject.toml and uv.lock."""

    def write(lock=UV_LOCK, toml=PROJECT):
        (code / "pyproject.toml").write_text(toml)
        (code / "uv.lock").write_text(lock)
        return code

    return write


def test_uv_lock(project):
    """Versions and hashes for the target, with extras and without development's."""
    lock = find(project(), X86)
    assert lock.is_complete
    assert lock.files["requirements.txt"].splitlines() == [
        "--extra-index-url https://index.example/simple",
        "fast==2.0 --hash=sha256:bb --hash=sha256:cc",
        "old==0.1 --hash=sha256:dd",
        "web==1.2 --hash=sha256:aa",
    ]


@pytest.mark.parametrize(
    ("old", "new", "target", "words"),
    [
        ("", "", ARM, "fast 2.0 has no wheel for python3.13 on arm64"),
        (">=3.11", ">=3.14", X86, "is for Python >=3.14, and the function runs on"),
        ('{ registry = "https://pypi.org/simple" }', '{ editable = "lib" }', X86,
         "does not come from a package index"),
        ("https://index", "https://u:secret@index", X86, "holds credentials"),
        ("version = 1", "[[", X86, "uv.lock or pyproject.toml: "),
        ("[[package]]", "[[other]]", X86, "is not a lock of uv's"),
        ('{ name = "web", specifier = ">=1" },', "", X86, "lacks web of pyproject"),
    ],
)  # fmt: skip
def test_uv_lock_that_does_not_fit(project, old, new, target, words):
    folder = project(UV_LOCK.replace(old, new) if old else UV_LOCK)
    with pytest.raises(UsageError) as caught:
        find(folder, target)
    assert words in caught.value.what
    assert "secret" not in caught.value.what


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"resolved": "git+ssh://git@github.com/x/y.git#1"}, "package registry"),
        ({"resolved": "file:../lib"}, "package registry"),
        ({"resolved": "lib", "link": True}, "package registry"),
        (3, "not a lock of npm"),
    ],
)
def test_npm_lock_with_what_is_not_published(code, entry, words):
    (code / "package.json").write_text("{}")
    lock = {"packages": {"": {}, "node_modules/x": entry}}
    (code / "package-lock.json").write_text(json.dumps(lock))
    with pytest.raises(UsageError) as caught:
        find(code, NODE)
    assert words in caught.value.what


@pytest.mark.parametrize(
    ("version", "entry"),
    [
        ("file:/srv/x.tgz", {}),
        ("someone/x", {}),
        ("1.0.0", {"dev": True, "resolved": "file:/srv/x.tgz"}),
    ],
)
def test_npm_lock_does_not_hide_what_is_not_published(code, version, entry):
    """Without `resolved`, npm reads the versions; and it does not trust `dev`."""
    (code / "package.json").write_text('{"dependencies": {"a": "^1.0.0"}}')
    a = {"dev": True, "dependencies": {"x": version}}
    lock = {"packages": {"": {}, "node_modules/a": a, "node_modules/x": entry}}
    (code / "package-lock.json").write_text(json.dumps(lock))
    with pytest.raises(UsageError, match="node_modules/x does not come from a"):
        find(code, NODE)


def test_npm_lock_may_have_other_tools_for_development(code):
    (code / "package.json").write_text('{"dependencies": {"a": "npm:@b/c@^1 || 2"}}')
    tool = {"dev": True, "resolved": "git+ssh://git@github.com/x/y.git#1"}
    lock = {"packages": {"": {}, "node_modules/a": {}, "node_modules/x": tool}}
    (code / "package-lock.json").write_text(json.dumps(lock))
    assert find(code, NODE)


@pytest.mark.parametrize(
    ("name", "text", "is_python"),
    [
        ("pyproject.toml", PROJECT, True),
        ("package.json", '{"dependencies": {"a": "1"}}', False),
    ],
)
def test_a_list_without_versions_is_warned_about(code, name, text, is_python):
    def warning():
        return unlocked(code, is_python=is_python, is_ignored=lambda _: False)

    assert warning() is None
    (code / name).write_text(text)
    assert f"{name} lists packages that are not deployed" in warning()
    (code / ("uv.lock" if is_python else "package-lock.json")).write_text("")
    assert warning() is None
