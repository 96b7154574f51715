"""Other clients of the same user can use the access key of the local AWS."""

from __future__ import annotations

import json
import subprocess
import sys

NAMES = {
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
}
ASK = "import boto3; print(boto3.client('cognito-idp').list_user_pools(MaxResults=1))"


def evaluated(lines, command):
    """Run a command in a shell that has evaluated only these lines."""
    clean = ["env", "-i", "PATH=/usr/bin:/bin", "/bin/sh", "-ec", f"{lines}\n{command}"]
    return subprocess.run(clean, capture_output=True, text=True, check=False)


def test_a_shell_evaluates_it(cgw):
    """Then boto3 calls the local AWS without further settings."""
    lines = cgw("local", "env").out
    assert {f"export {name}=" for name in NAMES} <= {
        line.partition("=")[0] + "=" for line in lines.splitlines()
    }
    assert {*lines.splitlines()} <= {*cgw("outputs", "--format=env").out.splitlines()}
    done = evaluated(lines, f'"{sys.executable}" -c "{ASK}"')
    assert "UserPools" in done.stdout, done.stderr


def test_it_needs_no_file(cgw, server, tmp_path):
    """Without a file the region is the default; an invalid one is ignored."""
    (tmp_path / "cgw.yaml").unlink()
    assert cgw("local", "env", "-o", "json").document == server.variables()
    cgw.write("name: [")
    assert cgw("local", "env", "-o", "json").document == server.variables()


def test_it_has_the_stack_s_region(cgw, server):
    """From the command line, or else from the file."""
    cgw.write("name: there\nregion: eu-west-3\n")
    assert cgw("local", "env", "-o", "json").document == server.variables("eu-west-3")
    asked = cgw("--region", "eu-west-2", "local", "env", "-o", "json").document
    assert asked == server.variables("eu-west-2")


def test_nothing_runs(cgw, environment, tmp_path):
    """The error names the command that starts it."""
    environment.setenv("XDG_STATE_HOME", str(tmp_path / "other"))
    outcome = cgw("local", "env", code=3)
    assert outcome.out == ""
    assert "cgw local start" in outcome.err


def test_verbose_output_does_not_show_it(cgw, server):
    """The same holds for every other command."""
    told = [cgw(*each) for each in (("plan", "-v"), ("status", "-v"), ("outputs",))]
    told.append(cgw("local", "status", "-o", "json"))
    shown = json.dumps([[each.out, each.err] for each in told])
    assert server.access_key.id not in shown
    assert server.access_key.secret not in shown
