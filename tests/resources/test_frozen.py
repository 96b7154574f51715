"""Deployed APIs: what AWS adds or reorders does not count as a change."""

from __future__ import annotations

from copy import deepcopy

import pytest

from cognito_gw.resources.deployment import fingerprint, frozen

API = {"id": "a1", "name": "shop", "binaryMediaTypes": ["image/png", "a/b"]}
# recorded/apigw_method_options_2026.json and apigw_put_integration_validation.json,
# in the shape of GetResources.
METHOD = {
    "httpMethod": "GET",
    "authorizationType": "COGNITO_USER_POOLS",
    "authorizerId": "z1",
    "authorizationScopes": ["orders/read", "orders/write"],
    "apiKeyRequired": False,
    "methodResponses": {
        "200": {"statusCode": "200", "responseModels": {"application/json": "Empty"}}
    },
    "methodIntegration": {
        "type": "AWS_PROXY",
        "httpMethod": "POST",
        "uri": "arn:aws:apigateway:eu-west-1:lambda:path/…",
        "connectionType": "INTERNET",
        "passthroughBehavior": "WHEN_NO_MATCH",
        "timeoutInMillis": 29000,
        "cacheNamespace": "r1",
        "cacheKeyParameters": [],
        "responseTransferMode": "BUFFERED",
        "integrationResponses": {"200": {"statusCode": "200"}},
    },
}
RESOURCE = {"id": "r1", "path": "/orders", "resourceMethods": {"GET": METHOD}}
AUTHORIZER = {
    "id": "z1",
    "name": "cognito",
    "type": "COGNITO_USER_POOLS",
    "providerARNs": ["arn:2", "arn:1"],
    "authType": "cognito_user_pools",
    "identitySource": "method.request.header.Authorization",
}
RESPONSE = {
    "responseType": "DEFAULT_4XX",
    "responseParameters": {"gatewayresponse.header.X": "'1'"},
    "defaultResponse": False,
}
WORLD = [API, [RESOURCE], [AUTHORIZER], [RESPONSE]]


def _fingerprint(world):
    return fingerprint(frozen(*world))


def _things(value):
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value:
        if isinstance(each, dict | list):
            yield from _things(each)


def _new_fields(world):
    for each in list(_things(world)):
        if all(key.isalpha() and key != "GET" for key in each):  # they name fields
            each["aFieldOf2031"] = {"value": ["x"]}


def _reordered(world):
    for each in _things(world):
        for value in each.values():
            if isinstance(value, list):
                value.reverse()


def _defaults_unsaid(world):
    integration = world[1][0]["resourceMethods"]["GET"]["methodIntegration"]
    for key in (
        "connectionType",
        "passthroughBehavior",
        "timeoutInMillis",
        "responseTransferMode",
        "cacheKeyParameters",
        "cacheNamespace",
    ):
        del integration[key]
    del world[1][0]["resourceMethods"]["GET"]["apiKeyRequired"]


def _defaults_said(world):
    world[0] |= {"apiKeySource": "HEADER", "disableExecuteApiEndpoint": False}
    world[2][0]["authorizerResultTtlInSeconds"] = 300


@pytest.mark.parametrize(
    "amend", [_new_fields, _reordered, _defaults_unsaid, _defaults_said]
)
def test_no_change(amend):
    """`up` does not deploy again for any of these."""
    world = deepcopy(WORLD)
    amend(world)
    assert world != WORLD
    assert _fingerprint(world) == _fingerprint(WORLD)


def _set(place, **fields):
    def amend(world):
        found = world
        for key in place:
            found = found[key]
        found |= fields

    return amend


METHOD_PLACE = (1, 0, "resourceMethods", "GET")
INTEGRATION = (*METHOD_PLACE, "methodIntegration")


@pytest.mark.parametrize(
    "amend",
    [
        _set((0,), binaryMediaTypes=["a/b"]),
        _set((0,), disableExecuteApiEndpoint=True),
        _set((0,), policy="{}"),
        _set((1, 0), path="/other"),
        _set((1, 0, "resourceMethods"), PUT=METHOD),
        _set(METHOD_PLACE, authorizationType="NONE"),
        _set(METHOD_PLACE, authorizationScopes=["orders/read"]),
        _set(METHOD_PLACE, apiKeyRequired=True),
        _set(METHOD_PLACE, requestValidatorId="v1"),
        _set(METHOD_PLACE, methodResponses={}),
        _set(INTEGRATION, uri="arn:other"),
        _set(INTEGRATION, timeoutInMillis=1000),
        _set(INTEGRATION, responseTransferMode="STREAM"),
        _set(
            INTEGRATION,
            integrationResponses={"200": {"responseTemplates": {"a/b": "x"}}},
        ),
        _set((2, 0), providerARNs=["arn:1"]),
        _set((2, 0), identityValidationExpression=".*"),
        _set((2, 0), authorizerResultTtlInSeconds=0),
        _set((3, 0), statusCode="420"),
    ],
)
def test_a_change(amend):
    """Each of these changes the API's behavior and is deployed."""
    world = deepcopy(WORLD)
    amend(world)
    assert _fingerprint(world) != _fingerprint(WORLD)
