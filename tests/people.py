"""A user pool with one app client, and the ways to sign in through it."""

from __future__ import annotations

import time
from functools import cache

import boto3
import pyotp
from botocore import UNSIGNED
from botocore.config import Config

USER, PASSWORD, OTHER = "alice@example.com", "Secret-123", "Changed-456"
EVERY_FLOW = [
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_USER_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
]
STEP = 30  # period of a one-time password in seconds
LOOPBACK = "http://localhost:8765/callback"
SIGN_IN_BY_MAIL = {
    "UsernameAttributes": ["email"],
    "UsernameConfiguration": {"CaseSensitive": False},
}


class UserPool:
    """A user pool, and the calls that tests make on it."""

    def __init__(self, client, name, **settings):
        self.client = client
        self.name = name
        self.made = client.create_user_pool(PoolName=name, **settings)["UserPool"]
        self.id, self.arn = self.made["Id"], self.made["Arn"]

    def call(self, operation, **params):
        return getattr(self.client, operation)(UserPoolId=self.id, **params)

    def described(self):
        return self.call("describe_user_pool")["UserPool"]

    def app_client(self, **settings):
        made = self.call("create_user_pool_client", ClientName="web", **settings)
        return made["UserPoolClient"]

    def oauth_client(self, *flows, **settings):
        oauth = {"AllowedOAuthFlowsUserPoolClient": True}
        oauth["AllowedOAuthFlows"] = list(flows or ["code"])
        oauth["AllowedOAuthScopes"] = ["openid"]
        oauth["CallbackURLs"] = [LOOPBACK]
        return self.app_client(**oauth | settings)

    def server(self, *scopes):
        scopes = [{"ScopeName": name, "ScopeDescription": name} for name in scopes]
        server = {"Identifier": "api", "Name": "api", "Scopes": scopes}
        return self.call("create_resource_server", **server)

    def machine_client(self, **settings):
        self.server("read")
        settings = {"AllowedOAuthScopes": ["api/read"], "CallbackURLs": []} | settings
        return self.oauth_client("client_credentials", **settings)

    def domain(self, prefix, **settings):
        return self.call("create_user_pool_domain", Domain=prefix, **settings)

    def user(self, username, **settings):
        settings = {"MessageAction": "SUPPRESS"} | settings
        return self.call("admin_create_user", Username=username, **settings)


class People:
    """Calls about the pool's users: by an administrator, and by the users."""

    def __init__(self, pool, **settings):
        self.pool = pool
        self.settings = {"ExplicitAuthFlows": EVERY_FLOW} | settings
        self.client = pool.app_client(**self.settings)
        self.id = self.client["ClientId"]
        self.api = _public_api(pool.client.meta.endpoint_url)

    def call(self, operation, **params):
        """Call an operation with the app client's ID."""
        return getattr(self.api, operation)(ClientId=self.id, **params)

    def confirmed(self, name=USER, password=PASSWORD, **attributes):
        """Create a user who can sign in immediately."""
        given = {"email": name} | attributes if "@" in name else attributes
        verified = {"email_verified": "true"} | given if "email" in given else given
        self.pool.user(
            name,
            UserAttributes=[{"Name": key, "Value": verified[key]} for key in verified],
        )
        self.pool.call(
            "admin_set_user_password", Username=name, Password=password, Permanent=True
        )
        return self

    def sign_in(self, password=PASSWORD, name=USER):
        parameters = {"USERNAME": name, "PASSWORD": password}
        return self.call(
            "initiate_auth", AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters
        )

    def tokens(self, **which):
        return self.sign_in(**which)["AuthenticationResult"]

    def answer(self, challenge, name=None, **responses):
        """Answer a challenge, by its own name or another."""
        responses = {"USERNAME": USER} | responses
        return self.call(
            "respond_to_auth_challenge",
            ChallengeName=name or challenge["ChallengeName"],
            Session=challenge["Session"],
            ChallengeResponses=responses,
        )

    def require_mfa(self, setting="ON", **more):
        self.pool.call(
            "set_user_pool_mfa_config",
            SoftwareTokenMfaConfiguration={"Enabled": True},
            MfaConfiguration=setting,
            **more,
        )
        return self

    def with_totp(self):
        """Give the signed-in user a preferred authenticator app; return it.

        The code of this moment is still to be used, as is the one after it.
        """
        access = self.tokens()["AccessToken"]
        app = App(self.api.associate_software_token(AccessToken=access)["SecretCode"])
        self.api.verify_software_token(AccessToken=access, UserCode=app.last_code())
        self.api.set_user_mfa_preference(
            AccessToken=access,
            SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True},
        )
        return app


@cache
def _public_api(url):
    """Return a client without AWS credentials, for users."""
    config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
    return boto3.client(
        "cognito-idp", endpoint_url=url, region_name="eu-west-1", config=config
    )


class App:
    """An authenticator app."""

    def __init__(self, secret):
        self.secret = secret
        self._totp = pyotp.TOTP(secret)

    def code(self):
        """The current code."""
        return self._totp.now()

    def last_code(self):
        """The previous code, which is still valid."""
        return self._totp.at(int(time.time()) - STEP)

    def next_code(self):
        """The next code, because each code works once."""
        return self._totp.at(int(time.time()) + STEP)
