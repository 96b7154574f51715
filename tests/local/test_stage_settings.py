"""The limits and the access log of a deployed stage."""

from __future__ import annotations

import json

import pytest
from local.conformance.rest_api import Api

from cognito_gw.gateway_rules import Match
from cognito_gw.local.apigateway.context import DeployedStage, Snapshot
from cognito_gw.local.apigateway.throttle import Buckets

THROTTLED = b'{"message":"Too Many Requests"}'
SNAPSHOT = Snapshot("123456789012", "eu-west-1", "a1b2c3", {}, [], {}, {})
GROUP = "arn:aws:logs:eu-west-1:123456789012:log-group:"


def limit(rate, burst):
    return {"throttlingRateLimit": rate, "throttlingBurstLimit": burst}


class Stage:
    """A stage with limits, at a time that the test sets."""

    def __init__(self, **settings):
        self.now = 100.0
        self.buckets = Buckets(lambda: self.now)
        self.limit(settings)

    def limit(self, settings):
        self.stage = DeployedStage("dev", "d", {}, SNAPSHOT, settings)

    def taken(self, count, route="GET /x"):
        """Return how many of some requests at once are let in."""
        verb, path = route.split()
        match = Match({"path": path}, {"httpMethod": verb})
        return sum(self.buckets.let_in(self.stage, match) for _ in range(count))


class TestBuckets:
    """The token bucket of a method."""

    def test_a_burst_and_then_the_rate(self):
        stage = Stage(**{"*/*": limit(2.0, 5)})
        assert stage.taken(8) == 5
        stage.now += 1.6
        assert stage.taken(8) == 3
        stage.now += 0.4
        assert stage.taken(8) == 1

    def test_a_pause_fills_it_no_further_than_the_burst(self):
        stage = Stage(**{"*/*": limit(100.0, 3)})
        assert stage.taken(9) == 3
        stage.now += 3600
        assert stage.taken(9) == 3

    def test_each_method_has_its_own(self):
        stage = Stage(**{"*/*": limit(1.0, 2), "~1a~1{id}/ANY": limit(1.0, 1)})
        assert stage.taken(5) == stage.taken(5, "GET /y") == 2
        assert stage.taken(5, "ANY /a/{id}") == 1

    def test_a_methods_settings_replace_those_of_the_stage(self):
        stage = Stage(**{"*/*": limit(1.0, 1), "~1x/GET": limit(-1.0, -1)})
        assert stage.taken(99) == 99
        stage = Stage(**{"*/*": limit(1.0, 1), "~1/GET": limit(9.0, 9)})
        assert (stage.taken(9, "GET /"), stage.taken(9)) == (9, 1)

    @pytest.mark.parametrize("settings", [{}, {"y/GET": limit(0, 0)}, {"*/*": {}}])
    def test_without_a_limit_everything_passes(self, settings):
        assert Stage(**settings).taken(99) == 99

    def test_zero_lets_nothing_in(self):
        stage = Stage(**{"*/*": limit(0.0, 0)})
        stage.now += 3600
        assert stage.taken(5) == 0

    def test_another_limit_takes_effect_at_once(self):
        stage = Stage(**{"*/*": limit(1.0, 2)})
        assert stage.taken(5) == 2
        stage.limit({"*/*": limit(1.0, 4)})
        assert stage.taken(5) == 4


@pytest.fixture
def stage(aws, local_url):
    """A deployed API with CORS headers on its own responses."""
    api = Api(aws, local_url)
    api.mock("GET", "/")
    api.mock("GET", "/free")
    name = "gatewayresponse.header.Access-Control-Allow-Origin"
    cors = {"responseType": "DEFAULT_4XX", "responseParameters": {name: "'*'"}}
    api.call("put_gateway_response", **cors)
    return api.deploy()


@pytest.fixture
def change(stage):
    """Return a function that changes the stage."""

    def run(*patch, op="replace"):
        operations = [
            dict(zip(("path", "value"), each, strict=False)) | {"op": op}
            for each in patch
        ]
        return stage.call("update_stage", stageName="dev", patchOperations=operations)

    return run


def test_the_refusal_is_that_of_aws(stage, change):
    """With the headers that the API adds, and only for the method with the limit."""
    path = "/~1/GET/throttling"
    change((f"{path}/rateLimit", "0"), (f"{path}/burstLimit", "1"))
    assert stage.get("/").status == 200
    answer = stage.get("/")
    assert (answer.status, answer.body) == (429, THROTTLED)
    assert answer.headers["x-amzn-ErrorType"] == "TooManyRequestsException"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert stage.get("/free").status == 200
    change(("/~1/GET",), op="remove")
    assert stage.get("/").status == 200


def test_a_setting_comes_with_the_limits_of_the_account(change):
    """As the AWS CLI's example of update-stage shows it."""
    settings = change(("/~1free/GET/logging/dataTrace", "true"))["methodSettings"]
    limits = limit(10_000.0, 5000).items()
    assert limits <= settings["~1free/GET"].items()


def test_settings_that_are_not_there_cannot_be_removed(change, refusal):
    """In the words that Terraform's AWS provider expects."""
    answer = refusal(change, ("/~1/GET",), op="remove")
    assert (answer.status, answer.code) == (400, "BadRequestException")
    assert answer.message == (
        "Cannot remove method setting ~1/GET because there is no method setting for "
        "this method"
    )


@pytest.mark.parametrize(("name", "value"), [("rate", "fast"), ("burst", "1.5")])
def test_a_limit_is_a_number(change, refusal, name, value):
    answer = refusal(change, (f"/*/*/throttling/{name}Limit", value))
    assert (answer.status, answer.code) == (400, "BadRequestException")


def test_a_mock_cannot_read_bytes(aws, local_url):
    """An API that takes every body as bytes needs it converted to text first."""
    api = Api(aws, local_url, binaryMediaTypes=["*/*"])
    api.mock("OPTIONS", "/")
    key = {"resourceId": api.resource("/"), "httpMethod": "OPTIONS"}
    assert api.deploy().request("OPTIONS", "/").status == 500
    patch = {"op": "replace", "path": "/contentHandling", "value": "CONVERT_TO_TEXT"}
    api.call("update_integration", **key, patchOperations=[patch])
    assert api.deploy().request("OPTIONS", "/").status == 200


class TestAccessLog:
    """One line for each request, in the format of the stage."""

    @pytest.fixture
    def lines(self, stage, change, aws, name):
        """Return a function that calls the stage, and returns its lines."""

        def run(form, *paths):
            settings = "/accessLogSettings"
            group = (f"{settings}/destinationArn", f"{GROUP}{name}")
            change(group, (f"{settings}/format", form))
            for path in paths:
                stage.get(path)
            found = aws("logs").filter_log_events(logGroupName=name)["events"]
            return [event["message"].rstrip("\n") for event in found]

        return run

    def test_variables(self, lines):
        form = (
            '{"id": "$context.requestId", "ip": "$context.identity.sourceIp", '
            '"route": "$context.httpMethod $context.resourcePath", "status": '
            '$context.status, "sub": "$context.authorizer.claims.sub", "error": '
            '"$context.error.message", "bytes": "$context.responseLength", "what": '
            '"$context.error.messageString"}'
        )
        good, bad = map(json.loads, lines(form, "/", "/no%22such"))
        assert len(good.pop("id")) == len(bad.pop("id")) == 36
        assert good == {
            "ip": "127.0.0.1",
            "route": "GET /",
            "status": 200,
            "sub": "-",
            "error": "-",
            "bytes": "0",
            "what": "-",
        }
        text = "Missing Authentication Token"
        assert (bad["status"], bad["error"], bad["what"]) == (403, text, f'"{text}"')
        assert bad["route"] == "GET -"

    def test_a_caller_cannot_forge_a_line(self, stage, lines):
        """What it sends is escaped."""
        form = '{"agent": "$context.identity.userAgent"}'
        lines(form, "/")
        stage.get("/", User_Agent='x", "status": "200')
        assert json.loads(lines(form)[-1]) == {"agent": 'x", "status": "200'}

    def test_throttled_requests_are_in_it(self, lines, change):
        path = "/*/*/throttling"
        change((f"{path}/rateLimit", "0"), (f"{path}/burstLimit", "0"))
        form = "$context.requestId $context.status $context.error.responseType"
        (line,) = lines(form, "/")
        assert line.endswith(" 429 THROTTLED")

    def test_it_ends(self, lines, change):
        assert len(lines("$context.requestId", "/")) == 1
        change(("/accessLogSettings",), op="remove")
        assert "accessLogSettings" not in change()


def test_other_settings_are_not_those_of_a_method(change):
    """A path of two parts, such as the access log's, has no method."""
    log = "arn:aws:logs:us-east-1:123456789012:log-group:x"
    stage = change(("/accessLogSettings/destinationArn", log), ("/variables/a", "b"))
    assert not stage.get("methodSettings")
    assert stage["variables"] == {"a": "b"}
