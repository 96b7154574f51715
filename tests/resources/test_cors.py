"""CORS: the headers for browsers, for successful and refused calls."""

from __future__ import annotations

import pytest

SENT = "Authorization,Content-Type,X-Amz-Date,X-Amz-Security-Token,X-Api-Key"
ALLOW = "method.response.header.Access-Control-Allow-"


def _api(*origins, **settings):
    return {
        "cors": {"origins": list(origins)},
        "routes": {
            "GET /orders": {"function": "hello"},
            "POST /orders": {"function": "hello"},
            "ANY /any": {"function": "hello"},
        },
        **settings,
    }


@pytest.fixture
def headers(find):
    """Return the headers of a path's preflight response."""

    def run(path, api):
        wanted = find("method", f"OPTIONS {path}", api=api).desired()
        response = wanted["methodIntegration"]["integrationResponses"]["200"]
        return {
            name.removeprefix(ALLOW): value
            for name, value in response["responseParameters"].items()
        }

    return run


def test_preflight(headers):
    """A preflight allows the path's methods and the header with the token."""
    assert headers("/orders", _api("https://a.example")) == {
        "Origin": "'https://a.example'",
        "Methods": "'GET,POST,OPTIONS'",
        "Headers": f"'{SENT}'",
    }


def test_any_method(headers):
    """A path with ANY allows every method."""
    assert headers("/any", _api("*"))["Methods"] == (
        "'DELETE,GET,HEAD,PATCH,POST,PUT,OPTIONS'"
    )


def test_other_header(headers):
    """A custom header for the token is allowed as well."""
    api = _api("*", authorizer={"identity_source": "X-Token"})
    assert headers("/orders", api)["Headers"].endswith(",X-Token'")


def test_several_origins(find):
    """With several origins, the caller's is returned if it is allowed."""
    api = _api("https://a.example", "https://b.example")
    wanted = find("method", "OPTIONS /orders", api=api).desired()
    answer = wanted["methodIntegration"]["integrationResponses"]["200"]
    template = answer["responseTemplates"]["application/json"]
    assert (
        '$origin == "https://a.example" || $origin == "https://b.example"' in template
    )
    assert "responseOverride.header.Access-Control-Allow-Origin = $origin" in template


def test_preflight_is_public(find):
    """A preflight has no token, so it needs no authorization."""
    wanted = find("method", "OPTIONS /orders", api=_api("*")).desired()
    assert wanted["authorizationType"] == "NONE"


def test_own_options(built):
    """A path with an OPTIONS route in the file has no generated preflight."""
    routes = {"OPTIONS /own": {"function": "hello"}, "GET /x": {"function": "hello"}}
    stack = built(api=_api("*", routes=routes))
    assert [method.label for method in stack.preflights] == ["OPTIONS /x"]


@pytest.mark.parametrize(
    ("origins", "expected"),
    [
        (["https://a.example"], "'https://a.example'"),
        (["*"], "'*'"),
        (["https://a.example", "https://b.example"], "method.request.header.Origin"),
    ],
)
def test_refusals(find, origins, expected):
    """Browsers can read the gateway's error responses, too."""
    wanted = find("gateway response", "DEFAULT_4XX", api=_api(*origins)).desired()
    name = "gatewayresponse.header.Access-Control-Allow-Origin"
    assert wanted == {"responseParameters": {name: expected}}


def test_turned_off(aws, built, do):
    """Without CORS in the file, its resources are deleted and the API is deployed."""
    routes = {"routes": {"GET /orders": {"function": "hello"}}}
    do("apply", *built(api=routes | {"cors": {"origins": ["*"]}}).resources)
    stack = built(api=routes)
    steps = do("apply", *stack.resources)
    assert {steps[each].word for each in stack.gateway_responses} == {"deleted"}
    resources = aws.apigateway.get_resources(restApiId=stack.api.id, embed=["methods"])
    verbs = {
        verb for item in resources["items"] for verb in item.get("resourceMethods", {})
    }
    assert verbs == {"GET"}
    assert steps[stack.stage].word == "updated"


def test_foreign_gateway_response(aws, find, do):
    """A gateway response without CORS headers is not deleted."""
    api = find("rest api")
    do("apply", api)
    aws.apigateway.put_gateway_response(
        restApiId=api.id, responseType="DEFAULT_4XX", statusCode="418"
    )
    routes = {"routes": {"GET /orders": {"function": "hello"}}}
    response = find("gateway response", "DEFAULT_4XX", api=routes)
    assert do("apply", response)[response].word == "unchanged"
    assert "DeleteGatewayResponse" not in aws.writes


def test_details(headers):
    """A preflight names the headers of the file, and always that of the token."""
    cors = {"origins": ["https://a.example"], "headers": ["X-Trace"]}
    cors |= {"credentials": True, "max_age": -1, "expose": ["X-Total"]}
    assert headers("/orders", _api(cors=cors)) == {
        "Origin": "'https://a.example'",
        "Methods": "'GET,POST,OPTIONS'",
        "Headers": "'X-Trace,Authorization'",
        "Credentials": "'true'",
        "method.response.header.Access-Control-Max-Age": "'-1'",
    }


def test_the_tokens_header_is_there_once(headers):
    """In whatever case the file spells it."""
    cors = {"origins": ["*"], "headers": ["authorization", "*"]}
    assert headers("/orders", _api(cors=cors))["Headers"] == "'authorization,*'"
