"""Functions: patience with IAM, one update at a time, and who may invoke."""

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
    """A function whose role is there, so far as cgw knows."""
    made = find("function", "shop-hello")
    made.role.live = {"Arn": "arn:aws:iam::123456789012:role/shop-hello-eu-west-1"}
    made.live = {"FunctionArn": ARN}
    return made


def test_one_that_is_being_deleted(aws, function, stubbed):
    """It counts as gone, and is made again once Lambda is done with it."""
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
    """IAM takes a while to tell Lambda of a role."""

    def test_waits_for_it(self, aws, function, stubbed):
        """Creation is tried again until Lambda can assume the role, and says so."""
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
        """A role that stays unusable is told with AWS's words, after a while."""
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
    def test_other_refusals_stand(self, aws, function, stubbed, refusal):
        """Only that refusal passes with time; others are told at once."""
        with (
            pytest.raises(ClientError, match=refusal[0]),
            stubbed(aws.functions, ("create_function", None, refusal)),
        ):
            function.create(aws)
        assert aws.naps == []

    def test_update(self, aws, function, stubbed):
        """An update that brings a new role waits for it as well."""
        with stubbed(
            aws.functions,
            ("update_function_configuration", None, TOO_NEW),
            ("update_function_configuration", None, {}),
            ("get_function", None, FOUND),
        ):
            function.update(aws, {"Role": Change("old", "new")})
        assert len(aws.naps) == 1


class TestUpdate:
    """Only what differs is sent, and one thing at a time."""

    def test_code_after_configuration(self, aws, function, stubbed):
        """Code goes up once the new configuration is in force."""
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
        """What a function's environment holds is in no plan."""
        do("apply", find("function", "shop-ship"))
        functions = {"hello": {}, "ship": {"environment": {"TABLE": "secret-name"}}}
        changed = find("function", "shop-ship", functions=functions)
        changes = do("plan", changed)[changed].changes
        assert changes["Environment.Variables"] == Change("(hidden)", "(hidden)")
        assert "secret-name" not in str(changes)
        assert "orders" not in str(changes)


class TestInvokePermission:
    """The function trusts this API and no other."""

    def _sources(self, aws):
        policy = aws.functions.get_policy(FunctionName="shop-hello")["Policy"]
        return [
            source
            for statement in json.loads(policy)["Statement"]
            for source in statement["Condition"]["ArnLike"].values()
        ]

    def test_this_api_only(self, aws, find, do):
        """Only this API may invoke, in this account."""
        permission = find("invoke permission", "shop-hello")
        do("apply", permission)
        api_id = permission.api.id
        assert self._sources(aws) == [
            f"arn:aws:execute-api:eu-west-1:123456789012:{api_id}/*/*"
        ]

    def test_follows_a_new_api(self, aws, find, do):
        """When the API was made anew, the permission of the old one goes."""
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
        """What others were permitted stays."""
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
