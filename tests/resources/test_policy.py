"""The operator's policy: every call that this file needs, on its own resources."""

from __future__ import annotations

import json
import re

import pytest

from cognito_gw.resources.policy import operator_policy

# Where an IAM action is not named as the operation that needs it.
ACTIONS = {
    ("lambda", "GetFunction"): {"GetFunction", "ListTags"},
    ("lambda", "CreateFunction"): {"CreateFunction", "TagResource"},
    ("logs", "CreateLogGroup"): {"CreateLogGroup", "TagResource"},
    ("iam", "CreateRole"): {"CreateRole", "TagRole"},
    ("cognito-idp", "CreateUserPool"): {"CreateUserPool", "TagResource"},
}
HTTP = {"Create": "POST", "Put": "PUT", "Update": "PATCH", "Delete": "DELETE"}


def _needed(service, operation):
    """Return the IAM actions of a call; API Gateway's are HTTP's verbs."""
    if service == "apigateway":
        prefix = re.match("[A-Z][a-z]+", operation)[0]
        return {f"apigateway:{HTTP.get(prefix, 'GET')}"}
    prefix = "tag" if service == "tagging" else service
    return {
        f"{prefix}:{name}" for name in ACTIONS.get((service, operation), {operation})
    }


def _allowed(stack):
    return {
        action
        for statement in operator_policy(stack)["Statement"]
        for action in statement["Action"]
    }


@pytest.fixture
def used(aws, built, do):
    """Every IAM action of an up, one without changes, one with, and a down."""
    aws.session.calls.clear()
    changed = {
        "tags": {"team": "other"},
        "domain": "shop-window",
        "functions": {"hello": {"timeout": 9}, "ship": {}},
    }
    calls = set()
    for sections in ({}, {}, changed):
        do("apply", *built(**sections).resources)
    do("destroy", *built(**changed).resources)
    calls = {(service, name) for service, name, _ in aws.session.calls}
    return {action for call in calls for action in _needed(*call)}


def test_covers_what_is_called(aws, built, used):
    """Nothing that up and down do is refused for want of an action."""
    account = built()
    assert used - {"sts:GetCallerIdentity"} - _allowed(account) == set()
    assert "CreateRestApi" in aws.writes
    assert "DeleteUserPool" in aws.writes


# Not called by those: drift, resources that the plain moto lacks, and waits.
UNUSED = {
    "apigateway:PATCH": "a change of the API",
    "cognito-idp:AdminRemoveUserFromGroup": "a user who leaves a group",
    "cognito-idp:DeleteUserPoolClient": "a client that leaves the file",
    "cognito-idp:ListGroups": "status: groups that left the file",
    "cognito-idp:ListResourceServers": "status: servers that left the file",
    "cognito-idp:UpdateResourceServer": "a changed scope",
    "cognito-idp:UpdateUserPoolClient": "a changed client",
    "cognito-idp:UpdateUserPoolDomain": "other pages",
    "iam:DetachRolePolicy": "a policy that somebody attached",
    "iam:ListAttachedRolePolicies": "a role with more policies than ours",
    "iam:ListRolePolicies": "likewise",
    "iam:PassRole": "checked by Lambda, not a call",
    "iam:UpdateAssumeRolePolicy": "a changed trust policy",
    "lambda:GetFunctionConfiguration": "older waiters",
    "lambda:RemovePermission": "a new API",
    "lambda:UpdateFunctionCode": "changed code",
    "sts:GetCallerIdentity": "asked once, before",
    "tag:GetResources": "functions that left the file",
}


def test_allows_little_else(built, used):
    """What is allowed and was not called here has its reason."""
    assert _allowed(built()) - used <= set(UNUSED)


@pytest.fixture
def policy(built):
    """Return what makes the policy of a configuration."""

    def run(**sections):
        return operator_policy(built(**sections))

    return run


class TestLeast:
    """No more than the file needs."""

    def test_only_known_resources(self, policy):
        """Only what has no ARN to name is allowed on everything."""
        on_all = {
            action
            for statement in policy()["Statement"]
            if statement["Resource"] == "*" and "Condition" not in statement
            for action in statement["Action"]
        }
        assert on_all == {
            "sts:GetCallerIdentity",
            "tag:GetResources",
            "cognito-idp:ListUserPools",
            "cognito-idp:DescribeUserPoolDomain",
            "logs:DescribeLogGroups",
        }

    def test_no_wildcard_actions(self, policy):
        """Every action is named in full."""
        assert "*" not in "".join(
            action
            for statement in policy()["Statement"]
            for action in statement["Action"]
        )

    def test_roles_only_to_lambda(self, policy):
        """The roles may be handed to Lambda alone, and they are this stack's."""
        (statement,) = [
            each for each in policy()["Statement"] if each["Action"] == ["iam:PassRole"]
        ]
        assert statement["Resource"] == [
            "arn:aws:iam::123456789012:role/shop-hello-eu-west-1",
            "arn:aws:iam::123456789012:role/shop-ship-eu-west-1",
        ]
        assert statement["Condition"] == {
            "StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}
        }

    @pytest.mark.parametrize(
        ("sections", "absent"),
        [
            ({"users": []}, "AdminCreateUser"),
            ({"user_pool": {"groups": []}, "users": []}, "CreateGroup"),
            ({}, "CreateManagedLoginBranding"),
        ],
    )
    def test_only_what_the_file_has(self, policy, sections, absent):
        """What the file has not asked for needs no permission."""
        assert absent not in json.dumps(policy(**sections))

    def test_external(self, policy):
        """What the file names by `id` may be read, and nothing else."""
        document = policy(
            user_pool={"id": "eu-west-1_theirs"},
            api={"id": "theirs", "routes": {"GET /": {"function": "hello"}}},
            users=[],
        )
        actions = {
            action for each in document["Statement"] for action in each["Action"]
        }
        assert actions == {
            "sts:GetCallerIdentity",
            "tag:GetResources",
            "cognito-idp:DescribeUserPool",
            "cognito-idp:DescribeUserPoolClient",
            "apigateway:GET",
        }

    def test_fits(self, policy):
        """A stack of many routes stays within the size of a managed policy."""
        routes = {f"GET /r{n}": {"function": "hello"} for n in range(200)}
        document = policy(api={"routes": routes})
        assert len(json.dumps(document, separators=(",", ":"))) < 6144


def test_sids_are_unique(policy):
    """IAM refuses a policy in which a statement's id stands twice."""
    sids = [statement["Sid"] for statement in policy()["Statement"]]
    assert len(sids) == len(set(sids))
    assert all(sid.isalnum() for sid in sids)
