"""Lambda, IAM and the tagging API answer as AWS does where moto does not."""

from __future__ import annotations

import io
import json
import re
import zipfile

import pytest

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


def archive(source="def handler(event, context): return event"):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("app.py", source)
    return buffer.getvalue()


@pytest.fixture
def role(aws, name):
    document = json.dumps(TRUST)
    made = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)
    return made["Role"]["Arn"]


@pytest.fixture
def create_function(aws, name, role):
    def create(**settings):
        function = {"FunctionName": name, "Role": role, "Runtime": "python3.13"}
        function |= {"Handler": "app.handler", "Code": {"ZipFile": archive()}}
        return aws("lambda").create_function(**function | settings)

    return create


@pytest.fixture
def function(create_function):
    return create_function()["FunctionName"]


def permission(function):
    return {
        "FunctionName": function,
        "StatementId": "api",
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
    }


def test_a_new_function_is_pending_then_active(aws, create_function):
    made = create_function()
    assert made["State"] == "Pending"
    assert made["StateReasonCode"] == "Creating"
    assert "LastUpdateStatus" not in made
    read = aws("lambda").get_function(FunctionName=made["FunctionName"])
    assert read["Configuration"]["State"] == "Active"
    assert read["Configuration"]["LastUpdateStatus"] == "Successful"


@pytest.mark.parametrize("limit", [0, 5])
def test_a_function_returns_its_reserved_concurrency(aws, function, limit):
    """A value of 0 too; without a reservation there is no value."""
    client = aws("lambda")
    assert "Concurrency" not in client.get_function(FunctionName=function)
    client.put_function_concurrency(
        FunctionName=function, ReservedConcurrentExecutions=limit
    )
    told = client.get_function(FunctionName=function)["Concurrency"]
    assert told == {"ReservedConcurrentExecutions": limit}


def test_an_update_is_in_progress_then_successful(aws, function):
    client = aws("lambda")
    updates = (
        client.update_function_code(FunctionName=function, ZipFile=archive("x = 1")),
        client.update_function_configuration(FunctionName=function, Timeout=9),
    )
    assert [update["LastUpdateStatus"] for update in updates] == ["InProgress"] * 2
    read = client.get_function_configuration(FunctionName=function)
    assert read["LastUpdateStatus"] == "Successful"


def test_every_update_is_a_new_revision(aws, create_function):
    made = create_function()
    client, name = aws("lambda"), made["FunctionName"]
    read = client.get_function_configuration(FunctionName=name)
    updated = client.update_function_configuration(FunctionName=name, Timeout=9)
    assert read["RevisionId"] == made["RevisionId"] != updated["RevisionId"]
    assert made["LastModified"] < updated["LastModified"]


def test_a_function_logs_to_its_own_group(create_function):
    made = create_function()
    group = f"/aws/lambda/{made['FunctionName']}"
    assert made["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": group}
    assert made["RuntimeVersionConfig"]["RuntimeVersionArn"]


def test_a_function_has_a_name_of_at_most_64_characters(create_function, name, refusal):
    longest = name.ljust(64, "x")
    assert create_function(FunctionName=longest)["FunctionName"] == longest
    refused = refusal(create_function, FunctionName=f"{longest}x")
    assert refused.code == "ValidationException"


def test_a_function_is_spelled_as_lambda_spells_it(aws, create_function):
    """Recorded on AWS 2025-11-25, localstack: test_function_lifecycle."""
    made = create_function()
    name = made["FunctionName"]
    read = aws("lambda").get_function(FunctionName=name)["Configuration"]
    updated = aws("lambda").update_function_configuration(FunctionName=name, Timeout=9)
    for answer in (made, read, updated):
        assert "Layers" not in answer
        assert re.fullmatch(
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", answer["LastModified"]
        )


@pytest.mark.parametrize(
    "settings", [{"Runtime": "cobol74"}, {"Code": {"ZipFile": b"not a zip"}}]
)
def test_refuses_a_function_that_cannot_run(create_function, settings, refusal):
    assert refusal(create_function, **settings)[:2] == (
        400,
        "InvalidParameterValueException",
    )


def test_refuses_more_code_than_a_request_may_hold(create_function, refusal):
    refused = refusal(create_function, Code={"ZipFile": bytes((50 << 20) + 1)})
    assert refused[:2] == (413, "RequestEntityTooLargeException")
    assert "Request must be smaller than 70167211 bytes" in refused.message


def test_refuses_the_same_statement_twice(aws, function, refusal):
    aws("lambda").add_permission(**permission(function))
    refused = refusal(aws("lambda").add_permission, **permission(function))
    assert refused[:2] == (409, "ResourceConflictException")


@pytest.mark.parametrize("statements", [0, 1])
def test_refuses_to_remove_an_absent_statement(aws, function, statements, refusal):
    for _ in range(statements):
        aws("lambda").add_permission(**permission(function))
    refused = refusal(
        aws("lambda").remove_permission, FunctionName=function, StatementId="other"
    )
    assert refused[:2] == (404, "ResourceNotFoundException")


def test_refuses_to_invoke_an_absent_function(aws, name, refusal):
    refused = refusal(aws("lambda").invoke, FunctionName=name)
    assert refused[:2] == (404, "ResourceNotFoundException")


@pytest.mark.parametrize("document", ["{", "{}"])
def test_refuses_a_malformed_trust_policy(aws, name, document, refusal):
    refused = refusal(
        aws("iam").create_role, RoleName=name, AssumeRolePolicyDocument=document
    )
    assert refused[:2] == (400, "MalformedPolicyDocument")


def test_role_names_differ_by_more_than_case(aws, name, role, refusal):
    refused = refusal(
        aws("iam").create_role,
        RoleName=name.upper(),
        AssumeRolePolicyDocument=json.dumps(TRUST),
    )
    assert role.endswith(name)
    assert refused[:2] == (409, "EntityAlreadyExists")


def test_refuses_to_delete_an_absent_role(aws, name, refusal):
    assert refusal(aws("iam").delete_role, RoleName=name)[:2] == (404, "NoSuchEntity")


def test_a_role_is_not_deleted_while_a_policy_is_attached(aws, name, role, refusal):
    iam = aws("iam")
    document = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    policy = iam.create_policy(
        PolicyName=name,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": document}),
    )["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert [entry["PolicyArn"] for entry in attached] == [policy]
    assert refusal(iam.delete_role, RoleName=name)[:2] == (409, "DeleteConflict")
    iam.detach_role_policy(RoleName=name, PolicyArn=policy)
    iam.delete_role(RoleName=name)
    assert role


@pytest.fixture
def tagged(aws, name, create_function):
    """One resource of each tagged type, by its resource type."""
    tags = {"cgw:stack": name}
    gateway = aws("apigateway")
    api = gateway.create_rest_api(name=name, tags=tags)
    method = {"restApiId": api["id"], "resourceId": api["rootResourceId"]}
    method["httpMethod"] = "GET"
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(**method, type="MOCK")
    deployment = gateway.create_deployment(restApiId=api["id"])["id"]
    gateway.create_stage(
        restApiId=api["id"], stageName="dev", deploymentId=deployment, tags=tags
    )
    pool = aws("cognito-idp").create_user_pool(PoolName=name, UserPoolTags=tags)
    api_arn = f"arn:aws:apigateway:eu-west-1::/restapis/{api['id']}"
    return {
        "cognito-idp:userpool": pool["UserPool"]["Arn"],
        "apigateway:restapis": api_arn,
        "apigateway:stages": f"{api_arn}/stages/dev",
        "lambda:function": create_function(Tags=tags)["FunctionArn"],
    }


def found(aws, name, **filters):
    answer = aws("resourcegroupstaggingapi").get_resources(
        TagFilters=[{"Key": "cgw:stack", "Values": [name]}], **filters
    )
    return {mapping["ResourceARN"] for mapping in answer["ResourceTagMappingList"]}


def test_finds_by_tag_all_that_a_stack_tags(aws, name, tagged):
    assert found(aws, name) == set(tagged.values())


@pytest.mark.parametrize(
    "kind",
    [
        "apigateway:restapis",
        "apigateway:stages",
        "cognito-idp:userpool",
        "lambda:function",
    ],
)
def test_finds_by_type(aws, name, tagged, kind):
    assert found(aws, name, ResourceTypeFilters=[kind]) == {tagged[kind]}
