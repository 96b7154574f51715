"""The sign-in API of Cognito: every operation that makes or takes a token."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from cognito_gw.local import records
from cognito_gw.local.faults import AwsFault
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
_ATTRIBUTE = "userAttributes."
_SESSION_MINUTES = 3
_TEMPORARY_DAYS = 7
_DAY = 86400
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
_POLICY = {
    "RequireLowercase": ("[a-z]", "lowercase characters"),
    "RequireUppercase": ("[A-Z]", "uppercase characters"),
    "RequireNumbers": ("[0-9]", "numeric characters"),
    "RequireSymbols": ("[^a-zA-Z0-9]", "symbol characters"),
}


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
        return self._begin(_client(request), request, _USER_FLOWS)

    def _admin_initiate(self, request: Request) -> Answer:
        return self._begin(_client_of_pool(request), request, _ADMIN_FLOWS)

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
        _require_flow(client, flows[flow], flow)
        name = _required(parameters, "USERNAME")
        _check_secret_hash(client, name, parameters)
        user = _authenticated(client, name, _required(parameters, "PASSWORD"))
        return self._challenged(client, user) or _result(
            self.tokens.issue(client, user)
        )

    def _refresh(self, client: AppClient, parameters: dict[str, str]) -> Answer:
        _require_flow(client, "ALLOW_REFRESH_TOKEN_AUTH", "REFRESH_TOKEN_AUTH")
        if _rotates(client):
            raise AwsFault(
                "InvalidParameterException",
                "Refresh token rotation is enabled: use GetTokensFromRefreshToken",
            )
        grant = self.tokens.granted(client, _required(parameters, "REFRESH_TOKEN"))
        _check_secret_hash(client, grant.username, parameters)
        user = _signed_in_user(client.pool_id, grant.username)
        return _result(self.tokens.refreshed(client, user, grant))

    def _exchange(self, request: Request) -> Answer:
        client = _client(request)
        _check_secret(client, request.get("ClientSecret"))
        token = _required(request, "RefreshToken")
        grant = self.tokens.granted(client, token)
        user = _signed_in_user(client.pool_id, grant.username)
        result = self.tokens.refreshed(client, user, grant)
        if _rotates(client):
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
        _client_of_pool(request)
        return self._respond(request)

    def _respond(self, request: Request) -> Answer:
        client = _client(request)
        name = request.get("ChallengeName", "")
        responses = request.get("ChallengeResponses", {})
        pending = self._pending_for(client, name, request.get("Session"))
        _check_secret_hash(client, _required(responses, "USERNAME"), responses)
        if name != "NEW_PASSWORD_REQUIRED":
            raise AwsFault(
                "InvalidParameterException",
                f"The local AWS does not take answers to {name} yet",
            )
        user = _signed_in_user(client.pool_id, pending.username)
        password = _required(responses, "NEW_PASSWORD")
        _check_policy(client, password)
        attributes = _answered_attributes(client, responses)
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
        client = _client(request)
        _check_secret(client, request.get("ClientSecret"))
        if not client.settings.get("EnableTokenRevocation", True):
            raise AwsFault(
                "UnsupportedOperationException", "Token revocation is not enabled"
            )
        self.tokens.revoke(_required(request, "Token"))
        return {}

    def _sign_out(self, request: Request) -> Answer:
        claims = self.tokens.of_access_token(_required(request, "AccessToken"))
        self.tokens.revoke_all(claims["pool_id"], claims["username"])
        return {}

    def _admin_sign_out(self, request: Request) -> Answer:
        pool_id = _required(request, "UserPoolId")
        user = records.find_user(pool_id, _required(request, "Username"))
        if user is None:
            raise AwsFault("UserNotFoundException", "User does not exist.")
        self.tokens.revoke_all(pool_id, user.username)
        return {}

    def _get_user(self, request: Request) -> Answer:
        claims = self.tokens.of_access_token(_required(request, "AccessToken"))
        user = _signed_in_user(claims["pool_id"], claims["username"]).description()
        return {key: user[key] for key in ("Username", "UserAttributes")}


def _not_here(_: Request) -> NoReturn:
    raise AwsFault(
        "InvalidParameterException", "The local AWS does not have this operation yet"
    )


def _result(tokens: dict[str, Any]) -> Answer:
    return {"ChallengeParameters": {}, "AuthenticationResult": tokens}


def _required(fields: dict[str, Any], name: str) -> str:
    if not fields.get(name):
        raise AwsFault(
            "InvalidParameterException", f"Missing required parameter {name}"
        )
    return str(fields[name])


def _client(request: Request) -> AppClient:
    client_id = _required(request, "ClientId")
    client = records.find_client(client_id)
    if client is None:
        raise AwsFault(
            "ResourceNotFoundException", f"User pool client {client_id} does not exist."
        )
    return client


def _client_of_pool(request: Request) -> AppClient:
    client = _client(request)
    if client.pool_id != _required(request, "UserPoolId"):
        raise AwsFault(
            "ResourceNotFoundException", f"User pool client {client.id} does not exist."
        )
    return client


def _require_flow(client: AppClient, setting: str, flow: str) -> None:
    allowed = client.settings.get("ExplicitAuthFlows") or [
        "ALLOW_REFRESH_TOKEN_AUTH",
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_CUSTOM_AUTH",
    ]
    if setting not in allowed and flow not in allowed:  # the latter: the older names
        raise AwsFault(
            "InvalidParameterException", f"{flow} flow not enabled for this client"
        )


def _rotates(client: AppClient) -> bool:
    rotation = client.settings.get("RefreshTokenRotation", {})
    return bool(rotation.get("Feature") == "ENABLED")


def _check_secret_hash(client: AppClient, name: str, fields: dict[str, str]) -> None:
    if client.secret is None:
        return
    if "SECRET_HASH" not in fields:
        raise AwsFault(
            "NotAuthorizedException",
            f"Client {client.id} is configured with secret but "
            "SECRET_HASH was not received",
        )
    message = (name + client.id).encode()
    digest = hmac.digest(client.secret.encode(), message, hashlib.sha256)
    if not hmac.compare_digest(
        base64.b64encode(digest), fields["SECRET_HASH"].encode()
    ):
        raise AwsFault(
            "NotAuthorizedException",
            f"Unable to verify secret hash for client {client.id}",
        )


def _check_secret(client: AppClient, given: str | None) -> None:
    if client.secret is not None and given != client.secret:
        raise AwsFault(
            "NotAuthorizedException", f"Unable to verify secret for client {client.id}"
        )


def _authenticated(client: AppClient, name: str, password: str) -> User:
    user = records.find_user(client.pool_id, name)
    if user is None and client.settings.get("PreventUserExistenceErrors") != "ENABLED":
        raise AwsFault("UserNotFoundException", "User does not exist.")
    if user is None or not user.has_password(password):
        raise AwsFault("NotAuthorizedException", "Incorrect username or password.")
    _check_state(client, user)
    return user


def _check_state(client: AppClient, user: User) -> None:
    if not user.is_enabled:
        raise AwsFault("NotAuthorizedException", "User is disabled.")
    if user.status == "UNCONFIRMED":
        raise AwsFault("UserNotConfirmedException", "User is not confirmed.")
    if user.status == "RESET_REQUIRED":
        message = "Password reset required for the user"
        raise AwsFault("PasswordResetRequiredException", message)
    days = _password_policy(client).get(
        "TemporaryPasswordValidityDays", _TEMPORARY_DAYS
    )
    if user.status == "FORCE_CHANGE_PASSWORD" and user.since_created > days * _DAY:
        raise AwsFault(
            "NotAuthorizedException",
            "Temporary password has expired and must be reset by an administrator.",
        )


def _signed_in_user(pool_id: str, username: str) -> User:
    """Return a user who signed in before, and may be gone or disabled since."""
    user = records.find_user(pool_id, username)
    if user is None:
        raise AwsFault("UserNotFoundException", "User does not exist.")
    if not user.is_enabled:
        raise AwsFault("NotAuthorizedException", "User is disabled.")
    return user


def _password_policy(client: AppClient) -> dict[str, Any]:
    policy: dict[str, Any] = client.pool.get("Policies", {}).get("PasswordPolicy", {})
    return policy


def _check_policy(client: AppClient, password: str) -> None:
    policy = _password_policy(client)
    lacks = ""
    if len(password) < policy.get("MinimumLength", 8):
        lacks = "Password not long enough"
    for setting, (pattern, words) in _POLICY.items():
        if policy.get(setting) and not re.search(pattern, password):
            lacks = lacks or f"Password must have {words}"
    if lacks:
        raise AwsFault(
            "InvalidPasswordException", f"Password did not conform with policy: {lacks}"
        )


def _answered_attributes(
    client: AppClient, responses: dict[str, str]
) -> dict[str, str]:
    """Return the attributes that the user gives; refuse those not the user's to set."""
    given = {
        name.removeprefix(_ATTRIBUTE): value
        for name, value in responses.items()
        if name.startswith(_ATTRIBUTE)
    }
    schema = client.pool.get("SchemaAttributes", [])
    mutable = {each["Name"] for each in schema if each.get("Mutable", True)} - {"sub"}
    writable = set(client.settings.get("WriteAttributes") or mutable) & mutable
    for name in given:
        if name not in writable or name.endswith("_verified"):
            raise AwsFault(
                "NotAuthorizedException",
                "A client attempted to write unauthorized attribute",
            )
    return given
