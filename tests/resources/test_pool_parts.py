"""Groups, resource servers and MFA: their special cases."""

from __future__ import annotations

import pytest

from cognito_gw.engine.resource import Action, Change

SERVER = {"UserPoolId": "eu-west-1_abc", "Identifier": "orders"}


def test_resource_server_update(aws, find, stubbed):
    """A change of one scope sends the name and all scopes, as AWS replaces both."""
    server = find("resource server")
    server.pool.live = {"Id": "eu-west-1_abc"}
    server.live = SERVER | {"Name": "orders", "Scopes": []}
    sent = SERVER | {
        "Name": "orders",
        "Scopes": [
            {"ScopeName": "read", "ScopeDescription": "Read orders"},
            {"ScopeName": "write", "ScopeDescription": "Write them"},
        ],
    }
    answer = {"ResourceServer": sent}
    with stubbed(aws.cognito, ("update_resource_server", sent, answer)):
        assert server.update(aws, {"Scopes": Change([], [])}) == sent


class TestMfa:
    """The MFA setting is absent while MFA is off."""

    @pytest.mark.parametrize(
        ("mode", "setting"), [("optional", "OPTIONAL"), ("required", "ON")]
    )
    def test_modes(self, aws, find, do, mode, setting):
        """Each mode in the file maps to AWS's setting, with TOTP."""
        mfa = find("mfa setting", user_pool={"mfa": mode})
        do("apply", mfa)
        config = aws.cognito.get_user_pool_mfa_config(UserPoolId=mfa.pool.id)
        assert config["MfaConfiguration"] == setting
        assert config["SoftwareTokenMfaConfiguration"] == {"Enabled": True}

    def test_off_by_default(self, aws, find, do):
        """If MFA is off in the file and on AWS, nothing changes."""
        mfa = find("mfa setting", user_pool={"mfa": "off"})
        assert do("apply", mfa)[mfa].action is Action.KEEP
        assert "SetUserPoolMfaConfig" not in aws.writes

    def test_turned_off(self, aws, find, do):
        """MFA that is removed from the file is turned off."""
        do("apply", find("mfa setting"))
        off = find("mfa setting", user_pool={"mfa": "off"})
        step = do("apply", off)[off]
        assert step.word == "deleted", step.error
        config = aws.cognito.get_user_pool_mfa_config(UserPoolId=off.pool.id)
        assert config["MfaConfiguration"] == "OFF"

    def test_keeps_other_factors(self, aws, find, stubbed):
        """Other factors are sent with the change, as AWS replaces the whole setting."""
        mfa = find("mfa setting")
        mfa.pool.live = {"Id": "eu-west-1_abc"}
        email = {"Message": "Your code is {####}", "Subject": "Code"}
        mfa.live = {
            "MfaConfiguration": "ON",
            "SoftwareTokenMfaConfiguration": {"Enabled": False},
            "EmailMfaConfiguration": email,
            "SmsMfaConfiguration": {},
        }
        sent = {
            "UserPoolId": "eu-west-1_abc",
            "MfaConfiguration": "OPTIONAL",
            "SoftwareTokenMfaConfiguration": {"Enabled": True},
            "EmailMfaConfiguration": email,
        }
        with stubbed(aws.cognito, ("set_user_pool_mfa_config", sent, {})):
            mfa.update(aws, {"MfaConfiguration": Change("ON", "OPTIONAL")})


def test_groups_stay_when_the_file_forgets_them(aws, find, do):
    """A group that is removed from the file stays: it may contain users."""
    do("apply", find("group", "writers"))
    pool = find("user pool", user_pool={"groups": []}, users=[])
    do("refresh", pool)
    assert aws.cognito.get_group(UserPoolId=pool.id, GroupName="writers")
