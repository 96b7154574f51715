"""What an export says about a stage."""

from __future__ import annotations

import pytest
from diagnosis.world import COGNITO, FUNCTION, IAM, OPEN, POOL, invocation_of, pool_arn

from cognito_gw.diagnosis.api import Authorizer, Method, exported

HEADER = {"type": "apiKey", "name": "Authorization", "in": "header"}
KIND, MORE = "x-amazon-apigateway-authtype", "x-amazon-apigateway-authorizer"
SCHEMES = {
    "ours": HEADER
    | {KIND: "cognito_user_pools", MORE: {"providerARNs": [pool_arn(POOL)]}},
    "sigv4": HEADER | {KIND: "awsSigv4"},
    "lambda": HEADER | {KIND: "custom", MORE: {"type": "token"}},
    "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
}
OURS = Authorizer("Authorization", frozenset([pool_arn(POOL)]))


def only(security=(), schemes=None, verb="get", path="/things", **integration):
    """Return the only method of a document."""
    operation = {"responses": {}}
    if security:
        operation["security"] = [*security]
    if integration:
        operation["x-amazon-apigateway-integration"] = integration
    document = {
        "openapi": "3.0.1",
        "paths": {path: {verb: operation, "parameters": [], "summary": "things"}},
        "components": {"securitySchemes": SCHEMES if schemes is None else schemes},
    }
    (method,) = exported(document).methods
    return method


@pytest.mark.parametrize(
    ("security", "guard", "scopes", "authorizer"),
    [
        ([], OPEN, (), None),
        ([{"ours": []}], COGNITO, (), OURS),
        ([{"ours": ["a/read", "a/write"]}], COGNITO, ("a/read", "a/write"), OURS),
        ([{"sigv4": []}], IAM, (), None),
        ([{"lambda": []}], "CUSTOM", (), None),
        ([{"api_key": []}], OPEN, (), None),
        ([{"ours": ["a"]}, {"api_key": []}], COGNITO, ("a",), OURS),
        ([{"api_key": []}, {"ours": ["a"]}], COGNITO, ("a",), OURS),
        ([{"api_key": [], "ours": ["a"]}], COGNITO, ("a",), OURS),
        ([{"api_key": []}, {"sigv4": []}], IAM, (), None),
    ],
    ids=str,
)
def test_the_callers_that_a_method_allows(security, guard, scopes, authorizer):
    """An API key next to an authorizer identifies the client and secures nothing."""
    method = only(security)
    assert method.authorization_type == guard
    assert method.scopes == scopes
    assert method.authorizer == authorizer


@pytest.mark.parametrize("schemes", [{}, {"sigv4": SCHEMES["sigv4"]}])
def test_a_missing_authorizer_still_secures_its_methods(schemes):
    """The method refers to a missing authorizer."""
    method = only([{"ours": ["a"]}], schemes)
    assert method == Method("GET", "/things", COGNITO, ("a",))
    assert method.described == "secured by an authorizer that does not exist"


def test_the_token_source_and_pools_of_an_authorizer():
    """Any header, several pools, and an expression for app clients."""
    arns = [pool_arn(POOL), pool_arn("us-east-1_Far", "210987654321")]
    more = {"providerARNs": arns, "identityValidationExpression": "web-.*"}
    scheme = HEADER | {"name": "X-Auth", KIND: "cognito_user_pools", MORE: more}
    authorizer = only([{"ours": []}], {"ours": scheme}).authorizer
    assert authorizer == Authorizer("X-Auth", frozenset(arns), "web-.*")
    assert authorizer.pool_ids == [POOL, "us-east-1_Far"]


@pytest.mark.parametrize(
    "verb", ["get", "post", "put", "delete", "patch", "head", "options"]
)
def test_methods_are_named_as_requests_name_them(verb):
    """In capital letters."""
    assert only(verb=verb).route == f"{verb.upper()} /things"


def test_any_method_answers_all_undefined_methods():
    """ANY is an extension of OpenAPI."""
    any_method = "x-amazon-apigateway-any-method"
    document = {"paths": {"/things": {any_method: {}, "get": {}}}}
    version = exported(document)
    assert [each.route for each in version.methods] == ["ANY /things", "GET /things"]
    assert version.match("GET", "/things").verb == "GET"
    assert version.match("PURGE", "/things").verb == "ANY"
    assert version.verbs("/things") == [
        "GET",
        "POST",
        "PUT",
        "PATCH",
        "DELETE",
        "HEAD",
        "OPTIONS",
    ]


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ("/things/7", "/things/{id}"),
        ("/things/new", "/things/new"),
        ("/things/7/parts/8", "/things/{id}/parts/{part}"),
        ("/files/a/b/c", "/files/{path+}"),
        ("/files", None),
        ("/things/7/parts", None),
        ("/Things/7", None),
        ("/", "/"),
    ],
)
def test_paths_have_variables(sent, path):
    """Literal paths take precedence."""
    paths = ["/", "/things/{id}", "/things/new", "/things/{id}/parts/{part}"]
    document = {"paths": {each: {"get": {}} for each in [*paths, "/files/{path+}"]}}
    found = exported(document).match("GET", sent)
    assert (found.path if found else None) == path


@pytest.mark.parametrize(
    "function", [FUNCTION, f"{FUNCTION}:live", f"{FUNCTION}:7", f"{FUNCTION}:$LATEST"]
)
def test_the_function_is_named_by_the_integration(function):
    """With its alias or version, if it has one."""
    assert only(uri=invocation_of(function), type="aws_proxy").function == function


@pytest.mark.parametrize(
    "integration",
    [
        {},
        {"type": "mock"},
        {"type": "http_proxy", "uri": "https://example.com/functions/arn/invocations"},
        {"type": "aws", "uri": "arn:aws:apigateway:eu-west-1:sqs:path/1/queue"},
        {"type": "aws_proxy", "uri": None},
    ],
    ids=str,
)
def test_other_integrations_have_no_function(integration):
    """The diagnosis cannot inspect a function."""
    assert only(**integration).function is None


def test_how_long_an_integration_may_take():
    """29 seconds by default."""
    assert only(uri="").milliseconds == 29_000
    assert only(timeoutInMillis=50).milliseconds == 50
    assert only(timeoutInMillis="120000").milliseconds == 120_000


@pytest.mark.parametrize("document", [{}, {"paths": {}}, {"components": {}}], ids=str)
def test_an_api_may_be_empty(document):
    """An empty API matches no request."""
    version = exported(document)
    assert version.methods == []
    assert version.match("GET", "/") is None
    assert version.verbs("/") == []
