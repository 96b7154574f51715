"""Functions: waits for IAM, sequential updates, and invoke permissions."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from cognito_gw.engine.reconcile import apply
from cognito_gw.engine.resource import Change

CANNOT = "The role defined for the function cannot be assumed by Lambda."
TOO_NEW = ("InvalidParameterValueException", CANNOT)
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:shop-hello"
FOUND = {
    "Configuration": {
        "FunctionArn": ARN,
        "State": "Active",
        "LastUpdateStatus": "Successful",
    },
    "Tags": {"cgw:stack": "shop"},
}


@pytest.fixture
def function(find):
    """A function whose role exists."""
    made = find("function", "shop-hello")
    made.role.live = {"Arn": "arn:aws:iam::123456789012:role/shop-hello-eu-west-1"}
    made.live = {"FunctionArn": ARN}
    return made


def test_one_that_is_being_deleted(aws, function, stubbed):
    """It counts as gone, and is created again after Lambda has deleted it."""
    leaving = {**FOUND, "Configuration": {"FunctionArn": ARN, "State": "Deleting"}}
    gone = ("ResourceNotFoundException", "Function not found")
    with stubbed(
        aws.functions,
        *[("get_function", None, leaving)] * 3,
        ("get_function", None, gone),
        ("create_function", None, {"FunctionArn": ARN, "State": "Active"}),
    ):
        step = apply(function, aws)
    assert step.word == "created"
    assert len(aws.naps) == 2
    assert "until the deleted function `shop-hello` is gone" in aws.told[0]


class TestRoleTooNew:
    """A new role is unknown to Lambda for a while."""

    def test_waits_for_it(self, aws, function, stubbed):
        """The creation is retried until Lambda can assume the role, with a message."""
        with stubbed(
            aws.functions,
            *[("create_function", None, TOO_NEW)] * 3,
            ("create_function", None, {}),
            ("get_function", None, FOUND),
        ):
            live = function.create(aws)
        assert live["FunctionArn"] == ARN
        assert len(aws.naps) == 3
        assert aws.naps == sorted(aws.naps), "each pause is longer than the last"
        assert len(aws.told) == 3
        assert "until Lambda can assume execution role" in aws.told[0]

    def test_patience_ends(self, aws, function, stubbed):
        """A role that stays unusable is reported with AWS's message after a timeout."""
        with (
            pytest.raises(ClientError, match="cannot be assumed"),
            stubbed(aws.functions, *[("create_function", None, TOO_NEW)] * 60),
        ):
            function.create(aws)
        assert 85 < sum(aws.naps) < 110

    @pytest.mark.parametrize(
        "refusal",
        [
            ("InvalidParameterValueException", "Unzipped size must be smaller"),
            ("AccessDeniedException", "not authorized: cannot be assumed"),
        ],
    )
    def test_other_errors_are_permanent(self, aws, function, stubbed, refusal):
        """Other errors are not temporary and are reported without a retry."""
        with (
            pytest.raises(ClientError, match=refusal[0]),
            stubbed(aws.functions, ("create_function", None, refusal)),
        ):
            function.create(aws)
        assert aws.naps == []

    def test_update(self, aws, function, stubbed):
        """An update with a new role waits as well."""
        with stubbed(
            aws.functions,
            ("update_function_configuration", None, TOO_NEW),
            ("update_function_configuration", None, {}),
            ("get_function", None, FOUND),
        ):
            function.update(aws, {"Role": Change("old", "new")})
        assert len(aws.naps) == 1


class TestUpdate:
    """Only differences are sent, one update at a time."""

    def test_code_after_configuration(self, aws, function, stubbed):
        """The code is updated after the new configuration is active."""
        changes = {"CodeSha256": Change("a", "b"), "Timeout": Change(1, 3)}
        with stubbed(
            aws.functions,
            ("update_function_configuration", None, {}),
            ("get_function", None, FOUND),
            ("update_function_code", None, {}),
            ("get_function", None, FOUND),
        ):
            function.update(aws, changes)

    def test_environment_is_hidden(self, find, do):
        """A plan does not show a function's environment."""
        do("apply", find("function", "shop-ship"))
        functions = {"hello": {}, "ship": {"environment": {"TABLE": "secret-name"}}}
        changed = find("function", "shop-ship", functions=functions)
        changes = do("plan", changed)[changed].changes
        assert changes["Environment.Variables"] == Change("(hidden)", "(hidden)")
        assert "secret-name" not in str(changes)
        assert "orders" not in str(changes)


class TestInvokePermission:
    """The function allows only this API."""

    def _sources(self, aws):
        policy = aws.functions.get_policy(FunctionName="shop-hello")["Policy"]
        return [
            source
            for statement in json.loads(policy)["Statement"]
            for source in statement["Condition"]["ArnLike"].values()
        ]

    def test_this_api_only(self, aws, find, do):
        """Only this API can invoke it, in this account."""
        permission = find("invoke permission", "shop-hello")
        do("apply", permission)
        api_id = permission.api.id
        assert self._sources(aws) == [
            f"arn:aws:execute-api:eu-west-1:123456789012:{api_id}/*/*"
        ]

    def test_follows_a_new_api(self, aws, find, do):
        """After the API was recreated, the old one's permission is removed."""
        old = find("invoke permission", "shop-hello")
        do("apply", old)
        aws.apigateway.delete_rest_api(restApiId=old.api.id)
        new = find("invoke permission", "shop-hello")
        assert do("apply", new)[new].word == "updated"
        assert new.api.id != old.api.id
        assert self._sources(aws) == [
            f"arn:aws:execute-api:eu-west-1:123456789012:{new.api.id}/*/*"
        ]

    def test_leaves_others_alone(self, aws, find, do):
        """Other permissions stay."""
        permission = find("invoke permission", "shop-hello")
        do("apply", permission.function)
        aws.functions.add_permission(
            FunctionName="shop-hello",
            StatementId="theirs",
            Principal="events.amazonaws.com",
            Action="lambda:InvokeFunction",
            SourceArn="arn:aws:events:eu-west-1:123456789012:rule/nightly",
        )
        do("apply", find("invoke permission", "shop-hello"))
        assert len(self._sources(aws)) == 2
