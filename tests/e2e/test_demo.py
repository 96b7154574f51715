"""`cgw demo`, and starting and stopping the local AWS."""

from __future__ import annotations

from commandline import QuickTerminal, Terminal
from processes import processes_of


def test_the_demo_walks_the_tutorial_and_leaves_nothing(tmp_path, variables):
    """No process, no file; calls without a token fail, calls with one succeed."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    own = {"TMPDIR": str(temporary), "XDG_STATE_HOME": str(tmp_path / "state")}
    shell = Terminal(tmp_path, environment=variables | own)
    told = shell("demo").out
    for words in (
        "created user pool `demo`",
        "created app client `web`",
        "created domain `demo-",
        "created user `alice@example.com`",
        "created function `demo-hello`",
        "created rest api `demo`",
        "created resource `/transactions`",
        "created method `GET /transactions`",
        "created authorizer `cognito`",
        "created stage `dev`",
        "Call without a token  The authorizer refuses",
        '→ 401 {"message":"Unauthorized"}',
        '→ 200 "Hello from Lambda!"',
        "nothing left",
    ):
        assert words in told
    assert list(temporary.iterdir()) == []
    assert processes_of(temporary) == []
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert left == []


def test_the_local_aws_that_runs_is_found_again(cgw):
    """A second start finds the first, even if it names another port."""
    shell = QuickTerminal(cgw.folder)
    started = shell("local", "start", "-o", "json").document
    assert started.keys() == {"running", "url", "pid", "log"}
    status = shell("local", "status", "-o", "json").document
    assert status.pop("functions")["open_files"] == 1024
    assert status == started
    assert f"pid {started['pid']}" in shell("local", "status").out
    other = shell("local", "start", "--port", "1").err
    assert other == f"it is already running, on another port: {started['url']}\n"
