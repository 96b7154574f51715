"""The operator's policy reaches the stack's own resources, and no others.

Each attack is a request as AWS would authorize it: an action, a resource, and its
context. Foreign resources have no tag, or another stack's.
"""

from __future__ import annotations

from itertools import product
from urllib.parse import quote

import pytest
from faults.stacks import SMALL
from iam import gateway_arn, is_allowed, request_tag, resource_tag

from cognito_gw.aws.clients import Account
from cognito_gw.resources.policy import operator_policy
from cognito_gw.resources.stack import build

NUMBER, REGION = "123456789012", "eu-west-1"
BOUNDARY = f"arn:aws:iam::{NUMBER}:policy/functions"
OWN, TAKEN, NONE = resource_tag("shop"), resource_tag("shop-admin"), {}
CLAIM = request_tag("shop")


def role(name):
    """Return the ARN of a role."""
    return f"arn:aws:iam::{NUMBER}:role/{name}"


POOL = f"arn:aws:cognito-idp:{REGION}:{NUMBER}:userpool/{REGION}_theirs"
API, TAGS = gateway_arn("/restapis/theirs"), gateway_arn("/tags/")
FUNCTION = f"arn:aws:lambda:{REGION}:{NUMBER}:function:shop-theirs"
GROUP = f"arn:aws:logs:{REGION}:{NUMBER}:log-group:/aws/lambda/shop-theirs"
ROLE = role("shop-theirs-eu-west-1")
# What the file names.
OWN_FUNCTION, OWN_GROUP = (
    arn.replace("shop-theirs", "shop-hello") for arn in (FUNCTION, GROUP)
)
OWN_ROLE = role("shop-hello-eu-west-1")
WRITES = {
    POOL: [
        "cognito-idp:DeleteUserPool",
        "cognito-idp:UpdateUserPool",
        "cognito-idp:CreateUserPoolClient",
        "cognito-idp:DescribeUserPoolClient",
        "cognito-idp:AdminCreateUser",
        "cognito-idp:AdminSetUserPassword",
        "cognito-idp:AdminAddUserToGroup",
    ],
    API: ["apigateway:PATCH", "apigateway:PUT", "apigateway:DELETE"],
    f"{API}/resources/a/methods/GET": ["apigateway:PUT", "apigateway:PATCH"],
    f"{API}/deployments": ["apigateway:POST"],
    f"{API}/stages": ["apigateway:POST", "apigateway:GET"],
    f"{API}/stages/prod": ["apigateway:PATCH", "apigateway:DELETE", "apigateway:GET"],
    f"{API}/authorizers/a": ["apigateway:PATCH", "apigateway:DELETE"],
    FUNCTION: [
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
        "lambda:DeleteFunction",
        "lambda:AddPermission",
        "lambda:RemovePermission",
        "lambda:InvokeFunction",
    ],
    GROUP: ["logs:DeleteLogGroup", "logs:PutRetentionPolicy", "logs:FilterLogEvents"],
    f"{GROUP}:*": ["logs:DeleteLogGroup", "logs:PutRetentionPolicy"],
    ROLE: [
        "iam:PutRolePolicy",
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:UpdateAssumeRolePolicy",
        "iam:AttachRolePolicy",
        "iam:PutRolePermissionsBoundary",
    ],
}
CLAIMS = [
    ("cognito-idp:TagResource", POOL),
    ("cognito-idp:UpdateUserPool", POOL),
    ("apigateway:PUT", TAGS + quote(API, safe="")),
    ("apigateway:PUT", TAGS + quote(f"{API}/stages/prod", safe="")),
    ("apigateway:PUT", f"{TAGS}{quote(API, safe='')}*"),
    ("apigateway:PATCH", API),
    ("lambda:TagResource", FUNCTION),
    ("logs:TagResource", GROUP),
    ("logs:TagResource", f"{GROUP}:*"),
    ("iam:TagRole", ROLE),
    ("iam:TagRole", role("Admin")),
    ("tag:TagResources", "*"),
]


@pytest.fixture(params=[None, BOUNDARY], ids=["without a boundary", "within one"])
def policy(request, configured):
    """The policy of a stack called `shop`, optionally with a boundary for roles."""
    stack = build(configured(SMALL), Account("aws", REGION, NUMBER))
    return operator_policy(stack, *filter(None, [request.param]))


@pytest.mark.parametrize("owner", [NONE, TAKEN], ids=["nobody", "another stack"])
def test_foreign_things_are_not_touched(policy, owner):
    """Not even if their names begin like the stack's, and not by tagging them."""
    api_alone = {"lambda:Principal": "apigateway.amazonaws.com"}
    limited = {"iam:PermissionsBoundary": BOUNDARY}
    for arn, actions in WRITES.items():
        for action, claim in product(actions, (NONE, CLAIM)):
            context = owner | claim | api_alone | limited
            assert not is_allowed(policy, action, arn, context), (action, arn)


@pytest.mark.parametrize("owner", [NONE, TAKEN], ids=["nobody", "another stack"])
def test_foreign_things_are_not_claimed(policy, owner):
    """The stack may delete what has its tag, so foreign resources cannot get it."""
    for action, arn in CLAIMS:
        assert not is_allowed(policy, action, arn, owner | CLAIM), (action, arn)


@pytest.mark.parametrize(
    ("action", "arn"),
    [
        ("cognito-idp:TagResource", POOL),
        ("cognito-idp:UpdateUserPool", POOL),
        ("apigateway:PUT", TAGS + quote(API, safe="")),
        ("lambda:TagResource", FUNCTION),
        ("logs:TagResource", GROUP),
        ("iam:TagRole", ROLE),
    ],
    ids=str,
)
def test_own_things_are_not_planted_on_others(policy, action, arn):
    """Another stack would adopt resources that carry its tag."""
    assert not is_allowed(policy, action, arn, OWN | request_tag("other"))
    assert is_allowed(policy, action, arn, OWN | CLAIM)


CREATIONS = [
    ("cognito-idp:CreateUserPool", "*"),
    ("apigateway:POST", gateway_arn("/restapis")),
    ("lambda:CreateFunction", FUNCTION),
    ("logs:CreateLogGroup", f"{GROUP}:*"),
    ("iam:CreateRole", ROLE),
]


@pytest.mark.parametrize(("action", "arn"), CREATIONS, ids=str)
@pytest.mark.parametrize("tags", [NONE, request_tag("other")], ids=["no", "another's"])
def test_nothing_is_created_for_others(policy, action, arn, tags):
    """A resource with no tag is foreign; with another stack's tag it is planted."""
    limited = {"iam:PermissionsBoundary": BOUNDARY}
    assert not is_allowed(policy, action, arn, tags | limited)
    assert is_allowed(policy, action, arn, CLAIM | limited)


@pytest.mark.parametrize(
    ("action", "arn"),
    [
        ("apigateway:PATCH", gateway_arn("/account")),
        ("apigateway:POST", gateway_arn("/apikeys")),
        ("apigateway:DELETE", gateway_arn("/domainnames/shop.example.com")),
        ("apigateway:PATCH", gateway_arn("/usageplans/a")),
        ("iam:UpdateAssumeRolePolicy", OWN_ROLE),
        ("iam:AttachRolePolicy", OWN_ROLE),
        ("iam:DeleteRolePermissionsBoundary", OWN_ROLE),
        ("iam:UntagRole", OWN_ROLE),
        ("iam:CreateUser", f"arn:aws:iam::{NUMBER}:user/shop-user"),
        ("iam:CreateAccessKey", f"arn:aws:iam::{NUMBER}:user/admin"),
        ("iam:CreatePolicyVersion", BOUNDARY),
        ("lambda:CreateEventSourceMapping", "*"),
        ("lambda:CreateFunctionUrlConfig", OWN_FUNCTION),
        ("lambda:UntagResource", OWN_FUNCTION),
        ("logs:PutSubscriptionFilter", OWN_GROUP),
        ("cognito-idp:UntagResource", POOL),
        ("sts:AssumeRole", OWN_ROLE),
        ("tag:TagResources", "*"),
        ("tag:UntagResources", "*"),
    ],
    ids=str,
)
def test_not_even_on_own_things(policy, action, arn):
    """No `up` needs it, and it leads out of the stack."""
    everything = OWN | CLAIM | {"iam:PermissionsBoundary": BOUNDARY}
    for context in (NONE, OWN, CLAIM, everything):
        assert not is_allowed(policy, action, arn, context)


def test_only_own_functions_are_opened_and_only_to_the_gateway(policy):
    """A permission for everyone would bypass the API and its authorizer."""
    for who in ("*", "s3.amazonaws.com", "arn:aws:iam::999999999999:root"):
        context = OWN | {"lambda:Principal": who}
        assert not is_allowed(policy, "lambda:AddPermission", OWN_FUNCTION, context)


def test_secrets_of_another_stack_are_not_read(policy):
    """A function's environment, even if its name begins like the stack's."""
    assert not is_allowed(policy, "lambda:GetFunction", FUNCTION, TAKEN)
    assert is_allowed(policy, "lambda:GetFunction", FUNCTION, OWN)
    assert is_allowed(policy, "lambda:GetFunction", FUNCTION), "it may not exist yet"


def test_roles_stay_within_the_boundary(configured):
    """Without the boundary, a role of the stack can become an administrator."""
    stack = build(configured(SMALL), Account("aws", REGION, NUMBER))
    policy = operator_policy(stack, BOUNDARY)
    grants = ("iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary")
    others = (None, f"arn:aws:iam::{NUMBER}:policy/wider", f"{BOUNDARY}-2")
    for action, other in product(grants, others):
        limited = {"iam:PermissionsBoundary": other} if other else {}
        assert not is_allowed(policy, action, OWN_ROLE, OWN | CLAIM | limited)
    for action in grants:
        limited = {"iam:PermissionsBoundary": BOUNDARY}
        assert is_allowed(policy, action, OWN_ROLE, OWN | CLAIM | limited)


def test_the_boundary_of_the_file_is_the_default(configured):
    """The option is not needed if the file has a boundary."""
    text = f"{SMALL}iam: {{permissions_boundary: {BOUNDARY}}}\n"
    stack = build(configured(text), Account("aws", REGION, NUMBER))
    plain = build(configured(SMALL), Account("aws", REGION, NUMBER))
    assert operator_policy(stack) == operator_policy(plain, BOUNDARY)
