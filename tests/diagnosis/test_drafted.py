"""The draft of an API, and which tokens the draft and the stage accept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from diagnosis.call import HEALTHY, Call, access, claims, codes, unsigned
from diagnosis.world import (
    COGNITO,
    FUNCTION,
    IAM,
    OPEN,
    OTHER,
    POOL,
    exported,
    invocation_of,
    pool_arn,
)
from fakes import refusal

from cognito_gw.diagnosis import api
from cognito_gw.diagnosis.api import Authorizer, Method, drafted

VARIED = replace(
    HEALTHY,
    routes={
        "GET /": OPEN,
        "GET /things": (),
        "POST /things": ("a/read", "a/write"),
        "DELETE /things/{id}": IAM,
        "ANY /files/{path+}": (),
    },
    header="X-Auth",
    pattern="web-.*",
    arns=(pool_arn(POOL), pool_arn(OTHER)),
)
OURS = Authorizer("X-Auth", frozenset(VARIED.arns), "web-.*")
VARIABLE = "${stageVariables.pool}"
STAGE = {"stageName": "dev", "variables": {"pool": POOL, "function": "hello"}}


def test_the_draft_and_the_export_agree():
    """For the same API."""
    export = api.exported(VARIED.document())
    draft = drafted(VARIED.resources(), VARIED.authorizers())
    assert draft.methods == export.methods
    assert draft.match("GET", "/things") == Method(
        "GET", "/things", COGNITO, (), OURS, FUNCTION
    )
    assert draft.match("PUT", "/files/a/b").route == "ANY /files/{path+}"


def test_a_method_whose_authorizer_was_deleted_has_none():
    """It is still not public."""
    draft = drafted(HEALTHY.resources(), [])
    method = draft.match("GET", "/transactions")
    assert method.authorization_type == COGNITO
    assert method.authorizer is None
    assert draft.match("GET", "/health").authorization_type == OPEN


@pytest.mark.parametrize(
    "resource",
    [
        {"path": "/"},
        {"path": "/", "resourceMethods": None},
        {"path": "/", "resourceMethods": {}},
    ],
    ids=str,
)
def test_a_resource_may_have_no_methods(resource):
    """The root often has none."""
    assert drafted([resource], []).methods == []


def test_a_method_may_lack_settings():
    """Missing settings have AWS's defaults."""
    draft = drafted([{"path": "/", "resourceMethods": {"GET": {}}}], [])
    assert draft.methods == [Method("GET", "/", OPEN)]


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({}, ["GET /", "GET /things", "PUT /files/a"]),
        ({"iss": "https://elsewhere.example.com"}, ["GET /"]),
        ({"aud": "machine"}, ["GET /"]),
        (access(scope="a/write"), ["GET /"]),
        (access(scope="a/write", aud="web-1"), ["GET /", "POST /things"]),
        (access(scope="a", aud="web-1"), ["GET /"]),
    ],
    ids=str,
)
def test_which_methods_take_a_token(changes, taken):
    """By its pool, app client, kind and scopes."""
    version = api.exported(VARIED.document())
    token = unsigned(claims(**changes))
    sent = ["GET /", "GET /things", "POST /things", "DELETE /things/7", "PUT /files/a"]
    assert [each for each in sent if version.match(*each.split()).takes(token)] == taken


def test_the_allowed_callers_are_described():
    """With everything in which two versions may differ."""
    told = {
        each.route: each.described for each in api.exported(VARIED.document()).methods
    }
    assert told == {
        "GET /": "open to everyone",
        "GET /things": f"Cognito: header X-Auth, pool {OTHER}, {POOL}, no scopes, "
        "app clients web-.*",
        "POST /things": f"Cognito: header X-Auth, pool {OTHER}, {POOL}, "
        "scopes a/read a/write, app clients web-.*",
        "DELETE /things/{id}": "secured by AWS_IAM",
        "ANY /files/{path+}": f"Cognito: header X-Auth, pool {OTHER}, {POOL}, "
        "no scopes, app clients web-.*",
    }


def varied(**more):
    """Return a call of an API whose pool and function come from stage variables."""
    live = replace(
        HEALTHY,
        arns=(pool_arn(VARIABLE),),
        uri=invocation_of(FUNCTION.replace("hello", "${stageVariables.function}")),
    )
    stages = {"get_stages": {"item": [STAGE]}}
    return Call(live=live, answers=stages | more)


def test_stage_variables_are_filled_in():
    """In the pool's ARN and in the function's."""
    method = varied().case().live
    assert method.authorizer.pool_ids == [POOL]
    assert method.function == FUNCTION
    assert codes(varied().diagnosed()) == []


def test_a_variable_that_the_stage_does_not_have_stays_as_it_is():
    """The unresolved variable shows that it is missing."""
    bare = varied(get_stages={"item": [{"stageName": "dev"}]})
    assert bare.case().live.authorizer.pool_ids == [VARIABLE]
    (first, *_) = bare.diagnosed().causes
    assert VARIABLE in first.evidence.values()


def test_stages_are_not_read_for_an_export_without_variables():
    """Reading stages needs a permission that the caller may lack."""
    call = Call(answers={"get_export": lambda **_: exported(HEALTHY.document())})
    world = call.world()
    assert call.case(world).live
    assert world.names == {"get_export"}


def test_the_draft_in_place_of_the_export_has_the_stages_variables_too():
    """Otherwise a valid token would seem to come from another pool."""
    denied = varied(get_export=refusal("AccessDeniedException"))
    method = denied.case().method
    assert method.authorizer.pool_ids == [POOL]
    assert method.function == FUNCTION
    assert codes(denied.diagnosed()) == []
