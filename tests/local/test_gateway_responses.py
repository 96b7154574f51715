"""Gateway responses: their variables, and the choice among them."""

from __future__ import annotations

import json

import pytest

from cognito_gw.gateway_rules import Match, with_stage_variables
from cognito_gw.local.apigateway import responses
from cognito_gw.local.apigateway.context import Context, Request, Served, Snapshot
from cognito_gw.local.apigateway.responses import rendered, respond

HEADERS = [("Origin", "https://a"), ("X-A", "1"), ("X-A", "2")]
MATCH = Match({"id": "r", "path": "/pets/{id}"}, {}, {"id": "7"})
ERROR = {"message": 'a "b"', "messageString": '"a \\"b\\""'}


def context(responses=None, **claims):
    request = Request(
        "GET", "/pets/7", "q=1&q=2", HEADERS, b"", "127.0.0.1", "id1", "e=", "Root=1"
    )
    api = Snapshot("123456789012", "eu-west-1", "api1", {}, [], {}, responses or {})
    return Context(request, Served(api, "dev", "d", {"colour": "red"}), MATCH, claims)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain", "plain"),
        ("$context.requestId", "id1"),
        ("${context.requestId}!", "id1!"),
        ("$context.requestId.", "id1."),
        ('"$context.stage","$context.apiId"', '"dev","api1"'),
        ("$context.identity.sourceIp", "127.0.0.1"),
        ("$context.identity.user", ""),
        ("$context.authorizer.claims.sub", "s1"),
        ("$context.authorizer.claims['custom:tier']", "gold"),
        ("$context.authorizer.claims", '{"sub": "s1", "custom:tier": "gold"}'),
        ("$context.error.message", 'a "b"'),
        ("$context.error.messageString", r'"a \"b\""'),
        ("$context.none", ""),
        ("$context.stage.deeper", ""),
        ("$stageVariables.colour $stageVariables.none!", "red !"),
        ("${stageVariables.colour}-${stageVariables.none}", "red-"),
        ("$method.request.header.Origin", "https://a"),
        ("$method.request.header.X-A", "2"),
        ("$method.request.querystring.q", "2"),
        ("$method.request.path.id", "7"),
        ("$method.request.path.none", ""),
        ("$method.request.body.a", ""),
        ("$context", "$context"),
        ("$5, ${context.stage and $money", "$5, ${context.stage and $money"),
        ("${context.stage", "${context.stage"),
    ],
)
def test_a_template_is_filled_in(template, expected):
    made = context(**{"sub": "s1", "custom:tier": "gold"})
    assert rendered(template, made, ERROR) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a/${stageVariables.pool}/b", "a/p1/b"),
        ("${stageVariables.none}", ""),
        ("$stageVariables.pool", "$stageVariables.pool"),
        ("${stageVariables.pool", "${stageVariables.pool"),
        ("${context.stage}", "${context.stage}"),
    ],
)
def test_stage_variables_stand_in_arns(text, expected):
    assert with_stage_variables(text, {"pool": "p1"}) == expected


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        (responses.UNAUTHORIZED, 401, b'{"message":"Unauthorized"}'),
        (responses.NO_ROUTE, 403, b'{"message":"Missing Authentication Token"}'),
        (responses.FORBIDDEN, 403, b'{"message":"Forbidden"}'),
        (responses.AUTHORIZER_ERROR, 500, b'{"message":null}'),
        (responses.CONFIGURATION_ERROR, 500, b'{"message": "Internal server error"}'),
        (responses.BAD_GATEWAY, 502, b'{"message": "Internal server error"}'),
        (responses.TIMED_OUT, 504, b'{"message": "Endpoint request timed out"}'),
        (responses.EVENT_TOO_LONG, 413, b'{"message": "Request Too Long"}'),
    ],
)
def test_the_messages_of_aws(kind, status, body):
    response = respond(kind, context())
    assert (response.status, response.body) == (status, body)
    assert ("x-amzn-ErrorType", kind.error_type) in response.headers


def custom(name, **settings):
    return {name: {"responseType": name, "defaultResponse": False} | settings}


def test_a_default_in_the_list_is_not_a_custom_response():
    listed = custom("UNAUTHORIZED", statusCode="418", defaultResponse=True)
    assert respond(responses.UNAUTHORIZED, context(listed)).status == 401


def test_a_custom_type_needs_no_status():
    own = custom("UNAUTHORIZED") | custom("DEFAULT_4XX", statusCode="404")
    assert respond(responses.UNAUTHORIZED, context(own)).status == 401


@pytest.mark.parametrize(
    ("kind", "status"), [(responses.UNAUTHORIZED, 404), (responses.BAD_GATEWAY, 502)]
)
def test_a_default_applies_to_its_class_only(kind, status):
    default = custom("DEFAULT_4XX", statusCode="404")
    assert respond(kind, context(default)).status == status


def test_a_customized_error_without_a_message_is_null():
    template = '{"text": $context.error.messageString}'
    own = custom("DEFAULT_5XX", responseTemplates={"application/json": template})
    response = respond(responses.AUTHORIZER_ERROR, context(own))
    assert json.loads(response.body) == {"text": None}


def test_a_custom_header_replaces_the_default_one():
    parameters = {"gatewayresponse.header.content-type": "'text/html'"}
    own = custom("UNAUTHORIZED", responseParameters=parameters)
    headers = respond(responses.UNAUTHORIZED, context(own)).headers
    named = [value for name, value in headers if name.lower() == "content-type"]
    assert named == ["text/html"]
