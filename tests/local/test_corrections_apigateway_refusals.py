"""API Gateway refuses what AWS refuses, with AWS's messages."""

from __future__ import annotations

from functools import partial

import pytest

LAMBDA_PATH = "lambda:path/2015-03-31/functions"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:hello"
POOL = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_abcdefghi"


def create_same_resource(api):
    api.resource("pets")
    api.resource("pets")


def create_second_variable(api):
    api.resource("{id}")
    api.resource("{name}")


def put_method_twice(api):
    api.method()
    api.method()


def put_method_response_twice(api):
    api.method()
    api.on_method("put_method_response", statusCode="200")
    api.on_method("put_method_response", statusCode="200")


def create_same_authorizer(api):
    api.authorizer()
    api.authorizer()


def remove_last_user_pool(api):
    api.patch(
        "update_authorizer",
        ("remove", "/providerARNs", POOL),
        authorizerId=api.authorizer()["id"],
    )


def delete_authorizer_in_use(api):
    authorizer = api.authorizer()["id"]
    api.method(authorizationType="COGNITO_USER_POOLS", authorizerId=authorizer)
    api.call("delete_authorizer", authorizerId=authorizer)


def secure_method_without_authorizer(api):
    api.method()
    api.patch(
        "update_method",
        ("replace", "/authorizationType", "COGNITO_USER_POOLS"),
        resourceId=api.root,
        httpMethod="GET",
    )


def deploy_without_integration(api):
    api.deployable().method("POST")
    api.deployment()


def move_stage_to_absent_deployment(api):
    api.deployable().deployment(stageName="dev")
    api.patch("update_stage", ("replace", "/deploymentId", "none"), stageName="dev")


def delete_live_deployment(api):
    deployment = api.deployable().deployment(stageName="dev")
    api.call("delete_deployment", deploymentId=deployment)


def method_of(api):
    api.deployable().on_method("put_method_response", statusCode="200")
    return {"resourceId": api.root, "httpMethod": "GET"}


def integration_response_of(api):
    method = method_of(api) | {"statusCode": "200"}
    api.call("put_integration_response", **method)
    return method


def stage_of(api):
    api.deployable().deployment(stageName="dev")
    return {"stageName": "dev"}


PATCHED = {
    "update_authorizer": lambda api: {"authorizerId": api.authorizer()["id"]},
    "update_gateway_response": lambda _: {"responseType": "DEFAULT_4XX"},
    "update_integration": method_of,
    "update_integration_response": integration_response_of,
    "update_method": method_of,
    "update_method_response": lambda api: method_of(api) | {"statusCode": "200"},
    "update_resource": lambda api: {"resourceId": api.resource("pets")["id"]},
    "update_rest_api": lambda _: {},
    "update_stage": stage_of,
}
NO_PATH = "Invalid patch path "
NO_OPERATION = "Invalid patch operation specified. Must be one of: [replace]"
NO_SIZE = "Invalid minimum compression size, must be between 0 and 10485760"
NO_TIME = "Timeout should be between 50 ms and 29000 ms"
# Recorded on AWS 2024-03-05 to 2025-07-02, localstack: test_update_method_validation,
# test_update_gateway_response, test_update_resource_behaviour,
# test_update_rest_api_compression, test_update_rest_api_behaviour,
# test_create_update_stages; others are similar to these.
PATCHES = [
    ("update_authorizer", ("add", "/name", "x"), NO_OPERATION),
    ("update_authorizer", ("replace", "/colour", "x"), NO_PATH + "/colour"),
    (
        "update_authorizer",
        ("replace", "/authorizerResultTtlInSeconds", "3601"),
        "Authorizer result TTL outside allowable range.",
    ),
    ("update_gateway_response", ("add", "/statusCode", "444"), NO_PATH + "/statusCode"),
    ("update_gateway_response", ("remove", "/statusCode"), NO_PATH + "/statusCode"),
    ("update_gateway_response", ("replace", "/wrongPath", "1"), NO_PATH + "/wrongPath"),
    ("update_integration", ("replace", "/uri", "x"), "Invalid ARN specified"),
    ("update_integration", ("replace", "/uri", FUNCTION), "AWS ARN for integration"),
    ("update_integration", ("replace", "/timeoutInMillis", "49"), NO_TIME),
    ("update_integration", ("replace", "/timeoutInMillis", "long"), NO_TIME),
    ("update_integration", ("remove", "/uri"), NO_OPERATION),
    ("update_integration_response", ("replace", "/colour", "x"), NO_PATH + "/colour"),
    ("update_method", ("add", "/operationName", "x"), NO_OPERATION),
    ("update_method", ("add", "/httpMethod", "PUT"), NO_PATH + "/httpMethod"),
    (
        "update_method",
        ("replace", "/requestParameters", "a=false"),
        NO_PATH + "/requestParameters",
    ),
    (
        "update_method",
        ("add", "/requestModels/application/json", "Empty"),
        NO_PATH + "/requestModels/application/json",
    ),
    ("update_method_response", ("replace", "/colour", "x"), NO_PATH + "/colour"),
    (
        "update_resource",
        ("remove", "/pathPart"),
        NO_PATH + " '/pathPart' specified for op 'remove'. Please choose supported",
    ),
    (
        "update_resource",
        ("replace", "/invalid", "x"),
        NO_PATH + " '/invalid' specified for op 'replace'. Must be one of: [/parentId,",
    ),
    ("update_resource", ("replace", "/pathPart", "a b"), "Resource's path part only"),
    ("update_rest_api", ("replace", "name", "x"), NO_PATH + "name"),
    ("update_rest_api", ("copy", "/name", "x"), NO_OPERATION),
    ("update_rest_api", ("add", "/minimumCompressionSize", "10"), NO_OPERATION),
    ("update_rest_api", ("replace", "/minimumCompressionSize", "-1"), NO_SIZE),
    ("update_rest_api", ("replace", "/minimumCompressionSize", "test"), NO_SIZE),
    (
        "update_rest_api",
        ("add", "/binaryMediaTypes", "a/b"),
        NO_PATH + "/binaryMediaTypes",
    ),
    (
        "update_stage",
        ("replace", "/documentation_version", "1"),
        "Invalid method setting path: /documentation_version. Must be one of: [/depl",
    ),
    ("update_stage", ("replace", "/tags/a", "b"), "Invalid method setting path: /tags"),
    ("update_stage", ("replace", "/variables", "b"), "Invalid method setting path"),
]


@pytest.mark.parametrize(("operation", "patch", "message"), PATCHES)
def test_refuses_a_patch_that_aws_refuses(api, refusal, operation, patch, message):
    key = PATCHED[operation](api)
    refused = refusal(api.patch, operation, patch, **key)
    assert (refused.status, refused.code) == BAD_REQUEST
    assert refused.message.startswith(message)


@pytest.mark.parametrize("verb", ["get", "update", "delete"])
@pytest.mark.parametrize("kind", ["method_response", "integration_response"])
def test_a_response_that_does_not_exist(api, refusal, kind, verb):
    """Recorded on AWS 2024-04-15: test_integration_response_wrong_status_code."""
    key = integration_response_of(api) | {"statusCode": "404"}
    refused = refusal(api.call, f"{verb}_{kind}", **key)
    assert (refused.status, refused.code) == NOT_FOUND
    assert refused.message == "Invalid Response status code specified"


CONFLICT = (409, "ConflictException")
BAD_REQUEST = (400, "BadRequestException")
NOT_FOUND = (404, "NotFoundException")
SQS = "arn:aws:apigateway:eu-west-1:sqs:path/queue"

API = "arn:aws:apigateway:eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/r"
# Recorded on AWS 2024-06-06 and 2025-03-03, localstack: test_put_integration_validation
# and test_put_integration_aws_proxy_uri.
INTEGRATIONS = {
    "Enumeration value for HttpMethod must be non-empty": [
        {"type": "HTTP", "uri": "http://a.example", "integrationHttpMethod": None},
        {
            "type": "HTTP_PROXY",
            "uri": "http://a.example",
            "integrationHttpMethod": None,
        },
        {"type": "AWS", "integrationHttpMethod": None},
        {"integrationHttpMethod": None},
    ],
    "Invalid HTTP endpoint specified for URI": [
        {"type": "HTTP", "uri": "non-valid-http"},
        {"type": "HTTP_PROXY", "uri": "non-valid-http"},
    ],
    "Invalid ARN specified in the request": [
        {"type": "AWS", "uri": "non-valid-arn"},
        {"uri": f"{LAMBDA_PATH}/{FUNCTION}/invocations"},
        {"uri": ""},
    ],
    "Timeout should be between 50 ms and 29000 ms": [
        {"type": "MOCK", "timeoutInMillis": 49},
        {"timeoutInMillis": 29001},
    ],
    "AWS ARN for integration must contain path or action": [
        {"type": "AWS", "uri": ROLE},
        {"uri": ROLE},
        {"uri": FUNCTION},
    ],
    "Integrations of type 'AWS_PROXY' currently only supports Lambda function": [
        {"uri": f"{API}:s3:path/b/k"},
        {"uri": f"{API}:firehose:path/stream"},
        {"uri": f"{API}:{LAMBDA_PATH}/hello/invocations"},
        {"uri": f"{API}:{LAMBDA_PATH}/{FUNCTION}"},
    ],
}


def integrate(api, **changes):
    api.method()
    settings = {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": api.uri}
    given = {name: value for name, value in (settings | changes).items() if value}
    api.on_method("put_integration", **given)


def move_resource_into_itself(api):
    pets = api.resource("pets")["id"]
    cat = api.resource("cat", pets)["id"]
    api.patch("update_resource", ("replace", "/parentId", cat), resourceId=pets)


REFUSALS = [
    (
        create_same_resource,
        CONFLICT,
        "Another resource with the same parent already has this name: pets",
    ),
    (
        create_second_variable,
        BAD_REQUEST,
        "A sibling ({id}) of this resource already has a variable path part",
    ),
    (
        lambda api: api.resource("pets", parent="none"),
        NOT_FOUND,
        "Invalid Resource identifier specified",
    ),
    (put_method_twice, CONFLICT, "Method already exists for this resource"),
    (
        put_method_response_twice,
        CONFLICT,
        "Response already exists for this resource",
    ),
    (
        lambda api: api.method(authorizationType="CUSTOM", authorizerId="none"),
        BAD_REQUEST,
        "Invalid authorizer ID specified.",
    ),
    (
        secure_method_without_authorizer,
        BAD_REQUEST,
        "Invalid authorizer ID specified.",
    ),
    (
        lambda api: api.on_method("delete_method"),
        NOT_FOUND,
        "Invalid Method identifier specified",
    ),
    (
        lambda api: api.method() and api.on_method("get_integration"),
        NOT_FOUND,
        "Invalid Integration identifier specified",
    ),
    (
        lambda api: api.method() and api.integration(uri="not an arn"),
        BAD_REQUEST,
        "Invalid ARN specified in the request",
    ),
    *(
        (partial(integrate, **changes), BAD_REQUEST, message)
        for message, refused in INTEGRATIONS.items()
        for changes in refused
    ),
    (
        lambda api: api.patch(
            "update_resource",
            ("replace", "/pathPart", "x"),
            resourceId=api.root,
        ),
        BAD_REQUEST,
        "Root resource cannot be updated.",
    ),
    (move_resource_into_itself, BAD_REQUEST, "Resources cannot be cyclical."),
    (
        lambda api: api.method() and api.integration(uri=SQS),
        BAD_REQUEST,
        "Integrations of type 'AWS_PROXY' currently only supports Lambda function",
    ),
    (
        create_same_authorizer,
        CONFLICT,
        "Authorizer name must be unique. Authorizer cognito already exists",
    ),
    (
        lambda api: api.authorizer(providerARNs=[]),
        BAD_REQUEST,
        "ProviderARNs cannot be empty",
    ),
    (remove_last_user_pool, BAD_REQUEST, "ProviderARNs cannot be empty"),
    (delete_authorizer_in_use, CONFLICT, "Cannot delete authorizer"),
    (
        lambda api: api.deployment(),
        BAD_REQUEST,
        "The REST API doesn't contain any methods",
    ),
    (deploy_without_integration, BAD_REQUEST, "No integration defined for method"),
    (
        lambda api: api.call("create_stage", stageName="dev", deploymentId="none"),
        BAD_REQUEST,
        "Deployment id does not exist",
    ),
    (move_stage_to_absent_deployment, BAD_REQUEST, "Deployment id does not exist"),
    (
        delete_live_deployment,
        BAD_REQUEST,
        "Active stages pointing to this deployment must be moved or deleted",
    ),
    (
        lambda api: api.call("get_deployment", deploymentId="none"),
        NOT_FOUND,
        "Invalid Deployment identifier specified",
    ),
    (
        lambda api: api.call("delete_gateway_response", responseType="THROTTLED"),
        NOT_FOUND,
        "Gateway response type not defined on api",
    ),
    (
        lambda api: api.client.delete_rest_api(restApiId="none"),
        NOT_FOUND,
        "Invalid API identifier specified 123456789012:none",
    ),
    (
        lambda api: api.client.get_resources(restApiId="none"),
        NOT_FOUND,
        "Invalid API identifier specified 123456789012:none",
    ),
    (
        lambda api: api.client.create_rest_api(name="x", description=""),
        BAD_REQUEST,
        "Description cannot be an empty string",
    ),
    (
        lambda api: api.patch("update_rest_api", ("replace", "/colour", "red")),
        BAD_REQUEST,
        "Invalid patch path /colour",
    ),
]


@pytest.mark.parametrize(("call", "fault", "message"), REFUSALS)
def test_refuses_what_aws_refuses(api, refusal, call, fault, message):
    refused = refusal(call, api)
    assert (refused.status, refused.code) == fault
    assert refused.message.startswith(message)
