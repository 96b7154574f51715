"""What AWS says when IAM does not allow a function's call, and the line that allows it.

The texts are those that people have posted from logs of Python and Node.js functions:
of DynamoDB, S3, SQS, SNS, Systems Manager, Secrets Manager, Lambda and others.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_NOT_ALLOWED = re.compile(
    r"User: (?P<user>\S+) is not authorized to perform: (?P<action>[\w-]+:\w+)"
    r"(?: on(?: resource)?: (?:\\*\"(?P<quoted>[^\"\\]+)|(?P<resource>[^\s\"\\]+)))?"
    r"(?:\\*\"?,? (?P<why>because no [\w -]{1,40}? allows|with an explicit deny[\w -]*)"
    r")?"
)
# boto3's words where S3 and SQS do not name the action, and where HEAD has no body.
_SHORT = re.compile(
    r"\((?:AccessDenied|403)\) when calling the (?P<operation>\w+) operation"
    r"(?: \([^)]*\))?: "
    r"(?:Access Denied|Forbidden"
    r"|Access to the resource \S*/(?P<queue>[\w.-]*) is denied)"
)
_OPERATION = re.compile(r"when calling the (\w+) operation")
_OF_S3 = {  # actions that are not named after the operation
    "CopyObject": "PutObject",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
}
_GRANTED = "because no identity-based policy allows"  # what a permission changes


@dataclass(frozen=True)
class Denial:
    """A call of AWS that was denied."""

    action: str  # such as dynamodb:GetItem
    resource: str  # an ARN, or `*`
    user: str = ""  # the ARN of the caller; empty if unknown
    why: str = _GRANTED  # in AWS's words

    @property
    def is_by_boundary(self) -> bool:
        """Whether something else than a missing permission of the role denies it."""
        return self.why != _GRANTED

    def is_of(self, function: str) -> bool:
        """Whether the function called by its own role: the session has its name."""
        return not self.user or self.user.rpartition("/")[2] == function

    def line(self, partition: str, region: str, account: str) -> str:
        """Return the permission for the file that allows it in this account."""
        arn = self.resource
        *head, rest = arn.split(":", 5) if arn.startswith("arn:") else [arn]
        own = {1: (partition, "partition"), 3: (region, "region")}
        own[4] = (account, "account")
        for index, (value, name) in own.items():
            if head and head[index] == value:
                head[index] = f"{{{name}}}"
        if head[2:3] == ["s3"] and "/" in rest:  # a permission for every object
            rest = f"{rest.partition('/')[0]}/*"
        return f"- {{allow: {self.action}, on: {json.dumps(':'.join([*head, rest]))}}}"


def denial_in(text: str) -> Denial | None:
    """Return the first denial in a log."""
    if found := _NOT_ALLOWED.search(text):
        service, _, name = found["action"].partition(":")
        called = _OPERATION.findall(text[: found.start()])
        if called and called[-1].lower() == name.lower():
            name = called[-1]  # SQS spells it in lower case
        service, given = service.lower(), found["quoted"] or found["resource"] or "*"
        why = found["why"] or _GRANTED
        return Denial(
            f"{service}:{name}", _arn(service, given, found["user"]), found["user"], why
        )
    if found := _SHORT.search(text):
        return _short(found["operation"], found["queue"])
    return None


def _short(operation: str, queue: str | None) -> Denial | None:
    if queue is not None:
        arn = f"arn:{{partition}}:sqs:{{region}}:{{account}}:{queue or 'QUEUE'}"
        return Denial(f"sqs:{operation.removesuffix('Batch')}", arn)
    if not re.search("Object|Bucket", operation):
        return None
    action = _OF_S3.get(operation, operation)
    bucket = "arn:{partition}:s3:::BUCKET"
    is_object = "Object" in action
    resource = "*" if action == "ListAllMyBuckets" else bucket + "/*" * is_object
    return Denial(f"s3:{action}", resource)


def _arn(service: str, given: str, user: str) -> str:
    """Return the ARN of what a message names; Secrets Manager names secrets alone."""
    given = given.rstrip(",;)'")
    if service != "secretsmanager" or given == "*" or given.startswith("arn:"):
        return given
    account = f"{user}::::".split(":")[4] or "{account}"
    return (
        f"arn:{{partition}}:secretsmanager:{{region}}:{account}:secret:{given}-??????"
    )
