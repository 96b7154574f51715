"""A code folder, wheels beside it, and a cache of builds."""

import pytest
from wheels import compiled, wheel

from cognito_gw.packages import install


@pytest.fixture
def code(tmp_path, monkeypatch):
    """Return a code folder; its packages come from wheels, and not from a network."""
    found = tmp_path / "wheels"
    compiled(found)
    needs = ["old ; python_version < '3.13'", "onlinux ; sys_platform == 'linux'"]
    files = {
        "web/__init__.py": "",
        "web/__pycache__/x.pyc": "",
        "web-1.0.data/scripts/web": "#!python\n",
    }
    wheel(found, "web", files, requires=[*needs, "onarm ; platform_machine=='aarch64'"])
    for name in ("old", "onlinux", "onarm", "sub"):
        wheel(found, name, {f"{name}.py": ""})
    wheel(found, "musl", {"musl.py": ""}, "cp313-cp313-musllinux_1_2_x86_64")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_FIND_LINKS", str(found))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "app.py").write_text("")
    return folder


@pytest.fixture(params=["uv", "pip"])
def tool(request, monkeypatch):
    """Return the tool that installs; skip it if this machine lacks it."""
    if not getattr(install, request.param)():
        pytest.skip(f"{request.param} is not installed")
    if request.param == "pip":
        monkeypatch.setattr(install, "uv", lambda: None)
    return request.param


@pytest.fixture
def requirements(code):
    """Return a function that writes the lines of requirements.txt."""
    return lambda *lines: (code / "requirements.txt").write_text("\n".join(lines))
