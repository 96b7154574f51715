"""Methods and the authorizer: secured from the start, and changed in one step."""

from __future__ import annotations

import pytest

from cognito_gw.engine.reconcile import plan
from cognito_gw.engine.resource import Change

POOL_ARN = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_abc"
KEY = {"restApiId": "a1", "resourceId": "r1", "httpMethod": "POST"}


@pytest.fixture
def method(find):
    """The method with scopes, and its existing dependencies."""
    found = find("method", "POST /orders/{id}/ship")
    found.path.api.live = {"id": "a1"}
    found.path.live = {"id": "r1"}
    found.function.live = {"FunctionArn": "arn:f"}
    found.authorizer.live = {"id": "auth1"}
    return found


class TestClosed:
    """A method is never open by accident."""

    def _type(self, aws, method):
        key = {"restApiId": method.path.api.id, "resourceId": method.path.id}
        found = aws.apigateway.get_method(**key, httpMethod=method.verb)
        return found["authorizationType"]

    def test_with_its_authorizer(self, aws, find, do):
        """A secured method has its authorizer from its creation on."""
        method = find("method", "GET /orders")
        do("apply", method)
        sent = aws.sent("PutMethod")
        assert sent["authorizationType"] == "COGNITO_USER_POOLS"
        assert sent["authorizerId"] == method.authorizer.id
        assert "UpdateMethod" not in aws.writes

    def test_before_its_authorizer(self, aws, find, do):
        """Created before its authorizer, as in the tutorial, it refuses all calls."""
        method = find("method", "GET /orders")
        do("apply", method.path, method.function)
        method.create(aws)
        assert self._type(aws, method) == "AWS_IAM"

    def test_public(self, aws, find, do):
        """A method is public only if the file says so."""
        method = find("method", "GET /health")
        do("apply", method)
        assert self._type(aws, method) == "NONE"

    @pytest.mark.parametrize(
        ("live", "is_unsecured", "reason"),
        [
            (None, False, "absent"),
            ({"authorizationType": "NONE"}, True, "open"),
            ({"authorizationType": "AWS_IAM"}, True, "not attached yet"),
            (
                {"authorizationType": "COGNITO_USER_POOLS", "authorizerId": "auth1"},
                False,
                "attached",
            ),
            (
                {"authorizationType": "COGNITO_USER_POOLS", "authorizerId": "theirs"},
                True,
                "attached to another authorizer",
            ),
        ],
    )
    def test_is_unsecured(self, method, live, is_unsecured, reason):
        """Only this stack's authorizer secures it."""
        method.live = live
        assert method.is_unsecured == is_unsecured, reason


class TestUpdate:
    """All differences change in one call."""

    @pytest.mark.parametrize(
        ("changes", "patch"),
        [
            (
                {
                    "authorizationType": Change("NONE", "COGNITO_USER_POOLS"),
                    "authorizerId": Change(None, "auth1"),
                },
                [
                    ("replace", "/authorizationType", "COGNITO_USER_POOLS"),
                    ("replace", "/authorizerId", "auth1"),
                ],
            ),
            (
                {"authorizationScopes": Change(["b/x", "a/x"], ["orders/write"])},
                [
                    ("add", "/authorizationScopes", "orders/write"),
                    ("remove", "/authorizationScopes", "a/x"),
                    ("remove", "/authorizationScopes", "b/x"),
                ],
            ),
            (
                {"apiKeyRequired": Change(True, False)},
                [("replace", "/apiKeyRequired", "false")],
            ),
        ],
    )
    def test_patch(self, aws, method, stubbed, changes, patch):
        """Each change is one operation of one call; scopes are added before others go.

        Without a scope in between, the method would let ID tokens in.
        """
        operations = [
            dict(zip(("op", "path", "value"), each, strict=True)) for each in patch
        ]
        with stubbed(
            aws.apigateway,
            ("update_method", KEY | {"patchOperations": operations}, {}),
            ("get_method", KEY, {"httpMethod": "POST"}),
        ):
            assert method.update(aws, changes) == {"httpMethod": "POST"}

    def test_integration(self, aws, method, stubbed):
        """The integration is sent as a whole, as AWS replaces it."""
        sent = KEY | {
            "type": "AWS_PROXY",
            "integrationHttpMethod": "POST",
            "uri": "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:f"
            "/invocations",
        }
        with stubbed(
            aws.apigateway,
            ("put_integration", sent, {}),
            ("get_method", KEY, {}),
        ):
            method.update(aws, {"methodIntegration.type": Change("MOCK", "AWS_PROXY")})

    def test_opened_behind_our_back(self, aws, find, do):
        """A method that was made public outside of cgw is detected."""
        method = find("method", "GET /orders")
        do("apply", method)
        key = {
            "restApiId": method.path.api.id,
            "resourceId": method.path.id,
            "httpMethod": "GET",
        }
        aws.apigateway.delete_method(**key)
        aws.apigateway.put_method(**key, authorizationType="NONE")
        again = find("method", "GET /orders")
        changes = do("plan", again)[again].changes
        assert changes["authorizationType"] == Change("NONE", "COGNITO_USER_POOLS")


class TestAuthorizer:
    """The authorizer always has a pool, and it is this stack's."""

    @pytest.fixture
    def authorizer(self, find):
        """The authorizer, with another pool on AWS."""
        found = find("authorizer")
        found.api.live = {"id": "a1"}
        found.pool.live = {"Arn": POOL_ARN}
        found.live = {"id": "auth1", "providerARNs": ["arn:old"]}
        return found

    def test_pool(self, aws, authorizer, stubbed):
        """The new pool is added before the old one is removed."""
        patch = [
            {"op": "add", "path": "/providerARNs", "value": POOL_ARN},
            {"op": "remove", "path": "/providerARNs", "value": "arn:old"},
            # AWS does not return its type, so it is sent as well.
            {"op": "replace", "path": "/authorizerResultTtlInSeconds", "value": "60"},
        ]
        sent = {"restApiId": "a1", "authorizerId": "auth1", "patchOperations": patch}
        with stubbed(
            aws.apigateway,
            ("update_authorizer", sent, {}),
            ("get_authorizers", None, {"items": []}),
        ):
            authorizer.update(aws, {"providerARNs": Change(["arn:old"], [POOL_ARN])})

    def test_ttl(self, aws, authorizer, stubbed):
        """A number is sent as text if AWS returned the old value."""
        authorizer.live["authorizerResultTtlInSeconds"] = 300
        path = "/authorizerResultTtlInSeconds"
        patch = [{"op": "replace", "path": path, "value": "0"}]
        sent = {"restApiId": "a1", "authorizerId": "auth1", "patchOperations": patch}
        with stubbed(
            aws.apigateway,
            ("update_authorizer", sent, {}),
            ("get_authorizers", None, {"items": []}),
        ):
            authorizer.update(aws, {path[1:]: Change(300, 0)})

    @pytest.mark.parametrize("ttl", [0, 60, 300])
    def test_ttl_that_aws_does_not_report(self, aws, find, stubbed, ttl):
        """A TTL missing from AWS's response is not a difference."""
        authorizer = find("authorizer", api=_with_ttl(ttl))
        authorizer.api.live = {"id": "a1"}
        authorizer.pool.live = {"Arn": POOL_ARN}
        item = {
            "id": "auth1",
            "name": "cognito",
            "type": "COGNITO_USER_POOLS",
            "providerARNs": [POOL_ARN],
            "identitySource": "method.request.header.Authorization",
        }
        with stubbed(aws.apigateway, ("get_authorizers", None, {"items": [item]})):
            assert plan(authorizer, aws).changes == {}


def _with_ttl(ttl):
    return {
        "routes": {"GET /orders": {"function": "hello"}},
        "authorizer": {"ttl": ttl},
    }
