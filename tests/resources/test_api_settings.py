"""Limits, logs and media types of the API: set, changed, and out of the file again."""

from __future__ import annotations

import pytest
from fakes import refusal
from faults.clock import Clock
from faults.local import LocalAws, quicken
from faults.runs import Cgw
from faults.wire import Wire
from moto import mock_aws

from cognito_gw.errors import CgwError
from cognito_gw.resources.stage_settings import FORMAT

KEY = {"stageName": "dev"}
GROUP = "/aws/apigateway/shop/access"
BODY = """
name: shop
region: eu-west-1
user_pool: {{sign_in_with: []}}
functions: {{hello: {{{function}}}}}
api:
  {api}
  routes:
    GET /: {{auth: none{root}}}
    POST /orders/{{id}}: {{auth: none{orders}}}
"""


def text(api="", *, root="", orders="", function=""):
    """Return a file with these settings."""
    return BODY.format(api=api, root=root, orders=orders, function=function)


@pytest.fixture
def cgw(monkeypatch, session, quick_keys, configured):  # noqa: ARG001 - of its pool
    """Runs of cgw on the local AWS without its server."""
    quicken(monkeypatch)
    clock = Clock()
    monkeypatch.setattr("botocore.endpoint.time", clock.module)
    with mock_aws():
        Wire(monkeypatch, LocalAws().serve)
        cgw = Cgw(session, clock, configured)
        yield cgw
        cgw.forget_pace()


@pytest.fixture
def up(cgw):
    """Return a function that runs `up` twice, and returns the first run."""

    def run(*args, **settings):
        whole = text(*args, **settings)
        first, second = cgw.up(whole), cgw.up(whole)
        assert (first.errors, second.errors, second.writes) == ([], [], [])
        return first

    return run


@pytest.fixture
def api(cgw):
    """Return a function that calls API Gateway for the API, as its user does."""

    def call(operation, **params):
        client = cgw.aws().apigateway
        (found,) = client.get_rest_apis()["items"]
        return getattr(client, operation)(restApiId=found["id"], **params)

    return call


@pytest.fixture
def limits(api):
    """Return a function that reads the limits on AWS."""

    def read():
        return {
            key: (setting["throttlingRateLimit"], setting["throttlingBurstLimit"])
            for key, setting in api("get_stage", **KEY)["methodSettings"].items()
        }

    return read


def replaced(*pairs):
    return [{"op": "replace", "path": path, "value": value} for path, value in pairs]


def test_limits(up, limits, api):
    """They are set, corrected and removed, without a deployment."""
    throttle = "throttle: {rate: 2.5, burst: 4}"
    run = up(throttle, root=", throttle: {rate: 0, burst: 0}", orders=f", {throttle}")
    both = {"*/*": (2.5, 4), "~1/GET": (0, 0), "~1orders~1{id}/POST": (2.5, 4)}
    assert limits() == both
    theirs = ("/*/*/throttling/rateLimit", "9"), ("/*/*/metrics/enabled", "true")
    api("update_stage", **KEY, patchOperations=replaced(*theirs))
    run = up(throttle, root=", throttle: {rate: 0, burst: 0}")
    assert limits() == {"*/*": (2.5, 4), "~1/GET": (0, 0)}
    assert set(run.writes) == {"UpdateStage"}
    up("throttle: {rate: 7, burst: 1}")
    assert limits() == {"*/*": (7, 1)}
    assert set(up().writes) == {"UpdateStage"}
    assert limits() == {"*/*": (-1, -1)}
    stage = api("get_stage", **KEY)
    assert stage["methodSettings"]["*/*"]["metricsEnabled"]  # the user's own stays


def test_the_settings_of_others_are_no_limits(up, api):
    """A log level of one method brings the limits of the account with it."""
    up()
    theirs = ("/~1/GET/logging/loglevel", "INFO"), ("/*/*/metrics/enabled", "true")
    api("update_stage", **KEY, patchOperations=replaced(*theirs))
    assert up().writes == []


def test_a_limit_set_elsewhere_is_removed(up, api, limits):
    """As the file has none."""
    up()
    theirs = [(f"/~1/GET/throttling/{name}Limit", "3") for name in ("rate", "burst")]
    api("update_stage", **KEY, patchOperations=replaced(*theirs))
    up()
    assert limits() == {}


def test_limits_and_logs_move_with_the_stage(up, api, cgw):
    """A stage with another name has the same ones."""
    settings = "access_log: true\n  throttle: {rate: 1, burst: 1}"
    up(settings)
    up(f"stage: live\n  {settings}")
    (stage,) = api("get_stages")["item"]
    assert stage["stageName"] == "live"
    assert stage["methodSettings"]["*/*"]["throttlingBurstLimit"] == 1
    assert stage["accessLogSettings"]["destinationArn"].endswith(GROUP)
    assert cgw.down(text()).errors == []


def groups(cgw):
    found = cgw.aws().logs.describe_log_groups()["logGroups"]
    return {group["logGroupName"]: group.get("retentionInDays") for group in found}


def test_access_log(up, api, cgw):
    """It is set and removed; its group stays until `down`."""
    up("access_log: true")
    settings = api("get_stage", **KEY)["accessLogSettings"]
    group = f"arn:aws:logs:eu-west-1:123456789012:log-group:{GROUP}"
    assert settings == {"destinationArn": group, "format": FORMAT}
    assert groups(cgw)[GROUP] == 30
    up("access_log: {retention: never}")
    assert groups(cgw)[GROUP] is None
    assert set(up().writes) == {"UpdateStage"}
    assert not api("get_stage", **KEY).get("accessLogSettings")
    assert GROUP in groups(cgw)
    assert cgw.down(text()).errors == []
    assert groups(cgw) == {}


def test_the_log_of_others_stays(up, api):
    """A log that goes to another place is none of the file's."""
    up()
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group:theirs"
    path = "/accessLogSettings/destinationArn"
    api("update_stage", **KEY, patchOperations=replaced((path, arn)))
    assert up().writes == []


def test_the_account_has_no_role_for_logs(aws, built, monkeypatch):
    """The error says so: cgw does not set what the whole account shares."""
    words = "CloudWatch Logs role ARN must be set in account settings to enable logging"

    def update_stage(**_):
        raise refusal("BadRequestException", words, "UpdateStage")

    routes = {"GET /orders": {"function": "hello"}}
    stack = built(api={"access_log": True, "routes": routes})
    stack.api.live = {"id": "a1b2c3"}
    monkeypatch.setattr(aws.apigateway, "update_stage", update_stage)
    with pytest.raises(CgwError, match=f"AWS refused: {words}") as error:
        stack.access_log.create(aws)
    assert "docs/configuration.md" in str(error.value.hint)


def test_binary_media_types(up, api):
    """They are added and removed one by one, and each change is deployed."""

    def types():
        return set(api("get_rest_api").get("binaryMediaTypes", ()))

    up("binary_media_types: [image/png, '*/*']")
    assert types() == {"image/png", "*/*"}
    patch = {"op": "add", "path": "/binaryMediaTypes/a~1b"}
    api("update_rest_api", patchOperations=[patch])
    assert "CreateDeployment" in up("binary_media_types: [image/png]").writes
    assert types() == {"image/png"}
    assert "CreateDeployment" in up().writes
    assert types() == set()


def test_timeout(up, api):
    """It is set in milliseconds and deployed; without one, 29 s are back."""

    def milliseconds():
        found = api("get_resources", embed=["methods"])["items"]
        (root,) = [item for item in found if item["path"] == "/"]
        return root["resourceMethods"]["GET"]["methodIntegration"]["timeoutInMillis"]

    up(root=", timeout: 0.05")
    assert milliseconds() == 50
    assert "CreateDeployment" in up(root=", timeout: 29").writes
    up(root=", timeout: 3.5")
    assert milliseconds() == 3500
    assert "UpdateStage" in up().writes  # of the second deployment, which is the same
    assert milliseconds() == 29_000


def test_log_retention(up, cgw):
    """A retention in the file is enforced; without one, that of the user stays."""
    name = "/aws/lambda/shop-hello"
    up(function="log_retention: 1d")
    assert groups(cgw)[name] == 1
    up(function="log_retention: never")
    assert groups(cgw)[name] is None
    cgw.aws().logs.put_retention_policy(logGroupName=name, retentionInDays=7)
    assert up().writes == []
    up(function="log_retention: never")
    assert groups(cgw)[name] is None
    assert up().writes == []


def test_cors(up, api):
    """Its headers are on gateway responses, and leave them with the keys."""

    def headers():
        found = api("get_gateway_response", responseType="DEFAULT_4XX")
        return {
            name.removeprefix("gatewayresponse.header.Access-Control-"): value
            for name, value in found["responseParameters"].items()
        }

    origin = "origins: ['https://a.example']"
    up(f"cors: {{{origin}, credentials: true, expose: [X-A, x-a, X-B]}}")
    assert headers() == {
        "Allow-Origin": "'https://a.example'",
        "Allow-Credentials": "'true'",
        "Expose-Headers": "'X-A,X-B'",
    }
    assert "CreateDeployment" in up(f"cors: {{{origin}}}").writes
    assert headers() == {"Allow-Origin": "'https://a.example'"}
