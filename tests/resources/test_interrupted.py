"""A lost response does no harm: AWS carried out the call, and cgw reads again."""

from __future__ import annotations

import pytest
from rivals import SMALL

UP = (
    "AddPermission",
    "AdminAddUserToGroup",
    "AdminCreateUser",
    "AdminSetUserPassword",
    "CreateAuthorizer",
    "CreateDeployment",
    "CreateFunction",
    "CreateGroup",
    "CreateLogGroup",
    "CreateResource",
    "CreateResourceServer",
    "CreateRestApi",
    "CreateRole",
    "CreateStage",
    "CreateUserPool",
    "CreateUserPoolClient",
    "CreateUserPoolDomain",
    "PutGatewayResponse",
    "PutIntegration",
    "PutIntegrationResponse",
    "PutMethod",
    "PutMethodResponse",
    "PutRetentionPolicy",
    "PutRolePolicy",
    "SetUserPoolMfaConfig",
)
DOWN = (
    "DeleteFunction",
    "DeleteLogGroup",
    "DeleteRestApi",
    "DeleteRole",
    "DeleteRolePolicy",
    "DeleteUserPool",
    "DeleteUserPoolDomain",
    "RemovePermission",
)


@pytest.fixture
def up(aws, built, do):
    """Return a function that creates the small stack: its errors and its writes."""

    def run(verb="apply"):
        aws.session.calls.clear()
        steps = do(verb, *built(**SMALL).resources)
        return [step.error for step in steps.values() if step.error], set(aws.writes)

    return run


def test_up_goes_on(aws, up):
    """An `up` that loses each response once reads again, and repeats nothing."""
    aws.session.lost = set(UP)
    errors, _ = up()
    assert errors == []
    assert aws.session.lost == set(), "each operation lost a response"
    assert sum("AWS did not answer: trying again" in note for note in aws.told) == len(
        UP
    )
    assert up() == ([], set())
    (api,) = aws.apigateway.get_rest_apis()["items"]
    assert len(aws.apigateway.get_deployments(restApiId=api["id"])["items"]) == 1
    assert len(aws.cognito.list_user_pools(MaxResults=60)["UserPools"]) == 1


def test_down_goes_on(aws, up):
    """A `down` that loses each response once reads again, and finishes."""
    up()
    aws.session.lost = set(DOWN)
    errors, _ = up("destroy")
    assert errors == []
    assert aws.session.lost == set(), "each operation lost a response"
    assert up("destroy") == ([], set())
    assert aws.iam.list_roles()["Roles"] == []
    assert aws.functions.list_functions()["Functions"] == []
    assert aws.apigateway.get_rest_apis()["items"] == []
    assert aws.cognito.list_user_pools(MaxResults=60)["UserPools"] == []
    assert aws.logs.describe_log_groups()["logGroups"] == []


def test_every_write_is_lost_once(up):
    """The lists above contain every write of `up` and `down`."""
    assert up()[1] == set(UP)
    assert up("destroy")[1] == set(DOWN)
