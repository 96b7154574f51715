"""An answer that is lost costs nothing: AWS did it, and we look again."""

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
    """Return what brings the small stack up: the errors, and what was written."""

    def run(verb="apply"):
        aws.session.calls.clear()
        steps = do(verb, *built(**SMALL).resources)
        return [step.error for step in steps.values() if step.error], set(aws.writes)

    return run


@pytest.mark.parametrize("operation", UP)
def test_up_goes_on(aws, up, operation):
    """An up that lost an answer looks again, and finishes, with nothing twice."""
    aws.session.lost = operation
    errors, _ = up()
    assert errors == []
    assert any("AWS did not answer: looking again" in each for each in aws.told)
    assert up() == ([], set())
    (api,) = aws.apigateway.get_rest_apis()["items"]
    assert len(aws.apigateway.get_deployments(restApiId=api["id"])["items"]) == 1
    assert len(aws.cognito.list_user_pools(MaxResults=60)["UserPools"]) == 1


@pytest.mark.parametrize("operation", DOWN)
def test_down_goes_on(aws, up, operation):
    """A down that lost an answer looks again, and finishes."""
    up()
    aws.session.lost = operation
    errors, _ = up("destroy")
    assert errors == []
    assert up("destroy") == ([], set())
    assert aws.iam.list_roles()["Roles"] == []
    assert aws.functions.list_functions()["Functions"] == []
    assert aws.apigateway.get_rest_apis()["items"] == []
    assert aws.cognito.list_user_pools(MaxResults=60)["UserPools"] == []
    assert aws.logs.describe_log_groups()["logGroups"] == []


def test_every_write_is_lost_once(up):
    """No call that up and down make is left out above."""
    assert up()[1] == set(UP)
    assert up("destroy")[1] == set(DOWN)
