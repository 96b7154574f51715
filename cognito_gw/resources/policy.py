"""The IAM policies that one file needs, split to fit the size limits of IAM."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.tags import STACK_TAG
from cognito_gw.aws_rules import CUSTOM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cognito_gw.resources.stack import Stack


Statement = dict[str, Any]
Document = dict[str, Any]

LIMIT = 6144  # characters of a managed policy


def size(document: Document) -> int:
    """Return the characters that IAM counts: all but white space."""
    return len("".join(json.dumps(document).split()))


def split(document: Document) -> list[Document]:
    """Return documents within the limit that together allow the same."""
    documents = [_document([])]
    for statement in document["Statement"]:
        for piece in _pieces(statement):
            longer = _document([*documents[-1]["Statement"], piece])
            if size(longer) <= LIMIT:
                documents[-1] = longer
            else:
                documents.append(_document([piece]))
    return documents


def _pieces(statement: Statement) -> Iterator[Statement]:
    """Yield the statement, or parts of it that each fit into a document."""
    arns = statement["Resource"]
    if size(_document([statement])) <= LIMIT or len(arns) == 1:
        yield statement
        return
    middle = len(arns) // 2
    for number, part in enumerate((arns[:middle], arns[middle:]), 1):
        sid = f"{statement['Sid']}{number}"
        yield from _pieces(statement | {"Sid": sid, "Resource": part})


_NEW = "${*}"  # a literal asterisk, in place of an ID that does not exist yet
_READ_PEOPLE = ("AdminGetUser", "AdminListGroupsForUser", "ListUsers")
_CHANGE_PEOPLE = (
    "AdminCreateUser",
    "AdminDeleteUser",
    "AdminSetUserPassword",
    "AdminEnableUser",
    "AdminDisableUser",
    "AdminConfirmSignUp",
    "AdminAddUserToGroup",
    "AdminRemoveUserFromGroup",
)
_CHANGE_API = (
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "lambda:DeleteFunction",
    "lambda:PutFunctionConcurrency",
    "lambda:DeleteFunctionConcurrency",
    "lambda:RemovePermission",
    "logs:PutRetentionPolicy",
    "logs:DeleteLogGroup",
    "iam:ListRolePolicies",
    "iam:ListAttachedRolePolicies",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:DeleteRole",
    # API Gateway's actions are HTTP methods.
    "apigateway:POST",
    "apigateway:PUT",
    "apigateway:PATCH",
    "apigateway:DELETE",
)


def operator_policy(
    stack: Stack, boundary: str | None = None, *, is_split: bool = False
) -> Document:
    """Return what `up`, `down` and the steps need.

    With a permissions boundary, the file's unless one is given, no role is created or
    gets rights without it. The roles that may be passed are named one by one; where
    the document must be one and would be too long, by a pattern.
    """
    own = _Own(stack)
    document = _operator_policy(own, boundary, own.passed_roles)
    if is_split or size(document) <= LIMIT:
        return document
    return _operator_policy(own, boundary, own.passed_role_patterns)


def _operator_policy(own: _Own, boundary: str | None, passed: list[str]) -> Document:
    stack = own.stack
    statements = [_find(stack), *_reads(own)]
    actions = [*_own_reads(stack)]
    if stack.pool.managed:
        statements += _new_pool(own)
        actions += _pool_writes(stack)
    if stack.api.managed:
        limit = boundary or stack.config.iam.permissions_boundary
        statements += [*_new_api(own), *_roles(own, limit)]
        to_lambda = {"iam:PassedToService": "lambda.amazonaws.com"}
        statements.append(_allow("PassRoles", ["iam:PassRole"], passed, to_lambda))
        actions += _CHANGE_API
        if any(f.config.log_retention == 0 for f in stack.functions.values()):
            actions.append("logs:DeleteRetentionPolicy")
    if actions:
        arns = own.used
        if stack.api.managed:
            arns += [*own.roles, own.gateway("/tags/*")]
        manage = _allow("ManageOwn", actions, arns, own.is_ours)
        # UpdateUserPool can set tags: no pool may become another stack's.
        manage["Condition"]["StringEqualsIfExists"] = own.becomes_ours
        statements.append(manage)
    return _document(statements)


def user_policy(stack: Stack) -> Document:
    """Return what the commands need that only use the stack."""
    own = _Own(stack)
    actions = [*_own_reads(stack)]
    if stack.pool.managed:
        actions += _of_cognito(*_READ_PEOPLE, *_CHANGE_PEOPLE)
    if stack.api.managed:
        actions.append("logs:FilterLogEvents")
    caller = stack.account.arn("iam", "user/${aws:username}", is_global=True)
    statements = [
        _find(stack, "iam:GetAccountSummary", "lambda:GetAccountSettings"),
        _allow("SimulateOwnPolicies", ["iam:SimulatePrincipalPolicy"], caller),
        *_reads(own, *_READ_PEOPLE),
    ]
    if actions:
        actions = [*dict.fromkeys(actions)]
        statements.append(_allow("UseOwn", actions, own.used, own.is_ours))
    return _document(statements)


@dataclass(frozen=True)
class _Own:
    """The stack's own resources, by tag or by name."""

    stack: Stack

    @property
    def is_ours(self) -> dict[str, str]:
        """The condition on something that exists."""
        return {f"aws:ResourceTag/{STACK_TAG}": self.stack.config.name}

    @property
    def becomes_ours(self) -> dict[str, str]:
        """The condition on a call that creates something."""
        return {f"aws:RequestTag/{STACK_TAG}": self.stack.config.name}

    @property
    def used(self) -> list[str]:
        """The ARNs of what the stack's users work with."""
        arns = [self.pools] if self.stack.pool.managed else []
        if self.stack.api.managed:
            arns += [*self.functions, *self.log_groups, self.gateway("/restapis/*")]
        return arns

    @property
    def pools(self) -> str:
        """Any user pool: their IDs are random."""
        return self._arn("cognito-idp", "userpool/*")

    @property
    def _names(self) -> list[str]:
        """The names of functions, and a pattern for those removed from the file."""
        prefix = f"{self.stack.config.name}-"
        names = [function.name for function in self.stack.functions.values()]
        return [f"{prefix}*", *(name for name in names if not name.startswith(prefix))]

    @property
    def functions(self) -> list[str]:
        return [self._arn("lambda", f"function:{name}") for name in self._names]

    @property
    def log_groups(self) -> list[str]:
        groups = [f"log-group:/aws/lambda/{name}" for name in self._names]
        if self.stack.config.api.access_log:
            groups.append(f"log-group:/aws/apigateway/{self.stack.config.name}/*")
        # Depending on the action, AWS checks either form; `*` covers both.
        groups += [f"{group}:*" for group in groups if not group.endswith("*")]
        return [self._arn("logs", group) for group in groups]

    @property
    def roles(self) -> list[str]:
        pattern = self._arn("iam", f"role/{self.stack.config.name}-*")
        others = [arn for arn in self.passed_roles if not arn.startswith(pattern[:-1])]
        return [pattern, *others]

    @property
    def passed_roles(self) -> list[str]:
        """The roles of the file alone: a tag does not limit reliably what is passed."""
        functions = self.stack.functions.values()
        return [
            self._arn("iam", f"role/{function.role.name}") for function in functions
        ]

    @property
    def passed_role_patterns(self) -> list[str]:
        region = self.stack.account.region
        pattern = self._arn("iam", f"role/{self.stack.config.name}-*-{region}")
        names = self.passed_roles
        return [pattern, *(arn for arn in names if not fnmatchcase(arn, pattern))]

    def gateway(self, path: str) -> str:
        """Return an ARN of API Gateway's: they have no account."""
        account = self.stack.account
        return f"arn:{account.partition}:apigateway:{account.region}::{path}"

    def gateway_tags(self, path: str) -> str:
        """Return the ARN of the tags of something of API Gateway's."""
        arn = self.gateway(path).replace(":", "%3A").replace("/", "%2F")
        return self.gateway(f"/tags/{arn}")

    def _arn(self, service: str, rest: str) -> str:
        return self.stack.account.arn(service, rest, is_global=service == "iam")


def _find(stack: Stack, *more: str) -> Statement:
    # These know no resources: AWS takes them on `*` alone.
    actions = ["sts:GetCallerIdentity", "tag:GetResources"]
    if stack.pool.managed:
        actions += _of_cognito("ListUserPools", "DescribeUserPoolDomain")
    if stack.api.managed:
        actions.append("logs:DescribeLogGroups")
    return _allow("Find", [*actions, *more], "*")


def _reads(own: _Own, *people: str) -> Iterator[Statement]:
    """Yield what is read of things before it is known whose they are."""
    stack = own.stack
    actions, arns = [*_of_cognito("DescribeUserPool")], [own.pools]
    if not stack.pool.managed:
        actions += _of_cognito("DescribeUserPoolClient", *people)
        arns = [stack.account.arn("cognito-idp", f"userpool/{stack.pool.config.id}")]
    actions.append("apigateway:GET")
    if not stack.api.managed:
        api = own.gateway(f"/restapis/{stack.api.given_id}")
        yield _allow("Read", actions, [*arns, api, f"{api}/*"])
        return
    actions += ["iam:GetRole", "iam:GetRolePolicy", "logs:ListTagsForResource"]
    arns += [own.gateway("/restapis"), *own.roles, *own.log_groups]
    yield _allow("Read", actions, arns)
    # They hold code and secrets: those of another stack are not read.
    functions = _allow(
        "ReadFunctions", ["lambda:GetFunction", "lambda:ListTags"], own.functions
    )
    yield functions | {"Condition": {"StringEqualsIfExists": own.is_ours}}


def _own_reads(stack: Stack) -> Iterator[str]:
    if stack.pool.managed:
        yield from _of_cognito(*_pool_reads(stack))
    if stack.api.managed:
        yield from ("lambda:GetPolicy", "lambda:GetFunctionConcurrency")
        yield "apigateway:GET"


def _pool_reads(stack: Stack) -> Iterator[str]:
    yield from ("GetUserPoolMfaConfig", "DescribeUserPoolClient")
    yield from ("ListUserPoolClients", "ListGroups", "ListResourceServers", "ListUsers")
    if stack.groups:
        yield "GetGroup"
    if stack.resource_servers:
        yield "DescribeResourceServer"
    if stack.brandings:
        yield "DescribeManagedLoginBrandingByClient"
    if stack.users:
        yield "AdminGetUser"
    if _sets_groups(stack):
        yield "AdminListGroupsForUser"


def _pool_writes(stack: Stack) -> list[str]:
    actions = ["UpdateUserPool", "DeleteUserPool", "SetUserPoolMfaConfig"]
    for part in ("Client", "Domain"):
        actions += [f"{verb}UserPool{part}" for verb in ("Create", "Update", "Delete")]
    if stack.groups:
        actions += ["CreateGroup"]
    if stack.resource_servers:
        actions += ["CreateResourceServer", "UpdateResourceServer"]
    if stack.brandings:
        actions += ["CreateManagedLoginBranding"]
    if stack.users:
        actions += ["AdminCreateUser", "AdminSetUserPassword"]
    actions += _attribute_writes(stack)
    if _sets_groups(stack):
        actions += ["AdminAddUserToGroup", "AdminRemoveUserFromGroup"]
    return _of_cognito(*actions)


def _attribute_writes(stack: Stack) -> Iterator[str]:
    if any(name.startswith(CUSTOM) for name in stack.config.user_pool.attributes):
        yield "AddCustomAttributes"
    if any(user.attributes for user in stack.users):
        yield "AdminUpdateUserAttributes"


def _sets_groups(stack: Stack) -> bool:
    return any(user.group_names is not None for user in stack.users)


def _new_pool(own: _Own) -> Iterator[Statement]:
    # A pool has no ARN before it exists.
    create, tag = _of_cognito("CreateUserPool", "TagResource")
    yield _allow("CreateUserPool", [create], "*", own.becomes_ours)
    yield _allow("TagUserPool", [tag], "*", own.is_ours | own.becomes_ours)


def _new_api(own: _Own) -> Iterator[Statement]:
    both = own.is_ours | own.becomes_ours
    groups, apis = own.log_groups, own.gateway("/restapis")
    create = ["lambda:CreateFunction", "logs:CreateLogGroup", "apigateway:POST"]
    arns = [*own.functions, *groups, apis]
    yield _allow("Create", create, arns, own.becomes_ours)
    # To create with tags is to PUT them where the id is still an asterisk.
    new = [f"{apis}/{_NEW}", f"{apis}/*/stages/{_NEW}"]
    tags = [own.gateway_tags(arn.removeprefix(own.gateway(""))) for arn in new]
    yield _allow("TagNewRestApi", ["apigateway:PUT"], tags, own.becomes_ours)
    tag = ["lambda:TagResource", "logs:TagResource", "iam:TagRole"]
    yield _allow("Tag", tag, [*own.functions, *groups, *own.roles], both)
    only_api = own.is_ours | {"lambda:Principal": "apigateway.amazonaws.com"}
    yield _allow("LetApiInvoke", ["lambda:AddPermission"], own.functions, only_api)


def _roles(own: _Own, boundary: str | None) -> Iterator[Statement]:
    limit = {"iam:PermissionsBoundary": boundary} if boundary else {}
    grant = ["iam:PutRolePolicy"]
    if boundary:
        grant.append("iam:PutRolePermissionsBoundary")
    yield _allow("CreateRoles", ["iam:CreateRole"], own.roles, own.becomes_ours | limit)
    yield _allow("GrantRoles", grant, own.roles, own.is_ours | limit)


def _of_cognito(*names: str) -> list[str]:
    return [f"cognito-idp:{name}" for name in names]


def _allow(
    sid: str,
    actions: Iterable[str],
    resources: str | list[str],
    equals: dict[str, str] | None = None,
) -> Statement:
    statement: Statement = {"Sid": sid, "Effect": "Allow"}
    statement |= {"Action": list(actions), "Resource": resources}
    return statement | ({"Condition": {"StringEquals": equals}} if equals else {})


def _document(statements: list[Statement]) -> Document:
    return {"Version": "2012-10-17", "Statement": statements}
