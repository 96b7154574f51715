"""`cgw check` reports open routes, and nothing else."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest


def test_a_healthy_stack_has_no_failures(stack):
    """Every kind of probe, with valid tokens too: a machine's if scopes are set."""
    outcome = stack.quick("check", "-o", "json")
    assert outcome.document.keys() == {"ok", "cases"}
    assert outcome.document["ok"] is True
    cases = outcome.document["cases"]
    assert {tuple(case) for case in cases} == {
        ("route", "case", "expected", "got", "ok")
    }
    assert all(case["ok"] for case in cases)
    right = {
        case["route"]: case["got"] for case in cases if case["case"] == "right token"
    }
    assert right == {"GET /transactions": "200", "POST /transactions": "not tried"}
    assert len(cases) == 9 + 10 + 2
    kinds = {case["case"] for case in cases}
    assert kinds == {
        "no token",
        "garbage",
        "alg none",
        "tampered payload",
        "foreign pool",
        "expired",
        "other token type",
        "without the scope",
        "right token",
        "CORS preflight",
    }


def test_functions_that_write_are_called_only_on_request(stack):
    """Every other probe runs, and the skipped one is counted."""
    told = stack.quick("check", "--route", "POST /transactions")
    assert "  -     right token        not tried\n" in told.out
    assert "9 checks, no failures, 1 not tried: `--include-writes`" in told.err
    line = ("check", "--route", "POST /transactions", "--include-writes")
    assert "right token        200\n" in stack.quick(*line).out


def test_a_machine_token_works_alongside_a_user(stack):
    """A user can be named for all routes, or for one."""
    line = ("check", "--route", "POST /transactions", "--include-writes")
    for user in ("alice@example.com", "POST /transactions=alice@example.com"):
        outcome = stack.quick(*line, "--user", user, "-o", "json")
        cases = {each["case"]: each["got"] for each in outcome.document["cases"]}
        assert cases["right token"] == "200"


def test_a_user_is_named_for_all_routes_once(stack):
    """Including the routes of the file."""
    twice = stack.quick("check", "--user", "a", "--user", "b", code=2)
    assert "more than one `--user` for all routes" in twice.err
    unknown = stack.quick("check", "--user", "GET /nothing=a", code=2)
    assert "no route `GET /nothing`" in unknown.err


def test_for_people_and_for_ci(stack, tmp_path):
    """A table for each route, and a report that CI systems read."""
    file = tmp_path / "check.xml"
    outcome = stack.quick("check", "--route", "GET /health", "--junit", str(file))
    assert outcome.out == (
        "GET /health\n  ok    no token           200\n  ok    CORS preflight     403\n"
    )
    assert "2 checks, no failures" in outcome.err
    suite = ET.parse(file).getroot()  # noqa: S314 - our own file
    assert suite.attrib["tests"] == "2"
    assert suite.attrib["failures"] == suite.attrib["skipped"] == "0"
    assert stack.quick("check", "--route", "GET /health", "-q").out == ""


def test_an_open_route_fails_the_check(standing, account, tmp_path):
    """So does a route that is missing from the file; exit 1."""
    api = {"restApiId": standing.outputs["api_id"]}
    items = account.apigateway.get_resources(**api)["items"]
    found = next(item for item in items if item["path"] == "/transactions")
    method = api | {"resourceId": found["id"]}
    opened = [{"op": "replace", "path": "/authorizationType", "value": "NONE"}]
    standing.is_changed = True
    account.apigateway.update_method(**method, httpMethod="GET", patchOperations=opened)
    account.apigateway.put_method(
        **method, httpMethod="DELETE", authorizationType="AWS_IAM"
    )
    account.apigateway.put_integration(**method, httpMethod="DELETE", type="MOCK")
    account.apigateway.create_deployment(**api, stageName=standing.outputs["stage"])
    file = tmp_path / "check.xml"
    told = standing.cgw("check", "--junit", str(file), code=1)
    assert "FAIL  no token           200  expected: 401\n" in told.out
    assert "DELETE /transactions\n  FAIL  known route" in told.out
    outcome = standing.cgw("check", "-o", "json", code=1)
    failures = {
        (case["route"], case["case"])
        for case in outcome.document["cases"]
        if not case["ok"]
    }
    assert ("GET /transactions", "foreign pool") in failures
    assert ("DELETE /transactions", "known route") in failures
    assert not [route for route, _ in failures if route.startswith("POST")]
    suite = ET.parse(file).getroot()  # noqa: S314 - our own file
    assert int(suite.attrib["failures"]) == len(failures)
    standing.restored()


# oauth/test_probes.py has these probes; here, what the local AWS answers
@pytest.mark.nightly
def test_preflights_are_answered_where_the_file_says_so(standing):
    """With CORS headers, without a token."""
    standing.change(("api", "cors"), {"origins": ["https://app.example.com"]})
    standing.cgw("up")
    cases = standing.cgw("check", "-o", "json").document["cases"]
    preflights = [case["got"] for case in cases if case["case"] == "CORS preflight"]
    assert preflights == ["CORS headers"] * 3
    standing.restore()
    standing.restored()


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        (["--route", "GET /nothing"], 2, "no route `GET /nothing` in the file"),
        ([], 3, "is not deployed yet"),
    ],
)
def test_unchecked_requests_are_reported(cgw, line, code, words):
    """As a usage error, or with the missing prerequisite."""
    assert words in cgw("check", *line, code=code).err
