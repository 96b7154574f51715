"""The IAM actions and resources that the calls of AWS's services need.

Source: AWS's Service Authorization Reference. Of services that are not listed here,
the action alone counts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from cognito_gw.local import moto_store
from cognito_gw.local.policies import Need

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Params = Mapping[str, Any]
    Pairs = Iterator[tuple[str, str]]

# The parameters that name a resource, and its ARN after the account. The first one
# that a call has counts.
_ARNS: dict[str, dict[str, str]] = {
    "cloudwatch": {},
    "cognito-idp": {"UserPoolId": "userpool/{}"},
    "dynamodb": {"TableName": "table/{}", "ResourceArn": "{}", "StreamArn": "{}"},
    "events": {"EventBusName": "event-bus/{}"},
    "firehose": {"DeliveryStreamName": "deliverystream/{}"},
    "iam": {"RoleName": "role/{}", "UserName": "user/{}", "PolicyArn": "{}"},
    "kinesis": {"StreamName": "stream/{}", "StreamARN": "{}"},
    "kms": {"KeyId": "{}"},
    "lambda": {"FunctionName": "function:{}", "Resource": "{}"},
    "logs": {"logGroupName": "log-group:{}:log-stream:", "resourceArn": "{}"},
    "secretsmanager": {"SecretId": "secret:{}", "Name": "secret:{}"},
    "sns": {"TopicArn": "{}", "TargetArn": "{}", "Name": "{}"},
    "sqs": {"QueueUrl": "{}", "QueueName": "{}"},
    "ssm": {"Name": "parameter/{}", "Path": "parameter/{}", "Names": "parameter/{}"},
    "states": {"stateMachineArn": "{}", "executionArn": "{}"},
    "sts": {"RoleArn": "{}"},
    "tag": {},
}
_GLOBAL = ("iam", "s3", "sts")
# Operations with an action of another name.
_ACTIONS = {
    "kms:ReEncrypt": "kms:ReEncryptFrom",
    "lambda:Invoke": "lambda:InvokeFunction",
    "lambda:InvokeAsync": "lambda:InvokeFunction",
    "lambda:InvokeWithResponseStream": "lambda:InvokeFunction",
    "s3:CompleteMultipartUpload": "s3:PutObject",
    "s3:CopyObject": "s3:PutObject",
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:DeleteBucketCors": "s3:PutBucketCORS",
    "s3:DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "s3:DeleteBucketTagging": "s3:PutBucketTagging",
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:GetBucketCors": "s3:GetBucketCORS",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:ListParts": "s3:ListMultipartUploadParts",
    "s3:PutBucketCors": "s3:PutBucketCORS",
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    "s3:SelectObjectContent": "s3:GetObject",
    "s3:UploadPart": "s3:PutObject",
    "s3:UploadPartCopy": "s3:PutObject",
    "sns:PublishBatch": "sns:Publish",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}
_TRANSACT = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}
# A quoted text may contain anything, such as ` FROM `.
_PARTIQL = re.compile(
    r"""\s*(?P<verb>SELECT\b(?:'[^']*'|"[^"]*"|[^'"])*?\bFROM
        |INSERT\s+INTO|DELETE\s+FROM|UPDATE)\s*
        (?P<quote>["]?)(?P<table>[\w.-]+)(?P=quote)(?:\."(?P<index>[^"]+)")?""",
    re.IGNORECASE | re.VERBOSE,
)


def needs_of(action: str, params: Params, region: str, account: str) -> list[Need]:
    """Return what a call needs.

    The `action` is that of the operation, such as `sqs:SendMessageBatch`; the account
    is the partition and the number, such as `aws:123456789012`.
    """
    service, _, operation = action.partition(":")
    if service not in (*_ARNS, *_SPECIAL):
        return [Need(action, "*", is_known=False)]
    read = _SPECIAL.get(service, _named)
    found = list(read(service, operation, params)) or [(operation, "*")]
    partition, number = account.split(":")
    where = ":" if service in _GLOBAL else f"{region}:"
    prefix = f"arn:{partition}:{service}:{where}{number}:"
    if service == "s3":  # whose names belong to no account
        prefix = f"arn:{partition}:s3:::"
    return [
        _resolved(_ACTIONS.get(f"{service}:{name}", f"{service}:{name}"), rest, prefix)
        for name, rest in found
    ]


def _resolved(action: str, rest: str, prefix: str) -> Need:
    arn = rest if rest == "*" or rest.startswith("arn:") else prefix + rest
    service = action.partition(":")[0]
    find = _FINDERS.get(service)
    if find is None or rest == "*":
        return Need(action, arn)
    return find(action, arn)


def _named(service: str, operation: str, params: Params) -> Pairs:
    """Yield the operation with each resource that a parameter names."""
    for name, template in _ARNS[service].items():
        values = params.get(name) or []
        for value in values if isinstance(values, list) else [values]:
            yield operation, _filled(template, str(value))
        if values:
            return


def _filled(template: str, value: str) -> str:
    return value if value.startswith("arn:") else template.format(value)


def _dynamodb(service: str, operation: str, params: Params) -> Pairs:
    if "RequestItems" in params:
        for table in params["RequestItems"]:
            yield operation, _filled("table/{}", table)
    for item in params.get("TransactItems", []):
        for kind, what in item.items():
            yield _TRANSACT[kind], _filled("table/{}", what["TableName"])
    statements = [
        params,
        *params.get("Statements", params.get("TransactStatements", [])),
    ]
    for statement in statements:
        if found := _PARTIQL.match(statement.get("Statement", "")):
            rest = f"/index/{found['index']}" if found["index"] else ""
            verb = found["verb"].split()[0].capitalize()
            yield f"PartiQL{verb}", f"table/{found['table']}{rest}"
    for name, table in _named(service, operation, params):
        index = params.get("IndexName")
        yield name, f"{table}/index/{index}" if index else table


def _events(service: str, operation: str, params: Params) -> Pairs:
    for entry in params.get("Entries", []):
        yield operation, _filled("event-bus/{}", entry.get("EventBusName") or "default")
    yield from _named(service, operation, params)


def _lambda(service: str, operation: str, params: Params) -> Pairs:
    for name, named in _named(service, operation, params):
        is_arn, short = named.startswith("arn:"), named.rpartition("function:")[2]
        arn = named if is_arn else f"function:{short}"
        version = params.get("Qualifier")
        yield name, f"{arn}:{version}" if version else arn


def _logs(service: str, operation: str, params: Params) -> Pairs:
    for name, group in _named(service, operation, params):
        yield name, group + params.get("logStreamName", "")


def _s3(_: str, operation: str, params: Params) -> Pairs:
    bucket = params.get("Bucket")
    if not bucket:
        return
    versioned = operation in ("GetObject", "HeadObject", "DeleteObject")
    name = _ACTIONS.get(f"s3:{operation}", f"s3:{operation}").removeprefix("s3:")
    name += "Version" if versioned and params.get("VersionId") else ""
    keys = [params["Key"]] if "Key" in params else []
    keys += [each["Key"] for each in params.get("Delete", {}).get("Objects", [])]
    for key in keys:
        yield name, f"{bucket}/{key}"
    if not keys:
        yield name, bucket
    if source := params.get("CopySource"):
        yield "GetObject", unquote(str(source).partition("?")[0]).lstrip("/")


def _secretsmanager(service: str, operation: str, params: Params) -> Pairs:
    yield from _named(service, operation, params)
    if operation == "BatchGetSecretValue":
        yield operation, "*"
        for secret in params.get("SecretIdList", []):
            yield "GetSecretValue", _filled("secret:{}", secret)
        if "Filters" in params:  # which secrets these are is not known yet
            yield "GetSecretValue", "*"


def _sqs(service: str, operation: str, params: Params) -> Pairs:
    for name, queue in _named(service, operation, params):
        yield name, queue.rpartition("/")[2]


def _ssm(service: str, operation: str, params: Params) -> Pairs:
    for name, arn in _named(service, operation, params):
        own = arn.partition(":")[0].replace("//", "/", 1)  # without a version
        yield name, own if arn.startswith("parameter/") else arn


_SPECIAL: dict[str, Callable[[str, str, Params], Pairs]] = {
    "dynamodb": _dynamodb,
    "events": _events,
    "lambda": _lambda,
    "logs": _logs,
    "s3": _s3,
    "secretsmanager": _secretsmanager,
    "sqs": _sqs,
    "ssm": _ssm,
}


def _secret(action: str, arn: str) -> Need:
    """Return the need for a secret, which policies name with a random suffix."""
    store = moto_store.backend("secretsmanager", arn.split(":")[3]).secrets
    given = arn.split(":", 6)[6]
    secret = store.get(arn) or store.get(given)
    return Need(action, secret.arn if secret else arn, shown=given)


def _key(action: str, arn: str) -> Need:
    """Return the need for a key, which a call may name by an alias."""
    *prefix, given = arn.split(":", 5)
    name = given.removeprefix("key/")
    if name.startswith("alias/"):
        backend = moto_store.backend("kms", prefix[3])
        name = str(backend.get_key_id_from_alias(name) or name)
    is_alias = name.startswith("alias/")
    return Need(action, ":".join([*prefix, name if is_alias else f"key/{name}"]))


_FINDERS = {"kms": _key, "secretsmanager": _secret}
