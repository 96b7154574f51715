"""The local API Gateway answers as AWS is recorded or documented to answer."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from local.conformance.cases import cases, filled, fits, have_headers, read
from local.conformance.rest_api import (
    Api,
    allow,
    make_function,
    make_role,
    proxy,
    sign_in,
)

FOLDER = Path(__file__).with_name("conformance") / "gateway"
FILES = [file for file in sorted(FOLDER.glob("*.yaml")) if file.stem != "apis"]
OPTIONAL = {"api", "filler", "body", "json", "headers"}
CASES = [case for file in FILES for case in cases(f"gateway/{file.name}", OPTIONAL)]
POOL_ARN = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/"


@pytest.fixture(scope="session")
def words(aws):
    """The values that cases cannot know: IDs and tokens."""
    user, role = sign_in(aws), make_role(aws)
    source = FOLDER.joinpath("function.py").read_text("utf-8")
    foreign = aws("cognito-idp").create_user_pool(PoolName="t")["UserPool"]["Id"]
    header, payload, _ = user.id.split(".")
    return {
        "function_name": _name(make_function(aws, role, source)),
        "unpermitted_name": _name(make_function(aws, role, source)),
        "pool_id": user.pool_arn.rpartition("/")[2],
        "foreign_pool_id": foreign,
        "client_id": user.client_id,
        "id_token": user.id,
        "access_token": user.access,
        "refresh_token": user.refresh,
        "unsigned_token": f"{header}.{payload}.",
    }


def _name(arn):
    return arn.rpartition(":")[2]


@pytest.fixture(scope="session")
def apis(aws, local_url, words):
    """The APIs of apis.yaml, deployed."""
    described = filled(read("gateway/apis.yaml"), words)
    return {
        name: deployed(Api(aws, local_url, **api.get("settings", {})), api, words, aws)
        for name, api in described.items()
    }


def deployed(api, described, words, aws):
    authorizers = {
        name: make_authorizer(api, words, **settings)
        for name, settings in described.get("authorizers", {}).items()
    }
    for route, settings in described["routes"].items():
        put_route(api, *route.split(" "), words, authorizers, **settings)
    for kind, response in described.get("gateway_responses", {}).items():
        api.call("put_gateway_response", responseType=kind, **response)
    allow(aws, words["function_name"], api)
    api.deploy(variables=described.get("variables", {}))
    put_route(api, "GET", "/later", words, authorizers)
    return api


def make_authorizer(api, words, pool="", **settings):
    return api.authorizer(POOL_ARN + (pool or words["pool_id"]), **settings)


def put_route(  # noqa: PLR0913 - a route's settings, as apis.yaml has them
    api,
    verb,
    path,
    words,
    authorizers,
    *,
    authorizer="",
    scopes=(),
    function="",
    integration=None,
    mock=None,
    **method,
):
    if authorizer:
        method["authorizationType"] = "COGNITO_USER_POOLS"
        method["authorizerId"] = authorizers[authorizer]
        method["authorizationScopes"] = list(scopes)
    if mock:
        api.mock(verb, path, headers=mock.items(), **method)
        return
    name = function or words["function_name"]
    arn = f"arn:aws:lambda:eu-west-1:123456789012:function:{name}"
    api.route(verb, path, proxy(arn, **integration or {}), **method)


def sent(api, request, words):
    """Send a case's request."""
    fields = []
    if "token" in request:
        fields.append(("Authorization", words[f"{request['token']}_token"]))
    for name, values in request.get("headers", {}).items():
        listed = values if isinstance(values, list) else [values]
        fields += [(name, value) for value in listed]
    if "answer" in request:
        fields.append(("X-Answer", json.dumps(request["answer"])))
    if "answer_text" in request:
        fields.append(("X-Answer", request["answer_text"]))
    body = request.get("body")
    target = f"/{request.get('stage', 'dev')}{request['path']}"
    octets = None if body is None else body.encode()
    return api.send(request.get("method", "GET"), target, fields, octets)


@pytest.mark.parametrize("case", CASES)
def test_answers_as_aws(case, apis, words):
    api = apis[case.get("api", "main")]
    filler = "x" * case.get("filler", 0)
    case = filled(case, words | {"api_id": api.id, "filler": filler})
    answer = sent(api, case["request"], words)
    assert answer.status == case["status"], answer.body[:500]
    if "body" in case:
        assert fits(answer.body.decode(), case["body"]), answer.body[:500]
    if "json" in case:
        assert fits(answer.json, case["json"]), answer.json
    assert have_headers(answer.headers, case.get("headers", {})), answer.headers
    assert uuid.UUID(answer.headers["x-amzn-RequestId"])
