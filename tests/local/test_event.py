"""The event and the response of a function in a Lambda proxy integration."""

from __future__ import annotations

import base64
import json
import re
import uuid

import pytest

from cognito_gw.gateway_rules import Match
from cognito_gw.local.apigateway.context import (
    Context,
    Request,
    Served,
    Snapshot,
    claims_as_text,
)
from cognito_gw.local.apigateway.integrations import (
    Malformed,
    from_payload,
    proxy_event,
)

REQUEST_ID = str(uuid.uuid4())
RESOURCE = {"id": "abc123", "path": "/pets/{id}"}


def incoming(**changes):
    fields = {
        "method": "GET",
        "path": "/pets/7",
        "query": "",
        "headers": [("Host", "localhost"), ("User-Agent", "curl")],
        "body": b"",
        "source_ip": "127.0.0.1",
        "request_id": REQUEST_ID,
        "extended_request_id": "AAAA=",
        "trace_id": "Root=1-5759e988-bd862e3fe1be46a994272793",
    }
    return Request(**fields | changes)


def event(claims=None, variables=None, binary=(), parameters=None, **request):
    rest_api = {"binaryMediaTypes": list(binary)}
    snapshot = Snapshot("123456789012", "eu-west-1", "api1", rest_api, [], {}, {})
    served = Served(snapshot, "dev", "dep1", variables or {})
    match = Match(RESOURCE, {}, {"id": "7"} if parameters is None else parameters)
    return proxy_event(Context(incoming(**request), served, match, claims))


def test_has_the_keys_of_aws_and_no_version():
    assert list(event()) == [
        "resource",
        "path",
        "httpMethod",
        "headers",
        "multiValueHeaders",
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "pathParameters",
        "stageVariables",
        "requestContext",
        "body",
        "isBase64Encoded",
    ]


def test_absent_values_are_null():
    made = event(parameters={})
    absent = {name for name, value in made.items() if value is None}
    assert absent == {
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "pathParameters",
        "stageVariables",
        "body",
    }
    assert made["isBase64Encoded"] is False


def test_the_path_has_the_stage_in_the_context_only():
    made = event()
    assert (made["path"], made["resource"]) == ("/pets/7", "/pets/{id}")
    assert made["requestContext"]["path"] == "/dev/pets/7"


def test_the_path_keeps_its_slash_and_its_encoding():
    assert event(path="/pets/a%2Bb/")["path"] == "/pets/a%2Bb/"


def test_the_context_describes_the_request():
    context = event()["requestContext"]
    assert re.fullmatch(
        r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000", context["requestTime"]
    )
    assert isinstance(context["requestTimeEpoch"], int)
    told = {k: v for k, v in context.items() if not k.startswith("requestTime")}
    identity = told.pop("identity")
    assert told == {
        "accountId": "123456789012",
        "apiId": "api1",
        "deploymentId": "dep1",
        "domainName": "api1.execute-api.eu-west-1.amazonaws.com",
        "domainPrefix": "api1",
        "extendedRequestId": "AAAA=",
        "httpMethod": "GET",
        "path": "/dev/pets/7",
        "protocol": "HTTP/1.1",
        "requestId": REQUEST_ID,
        "resourceId": "abc123",
        "resourcePath": "/pets/{id}",
        "stage": "dev",
    }
    known = {name: value for name, value in identity.items() if value is not None}
    assert known == {"sourceIp": "127.0.0.1", "userAgent": "curl"}
    assert len(identity) == 12


def test_headers_keep_their_case_and_the_last_value_wins():
    made = event(headers=[("tEsT", "1"), ("tEsT", "2"), ("Accept", "*/*")])
    assert made["headers"].items() >= {"tEsT": "2", "Accept": "*/*"}.items()
    assert made["multiValueHeaders"]["tEsT"] == ["1", "2"]


def test_headers_name_the_forwarder():
    assert event()["headers"].keys() >= {
        "X-Amzn-Trace-Id",
        "X-Forwarded-For",
        "X-Forwarded-Port",
        "X-Forwarded-Proto",
    }


@pytest.mark.parametrize(
    "name",
    ["Connection", "Content-Length", "Expect", "TE", "Transfer-Encoding", "Upgrade"],
)
def test_headers_of_the_connection_are_not_forwarded(name):
    assert name not in event(headers=[(name, "x")])["headers"]


@pytest.mark.parametrize(
    ("query", "last", "every"),
    [
        ("a=1", {"a": "1"}, {"a": ["1"]}),
        ("a=1&a=2", {"a": "2"}, {"a": ["1", "2"]}),
        ("a=x%2By&b=x+y", {"a": "x+y", "b": "x y"}, {"a": ["x+y"], "b": ["x y"]}),
        ("a", {"a": ""}, {"a": [""]}),
        ("a=", {"a": ""}, {"a": [""]}),
        ("a=https://b/?c", {"a": "https://b/?c"}, {"a": ["https://b/?c"]}),
        ("", None, None),
    ],
)
def test_the_query_is_decoded(query, last, every):
    made = event(query=query)
    assert made["queryStringParameters"] == last
    assert made["multiValueQueryStringParameters"] == every


@pytest.mark.parametrize(
    ("binary", "media", "is_base64"),
    [
        ([], "image/png", False),
        (["image/png"], "image/png", True),
        (["image/*"], "image/png", True),
        (["*/*"], "text/plain", True),
        (["image/png"], "image/png; q=1", True),
        (["image/png"], "text/plain", False),
    ],
)
def test_the_body_is_base64_where_the_api_takes_it_for_bytes(binary, media, is_base64):
    made = event(binary=binary, body=b"\x89PNG", headers=[("content-type", media)])
    assert made["isBase64Encoded"] is is_base64
    if is_base64:
        assert base64.b64decode(made["body"]) == b"\x89PNG"


def test_an_event_of_any_octets_is_json():
    octets = b"\xff\xfe"
    text = octets.decode("utf-8", "surrogateescape")
    assert json.loads(json.dumps(event(body=octets, headers=[("X", text)])))


@pytest.mark.parametrize(
    ("claim", "value", "spelled"),
    [
        ("exp", 1544116103, "Thu Dec 06 17:08:23 UTC 2018"),
        ("iat", 1701883372, "Wed Dec 06 17:22:52 UTC 2023"),
        ("auth_time", 1544112503, "1544112503"),
        ("email_verified", True, "true"),
        ("email_verified", False, "false"),
        ("version", 2, "2"),
        ("cognito:groups", ["admin", "staging-manager"], "admin,staging-manager"),
        ("cognito:groups", ["admin"], "admin"),
        ("custom:tier", "3", "3"),
    ],
)
def test_claims_are_text(claim, value, spelled):
    assert claims_as_text({claim: value}) == {claim: spelled}


def test_claims_are_in_the_context_if_there_is_an_authorizer():
    assert event({"sub": "s"})["requestContext"]["authorizer"] == {
        "claims": {"sub": "s"}
    }
    assert "authorizer" not in event()["requestContext"]


def answered(answer, *, is_binary_api=False):
    return from_payload(json.dumps(answer).encode(), is_binary_api=is_binary_api)


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        ({}, 200, b""),
        ({"statusCode": 200}, 200, b""),
        ({"statusCode": "201"}, 201, b""),
        ({"statusCode": 404, "body": "no"}, 404, b"no"),
        ({"statusCode": 200, "body": None}, 200, b""),
        ({"statusCode": 200, "headers": None, "body": "x"}, 200, b"x"),
        ({"headers": {"a": "b"}}, 200, b""),
        ({"statusCode": 200, "body": "é"}, 200, "é".encode()),
        ({"statusCode": 200, "body": "eA==", "isBase64Encoded": True}, 200, b"eA=="),
    ],
)
def test_takes(answer, status, body):
    response = answered(answer)
    assert (response.status, response.body) == (status, body)


def test_decodes_base64_where_the_caller_accepts_bytes():
    answer = {"statusCode": 200, "body": "eA==", "isBase64Encoded": True}
    assert answered(answer, is_binary_api=True).body == b"x"


@pytest.mark.parametrize(
    "payload",
    [
        "not json",
        '"text"',
        "null",
        "[]",
        "3",
        '{"statusCode": 200, "body": {"a": 1}}',
        '{"statusCode": 200, "body": 3}',
        '{"statusCode": "ok"}',
        '{"statusCode": true}',
        '{"statusCode": 199}',  # interim: a client would wait for another response
        '{"statusCode": 2000}',
        '{"statusCode": -1}',
        '{"statusCode": 200, "headers": ["a"]}',
        '{"statusCode": 200, "multiValueHeaders": {"a": "b"}}',
        '{"statusCode": 200, "cookies": []}',
        '{"statusCode": 200, "headers": {"a": "b\\r\\nc: d"}}',
        '{"statusCode": 200, "headers": {"a\\r\\nb": "c"}}',
        '{"statusCode": 200, "body": "\\ud800"}',
    ],
)
def test_refuses_a_malformed_response(payload):
    with pytest.raises(Malformed):
        from_payload(payload.encode(), is_binary_api=False)


@pytest.mark.parametrize(
    ("headers", "multi", "expected"),
    [
        ({}, {}, [("Content-Type", "application/json")]),
        ({"content-type": "text/plain"}, {}, [("content-type", "text/plain")]),
        ({"X": True}, {}, [("X", "true"), ("Content-Type", "application/json")]),
        ({"X": 3}, {}, [("X", "3"), ("Content-Type", "application/json")]),
        (
            {},
            {"Set-Cookie": ["a", "b"], "Content-Type": ["text/html"]},
            [("Set-Cookie", "a"), ("Set-Cookie", "b"), ("Content-Type", "text/html")],
        ),
    ],
)
def test_headers(headers, multi, expected):
    answer = {"statusCode": 200, "headers": headers, "multiValueHeaders": multi}
    assert answered(answer).headers == expected


def test_a_header_in_both_mappings_is_spelled_as_in_the_lists():
    """Recorded on AWS: `tesT-Multi: value-multi, value-solo`."""
    answer = {
        "statusCode": 200,
        "headers": {"test-multi": "value-solo"},
        "multiValueHeaders": {"tesT-Multi": ["value-multi"]},
    }
    assert answered(answer).headers[:2] == [
        ("tesT-Multi", "value-multi"),
        ("tesT-Multi", "value-solo"),
    ]
