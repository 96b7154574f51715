"""A method that requires an API key is closed to calls without one."""

from __future__ import annotations

import json
import uuid

import pytest
from local.conformance.rest_api import (
    MOCK,
    Api,
    allow,
    make_function,
    make_role,
    proxy,
    sign_in,
)

ECHO = "import json\ndef handler(event, _):\n    return {'body': json.dumps(event)}\n"
FORBIDDEN = b'{"message":"Forbidden"}'
OPEN = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke"}
DENY = OPEN | {"Effect": "Deny", "Resource": "*"}


@pytest.fixture(scope="module")
def api(aws, local_url):
    api = Api(aws, local_url)
    api.mock("GET", "/", apiKeyRequired=True)
    api.mock("GET", "/open")
    return api.deploy()


@pytest.fixture
def key(aws):
    return make_key(aws)


def make_key(aws, **settings):
    settings = {"name": uuid.uuid4().hex, "enabled": True} | settings
    return aws("apigateway").create_api_key(**settings)


def plan(aws, *keys, **stage):
    client = aws("apigateway")
    made = client.create_usage_plan(name="t", apiStages=[stage])["id"]
    for key in keys:
        client.create_usage_plan_key(
            usagePlanId=made, keyId=key["id"], keyType="API_KEY"
        )
    return made


def test_a_key_in_a_plan_of_the_stage_opens(aws, api, key):
    plan(aws, key, apiId=api.id, stage="dev")
    assert api.get("/", x_api_key=key["value"]).status == 200


def test_no_key_opens_nothing(api):
    answer = api.get("/")
    assert (answer.status, answer.body) == (403, FORBIDDEN)
    assert answer.headers["x-amzn-ErrorType"] == "ForbiddenException"


@pytest.mark.parametrize("value", ["", "nonsense", "x" * 40])
def test_an_invalid_key_opens_nothing(api, value):
    assert api.get("/", x_api_key=value).status == 403


def test_a_method_that_requires_none_stays_open(api):
    assert api.get("/open").status == 200


def test_a_key_in_no_plan_opens_nothing(api, key):
    assert api.get("/", x_api_key=key["value"]).status == 403


@pytest.mark.parametrize("place", [{"stage": "other"}, {"apiId": "abcdefghij"}])
def test_a_key_of_another_stage_opens_nothing(aws, api, key, place):
    plan(aws, key, **{"apiId": api.id, "stage": "dev"} | place)
    assert api.get("/", x_api_key=key["value"]).status == 403


def test_a_disabled_key_opens_nothing(aws, api):
    key = make_key(aws, enabled=False)
    plan(aws, key, apiId=api.id, stage="dev")
    assert api.get("/", x_api_key=key["value"]).status == 403


def test_a_deleted_key_opens_nothing(aws, api, key):
    plan(aws, key, apiId=api.id, stage="dev")
    aws("apigateway").delete_api_key(apiKey=key["id"])
    assert api.get("/", x_api_key=key["value"]).status == 403


def test_a_key_of_a_deleted_plan_opens_nothing(aws, api, key):
    made = plan(aws, key, apiId=api.id, stage="dev")
    aws("apigateway").delete_usage_plan(usagePlanId=made)
    assert api.get("/", x_api_key=key["value"]).status == 403


def test_a_key_is_not_a_token(aws, local_url, key):
    """Without a token the authorizer refuses first, with another response."""
    user, api = sign_in(aws), Api(aws, local_url)
    authorizer = {"authorizerId": api.authorizer(user.pool_arn)}
    authorizer["authorizationType"] = "COGNITO_USER_POOLS"
    api.mock("GET", "/", apiKeyRequired=True, **authorizer)
    api.deploy()
    plan(aws, key, apiId=api.id, stage="dev")
    assert api.get("/", x_api_key=key["value"]).status == 401
    assert api.get("/", Authorization=user.id).status == 403
    both = api.get("/", Authorization=user.id, x_api_key=key["value"])
    assert both.status == 200


def test_a_key_from_an_authorizer_is_not_in_the_header(aws, local_url, key):
    api = Api(aws, local_url, apiKeySource="AUTHORIZER")
    api.mock("GET", "/", apiKeyRequired=True)
    api.deploy()
    plan(aws, key, apiId=api.id, stage="dev")
    assert api.get("/", x_api_key=key["value"]).status == 403


def test_the_refusal_can_be_the_apis_own(aws, local_url):
    api = Api(aws, local_url)
    api.mock("GET", "/", apiKeyRequired=True)
    api.call("put_gateway_response", responseType="INVALID_API_KEY", statusCode="418")
    assert api.deploy().get("/").status == 418


def test_the_function_receives_the_api_key(aws, local_url, key):
    api = Api(aws, local_url)
    function = make_function(aws, make_role(aws), ECHO)
    api.route("GET", "/", proxy(function), apiKeyRequired=True)
    allow(aws, function, api)
    api.deploy()
    plan(aws, key, apiId=api.id, stage="dev")
    event = json.loads(api.get("/", x_api_key=key["value"]).body)
    identity = event["requestContext"]["identity"]
    found = identity["apiKey"], identity["apiKeyId"]
    assert found == (key["value"], key["id"])


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.mark.parametrize(
    "policy",
    [
        document(OPEN | {"Resource": "*"}, DENY),
        document(DENY),
        document(OPEN | {"Resource": "*", "Condition": {"IpAddress": {}}}),
        document(OPEN | {"Principal": {"AWS": "123456789012"}, "Resource": "*"}),
        document(OPEN | {"Resource": "execute-api:/dev/GET/*"}),
        document(OPEN | {"Resource": "*", "Effect": "allow"}),
    ],
)
def test_a_resource_policy_that_would_refuse_is_refused(aws, refusal, policy):
    """The local AWS does not enforce it and so does not accept it."""
    client = aws("apigateway")
    assert refusal(client.create_rest_api, name="t", policy=policy).status == 501
    api = client.create_rest_api(name="t")["id"]
    patch = [{"op": "replace", "path": "/policy", "value": policy}]
    refused = refusal(client.update_rest_api, restApiId=api, patchOperations=patch)
    assert refused.status == 501
    assert "resource policies" in refused.message


def test_a_resource_policy_that_allows_everyone_is_accepted(aws):
    policy = document(OPEN | {"Resource": "execute-api:/*"})
    assert aws("apigateway").create_rest_api(name="t", policy=policy)["id"]


def test_a_request_validator_is_refused(aws, local_url, refusal):
    api = Api(aws, local_url)
    validator = api.call("create_request_validator", name="v")["id"]
    key = {"resourceId": api.resource("/"), "httpMethod": "GET"}
    with_it = key | {"authorizationType": "NONE", "requestValidatorId": validator}
    assert refusal(api.call, "put_method", **with_it).status == 501
    api.route("GET", "/", MOCK)
    patch = [{"op": "replace", "path": "/requestValidatorId", "value": validator}]
    refused = refusal(api.call, "update_method", **key, patchOperations=patch)
    assert refused.status == 501


WITHOUT = {"create_domain_name", "create_rest_api", "import_rest_api"}  # an API
CANARY = {"percentTraffic": 10.0}
HTTP = {"type": "HTTP", "integrationHttpMethod": "GET", "uri": "http://a.example"}
PATCHES = {
    "update_integration": [("/connectionType", "VPC_LINK")],
    "update_rest_api": [("/endpointConfiguration/types/EDGE", "PRIVATE")],
    "update_stage": [
        ("/cacheClusterEnabled", "true"),
        ("/*/*/caching/enabled", "true"),
        ("/~1pets/GET/caching/enabled", "true"),
        ("/canarySettings/percentTraffic", "10"),
        ("/clientCertificateId", "abc123"),
    ],
}
UNSUPPORTED = [
    ("create_deployment", {"stageName": "dev", "canarySettings": CANARY}),
    ("create_stage", {"canarySettings": CANARY}),
    ("create_stage", {"cacheClusterEnabled": True, "cacheClusterSize": "0.5"}),
    ("put_integration", HTTP | {"connectionType": "VPC_LINK", "connectionId": "l"}),
    ("put_integration", HTTP | {"responseTransferMode": "STREAM"}),
    ("put_rest_api", {"body": b"{}"}),
    ("import_rest_api", {"body": b"{}"}),
    ("create_rest_api", {"endpointConfiguration": {"types": ["PRIVATE"]}}),
    (
        "create_domain_name",
        {"mutualTlsAuthentication": {"truststoreUri": "s3://bucket/key"}},
    ),
    *(
        (name, {"patchOperations": [{"op": "replace", "path": path, "value": value}]})
        for name, patches in PATCHES.items()
        for path, value in patches
    ),
]


def needed(api, operation):
    """Return the other parameters that an operation requires."""
    method = {"resourceId": api.resource("/"), "httpMethod": "GET"}
    deployment = api.call("get_deployments")["items"][0]["id"]
    return {
        "create_domain_name": {"domainName": "api.example.com"},
        "create_rest_api": {"name": "t"},
        "create_stage": {"stageName": "new", "deploymentId": deployment},
        "put_integration": method,
        "update_integration": method,
        "update_stage": {"stageName": "dev"},
    }.get(operation, {})


@pytest.mark.parametrize(("operation", "settings"), UNSUPPORTED)
def test_settings_that_are_not_enforced_are_refused(api, refusal, operation, settings):
    """AWS would refuse calls because of them, or answer differently."""
    settings = needed(api, operation) | settings
    if operation not in WITHOUT:
        settings["restApiId"] = api.id
    refused = refusal(getattr(api.client, operation), **settings)
    assert (refused.status, refused.code) == (501, "NotImplemented")


def test_a_web_acl_is_refused(aws, api, refusal):
    stage = f"arn:aws:apigateway:eu-west-1::/restapis/{api.id}/stages/dev"
    acl = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/a/b"
    call = {"WebACLArn": acl, "ResourceArn": stage}
    assert refusal(aws("wafv2").associate_web_acl, **call).status == 501


@pytest.mark.parametrize(
    ("path", "value"),
    [("/cacheClusterEnabled", "false"), ("/*/*/caching/enabled", "false")],
)
def test_a_setting_that_is_switched_off_is_accepted(api, path, value):
    patch = {"op": "replace", "path": path, "value": value}
    assert api.call("update_stage", stageName="dev", patchOperations=[patch])


def test_a_disabled_endpoint_answers_no_request(aws, local_url):
    api = Api(aws, local_url)
    api.mock("GET", "/")
    assert api.deploy().get("/").status == 200
    patch = {"op": "replace", "path": "/disableExecuteApiEndpoint", "value": "true"}
    api.call("update_rest_api", patchOperations=[patch])
    answer = api.deploy().get("/")
    assert (answer.status, answer.body) == (403, FORBIDDEN)


def test_quotas_are_accepted_with_a_warning_that_they_are_not_enforced(server, aws):
    quota = {"limit": 1, "period": "DAY"}
    aws("apigateway").create_usage_plan(name="limited", quota=quota)
    log = server.log.read_text(encoding="utf-8")
    words = "CreateUsagePlan: throttling and quotas are accepted, but not enforced"
    assert words in log
