"""Third-party clients complete their flows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from authlib.integrations.requests_client import OAuth2Session
from browsing import CALLBACK, Browser, http_client
from joserfc import jwk, jwt
from people import OTHER, PASSWORD, USER, People
from pycognito import Cognito

BY_MAIL = {
    "UsernameAttributes": ["email"],
    "AutoVerifiedAttributes": ["email"],
    "UsernameConfiguration": {"CaseSensitive": False},
}
BY_OAUTH = {
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthFlows": ["code"],
    "AllowedOAuthScopes": ["openid", "email"],
    "CallbackURLs": [CALLBACK],
    "SupportedIdentityProviders": ["COGNITO"],
    "GenerateSecret": True,
}
AWS = Path(sys.executable).with_name("aws")


class TestPycognito:
    """https://github.com/NabuCasa/pycognito."""

    @pytest.fixture
    def cognito(self, make_pool):
        pool = make_pool(**BY_MAIL)
        people = People(pool)
        endpoint = {"endpoint_url": pool.client.meta.endpoint_url}
        return Cognito(
            pool.id,
            people.id,
            user_pool_region="eu-west-1",
            username=USER,
            boto3_client_kwargs=endpoint,
        )

    def test_from_signing_up_to_signing_out(self, cognito, mailed):
        cognito.register(USER, PASSWORD)
        cognito.confirm_sign_up(mailed(USER), USER)
        cognito.authenticate(password=PASSWORD)  # by SRP; it verifies the tokens
        assert cognito.id_claims["email"] == USER
        before = cognito.access_token
        cognito.renew_access_token()
        assert cognito.access_token != before
        cognito.change_password(PASSWORD, OTHER)
        assert cognito.get_user().email == USER
        cognito.logout()
        assert cognito.access_token is None

    def test_a_wrong_password(self, cognito, mailed):
        cognito.register(USER, PASSWORD)
        cognito.confirm_sign_up(mailed(USER), USER)
        with pytest.raises(cognito.client.exceptions.NotAuthorizedException):
            cognito.authenticate(password=OTHER)

    def test_a_forgotten_password(self, cognito, mailed):
        cognito.register(USER, PASSWORD)
        cognito.confirm_sign_up(mailed(USER), USER)
        cognito.initiate_forgot_password()
        cognito.confirm_forgot_password(mailed(USER), OTHER)
        cognito.authenticate(password=OTHER)
        assert cognito.id_token


class TestAuthlib:
    """https://authlib.org."""

    @pytest.fixture
    def issuer(self, pool, name):
        pool.domain(name)
        return f"{pool.client.meta.endpoint_url}/{pool.id}"

    def published(self, url):
        with http_client() as http:
            return http.get(url).json()

    def client(self, people, **settings):
        return OAuth2Session(
            people.id, people.client["ClientSecret"], redirect_uri=CALLBACK, **settings
        )

    def test_code_with_pkce_from_discovery(self, pool, issuer):
        people = People(pool, **BY_OAUTH).confirmed()
        found = self.published(f"{issuer}/.well-known/openid-configuration")
        with self.client(
            people, scope="openid email", code_challenge_method="S256"
        ) as client:
            verifier = "v" * 48
            url, state = client.create_authorization_url(
                found["authorization_endpoint"], code_verifier=verifier, nonce="n"
            )
            browser = Browser(found["authorization_endpoint"].rpartition("/oauth2")[0])
            arrival = browser.go(url).send(username=USER, password=PASSWORD)
            token = client.fetch_token(
                found["token_endpoint"],
                authorization_response=arrival.url,
                state=state,
                code_verifier=verifier,
            )
            claims = self.claims(token["id_token"], found)
            assert (claims["nonce"], claims["email"]) == ("n", USER)
            assert client.get(found["userinfo_endpoint"]).json()["email"] == USER
            renewed = client.refresh_token(found["token_endpoint"])
            assert renewed["access_token"] != token["access_token"]
            assert client.revoke_token(
                found["revocation_endpoint"], token["refresh_token"]
            )

    def test_client_credentials(self, pool, issuer):
        pool.server("read")
        people = People(
            pool,
            **BY_OAUTH
            | {
                "AllowedOAuthFlows": ["client_credentials"],
                "AllowedOAuthScopes": ["api/read"],
                "CallbackURLs": [],
            },
        )
        found = self.published(f"{issuer}/.well-known/openid-configuration")
        with self.client(people, scope="api/read") as client:
            token = client.fetch_token(found["token_endpoint"])
        assert self.claims(token["access_token"], found)["scope"] == "api/read"

    def claims(self, token, found):
        keys = jwk.KeySet.import_key_set(self.published(found["jwks_uri"]))
        return jwt.decode(token, keys, algorithms=["RS256"]).claims


@pytest.mark.skipif(not AWS.exists(), reason="the AWS CLI is not installed")
class TestAwsCli:
    """https://docs.aws.amazon.com/cli."""

    @pytest.fixture
    def people(self, make_pool):
        return People(make_pool(**BY_MAIL))

    @pytest.fixture
    def aws_cli(self, people, tmp_path):
        """Return a function that runs the AWS CLI, unsigned without credentials."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "AWS_ENDPOINT_URL": people.api.meta.endpoint_url,
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

        def run(*arguments, **options):
            command = [sys.executable, str(AWS), *arguments, "--output", "json"]
            for name, value in options.items():
                command += [f"--{name.replace('_', '-')}", value]
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout or "null")

        return run

    def test_signs_up_and_in(self, people, aws_cli):
        made = aws_cli(
            "cognito-idp",
            "sign-up",
            client_id=people.id,
            username=USER,
            password=PASSWORD,
        )
        assert made["UserConfirmed"] is False
        people.pool.call("admin_confirm_sign_up", Username=USER)
        signed_in = aws_cli(
            "cognito-idp",
            "initiate-auth",
            client_id=people.id,
            auth_flow="USER_PASSWORD_AUTH",
            auth_parameters=f"USERNAME={USER},PASSWORD={PASSWORD}",
        )
        access = signed_in["AuthenticationResult"]["AccessToken"]
        user = people.api.get_user(AccessToken=access)
        assert user["Username"] == made["UserSub"]
