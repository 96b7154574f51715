"""Foreign resources are shown and kept, unless cgw announces their deletion."""

from __future__ import annotations

import json

import pytest

DENY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
THEIRS = {"cgw:stack": "theirs"}


@pytest.fixture
def outputs(cgw):
    """The outputs of a stack that is up."""
    outputs = cgw("up", "-o", "json").document["outputs"]
    yield outputs
    cgw("down", "--yes")


def failures(outcome):
    """The errors of the failed resources, by kind."""
    steps = outcome.document["steps"]
    return {step["kind"]: step["error"] for step in steps if step["error"]}


def add_to_the_pool(account, outputs):
    """Create an app client, a group, and three users by hand."""
    pool = {"UserPoolId": outputs["user_pool_id"]}
    cognito = account.cognito_idp
    cognito.create_user_pool_client(ClientName="by-hand", **pool)
    cognito.create_group(GroupName="by-hand", **pool)
    for name in "abc":
        cognito.admin_create_user(Username=f"{name}@example.com", **pool)


def add_to_the_api(account, outputs):
    """By hand, create a path with a method, a method on our path, and a stage."""
    gateway, api = account.apigateway, {"restApiId": outputs["api_id"]}
    ids = {item["path"]: item["id"] for item in gateway.get_resources(**api)["items"]}
    made = gateway.create_resource(parentId=ids["/"], pathPart="by-hand", **api)
    for path, verb in ((made["id"], "GET"), (ids["/health"], "DELETE")):
        method = {"resourceId": path, "httpMethod": verb, **api}
        gateway.put_method(authorizationType="NONE", **method)
        gateway.put_integration(type="MOCK", **method)
    deployment = gateway.get_deployments(**api)["items"][0]["id"]
    gateway.create_stage(stageName="byhand", deploymentId=deployment, **api)


def test_what_cgw_does_not_own(cgw, account, outputs):
    """All on one stack: changes of the API come last."""
    what_is_beside_ours_stays(cgw, account, outputs)


def what_is_in_the_stack_is_shown(cgw, account, outputs):
    """`status` shows them, `up` keeps the pool's, and `down` says what it deletes."""
    assert "not in the file" not in cgw("down", code=2).err
    add_to_the_pool(account, outputs)
    assert unmanaged(cgw) == {"app client", "group"}
    again = cgw("up", "-v", "-o", "json")
    assert (again.changed, again.writes) == ({}, [])
    add_to_the_api(account, outputs)
    refused = cgw("down", "-v", code=2)
    assert (
        "also deleted, not in the file: "
        "1 app client, 1 group, 1 stage, 3 users, 2 routes" in refused.err
    )
    assert refused.writes == []
    planned = cgw("plan")
    for route in ("DELETE /health", "GET /by-hand"):
        assert f"delete    method            {route}" in planned.out
    assert "stage" in unmanaged(cgw)
    cgw("up")
    api = {"restApiId": outputs["api_id"]}
    paths = {item["path"] for item in account.apigateway.get_resources(**api)["items"]}
    assert paths == {"/", "/health", "/transactions"}
    stages = account.apigateway.get_stages(**api)["item"]
    assert {stage["stageName"] for stage in stages} == {"byhand", "dev"}
    cgw("plan", "--detailed-exitcode")


def unmanaged(cgw):
    """Return the kinds of the resources missing from the file."""
    rows = cgw("status", "-o", "json").document["resources"]
    return {row["kind"] for row in rows if row["state"] == "unmanaged"}


def what_is_beside_ours_stays(cgw, account, outputs):
    """`cgw` ignores a statement in the function's policy and a policy in its role."""
    function = {"FunctionName": outputs["functions"]["hello"]}
    account.client("lambda").add_permission(
        StatementId="by-hand",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        **function,
    )
    found = account.client("lambda").get_function(**function)["Configuration"]["Role"]
    role = {"RoleName": found.rsplit("/", 1)[1], "PolicyName": "by-hand"}
    account.iam.put_role_policy(PolicyDocument=json.dumps(DENY), **role)
    what_is_in_the_stack_is_shown(cgw, account, outputs)
    assert account.iam.get_role_policy(**role)["PolicyDocument"] == DENY
    policy = account.client("lambda").get_policy(**function)["Policy"]
    assert "by-hand" in [each["Sid"] for each in json.loads(policy)["Statement"]]


def test_names_used_by_another_stack(cgw, account, stack_name):
    """`plan`, `status`, and `up` name the owner; `up` and `down` change nothing."""
    pool = account.cognito_idp.create_user_pool(
        PoolName=stack_name, UserPoolTags=THEIRS
    )["UserPool"]["Id"]
    api = account.apigateway.create_rest_api(name=stack_name, tags=THEIRS)["id"]
    group = {"logGroupName": f"/aws/lambda/{stack_name}-hello"}
    account.logs.create_log_group(tags=THEIRS, **group)
    role = {"RoleName": f"{stack_name}-hello-us-east-1"}
    account.iam.create_role(
        AssumeRolePolicyDocument=json.dumps(TRUST),
        Tags=[{"Key": key, "Value": value} for key, value in THEIRS.items()],
        **role,
    )
    before = account.listing()
    for command in ("plan", "up"):
        errors = failures(cgw(command, "-o", "json", code=1))
        named = {kind for kind, error in errors.items() if "stack `theirs`" in error}
        assert named == {"user pool", "rest api", "log group", "execution role"}
    rows = cgw("status", "-o", "json").document["resources"]
    assert {r["kind"] for r in rows if r["state"] == "unmanaged"} == named
    left = cgw("down", "--yes", "-v")
    assert left.err.count("not deleted: ") == 4
    assert left.writes == []
    assert account.listing() == before
    account.cognito_idp.delete_user_pool(UserPoolId=pool)
    account.apigateway.delete_rest_api(restApiId=api)
    account.logs.delete_log_group(**group)
    account.iam.delete_role(**role)


@pytest.mark.nightly  # resources/test_user_pool.py has external pools
def test_what_the_file_names_by_id_is_used_and_stays(cgw, account, outputs, edited):
    """Another stack uses the first one's pool: `down` keeps the pool and says so."""

    def change(data):
        data["name"] += "-two"
        data["user_pool"] = {"id": outputs["user_pool_id"]}
        for key in ("app_clients", "domain", "resource_servers", "users"):
            data.pop(key, None)
        del data["api"]["routes"]["POST /transactions"]

    group = {"GroupName": "by-hand", "UserPoolId": outputs["user_pool_id"]}
    account.cognito_idp.create_group(**group)
    first = (cgw.folder / "cgw.yaml").read_text("utf-8")
    before = account.listing()
    cgw.write(edited(change))
    assert cgw("plan", "-o", "json").actions.get("user pool") is None
    made = cgw("up", "-v", "-o", "json")
    assert "rest api" in " ".join(made.changed)
    rows = cgw("status", "-o", "json").document["resources"]
    assert {r["kind"] for r in rows if r["state"] == "unmanaged"} == {"user pool"}
    question = cgw("down", code=2).err
    assert "user pool" not in question
    assert "not in the file" not in question
    cgw("down", "--yes")
    assert account.listing() == before
    cgw.write(first)
    cgw("plan", "--detailed-exitcode")
    account.cognito_idp.delete_group(**group)
