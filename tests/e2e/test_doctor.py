"""`cgw doctor` reports what is ready and what is not, and changes nothing."""

from __future__ import annotations

import os
import re
from types import SimpleNamespace

import pytest

from cognito_gw.local import process

CHECKS = [
    "versions",
    "file",
    "region",
    "credentials",
    "clock",
    "endpoints",
    "permissions",
    "quotas",
    "callback ports",
    "state directory",
    "packages",
    "local AWS",
    "local functions",
]
SECRET = "a-secret-that-nobody-may-see"


def by_check(outcome):
    """Return a document's findings by their checks."""
    document = outcome.document
    assert document.keys() == {"ok", "checks"}
    for each in document["checks"]:
        assert each.keys() == {"check", "state", "found", "fix"}
    states = [item["state"] for item in document["checks"]]
    assert document["ok"] is ("fail" not in states)
    assert outcome.code == int(not document["ok"])
    found = {each["check"]: each for each in document["checks"]}
    found.pop("callback ports")  # other tests listen there at the same time
    found.pop("local functions")  # this machine's Python may differ
    return found


def states(found):
    """Return the state of each check that is not OK."""
    return {
        check: each["state"] for check, each in found.items() if each["state"] != "ok"
    }


@pytest.fixture
def on_aws(cgw, environment):
    """The same shell with AWS as the target, at the endpoint that a test sets."""
    environment.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    environment.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    cgw.options = ()
    return cgw


def test_the_local_aws_is_ready(cgw, local):
    """It checks no permissions, and has no quotas."""
    outcome = cgw("-v", "doctor", "-o", "json")
    found = by_check(outcome)
    assert states(found) == {"permissions": "skipped", "quotas": "skipped"}
    assert ", moto 5." in found["versions"]["found"]
    assert "accepts any" in found["credentials"]["found"]
    assert f"respond at {local}," in found["endpoints"]["found"]
    assert found["local AWS"]["found"] == f"it is running at {local}"
    assert outcome.calls == ["GetCallerIdentity"]


def test_for_people(cgw):
    """A line for each check, followed by its fix."""
    outcome = cgw("doctor")
    lines = outcome.out.splitlines()
    marks = [
        re.match(r"(ok|warn|FAIL|skip) +(\S+(?: \S+)?)  +\S", each) for each in lines
    ]
    assert [mark[2] for mark in marks if mark] == CHECKS
    assert outcome.err == "13 checks, none failed\n"


def test_quiet_shows_only_problems(cgw, tmp_path):
    """With its fix."""
    (tmp_path / "cgw.yaml").unlink()
    outcome = cgw("doctor", "-q")
    assert outcome.out == (
        "warn  file             there is no file cgw.yaml\n"
        "                       fix: `cgw --local init` writes one\n"
    )
    assert outcome.err == ""


@pytest.fixture
def embedded(server):
    """The environment of the other clients of the local AWS."""
    return server.variables()


@pytest.fixture
def foreign(moto_url):
    """The same for a server that accepts any key."""
    return {"AWS_ENDPOINT_URL": moto_url}


@pytest.mark.parametrize(
    "endpoint", ["embedded", pytest.param("foreign", marks=pytest.mark.nightly)]
)
def test_an_endpoint_in_the_place_of_aws(request, on_aws, environment, endpoint):
    """Checks that it cannot answer are skipped or named, and secrets are hidden."""
    for name, value in request.getfixturevalue(endpoint).items():
        environment.setenv(name, value)
    outcome = on_aws("-v", "doctor", "-o", "json")
    found = by_check(outcome)
    assert states(found) == {"permissions": "skipped"}
    assert found["region"]["found"].startswith("us-east-1, from the file")
    assert found["credentials"]["found"].endswith(", from env")
    assert "user pools (by default)" in found["quotas"]["found"]
    assert "not counted: GetAccountSettings" in found["quotas"]["found"]
    assert (
        f"respond at {os.environ['AWS_ENDPOINT_URL']}," in found["endpoints"]["found"]
    )
    assert set(outcome.writes) <= {"SimulatePrincipalPolicy"}
    assert SECRET not in outcome.out + outcome.err


def test_without_credentials_the_rest_is_checked(on_aws, environment, local):
    """Exit 1, with the usual hint; checks that need credentials are skipped."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        environment.delenv(name)
    environment.setenv("AWS_ENDPOINT_URL", local)
    found = by_check(on_aws("doctor", "-o", "json", code=1))
    skipped = dict.fromkeys(("clock", "permissions", "quotas"), "skipped")
    assert states(found) == {"credentials": "fail", **skipped}
    assert found["credentials"]["found"] == "no AWS credentials were found"
    assert "aws sso login" in found["credentials"]["fix"]
    told = on_aws("doctor", code=1)
    assert "\nFAIL  credentials      no AWS credentials were found\n" in told.out
    assert told.err.startswith(
        "13 checks, 1 failed\ndocs/aws.md lists what was never tested"
    )


def test_without_a_region_the_rest_is_checked(on_aws):
    """The error says where to set one."""
    on_aws.write("name: nowhere\n")
    found = by_check(on_aws("doctor", "-o", "json", code=1))
    dependent = ("credentials", "clock", "endpoints", "permissions", "quotas")
    assert states(found) == {"region": "fail", **dict.fromkeys(dependent, "skipped")}
    assert "AWS_REGION" in found["region"]["fix"]
    assert "see `region`" in found["credentials"]["found"]


def test_a_profile_that_is_not_there(on_aws):
    """The credentials check fails, and the checks that need it are skipped."""
    found = by_check(on_aws("doctor", "-o", "json", "--profile", "none", code=1))
    assert found["credentials"]["state"] == "fail"
    assert "(none)" in found["credentials"]["found"]
    assert found["region"]["state"] == "skipped"


def test_an_endpoint_that_does_not_answer(on_aws, environment):
    """Then the caller and its permissions are unknown."""
    environment.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    environment.setenv("AWS_MAX_ATTEMPTS", "1")
    found = by_check(on_aws("doctor", "-o", "json", code=1))
    assert states(found) == {
        "credentials": "fail",
        "clock": "skipped",
        "endpoints": "fail",
        "permissions": "skipped",
        "quotas": "skipped",
    }
    assert "HTTPS_PROXY" in found["endpoints"]["fix"]


def test_settings_that_are_nonsense_are_a_finding(on_aws, environment):
    """No traceback, whatever boto3 makes of them."""
    environment.setenv("AWS_ENDPOINT_URL", "nonsense")
    found = by_check(on_aws("doctor", "-o", "json", code=1))
    assert found["credentials"]["found"] == "ValueError: Invalid endpoint: nonsense"


@pytest.mark.parametrize("text", ["name: [", "nam: x\n", "name: x\nregion: nowhere\n"])
def test_a_bad_file_does_not_stop_the_others(cgw, text):
    """Checks that need it are skipped."""
    cgw.write(text)
    found = by_check(cgw("doctor", "-o", "json", code=1))
    assert found["file"]["state"] == "fail"
    assert found["credentials"]["state"] == "ok"
    assert found["permissions"]["state"] == "skipped"


def test_a_file_that_was_named_must_be_there(cgw):
    """The default file may be missing."""
    found = by_check(cgw("doctor", "-c", "other.yaml", "-o", "json", code=1))
    assert found["file"]["found"] == "there is no file other.yaml"


def test_a_local_aws_that_does_not_run_is_not_started(cgw, environment, tmp_path):
    """Checks that need it are skipped; nothing has failed."""
    environment.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
    found = by_check(cgw("doctor", "-o", "json"))
    asking = ("credentials", "clock", "endpoints", "permissions", "quotas")
    assert states(found) == {"local AWS": "warn", **dict.fromkeys(asking, "skipped")}
    assert "`cgw local start`" in found["local AWS"]["fix"]
    assert process.recorded_instance(tmp_path / "elsewhere" / "cognito-gw") is None


def test_a_place_for_state_that_cannot_be_made(cgw, environment, tmp_path):
    """Any other command would stop here; this one runs the other checks."""
    (tmp_path / "file").touch()
    environment.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    found = by_check(cgw("doctor", "-o", "json", code=1))
    assert found["state directory"]["state"] == "fail"
    assert found["local AWS"]["state"] == "skipped"
    assert found["region"]["state"] == "ok"


def test_a_proxy_is_named_without_its_password(on_aws, environment):
    """Even if it is the cause of a failure."""
    environment.setenv("HTTPS_PROXY", f"http://me:{SECRET}@127.0.0.1:9")
    environment.setenv("AWS_MAX_ATTEMPTS", "1")
    outcome = on_aws("-v", "doctor", "-o", "json", code=1)
    found = by_check(outcome)
    assert "through the proxy 127.0.0.1:9" in found["endpoints"]["found"]
    assert SECRET not in outcome.out + outcome.err
