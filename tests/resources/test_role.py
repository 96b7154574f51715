"""The execution role and the log group: minimal permissions, complete deletion."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError


def _policies(aws, role):
    return aws.iam.list_role_policies(RoleName=role.name)["PolicyNames"]


def test_least_privilege(aws, find, do):
    """The role can write only its function's log."""
    role = find("execution role")
    do("apply", role)
    assert (
        aws.iam.list_attached_role_policies(RoleName=role.name)["AttachedPolicies"]
        == []
    )
    (name,) = _policies(aws, role)
    policy = aws.iam.get_role_policy(RoleName=role.name, PolicyName=name)
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "arn:aws:logs:eu-west-1:123456789012:log-group:"
        "/aws/lambda/shop-hello:*",
    }


def test_deleted_with_policies_of_others(aws, find, do):
    """Policies added by other users do not prevent the role's deletion."""
    role = find("execution role")
    do("apply", role)
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.iam.put_role_policy(
        RoleName=role.name, PolicyName="theirs", PolicyDocument=document
    )
    managed = aws.iam.create_policy(PolicyName="managed", PolicyDocument=document)
    arn = managed["Policy"]["Arn"]
    aws.iam.attach_role_policy(RoleName=role.name, PolicyArn=arn)
    do("destroy", role)
    with pytest.raises(ClientError, match="NoSuchEntity"):
        aws.iam.get_role(RoleName=role.name)
    assert aws.iam.get_policy(PolicyArn=arn), "the policy itself is not ours"


def test_name_says_the_region(find):
    """IAM is global, so the name contains the region."""
    assert find("execution role").name == "shop-hello-eu-west-1"


def test_long_name_is_shortened(built):
    """A name over IAM's limit is shortened, and stays unique."""
    functions = {key: {"name": "f" * 60 + key} for key in ("a", "b")}
    stack = built(functions=functions, api={"routes": {"GET /": {"function": "a"}}})
    names = [function.role.name for function in stack.functions.values()]
    assert [len(name) for name in names] == [64, 64]
    assert len(set(names)) == 2


def test_log_group_of_a_longer_name(aws, find, do):
    """A log group whose name only starts like ours is ignored."""
    aws.logs.create_log_group(logGroupName="/aws/lambda/shop-hello-2")
    group = find("log group")
    assert do("apply", group)[group].word == "created"
    do("destroy", find("log group"))
    left = aws.logs.describe_log_groups()["logGroups"]
    assert [each["logGroupName"] for each in left] == ["/aws/lambda/shop-hello-2"]


def test_log_group_expires(aws, find, do):
    """The function's log expires."""
    do("apply", find("log group"))
    (group,) = aws.logs.describe_log_groups()["logGroups"]
    assert group["retentionInDays"] == 30


def test_another_retention_stays(aws, find, do):
    """A later change of the retention, even to "never expire", is not drift."""
    do("apply", find("function"))
    name = find("log group").name
    aws.logs.put_retention_policy(logGroupName=name, retentionInDays=365)
    again = find("log group")
    assert do("apply", again)[again].word == "unchanged"
    aws.logs.delete_retention_policy(logGroupName=name)
    again = find("log group")
    assert do("apply", again)[again].word == "unchanged"
    tagged = find("log group", tags={"team": "theirs"})
    assert do("apply", tagged)[tagged].word == "updated"
    (group,) = aws.logs.describe_log_groups()["logGroups"]
    assert "retentionInDays" not in group


def test_retention_is_set_after_an_interruption(aws, find, do):
    """A run that ended after CreateLogGroup is continued by the next one."""
    do("apply", find("log group"))
    group = find("log group")
    aws.logs.delete_retention_policy(logGroupName=group.name)
    assert do("apply", group)[group].word == "updated"
    (found,) = aws.logs.describe_log_groups()["logGroups"]
    assert found["retentionInDays"] == 30


BOUNDARY = "arn:aws:iam::123456789012:policy/functions"
WITHIN = {"iam": {"permissions_boundary": BOUNDARY}}


def _boundary(aws, role):
    found = aws.iam.get_role(RoleName=role.name)["Role"]
    return found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")


def test_permissions_boundary(aws, find, do):
    """A role is created with the file's boundary, and keeps it."""
    role = find("execution role", **WITHIN)
    do("apply", role)
    assert aws.sent("CreateRole")["PermissionsBoundary"] == BOUNDARY
    assert _boundary(aws, role) == BOUNDARY
    again = find("execution role", **WITHIN)
    assert do("apply", again)[again].word == "unchanged"


@pytest.mark.parametrize("other", [None, "arn:aws:iam::123456789012:policy/wider"])
def test_permissions_boundary_is_restored(aws, find, do, other):
    """If it is missing or different; before any permission is granted."""
    role = find("execution role")
    do("apply", role)
    if other:
        aws.iam.put_role_permissions_boundary(
            RoleName=role.name, PermissionsBoundary=other
        )
    aws.iam.delete_role_policy(RoleName=role.name, PolicyName="write-logs")
    aws.session.calls.clear()
    limited = find("execution role", **WITHIN)
    field = "PermissionsBoundary.PermissionsBoundaryArn"
    change = do("plan", limited)[limited].changes[field]
    assert (change.before, change.after) == (other, BOUNDARY)
    assert do("apply", limited)[limited].word == "updated"
    assert _boundary(aws, role) == BOUNDARY
    assert aws.writes == ["PutRolePermissionsBoundary", "PutRolePolicy"]


def test_a_boundary_that_the_file_does_not_name_stays(aws, find, do):
    """The account's administrators may have set it."""
    do("apply", find("execution role", **WITHIN))
    role = find("execution role")
    assert do("apply", role)[role].word == "unchanged"
    assert _boundary(aws, role) == BOUNDARY
