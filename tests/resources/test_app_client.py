"""The app client: the parameters of an update, and how it is found."""

from __future__ import annotations

import pytest

from cognito_gw.engine.reconcile import apply, plan, refresh
from cognito_gw.engine.resource import Change
from cognito_gw.errors import CannotChange, CgwError


@pytest.fixture
def updated(aws, find, stubbed):
    """Return what UpdateUserPoolClient is sent for a client with these settings."""

    def run(label="web", **settings):
        client = find("app client", label)
        client.pool.live = {"Id": "eu-west-1_abc"}
        client.live = client.desired() | {
            "UserPoolId": "eu-west-1_abc",
            "ClientId": "c1",
            "ClientSecret": "hush",
            "CreationDate": 1,
            "LastModifiedDate": 2,
            **settings,
        }
        answer = {"UserPoolClient": {"ClientId": "c1"}}
        with stubbed(aws.cognito, ("update_user_pool_client", None, answer)):
            client.update(aws, {"LogoutURLs": Change([], [])})
        return aws.sent("UpdateUserPoolClient")

    return run


class TestUpdate:
    """UpdateUserPoolClient resets every missing field."""

    def test_sends_everything(self, updated):
        """Everything in the file is sent, even if only one field differs."""
        assert updated() == {
            "UserPoolId": "eu-west-1_abc",
            "ClientId": "c1",
            "ClientName": "shop-web",
            "ExplicitAuthFlows": [
                "ALLOW_USER_PASSWORD_AUTH",
                "ALLOW_USER_SRP_AUTH",
            ],
            "RefreshTokenRotation": {
                "Feature": "ENABLED",
                "RetryGracePeriodSeconds": 10,
            },
            "ReadAttributes": ["email", "nickname", "custom:tenant"],
            "WriteAttributes": ["email", "nickname"],
            "AllowedOAuthFlowsUserPoolClient": True,
            "AllowedOAuthFlows": ["code"],
            "AllowedOAuthScopes": ["openid", "orders/read"],
            "CallbackURLs": ["http://localhost:8765/callback"],
            "LogoutURLs": ["http://localhost:8765/"],
            "PreventUserExistenceErrors": "ENABLED",
            "EnableTokenRevocation": True,
            "AuthSessionValidity": 3,
            "AccessTokenValidity": 1,
            "IdTokenValidity": 1,
            "RefreshTokenValidity": 30,
            "TokenValidityUnits": {
                "AccessToken": "hours",
                "IdToken": "hours",
                "RefreshToken": "days",
            },
        }

    def test_keeps_what_the_file_does_not_speak_of(self, updated):
        """Settings from the console that the file does not mention are preserved."""
        theirs = {
            "ReadAttributes": ["email"],
            "WriteAttributes": ["email"],
            "SupportedIdentityProviders": ["COGNITO", "Google"],
            "DefaultRedirectURI": "http://localhost:8765/callback",
            "EnablePropagateAdditionalUserContextData": False,
        }
        sent = updated("machine", **theirs)
        assert {key: sent[key] for key in theirs} == theirs

    def test_sends_no_empty_lists(self, updated):
        """Empty lists of URLs are omitted because AWS refuses them."""
        assert "ReadAttributes" not in updated("machine", ReadAttributes=[])


class TestCreate:
    """The parameters of a new app client."""

    def test_machine(self, aws, find, do):
        """A client for machines has a secret, and no flows for users."""
        do("apply", find("app client", "machine"))
        sent = aws.sent("CreateUserPoolClient")
        assert sent["GenerateSecret"]
        assert sent["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]
        assert sent["AllowedOAuthFlows"] == ["client_credentials"]

    def test_without_hosted_ui(self, aws, find, do):
        """Without flows, no OAuth setting is sent: AWS refuses scopes alone."""
        do("apply", find("app client", app_clients={"web": {"oauth_flows": []}}))
        sent = aws.sent("CreateUserPoolClient")
        oauth = {
            "AllowedOAuthFlows",
            "AllowedOAuthScopes",
            "CallbackURLs",
            "LogoutURLs",
        }
        assert not oauth & set(sent)

    @pytest.mark.parametrize(
        ("text", "count", "unit"),
        [
            ("3601s", 3601, "seconds"),
            ("90m", 90, "minutes"),
            ("60m", 1, "hours"),
            ("25h", 25, "hours"),
            ("24h", 1, "days"),
            ("30d", 30, "days"),
        ],
    )
    def test_validity(self, find, text, count, unit):
        """A duration uses the largest unit that fits, and always has a unit."""
        settings = {"validity": {"refresh": text}}
        wanted = find("app client", app_clients={"web": settings}).desired()
        assert wanted["RefreshTokenValidity"] == count
        assert wanted["TokenValidityUnits"]["RefreshToken"] == unit


def test_secret_is_fixed(aws, find, do):
    """A change of a client's secret is an error, because AWS does not allow it."""
    do("apply", find("app client", "web"))
    client = find("app client", app_clients={"web": {"secret": True}})
    do("refresh", client.pool)
    with pytest.raises(CannotChange) as error:
        plan(client, aws)
    told = "`app_clients.web.secret` is true in the file and false on AWS"
    assert told in error.value.what
    assert "name the app client otherwise" in error.value.hint
    assert "all users" in error.value.hint


def test_two_of_one_name(aws, find, do):
    """Two clients with the same name are an error that lists both."""
    client = find("app client", "web")
    do("apply", client)
    aws.cognito.create_user_pool_client(
        UserPoolId=client.pool.id, ClientName="shop-web"
    )
    with pytest.raises(CgwError, match="2 app clients have its name") as error:
        refresh(client, aws)
    assert client.name not in error.value.hint


def test_external(aws, find, do):
    """A client with an `id` in the file is used, and never changed."""
    first = find("app client", "web")
    do("apply", first)
    made = aws.cognito.create_user_pool_client(
        UserPoolId=first.pool.id, ClientName="theirs"
    )["UserPoolClient"]["ClientId"]
    client = find("app client", app_clients={"web": {"id": made}})
    aws.session.calls.clear()
    assert do("apply", client)[client].word == "unchanged"
    assert client.id == made
    do("destroy", client)
    assert "DeleteUserPoolClient" not in aws.writes
    assert "UpdateUserPoolClient" not in aws.writes


def test_a_secret_is_not_a_change(aws, find, do):
    """Plans do not show the secret that AWS generated."""
    client = find("app client", "machine")
    do("apply", client)
    secret = client["ClientSecret"]
    assert secret not in str(apply(client, aws).changes)
    assert secret not in repr(client)
