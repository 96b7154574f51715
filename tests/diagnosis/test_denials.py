"""What a denied call of AWS looks like in logs, and the permission that allows it."""

from __future__ import annotations

import pytest
from diagnosis.call import Call
from diagnosis.cases.functions import DENIED, END, FAILED, NO_ACCESS, REPORT, START

from cognito_gw.diagnosis.denials import denial_in

USER = "arn:aws:sts::123456789012:assumed-role/shop-hello/shop-hello"
WHY = "because no identity-based policy allows the x action"
HERE = "eu-west-1:123456789012"
OURS = "{partition}:%s:{region}:{account}"
SECRET = f"arn:{OURS % 'secretsmanager'}:secret"
OBJECTS = "arn:{partition}:s3:::BUCKET/*"
OLD = f"User: {USER} is not authorized to perform: dynamodb:Query on resource: "
OLD += f"arn:aws:dynamodb:{HERE}:table/t/index/i (Service: DynamoDb, Status Code: 400)"
OLD_SQS = "Access to the resource https://sqs.eu-west-1.amazonaws.com/1/jobs is denied."


def refused(action, resource, why=WHY):
    on = f" on resource: {resource}" if resource else ""
    return f"User: {USER} is not authorized to perform: {action}{on} {why}"


def raised(operation, text, code="AccessDenied", more=""):
    what = f"An error occurred ({code}) when calling the {operation} operation"
    return f"[ERROR] ClientError: {what}{more}: {text}"


# The log, and the permission. Sources: issues of aws-sdk-js#832 (DynamoDB),
# terraform-aws-bedrock#41 (S3), serverless-application-model#3633 (SQS),
# terraform-aws-control_tower_account_factory#151 and #174 (SNS, Systems Manager),
# awscdk-resources-mongodbatlas#207 (Secrets Manager), lift#236 (SQS in old words),
# aws-rds-snapshot-management#6 (S3 in old words).
LOGS = [
    (
        refused("dynamodb:UpdateItem", f"arn:aws:dynamodb:{HERE}:table/orders"),
        f"dynamodb:UpdateItem arn:{OURS % 'dynamodb'}:table/orders",
    ),
    (
        OLD,
        f"dynamodb:Query arn:{OURS % 'dynamodb'}:table/t/index/i",
    ),
    (
        refused("dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:999999999999:table/x"),
        "dynamodb:GetItem arn:{partition}:dynamodb:us-east-1:999999999999:table/x",
    ),
    (
        refused("s3:GetObject", '"arn:aws:s3:::files/a/b c.txt"'),
        "s3:GetObject arn:{partition}:s3:::files/*",
    ),
    (
        refused("s3:ListBucket", '\\"arn:aws:s3:::files\\"'),
        "s3:ListBucket arn:{partition}:s3:::files",
    ),
    (refused("s3:ListAllMyBuckets", ""), "s3:ListAllMyBuckets *"),
    (refused("lambda:ListFunctions", "*"), "lambda:ListFunctions *"),
    (
        raised("SendMessageBatch", refused("sqs:sendmessage", f"arn:aws:sqs:{HERE}:q")),
        f"sqs:sendmessage arn:{OURS % 'sqs'}:q",
    ),
    (
        raised("SendMessage", refused("sqs:sendmessage", f"arn:aws:sqs:{HERE}:q")),
        f"sqs:SendMessage arn:{OURS % 'sqs'}:q",
    ),
    (
        raised(
            "Publish",
            refused("SNS:Publish", f"arn:aws:sns:{HERE}:news"),
            "AuthorizationError",
        ),
        f"sns:Publish arn:{OURS % 'sns'}:news",
    ),
    (
        refused("ssm:GetParametersByPath", f"arn:aws:ssm:{HERE}:parameter/app/"),
        f"ssm:GetParametersByPath arn:{OURS % 'ssm'}:parameter/app/",
    ),
    (
        refused("secretsmanager:GetSecretValue", "app/secret"),
        f"secretsmanager:GetSecretValue {SECRET}:app/secret-??????",
    ),
    (
        raised("HeadObject", "Forbidden", "403"),
        f"s3:GetObject {OBJECTS}",
    ),
    (
        raised("GetObject", "Access Denied"),
        f"s3:GetObject {OBJECTS}",
    ),
    (
        raised("ListObjectsV2", "Access Denied", more=" (reached max retries: 4)"),
        "s3:ListBucket arn:{partition}:s3:::BUCKET",
    ),
    (
        raised("DeleteMessageBatch", OLD_SQS),
        f"sqs:DeleteMessage arn:{OURS % 'sqs'}:jobs",
    ),
]


@pytest.mark.parametrize(("log", "permission"), LOGS, ids=lambda text: text[:40])
def test_the_permission_that_a_log_lacks(log, permission):
    found = denial_in(f"START RequestId: abc\n{log}\nEND RequestId: abc\n")
    action, _, arn = permission.partition(" ")
    line = found.line("aws", "eu-west-1", "123456789012")
    assert line == f'- {{allow: {action}, on: "{arn}"}}'
    assert not found.is_by_boundary
    assert found.is_of("shop-hello")


@pytest.mark.parametrize(
    "log",
    [
        "",
        "[ERROR] ZeroDivisionError: division by zero",
        raised("GetItem", "Rate exceeded", "ThrottlingException"),
        raised("GetUser", "Access Denied"),
    ],
)
def test_other_errors_are_no_denial(log):
    assert denial_in(log) is None


@pytest.mark.parametrize(
    "why",
    [
        "because no permissions boundary allows the dynamodb:GetItem action",
        "because no service control policy allows the dynamodb:GetItem action",
        "with an explicit deny in an identity-based policy",
        "with an explicit deny",
    ],
)
def test_what_no_permission_of_the_role_changes(why):
    found = denial_in(
        refused("dynamodb:GetItem", f"arn:aws:dynamodb:{HERE}:table/x", why)
    )
    assert found.is_by_boundary
    assert found.resource.endswith("table/x")


def fix(log, **target):
    """Return how to fix a call whose function wrote this."""
    call = Call(**FAILED, log=(START, log, END, REPORT), target=target)
    (cause,) = call.diagnosed().causes
    assert cause.code == "lambda-access-denied"
    return cause.fix


IN_FILE = {"permissions": {"hello": "`functions.hello.permissions`"}}


def test_the_fix_is_the_line_for_the_file():
    line = f'- {{allow: dynamodb:GetItem, on: "arn:{OURS % "dynamodb"}:table/orders"}}'
    wanted = f"add to `functions.hello.permissions`: `{line}`; then `cgw lambda`"
    assert fix(NO_ACCESS, **IN_FILE) == wanted


def test_the_fix_where_the_file_does_not_decide():
    """An existing role, another role that the code assumed, and an explicit deny."""
    assert "in a policy of the caller" in fix(NO_ACCESS)
    assumed = NO_ACCESS.replace("hello-role/hello", "other/session")
    assert "in a policy of the caller" in fix(assumed, **IN_FILE)
    assert "`permissions` alone cannot allow it" in fix(DENIED, **IN_FILE)
