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


TABLE = "arn:{partition}:dynamodb:{region}:{account}:table/orders"
READ = {"allow": ["dynamodb:GetItem", "dynamodb:Query"], "on": TABLE}
WRITE = {"allow": "dynamodb:PutItem", "on": [TABLE, f"{TABLE}/*"]}
ORDERS = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"


@pytest.fixture
def stack_of(built):
    """Return a function that makes a stack with one function of these settings."""

    def make(path="/", **settings):
        api = {"routes": {"GET /": {}}}
        return built(functions={"hello": settings}, api=api, iam={"path": path})

    return make


@pytest.fixture
def role_of(stack_of):
    """Return a function that makes the role of such a function."""
    return lambda *given, **settings: (
        stack_of(*given, **settings).functions["hello"].role
    )


def test_permissions_are_one_policy_beside_the_log(aws, role_of, do):
    """The placeholders are filled in, and the policy is deleted with the key."""
    role = role_of(permissions=[READ, WRITE])
    lines = do("plan", role)[role].changes["Permissions"].after
    assert lines == [
        f"dynamodb:GetItem, dynamodb:Query on {ORDERS}",
        f"dynamodb:PutItem on {ORDERS}, {ORDERS}/*",
    ]
    do("apply", role)
    assert sorted(_policies(aws, role)) == ["permissions", "write-logs"]
    kept = aws.iam.get_role_policy(RoleName=role.name, PolicyName="permissions")
    assert kept["PolicyDocument"]["Statement"][1] == {
        "Effect": "Allow",
        "Action": ["dynamodb:PutItem"],
        "Resource": [ORDERS, f"{ORDERS}/*"],
    }
    fewer = role_of(permissions=[READ])
    assert do("apply", fewer)[fewer].word == "updated"
    none = role_of()
    assert do("apply", none)[none].word == "updated"
    assert _policies(aws, none) == ["write-logs"]


def test_a_changed_path_replaces_the_role(aws, role_of, do):
    """AWS fixes the path at creation; `up` asks, as it does before each loss."""
    do("apply", role_of(permissions=[READ]))
    role = role_of("/apps/", permissions=[READ])
    step = do("plan", role)[role]
    assert (step.spoken, set(step.changes)) == ("replace", {"Path"})
    assert "calls of the function may fail" in step.loss
    do("apply", role)
    assert role.id == f"arn:aws:iam::123456789012:role/apps/{role.name}"
    assert sorted(_policies(aws, role)) == ["permissions", "write-logs"]


EXISTING = "arn:{partition}:iam::{account}:role/team/existing"
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
TRUST |= {"Action": "sts:AssumeRole"}


def _existing(aws, path="/team/", trust=TRUST):
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    key = {"RoleName": "existing", "Path": path}
    aws.iam.create_role(**key, AssumeRolePolicyDocument=document)


def _roles(aws):
    return {role["RoleName"] for role in aws.iam.list_roles()["Roles"]}


def test_an_existing_role_is_used_and_stays_as_it_is(aws, stack_of, do):
    """The role of cgw is deleted after the function has the other, and comes back."""
    do("apply", *stack_of().resources)
    _existing(aws)
    aws.session.calls.clear()
    stack = stack_of(role=EXISTING)
    (unused,) = stack.unused_roles
    steps = do("apply", *stack.resources)
    assert [step.error for step in steps.values() if step.error] == []
    sent = aws.calls
    assert sent.index("UpdateFunctionConfiguration") < sent.index("DeleteRole")
    assert _roles(aws) == {"existing"}
    name = stack.functions["hello"].name
    live = aws.functions.get_function(FunctionName=name)["Configuration"]
    assert live["Role"] == "arn:aws:iam::123456789012:role/team/existing"
    steps = do("plan", *stack_of(role=EXISTING).resources)
    assert {step.word for step in steps.values()} == {"keep"}

    do("apply", *stack_of().resources)
    assert _roles(aws) == {"existing", unused.name}
    do("apply", *stack_of(role=EXISTING).resources)
    aws.session.calls.clear()
    do("destroy", *stack_of(role=EXISTING).resources)
    assert _roles(aws) == {"existing"}
    written = [name for name in aws.writes if "Role" in name]
    assert written == []


@pytest.mark.parametrize(
    "case",
    [
        (EXISTING, None, "does not exist, yet the file names it by `role`"),
        ("arn:aws:iam::999999999999:role/x", None, "is not in the account"),
        ("arn:aws-cn:iam::{account}:role/x", None, "(partition aws)"),
        (EXISTING, {"path": "/"}, "but its ARN is arn:aws:iam::123456789012:role/exi"),
        (
            EXISTING,
            {"trust": TRUST | {"Principal": {"Service": "ec2.amazonaws.com"}}},
            "its trust policy does not let lambda.amazonaws.com assume it",
        ),
    ],
)
def test_a_role_that_lambda_cannot_use(aws, stack_of, do, case):
    """The function is not created: Lambda would be asked again for a minute."""
    arn, existing, why = case
    if existing is not None:
        _existing(aws, **existing)
    aws.session.calls.clear()
    function = stack_of(role=arn).functions["hello"]
    steps = do("apply", function)
    errors = [step.error for step in steps.values() if step.error]
    assert any(why in str(error) for error in errors), errors
    assert "CreateFunction" not in aws.calls


def test_a_foreign_role_with_the_name_of_the_unused_one_stays(aws, stack_of, do):
    _existing(aws)
    name = stack_of().functions["hello"].role.name
    aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    steps = do("apply", *stack_of(role=EXISTING).resources)
    assert [step.error for step in steps.values() if step.error] == []
    assert _roles(aws) == {"existing", name}
