"""The sign-in API issues tokens and refuses as Cognito does, with its messages."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import jwt
import pytest

from cognito_gw.local.dispatch import SERVICES

USER, PASSWORD, NEW = "alice@example.com", "Secret-123", "Changed-456"
FLOWS = [
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
]


class SignIn:
    """A pool with one confirmed user and one app client, and ways to sign in."""

    def __init__(self, pool, **settings):
        self.pool = pool
        self.client = pool.app_client(**{"ExplicitAuthFlows": FLOWS} | settings)
        self.id = self.client["ClientId"]
        pool.user(USER, TemporaryPassword=PASSWORD)

    def confirmed(self):
        self.pool.call(
            "admin_set_user_password", Username=USER, Password=PASSWORD, Permanent=True
        )
        return self

    def call(self, operation, **params):
        return getattr(self.pool.client, operation)(**{"ClientId": self.id} | params)

    def flow(self, name, operation="initiate_auth", **parameters):
        scope = {"UserPoolId": self.pool.id} if operation.startswith("admin") else {}
        return self.call(operation, AuthFlow=name, AuthParameters=parameters, **scope)

    def password(self, **changes):
        parameters = {"USERNAME": USER, "PASSWORD": PASSWORD} | changes
        return self.flow("USER_PASSWORD_AUTH", **parameters)

    def tokens(self):
        return self.password()["AuthenticationResult"]

    def refresh(self, token, **parameters):
        return self.flow("REFRESH_TOKEN_AUTH", REFRESH_TOKEN=token, **parameters)

    def answer(self, challenge, **changes):
        responses = {"USERNAME": USER, "NEW_PASSWORD": NEW} | changes
        return self.call(
            "respond_to_auth_challenge",
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=challenge["Session"],
            ChallengeResponses=responses,
        )

    def hash_for(self, name):
        key, message = self.client["ClientSecret"], name + self.id
        digest = hmac.digest(key.encode(), message.encode(), hashlib.sha256)
        return base64.b64encode(digest).decode()


@pytest.fixture
def begun(pool):
    """The user still has a temporary password."""
    return SignIn(pool)


@pytest.fixture
def sign_in(begun):
    return begun.confirmed()


@pytest.fixture
def make_sign_in(pool):
    return lambda **settings: SignIn(pool, **settings).confirmed()


def claims(token):
    return jwt.decode(token, options={"verify_signature": False})


def test_a_password_gives_three_tokens(sign_in):
    for operation, flow in (
        ("initiate_auth", "USER_PASSWORD_AUTH"),
        ("admin_initiate_auth", "ADMIN_USER_PASSWORD_AUTH"),
        ("admin_initiate_auth", "ADMIN_NO_SRP_AUTH"),
    ):
        answer = sign_in.flow(flow, operation, USERNAME=USER, PASSWORD=PASSWORD)
        tokens = answer["AuthenticationResult"]
        assert tokens.keys() == {
            "AccessToken",
            "IdToken",
            "RefreshToken",
            "TokenType",
            "ExpiresIn",
        }
        assert claims(tokens["IdToken"])["email"] == USER
        assert claims(tokens["AccessToken"])["client_id"] == sign_in.id
    assert "AuthenticationResult" in sign_in.password(USERNAME=USER.upper())


def test_the_issuer_publishes_the_keys(sign_in, local_url):
    token = sign_in.tokens()["IdToken"]
    issuer = claims(token)["iss"]
    assert issuer == f"{local_url}/{sign_in.pool.id}"
    key = jwt.PyJWKClient(f"{issuer}/.well-known/jwks.json").get_signing_key_from_jwt
    assert jwt.decode(token, key(token), algorithms=["RS256"], audience=sign_in.id)


WRONG = ("NotAuthorizedException", "Incorrect username or password.")
REFUSALS = {
    "wrong password": (lambda s: s.password(PASSWORD="wrong"), *WRONG),
    "password in other case": (lambda s: s.password(PASSWORD="SECRET-123"), *WRONG),
    "unknown user": (
        lambda s: s.password(USERNAME="bob@example.com"),
        "UserNotFoundException",
        "User does not exist.",
    ),
    "unknown client": (
        lambda s: s.call(
            "initiate_auth",
            ClientId="x" * 26,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": USER, "PASSWORD": PASSWORD},
        ),
        "ResourceNotFoundException",
        f"User pool client {'x' * 26} does not exist.",
    ),
    "no password": (
        lambda s: s.flow("USER_PASSWORD_AUTH", USERNAME=USER),
        "InvalidParameterException",
        "Missing required parameter PASSWORD",
    ),
    "SRP, so far": (
        lambda s: s.flow("USER_SRP_AUTH", USERNAME=USER, SRP_A="1"),
        "InvalidParameterException",
        "",
    ),
    "custom flow": (
        lambda s: s.flow("CUSTOM_AUTH", USERNAME=USER),
        "InvalidParameterException",
        "",
    ),
    "refresh token that is none": (
        lambda s: s.refresh("a.b.c.d.e"),
        "NotAuthorizedException",
        "Invalid Refresh Token",
    ),
    "access token as refresh token": (
        lambda s: s.refresh(s.tokens()["AccessToken"]),
        "NotAuthorizedException",
        "Invalid Refresh Token",
    ),
    "session that is none": (
        lambda s: s.answer({"Session": "x" * 30}),
        "NotAuthorizedException",
        "Invalid session for the user.",
    ),
}


def test_refuses(sign_in, refusal):
    for case, (call, code, message) in REFUSALS.items():
        refused = refusal(call, sign_in)
        assert (refused.status, refused.code) == (400, code), case
        assert refused.message.startswith(message), case


def test_does_not_reveal_which_users_exist(make_sign_in, refusal):
    sign_in = make_sign_in(PreventUserExistenceErrors="ENABLED")
    refused = refusal(sign_in.password, USERNAME="bob@example.com")
    assert (refused.code, refused.message) == WRONG


def test_a_flow_must_be_allowed(make_sign_in, refusal):
    sign_in = make_sign_in(ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"])
    refused = refusal(sign_in.password)
    assert refused.code == "InvalidParameterException"
    assert refused.message == "USER_PASSWORD_AUTH flow not enabled for this client"


def test_password_flows_are_off_by_default(pool, refusal):
    made = pool.app_client()
    refused = refusal(
        pool.client.initiate_auth,
        ClientId=made["ClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": USER, "PASSWORD": PASSWORD},
    )
    assert refused.message == "USER_PASSWORD_AUTH flow not enabled for this client"


def test_an_admin_flow_requires_the_admin_operation(sign_in, refusal):
    refused = refusal(
        sign_in.flow, "ADMIN_USER_PASSWORD_AUTH", USERNAME=USER, PASSWORD=PASSWORD
    )
    assert refused.code == "InvalidParameterException"


def test_a_client_belongs_to_one_pool(sign_in, make_pool, refusal):
    refused = refusal(
        sign_in.call,
        "admin_initiate_auth",
        UserPoolId=make_pool().id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": USER, "PASSWORD": PASSWORD},
    )
    assert refused.code == "ResourceNotFoundException"


def test_a_disabled_user_is_refused(sign_in, refusal):
    sign_in.pool.call("admin_disable_user", Username=USER)
    refused = refusal(sign_in.password)
    assert refused == (400, "NotAuthorizedException", "User is disabled.")


def test_a_disabled_user_cannot_refresh(sign_in, refusal):
    token = sign_in.tokens()["RefreshToken"]
    sign_in.pool.call("admin_disable_user", Username=USER)
    assert refusal(sign_in.refresh, token).code == "NotAuthorizedException"


def test_an_unconfirmed_user_is_refused(sign_in, refusal):
    sign_in.call("sign_up", Username="bob@example.com", Password=PASSWORD)
    refused = refusal(sign_in.password, USERNAME="bob@example.com")
    assert refused.code == "UserNotConfirmedException"
    assert refused.message == "User is not confirmed."


def test_a_user_whose_password_was_reset_is_refused(sign_in, refusal):
    verified = [{"Name": "email_verified", "Value": "true"}]
    sign_in.pool.call(
        "admin_update_user_attributes", Username=USER, UserAttributes=verified
    )
    sign_in.pool.call("admin_reset_user_password", Username=USER)
    assert refusal(sign_in.password).code == "PasswordResetRequiredException"


class TestSecret:
    """A client with a secret proves it in each call."""

    @pytest.fixture
    def sign_in(self, make_sign_in):
        return make_sign_in(GenerateSecret=True)

    def test_the_hash_of_the_given_name_is_accepted(self, sign_in):
        answer = sign_in.password(SECRET_HASH=sign_in.hash_for(USER))
        assert "AuthenticationResult" in answer

    def test_the_hash_is_required_and_must_be_right(self, sign_in, refusal):
        refused = refusal(sign_in.password)
        assert refused.code == "NotAuthorizedException"
        assert refused.message == (
            f"Client {sign_in.id} is configured with secret but "
            "SECRET_HASH was not received"
        )

        for wrong in ("", "x", "\u1234", "\U0001f511"):
            assert refusal(sign_in.password, SECRET_HASH=wrong) == (
                400,
                "NotAuthorizedException",
                f"Unable to verify secret hash for client {sign_in.id}",
            )

    def test_a_refresh_requires_the_hash_of_the_internal_name(self, sign_in):
        tokens = sign_in.password(SECRET_HASH=sign_in.hash_for(USER))
        tokens = tokens["AuthenticationResult"]
        name = claims(tokens["IdToken"])["cognito:username"]
        proof = sign_in.hash_for(name)
        assert sign_in.refresh(tokens["RefreshToken"], SECRET_HASH=proof)

    def test_a_revocation_requires_the_secret_itself(self, sign_in, refusal):
        token = sign_in.password(SECRET_HASH=sign_in.hash_for(USER))
        token = token["AuthenticationResult"]["RefreshToken"]
        assert refusal(sign_in.call, "revoke_token", Token=token).status == 400
        secret = sign_in.client["ClientSecret"]
        assert sign_in.call("revoke_token", Token=token, ClientSecret=secret)


class TestNewPassword:
    """A temporary password only allows setting a permanent one."""

    def test_is_requested(self, begun):
        answer = begun.password()
        assert answer["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
        assert "AuthenticationResult" not in answer
        parameters = answer["ChallengeParameters"]
        username = begun.pool.call("admin_get_user", Username=USER)["Username"]
        assert parameters["USER_ID_FOR_SRP"] == username
        assert json.loads(parameters["requiredAttributes"]) == []
        assert json.loads(parameters["userAttributes"])["email"] == USER

    def test_signs_in(self, begun):
        assert "AuthenticationResult" in begun.answer(begun.password())
        assert "AuthenticationResult" in begun.password(PASSWORD=NEW)

    def test_ends_the_temporary_one(self, begun, refusal):
        begun.answer(begun.password())
        assert refusal(begun.password).code == "NotAuthorizedException"

    def test_leaves_a_user_whose_password_can_be_reset(self, begun):
        begun.answer(begun.password())
        verified = [{"Name": "email_verified", "Value": "true"}]
        begun.pool.call(
            "admin_update_user_attributes", Username=USER, UserAttributes=verified
        )
        assert begun.pool.call("admin_reset_user_password", Username=USER)

    def test_must_match_the_policy(self, begun, refusal):
        challenge = begun.password()
        refused = refusal(begun.answer, challenge, NEW_PASSWORD="short")
        assert refused.code == "InvalidPasswordException"
        assert "AuthenticationResult" in begun.answer(challenge)

    def test_a_session_works_once(self, begun, refusal):
        challenge = begun.password()
        begun.answer(challenge)
        assert refusal(begun.answer, challenge).message == (
            "Invalid session for the user, session can only be used once."
        )

    def test_a_session_is_valid_for_its_client_only(self, begun, refusal):
        challenge = begun.password()
        other = begun.pool.app_client(ExplicitAuthFlows=FLOWS)["ClientId"]
        refused = refusal(
            begun.call,
            "respond_to_auth_challenge",
            ClientId=other,
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=challenge["Session"],
            ChallengeResponses={"USERNAME": USER, "NEW_PASSWORD": NEW},
        )
        assert refused.code == "NotAuthorizedException"

    def test_sets_attributes(self, begun):
        answer = begun.answer(begun.password(), **{"userAttributes.name": "Alice"})
        token = answer["AuthenticationResult"]["IdToken"]
        assert claims(token)["name"] == "Alice"

    @pytest.mark.parametrize("name", ["sub", "email_verified", "absent"])
    def test_cannot_set_attributes_that_the_client_may_not_write(
        self, begun, refusal, name
    ):
        given = {f"userAttributes.{name}": "true"}
        refused = refusal(begun.answer, begun.password(), **given)
        assert refused.status == 400


class TestMfa:
    """If a second factor is required, a password alone gives no token."""

    def test_must_be_set_up(self, sign_in):
        sign_in.pool.call(
            "set_user_pool_mfa_config",
            MfaConfiguration="ON",
            SoftwareTokenMfaConfiguration={"Enabled": True},
        )
        answer = sign_in.password()
        assert answer["ChallengeName"] == "MFA_SETUP"
        assert "AuthenticationResult" not in answer
        factors = json.loads(answer["ChallengeParameters"]["MFAS_CAN_SETUP"])
        assert factors == ["SOFTWARE_TOKEN_MFA"]

    def test_is_not_requested_if_it_is_optional(self, sign_in):
        sign_in.pool.call(
            "set_user_pool_mfa_config",
            MfaConfiguration="OPTIONAL",
            SoftwareTokenMfaConfiguration={"Enabled": True},
        )
        assert "AuthenticationResult" in sign_in.password()


# AWS does not accept the flow of refreshes with rotation.
ROTATABLE = {"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"]}


class TestRefresh:
    """A refresh token gives new tokens to its client until it is revoked."""

    def test_gives_new_tokens_of_the_same_sign_in(self, sign_in):
        first = sign_in.tokens()
        second = sign_in.refresh(first["RefreshToken"])["AuthenticationResult"]
        assert "RefreshToken" not in second
        kept = ("auth_time", "origin_jti", "sub")
        before, after = claims(first["AccessToken"]), claims(second["AccessToken"])
        assert [before[name] for name in kept] == [after[name] for name in kept]

    def test_is_bound_to_its_client(self, sign_in, refusal):
        token = sign_in.tokens()["RefreshToken"]
        other = sign_in.pool.app_client(ExplicitAuthFlows=FLOWS)["ClientId"]
        refused = refusal(
            sign_in.call,
            "initiate_auth",
            ClientId=other,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": token},
        )
        assert refused.message == "Invalid Refresh Token"

    @pytest.mark.parametrize("end", ["revoke", "global", "admin"])
    def test_ends_with_the_sign_in(self, sign_in, refusal, end):
        tokens = sign_in.tokens()
        if end == "revoke":
            sign_in.call("revoke_token", Token=tokens["RefreshToken"])
        elif end == "global":
            access = tokens["AccessToken"]
            sign_in.pool.client.global_sign_out(AccessToken=access)
        else:
            sign_in.pool.call("admin_user_global_sign_out", Username=USER)
        refused = refusal(sign_in.refresh, tokens["RefreshToken"])
        assert refused.message == "Refresh Token has been revoked"
        access = tokens["AccessToken"]
        refused = refusal(sign_in.pool.client.get_user, AccessToken=access)
        assert refused.message == "Access Token has been revoked"

    def test_revoking_an_unknown_token_succeeds(self, sign_in):
        assert sign_in.call("revoke_token", Token="a.b.c.d.e")

    def test_stays_the_same_without_rotation(self, sign_in):
        token = sign_in.tokens()["RefreshToken"]
        answer = sign_in.call("get_tokens_from_refresh_token", RefreshToken=token)
        assert "RefreshToken" not in answer["AuthenticationResult"]

    def test_is_replaced_with_rotation(self, make_sign_in, refusal):
        rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}
        sign_in = make_sign_in(RefreshTokenRotation=rotation, **ROTATABLE)
        first = sign_in.tokens()["RefreshToken"]
        exchange = "get_tokens_from_refresh_token"
        answer = sign_in.call(exchange, RefreshToken=first)
        second = answer["AuthenticationResult"]["RefreshToken"]
        assert second != first
        refused = refusal(sign_in.call, exchange, RefreshToken=first)
        assert refused.status == 400
        assert sign_in.call(exchange, RefreshToken=second)

    def test_rotation_ends_the_older_flow(self, make_sign_in, refusal):
        rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}
        sign_in = make_sign_in(RefreshTokenRotation=rotation, **ROTATABLE)
        refused = refusal(sign_in.refresh, sign_in.tokens()["RefreshToken"])
        assert refused.status == 400


class TestAccessToken:
    """Operations accept our access tokens and no others."""

    def test_returns_the_user(self, sign_in):
        access = sign_in.tokens()["AccessToken"]
        user = sign_in.pool.client.get_user(AccessToken=access)
        attributes = {item["Name"]: item["Value"] for item in user["UserAttributes"]}
        assert attributes["email"] == USER
        assert user["Username"] == claims(access)["username"]

    def test_refuses_an_invalid_token(self, sign_in, refusal):
        strange = ("", "x", "a.b.c", "..", "eyJhbGciOiJub25lIn0.e30.", "W10.W10.AA")
        for token in strange:
            refused = refusal(sign_in.pool.client.get_user, AccessToken=token)
            assert refused.status == 400, token

    def test_refuses_the_id_token(self, sign_in, refusal):
        token = sign_in.tokens()["IdToken"]
        refused = refusal(sign_in.pool.client.get_user, AccessToken=token)
        assert refused.code == "NotAuthorizedException"

    def test_refuses_a_token_without_the_scope_of_the_api(self, sign_in, refusal):
        tampered = sign_in.tokens()["AccessToken"].split(".")
        body = json.dumps({"scope": "openid"}).encode()
        tampered[1] = base64.urlsafe_b64encode(body).rstrip(b"=").decode()
        token = ".".join(tampered)
        refused = refusal(sign_in.pool.client.get_user, AccessToken=token)
        assert refused.code == "NotAuthorizedException"


def test_every_operation_that_takes_an_access_token_is_ours(aws):
    """Moto's operations accept moto's own tokens, whose key is public."""
    model = aws("cognito-idp").meta.service_model
    takes = {
        name
        for name in model.operation_names
        if "AccessToken" in model.operation_model(name).input_shape.members
    }
    assert takes <= SERVICES["cognito-idp"].answered
