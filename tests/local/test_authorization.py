"""What a function's role allows: what calls need, and the decision."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from cognito_gw.local.needs import needs_of
from cognito_gw.local.policies import Need, Role, is_like

HERE = "eu-west-1", "aws:123456789012"
DYNAMODB = "arn:aws:dynamodb:eu-west-1:123456789012:table"
ORDERS = f"{DYNAMODB}/orders"
SQS = "arn:aws:sqs:eu-west-1:123456789012"
SSM = "arn:aws:ssm:eu-west-1:123456789012:parameter"
LAMBDA = "arn:aws:lambda:eu-west-1:123456789012:function"
LOGS = "arn:aws:logs:eu-west-1:123456789012:log-group"
POOL = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_x"
ITEM = {"TableName": "orders"}
# Operation, parameters, and the actions with the resources that it needs, by AWS's
# Service Authorization Reference and posted refusals.
NEEDS = [
    ("dynamodb:GetItem", ITEM, [f"dynamodb:GetItem {ORDERS}"]),
    ("dynamodb:GetItem", {"TableName": ORDERS}, [f"dynamodb:GetItem {ORDERS}"]),
    (
        "dynamodb:Query",
        ITEM | {"IndexName": "by-user"},
        [f"dynamodb:Query {ORDERS}/index/by-user"],
    ),
    (
        "dynamodb:BatchWriteItem",
        {"RequestItems": {"orders": [], "log": []}},
        [
            f"dynamodb:BatchWriteItem {ORDERS}",
            f"dynamodb:BatchWriteItem {DYNAMODB}/log",
        ],
    ),
    (
        "dynamodb:TransactWriteItems",
        {"TransactItems": [{"Put": ITEM}, {"ConditionCheck": ITEM}]},
        [f"dynamodb:PutItem {ORDERS}", f"dynamodb:ConditionCheckItem {ORDERS}"],
    ),
    (
        "dynamodb:TransactGetItems",
        {"TransactItems": [{"Get": ITEM}]},
        [f"dynamodb:GetItem {ORDERS}"],
    ),
    (
        "dynamodb:ExecuteStatement",
        {"Statement": 'select "a", b\nfrom "orders"."by-user" where a = 1'},
        [f"dynamodb:PartiQLSelect {ORDERS}/index/by-user"],
    ),
    (
        "dynamodb:BatchExecuteStatement",
        {"Statements": [{"Statement": "INSERT INTO orders VALUE {}"}]},
        [f"dynamodb:PartiQLInsert {ORDERS}"],
    ),
    (
        "dynamodb:ExecuteStatement",
        {"Statement": "UPDATE orders SET a = 'moved from log' WHERE b = 1"},
        [f"dynamodb:PartiQLUpdate {ORDERS}"],
    ),
    (
        "dynamodb:ExecuteStatement",
        {"Statement": "SELECT ' from log ' FROM orders"},
        [f"dynamodb:PartiQLSelect {ORDERS}"],
    ),
    (
        "dynamodb:ExecuteStatement",
        {"Statement": 'DELETE\nFROM "orders" WHERE a = 1'},
        [f"dynamodb:PartiQLDelete {ORDERS}"],
    ),
    (
        "secretsmanager:BatchGetSecretValue",
        {"Filters": []},
        ["secretsmanager:BatchGetSecretValue *", "secretsmanager:GetSecretValue *"],
    ),
    ("dynamodb:ListTables", {}, ["dynamodb:ListTables *"]),
    (
        "s3:GetObject",
        {"Bucket": "b", "Key": "a/ü x"},
        ["s3:GetObject arn:aws:s3:::b/a/ü x"],
    ),
    (
        "s3:GetObject",
        {"Bucket": "b", "Key": "k", "VersionId": "1"},
        ["s3:GetObjectVersion arn:aws:s3:::b/k"],
    ),
    ("s3:HeadObject", {"Bucket": "b", "Key": "k"}, ["s3:GetObject arn:aws:s3:::b/k"]),
    ("s3:ListObjectsV2", {"Bucket": "b"}, ["s3:ListBucket arn:aws:s3:::b"]),
    ("s3:HeadBucket", {"Bucket": "b"}, ["s3:ListBucket arn:aws:s3:::b"]),
    ("s3:ListBuckets", {}, ["s3:ListAllMyBuckets *"]),
    ("s3:UploadPart", {"Bucket": "b", "Key": "k"}, ["s3:PutObject arn:aws:s3:::b/k"]),
    (
        "s3:CopyObject",
        {"Bucket": "b", "Key": "k", "CopySource": "/c%2Fd?versionId=1"},
        ["s3:PutObject arn:aws:s3:::b/k", "s3:GetObject arn:aws:s3:::c/d"],
    ),
    (
        "s3:DeleteObjects",
        {"Bucket": "b", "Delete": {"Objects": [{"Key": "x"}, {"Key": "y"}]}},
        ["s3:DeleteObject arn:aws:s3:::b/x", "s3:DeleteObject arn:aws:s3:::b/y"],
    ),
    (
        "sqs:SendMessageBatch",
        {"QueueUrl": "http://127.0.0.1:4566/123456789012/jobs"},
        [f"sqs:SendMessage {SQS}:jobs"],
    ),
    ("sqs:GetQueueUrl", {"QueueName": "jobs"}, [f"sqs:GetQueueUrl {SQS}:jobs"]),
    (
        "sns:Publish",
        {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:news"},
        ["sns:Publish arn:aws:sns:eu-west-1:123456789012:news"],
    ),
    ("sns:Publish", {"PhoneNumber": "+4930123"}, ["sns:Publish *"]),
    ("ssm:GetParameter", {"Name": "/app/key"}, [f"ssm:GetParameter {SSM}/app/key"]),
    ("ssm:GetParameter", {"Name": "key:3"}, [f"ssm:GetParameter {SSM}/key"]),
    (
        "ssm:GetParameters",
        {"Names": ["a", "/b"]},
        [f"ssm:GetParameters {SSM}/a", f"ssm:GetParameters {SSM}/b"],
    ),
    (
        "ssm:GetParametersByPath",
        {"Path": "/app/"},
        [f"ssm:GetParametersByPath {SSM}/app/"],
    ),
    ("lambda:Invoke", {"FunctionName": "f"}, [f"lambda:InvokeFunction {LAMBDA}:f"]),
    (
        "lambda:Invoke",
        {"FunctionName": "123456789012:function:f", "Qualifier": "live"},
        [f"lambda:InvokeFunction {LAMBDA}:f:live"],
    ),
    (
        "events:PutEvents",
        {"Entries": [{}, {"EventBusName": "bus"}]},
        [
            "events:PutEvents arn:aws:events:eu-west-1:123456789012:event-bus/default",
            "events:PutEvents arn:aws:events:eu-west-1:123456789012:event-bus/bus",
        ],
    ),
    (
        "logs:PutLogEvents",
        {"logGroupName": "/g", "logStreamName": "s"},
        [f"logs:PutLogEvents {LOGS}:/g:log-stream:s"],
    ),
    (
        "cognito-idp:AdminGetUser",
        {"UserPoolId": "eu-west-1_x"},
        [f"cognito-idp:AdminGetUser {POOL}"],
    ),
    (
        "iam:GetRole",
        {"RoleName": "r"},
        ["iam:GetRole arn:aws:iam::123456789012:role/r"],
    ),
    (
        "kms:Decrypt",
        {"KeyId": "1234"},
        ["kms:Decrypt arn:aws:kms:eu-west-1:123456789012:key/1234"],
    ),
]


@pytest.mark.unit
@pytest.mark.parametrize("case", NEEDS, ids=lambda case: case[0])
def test_what_a_call_needs(case):
    action, params, wanted = case
    found = needs_of(action, params, *HERE)
    assert [f"{need.action} {need.resource}" for need in found] == wanted
    assert all(need.is_known for need in found)


def allow(action="dynamodb:*", resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource} | more


def deny(action="dynamodb:*", resource="*", **more):
    return allow(action, resource, **more) | {"Effect": "Deny"}


NO_POLICY = "because no identity-based policy allows the {action} action"
DENIED = "with an explicit deny in an identity-based policy"
NO_BOUNDARY = "because no permissions boundary allows the {action} action"
WHEN = {"Condition": {"StringEquals": {"aws:SourceIp": "10.0.0.1"}}}
WITHOUT = {"Effect": "Allow", "NotAction": "s3:*", "NotResource": f"{DYNAMODB}/log"}
ROLES = [
    ("nothing", Role(), NO_POLICY),
    ("all", Role([allow("*")]), None),
    ("in another case", Role([allow("DynamoDB:getitem", ORDERS)]), None),
    ("a list", Role([allow(["s3:*", "dynamodb:Get*"], ["x", ORDERS])]), None),
    ("a question mark", Role([allow("dynamodb:Get????", f"{DYNAMODB}/order?")]), None),
    ("too many marks", Role([allow("dynamodb:Get?????")]), NO_POLICY),
    ("another table", Role([allow(resource=f"{ORDERS}-old")]), NO_POLICY),
    ("its indexes alone", Role([allow(resource=f"{ORDERS}/*")]), NO_POLICY),
    ("the period is no wildcard", Role([allow(resource=ORDERS.replace("o", "."))]), 1),
    ("the ARN has a case", Role([allow(resource=ORDERS.upper())]), NO_POLICY),
    ("denied", Role([allow(), deny("*", ORDERS)]), DENIED),
    ("another one is denied", Role([allow(), deny("*", f"{DYNAMODB}/x")]), None),
    ("conditions are not evaluated", Role([allow(**WHEN), deny(**WHEN)]), None),
    ("all but others", Role([WITHOUT]), None),
    ("all but this", Role([WITHOUT | {"NotAction": "dynamodb:Get*"}]), NO_POLICY),
    ("all tables but this", Role([WITHOUT | {"NotResource": ORDERS}]), NO_POLICY),
    ("within a boundary", Role([allow()], [allow("*")]), None),
    ("beyond a boundary", Role([allow()], [allow("s3:*")]), NO_BOUNDARY),
    (
        "a boundary denies",
        Role([allow()], [allow("*"), deny()]),
        "with an explicit deny in a permissions boundary",
    ),
    ("a boundary alone", Role([], [allow("*")]), NO_POLICY),
]


@pytest.mark.unit
@pytest.mark.parametrize("case", ROLES, ids=lambda case: case[0])
def test_what_a_role_allows(case):
    _, role, refusal = case
    found = role.refusal(Need("dynamodb:GetItem", ORDERS))
    assert found == (NO_POLICY if refusal == 1 else refusal)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("resource", "is_allowed"),
    [
        ("*", True),
        ("arn:aws:glue:*:*:table/x", True),
        ("arn:aws:glu*", True),
        ("arn:aws:s3:::b", False),
    ],
)
def test_of_an_unlisted_service_the_action_alone_counts(resource, is_allowed):
    """A resource that cgw does not know cannot be compared."""
    (need,) = needs_of("glue:GetTable", {"Name": "y"}, *HERE)
    role = Role([allow("glue:*", resource)])
    assert (role.refusal(need) is None) is is_allowed


@pytest.mark.unit
def test_a_pattern_of_many_wildcards_ends_soon():
    assert not is_like("*a" * 30 + "?" * 9 + "*" * 900, "b" * 2000)


CALLER = """
import boto3
from botocore.exceptions import ClientError

def handler(calls, context):
    return [answer(*call) for call in calls]

def answer(service, call, params):
    try:
        getattr(boto3.client(service), call)(**params)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return [status, error.response["Error"]["Code"], str(error)]
    return "allowed"
"""
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
TRUST |= {"Action": "sts:AssumeRole"}


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.fixture
def call(aws, name):
    """Return a function that lets a Lambda function with a role make calls."""
    iam, functions = aws("iam"), aws("lambda")
    trust = document(TRUST)
    role = iam.create_role(RoleName=name, Path="/x/", AssumeRolePolicyDocument=trust)
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", CALLER)
    functions.create_function(
        FunctionName=name,
        Role=role["Role"]["Arn"],
        Runtime="python3.13",
        Handler="app.handler",
        Timeout=60,
        Code={"ZipFile": code.getvalue()},
    )

    def run(statements, *calls):
        policy = document(*statements)
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy)
        answer = functions.invoke(FunctionName=name, Payload=json.dumps(calls))
        return json.loads(answer["Payload"].read())

    return run


def test_calls_of_a_function(aws, name, call):
    """They are refused in each service's words, and allowed by its role at once."""
    key = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}
    key |= {"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]}
    aws("dynamodb").create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **key)
    aws("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    queue = aws("sqs").create_queue(QueueName=name)["QueueUrl"]
    topic = aws("sns").create_topic(Name=name)["TopicArn"]
    aws("ssm").put_parameter(Name=f"/{name}", Value="x", Type="String")
    secret = aws("secretsmanager").create_secret(Name=name, SecretString="x")["ARN"]
    calls = [
        ("dynamodb", "put_item", {"TableName": name, "Item": {"id": {"S": "1"}}}),
        ("s3", "put_object", {"Bucket": name, "Key": "a/b", "Body": "x"}),
        ("s3", "list_objects_v2", {"Bucket": name}),
        ("sqs", "send_message", {"QueueUrl": queue, "MessageBody": "x"}),
        ("sns", "publish", {"TopicArn": topic, "Message": "x"}),
        ("ssm", "get_parameter", {"Name": f"/{name}"}),
        ("secretsmanager", "get_secret_value", {"SecretId": name}),
        ("lambda", "get_function", {"FunctionName": name}),
    ]
    here = "eu-west-1:123456789012"
    wanted = [
        (
            400,
            "AccessDeniedException",
            "dynamodb:PutItem",
            f"arn:aws:dynamodb:{here}:table/{name}",
        ),
        (403, "AccessDenied", "s3:PutObject", f'"arn:aws:s3:::{name}/a/b"'),
        (403, "AccessDenied", "s3:ListBucket", f'"arn:aws:s3:::{name}"'),
        (403, "AccessDenied", "sqs:sendmessage", f"arn:aws:sqs:{here}:{name}"),
        (403, "AuthorizationError", "SNS:Publish", topic),
        (
            400,
            "AccessDeniedException",
            "ssm:GetParameter",
            f"arn:aws:ssm:{here}:parameter/{name}",
        ),
        (400, "AccessDeniedException", "secretsmanager:GetSecretValue", name),
        (
            403,
            "AccessDeniedException",
            "lambda:GetFunction",
            f"arn:aws:lambda:{here}:function:{name}",
        ),
    ]
    user = (
        f"User: arn:aws:sts::123456789012:assumed-role/{name}/{name} is not authorized"
    )
    for (status, code, action, resource), found in zip(
        wanted, call([allow("xray:*")], *calls), strict=True
    ):
        why = f"because no identity-based policy allows the {action} action"
        assert found[:2] == [status, code]
        ending = f": {user} to perform: {action} on resource: {resource} {why}"
        assert found[2].endswith(ending)

    needed = [action.replace("SNS", "sns") for _, _, action, _ in wanted]
    arns = [resource.strip('"') for *_, resource in wanted]
    arns[6] = f"{secret[:-6]}??????"
    statements = [allow(*pair) for pair in zip(needed, arns, strict=True)]
    assert call(statements, *calls) == ["allowed"] * len(calls)
