"""The sign-in API of Cognito: every operation that makes or takes a token."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from cognito_gw.local import records
from cognito_gw.local.faults import AwsFault
from cognito_gw.local.identity.checks import (
    answered_attributes,
    authenticated,
    check_policy,
    check_secret,
    check_secret_hash,
    client_of,
    client_of_pool,
    require_flow,
    required,
    rotates,
    signed_in_user,
)
from cognito_gw.local.identity.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.local.identity.keys import Keys
    from cognito_gw.local.records import AppClient, User

Request = dict[str, Any]
Answer = dict[str, Any]

# Flow: the setting of the app client that allows it.
_USER_FLOWS = {"USER_PASSWORD_AUTH": "ALLOW_USER_PASSWORD_AUTH"}
_ADMIN_FLOWS = {
    "ADMIN_USER_PASSWORD_AUTH": "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ADMIN_NO_SRP_AUTH": "ALLOW_ADMIN_USER_PASSWORD_AUTH",
}
_REFRESH_FLOWS = ("REFRESH_TOKEN_AUTH", "REFRESH_TOKEN")
_SESSION_MINUTES = 3
# Moto would answer these by its own key, whose private half is published.
_NOT_HERE = (
    "AssociateSoftwareToken ChangePassword CompleteWebAuthnRegistration ConfirmDevice "
    "DeleteUser DeleteUserAttributes DeleteWebAuthnCredential ForgetDevice GetDevice "
    "GetUserAttributeVerificationCode GetUserAuthFactors ListDevices "
    "ListUserSessions ListWebAuthnCredentials RevokeUserSession "
    "SetUserMFAPreference SetUserSettings "
    "StartWebAuthnRegistration UpdateDeviceStatus UpdateUserAttributes "
    "VerifySoftwareToken VerifyUserAttribute"
)


@dataclass(frozen=True)
class Pending:
    """A sign-in that waits for the answer to a challenge."""

    client_id: str
    username: str
    challenge: str
    expires_at: float


class SignIn:
    """The operations, by name; each takes a request's JSON and returns the answer's."""

    def __init__(self, keys: Keys, url: str) -> None:
        """Issue tokens signed with `keys`, of issuers under `url`."""
        self.tokens = Tokens(keys, url)
        self._pending: dict[str, Pending] = {}
        self._used: set[str] = set()
        self.operations: dict[str, Callable[[Request], Answer]] = {
            "InitiateAuth": self._initiate,
            "AdminInitiateAuth": self._admin_initiate,
            "RespondToAuthChallenge": self._respond,
            "AdminRespondToAuthChallenge": self._admin_respond,
            "GetTokensFromRefreshToken": self._exchange,
            "RevokeToken": self._revoke,
            "GlobalSignOut": self._sign_out,
            "AdminUserGlobalSignOut": self._admin_sign_out,
            "GetUser": self._get_user,
            **dict.fromkeys(_NOT_HERE.split(), _not_here),
        }

    def _initiate(self, request: Request) -> Answer:
        return self._begin(client_of(request), request, _USER_FLOWS)

    def _admin_initiate(self, request: Request) -> Answer:
        return self._begin(client_of_pool(request), request, _ADMIN_FLOWS)

    def _begin(
        self, client: AppClient, request: Request, flows: dict[str, str]
    ) -> Answer:
        flow = request.get("AuthFlow", "")
        parameters = request.get("AuthParameters", {})
        if flow in _REFRESH_FLOWS:
            return self._refresh(client, parameters)
        if flow not in flows:
            raise AwsFault(
                "InvalidParameterException",
                f"The local AWS does not have the flow {flow} yet",
            )
        require_flow(client, flows[flow], flow)
        name = required(parameters, "USERNAME")
        check_secret_hash(client, name, parameters)
        user = authenticated(client, name, required(parameters, "PASSWORD"))
        return self._challenged(client, user) or _result(
            self.tokens.issue(client, user)
        )

    def _refresh(self, client: AppClient, parameters: dict[str, str]) -> Answer:
        require_flow(client, "ALLOW_REFRESH_TOKEN_AUTH", "REFRESH_TOKEN_AUTH")
        if rotates(client):
            raise AwsFault(
                "InvalidParameterException",
                "Refresh token rotation is enabled: use GetTokensFromRefreshToken",
            )
        grant = self.tokens.granted(client, required(parameters, "REFRESH_TOKEN"))
        check_secret_hash(client, grant.username, parameters)
        user = signed_in_user(client.pool_id, grant.username)
        return _result(self.tokens.refreshed(client, user, grant))

    def _exchange(self, request: Request) -> Answer:
        client = client_of(request)
        check_secret(client, request.get("ClientSecret"))
        token = required(request, "RefreshToken")
        grant = self.tokens.granted(client, token)
        user = signed_in_user(client.pool_id, grant.username)
        result = self.tokens.refreshed(client, user, grant)
        if rotates(client):
            result["RefreshToken"] = self.tokens.rotated(token)
        return _result(result)

    def _challenged(self, client: AppClient, user: User) -> Answer | None:
        """Return the challenge that stands between a right password and tokens."""
        mfa = client.pool.get("MfaConfiguration", "OFF")
        if user.status == "FORCE_CHANGE_PASSWORD":
            parameters = {
                "USER_ID_FOR_SRP": user.username,
                "requiredAttributes": "[]",
                "userAttributes": json.dumps(user.attributes),
            }
            return self._challenge(client, user, "NEW_PASSWORD_REQUIRED", parameters)
        if mfa != "OFF" and user.has_totp:
            parameters = {"USER_ID_FOR_SRP": user.username}
            return self._challenge(client, user, "SOFTWARE_TOKEN_MFA", parameters)
        if mfa == "ON":
            parameters = {
                "USER_ID_FOR_SRP": user.username,
                "MFAS_CAN_SETUP": '["SOFTWARE_TOKEN_MFA"]',
            }
            return self._challenge(client, user, "MFA_SETUP", parameters)
        return None

    def _challenge(
        self, client: AppClient, user: User, name: str, parameters: dict[str, str]
    ) -> Answer:
        session = secrets.token_urlsafe(96)
        minutes = client.settings.get("AuthSessionValidity") or _SESSION_MINUTES
        self._pending[session] = Pending(
            client.id, user.username, name, time.time() + minutes * 60
        )
        return {
            "ChallengeName": name,
            "Session": session,
            "ChallengeParameters": parameters,
        }

    def _admin_respond(self, request: Request) -> Answer:
        client_of_pool(request)
        return self._respond(request)

    def _respond(self, request: Request) -> Answer:
        client = client_of(request)
        name = request.get("ChallengeName", "")
        responses = request.get("ChallengeResponses", {})
        pending = self._pending_for(client, name, request.get("Session"))
        check_secret_hash(client, required(responses, "USERNAME"), responses)
        if name != "NEW_PASSWORD_REQUIRED":
            raise AwsFault(
                "InvalidParameterException",
                f"The local AWS does not take answers to {name} yet",
            )
        user = signed_in_user(client.pool_id, pending.username)
        password = required(responses, "NEW_PASSWORD")
        check_policy(client, password)
        attributes = answered_attributes(client, responses)
        self._used.add(request["Session"])
        user.confirm_with(password)
        user.set_attributes(attributes)
        return self._challenged(client, user) or _result(
            self.tokens.issue(client, user)
        )

    def _pending_for(self, client: AppClient, name: str, session: Any) -> Pending:
        pending = self._pending.get(session)
        code = "NotAuthorizedException"
        if pending is None or (pending.client_id, pending.challenge) != (
            client.id,
            name,
        ):
            raise AwsFault(code, "Invalid session for the user.")
        if session in self._used:
            message = "Invalid session for the user, session can only be used once."
            raise AwsFault(code, message)
        if pending.expires_at < time.time():
            message = "Invalid session for the user, session is expired."
            raise AwsFault(code, message)
        return pending

    def _revoke(self, request: Request) -> Answer:
        client = client_of(request)
        check_secret(client, request.get("ClientSecret"))
        if not client.settings.get("EnableTokenRevocation", True):
            raise AwsFault(
                "UnsupportedOperationException", "Token revocation is not enabled"
            )
        self.tokens.revoke(required(request, "Token"))
        return {}

    def _sign_out(self, request: Request) -> Answer:
        claims = self.tokens.of_access_token(required(request, "AccessToken"))
        self.tokens.revoke_all(claims["pool_id"], claims["username"])
        return {}

    def _admin_sign_out(self, request: Request) -> Answer:
        pool_id = required(request, "UserPoolId")
        user = records.find_user(pool_id, required(request, "Username"))
        if user is None:
            raise AwsFault("UserNotFoundException", "User does not exist.")
        self.tokens.revoke_all(pool_id, user.username)
        return {}

    def _get_user(self, request: Request) -> Answer:
        claims = self.tokens.of_access_token(required(request, "AccessToken"))
        user = signed_in_user(claims["pool_id"], claims["username"]).description()
        return {key: user[key] for key in ("Username", "UserAttributes")}


def _not_here(_: Request) -> NoReturn:
    raise AwsFault(
        "InvalidParameterException", "The local AWS does not have this operation yet"
    )


def _result(tokens: dict[str, Any]) -> Answer:
    return {"ChallengeParameters": {}, "AuthenticationResult": tokens}
