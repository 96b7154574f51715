"""Which method answers a request, by API Gateway's rules."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognito_gw.gateway_rules import Router

GET, ANY = {"GET": {"httpMethod": "GET"}}, {"ANY": {"httpMethod": "ANY"}}
PATHS = {
    "/": GET,
    "/things": GET | ANY,
    "/things/{id}": GET,
    "/things/all": GET,
    "/things/{id}/parts": {"POST": {"httpMethod": "POST"}},
    "/files/{path+}": ANY,
    "/files/{path+}/never": {},
    "/only": {},
}
RESOURCES = [
    {"path": path, "resourceMethods": methods} for path, methods in PATHS.items()
]
ROUTER = Router(RESOURCES)

# Request, the resource and method that answer, the path's variables.
ANSWERED = [
    ("GET /", "/", "GET", {}),
    ("GET /things", "/things", "GET", {}),
    ("PUT /things", "/things", "ANY", {}),
    ("GET /things/", "/things", "GET", {}),
    ("GET /things/all", "/things/all", "GET", {}),
    ("GET /things/7", "/things/{id}", "GET", {"id": "7"}),
    ("GET /things/a%2Fb%20c", "/things/{id}", "GET", {"id": "a%2Fb%20c"}),
    ("POST /things/7/parts", "/things/{id}/parts", "POST", {"id": "7"}),
    ("GET /files/a", "/files/{path+}", "ANY", {"path": "a"}),
    ("PATCH /files/a/b%20c/d", "/files/{path+}", "ANY", {"path": "a/b%20c/d"}),
]

UNANSWERED = [
    "POST /",
    "GET /thing",
    "GET /Things",
    "PUT /things/7",
    "GET /things/7/parts",
    "GET /things/7/parts/8",
    "GET /files",
    "GET /files/",
    "GET /only",
    "POST /things//parts",
    "get /things/all",
]


@pytest.mark.parametrize(("request_line", "path", "verb", "parameters"), ANSWERED)
def test_the_nearest_method_answers(request_line, path, verb, parameters):
    """A literal part precedes {one}, which precedes {all+}; ANY comes last."""
    found = ROUTER.match(*request_line.split(" ", 1))
    assert found.resource["path"] == path
    assert found.method["httpMethod"] == verb
    assert found.parameters == parameters


@pytest.mark.parametrize("request_line", UNANSWERED)
def test_nothing_answers_what_the_api_has_not(request_line):
    """Neither another path nor another method."""
    assert ROUTER.match(*request_line.split(" ", 1)) is None


def test_a_resource_without_methods_and_an_empty_api_answer_nothing():
    """Although API Gateway omits `resourceMethods` of such a resource."""
    assert Router([{"path": "/a"}]).match("GET", "/a") is None
    assert Router([]).match("GET", "/") is None


def test_the_order_of_the_resources_does_not_matter():
    """AWS lists them in any order."""
    reverse = Router(reversed(RESOURCES))
    for line, path, _, _ in ANSWERED:
        assert reverse.match(*line.split(" ", 1)).resource["path"] == path


PART = st.text("abz{}+%2F.", max_size=4) | st.sampled_from(["{id}", "{all+}", "a"])
PATH = st.lists(PART, max_size=4).map(lambda parts: "/" + "/".join(parts))
VERB = st.sampled_from(["GET", "POST", "ANY"])


@given(st.lists(PATH, unique=True), VERB, PATH | st.text())
def test_no_request_makes_it_fail(paths, verb, sent):
    """For any API and any request."""
    resources = [{"path": path, "resourceMethods": GET} for path in paths]
    found = Router(resources).match(verb, sent)
    assert found is None or found.resource in resources


@given(st.text(min_size=1))
def test_variables_stay_as_they_were_sent(text):
    """Encoded, as API Gateway passes them to the function."""
    sent = quote(f"-{text}", safe="")
    assert ROUTER.match("GET", f"/things/{sent}/").parameters == {"id": sent}
    assert ROUTER.match("GET", f"/files/{sent}").parameters == {"path": sent}
