"""API Gateway's choice among the resources of an API."""

from __future__ import annotations

import pytest

from cognito_gw.gateway_rules import Router


def router(*routes):
    """Return a router of routes such as "GET /pets"."""
    resources = {}
    for route in routes:
        verb, path = route.split(" ")
        resource = resources.setdefault(path, {"path": path, "resourceMethods": {}})
        resource["resourceMethods"][verb] = {"httpMethod": verb}
    return Router(resources.values())


API = router(
    "GET /",
    "GET /pets",
    "POST /pets",
    "GET /pets/{id}",
    "GET /pets/mine",
    "GET /pets/{id}/toys",
    "ANY /pets/{proxy+}",
    "ANY /any",
    "GET /any",
    "ANY /deep/{proxy+}",
    "GET /a.b",
)


@pytest.mark.parametrize(
    ("verb", "path", "resource", "parameters"),
    [
        ("GET", "/", "/", {}),
        ("GET", "", "/", {}),
        ("GET", "/pets", "/pets", {}),
        ("GET", "/pets/", "/pets", {}),
        ("POST", "/pets", "/pets", {}),
        ("GET", "/pets/mine", "/pets/mine", {}),
        ("GET", "/pets/7", "/pets/{id}", {"id": "7"}),
        ("GET", "/pets/7/", "/pets/{id}", {"id": "7"}),
        ("GET", "/pets/7/toys", "/pets/{id}/toys", {"id": "7"}),
        ("GET", "/pets/7/toys/3", "/pets/{proxy+}", {"proxy": "7/toys/3"}),
        ("GET", "/pets/7/food", "/pets/{proxy+}", {"proxy": "7/food"}),
        ("PUT", "/pets/7/8/", "/pets/{proxy+}", {"proxy": "7/8"}),
        ("GET", "/deep/a", "/deep/{proxy+}", {"proxy": "a"}),
        ("GET", "/a.b", "/a.b", {}),
    ],
)
def test_matches(verb, path, resource, parameters):
    match = API.match(verb, path)
    assert (match.resource["path"], match.parameters) == (resource, parameters)


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("GET", "/none"),
        ("GET", "/Pets"),
        ("DELETE", "/pets"),
        ("POST", "/"),
        ("GET", "/deep"),
        ("GET", "/deep/"),
        ("GET", "/axb"),
        ("GET", "/any/more"),
    ],
)
def test_does_not_match(verb, path):
    assert API.match(verb, path) is None


@pytest.mark.parametrize(("verb", "method"), [("GET", "GET"), ("PATCH", "ANY")])
def test_a_specific_method_takes_precedence_over_any(verb, method):
    assert API.match(verb, "/any").method == {"httpMethod": method}


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_the_resources_does_not_matter(order):
    routes = ["GET /{proxy+}", "GET /{id}", "GET /pets"]
    chosen = router(*routes[::order])
    found = [chosen.match("GET", path).resource["path"] for path in ("/pets", "/7")]
    assert found == ["/pets", "/{id}"]


def test_an_encoded_slash_does_not_divide_the_path():
    assert API.match("GET", "/pets/a%2Fb").resource["path"] == "/pets/{id}"


@pytest.mark.parametrize("path", ["/pets/a%2Bb@c", "/deep/a%2Bb/c"])
def test_variables_keep_their_encoding(path):
    """Recorded on AWS: pathParameters.proxy of .../test%2Balias@gmail.com."""
    assert "%2B" in next(iter(API.match("GET", path).parameters.values()))
