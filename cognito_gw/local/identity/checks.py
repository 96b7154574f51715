"""What stands between a request to sign in and an answer, each check with its fault."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Any

from cognito_gw.local import records
from cognito_gw.local.faults import AwsFault

if TYPE_CHECKING:
    from cognito_gw.local.records import AppClient, User

_ATTRIBUTE = "userAttributes."
_TEMPORARY_DAYS = 7
_DAY = 86400
_POLICY = {
    "RequireLowercase": ("[a-z]", "lowercase characters"),
    "RequireUppercase": ("[A-Z]", "uppercase characters"),
    "RequireNumbers": ("[0-9]", "numeric characters"),
    "RequireSymbols": ("[^a-zA-Z0-9]", "symbol characters"),
}


def required(fields: dict[str, Any], name: str) -> str:
    if not fields.get(name):
        raise AwsFault(
            "InvalidParameterException", f"Missing required parameter {name}"
        )
    return str(fields[name])


def client_of(request: dict[str, Any]) -> AppClient:
    client_id = required(request, "ClientId")
    client = records.find_client(client_id)
    if client is None:
        raise AwsFault(
            "ResourceNotFoundException", f"User pool client {client_id} does not exist."
        )
    return client


def client_of_pool(request: dict[str, Any]) -> AppClient:
    client = client_of(request)
    if client.pool_id != required(request, "UserPoolId"):
        raise AwsFault(
            "ResourceNotFoundException", f"User pool client {client.id} does not exist."
        )
    return client


def require_flow(client: AppClient, setting: str, flow: str) -> None:
    allowed = client.settings.get("ExplicitAuthFlows") or [
        "ALLOW_REFRESH_TOKEN_AUTH",
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_CUSTOM_AUTH",
    ]
    if setting not in allowed and flow not in allowed:  # the latter: the older names
        raise AwsFault(
            "InvalidParameterException", f"{flow} flow not enabled for this client"
        )


def rotates(client: AppClient) -> bool:
    rotation = client.settings.get("RefreshTokenRotation", {})
    return bool(rotation.get("Feature") == "ENABLED")


def check_secret_hash(client: AppClient, name: str, fields: dict[str, str]) -> None:
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


def check_secret(client: AppClient, given: str | None) -> None:
    if client.secret is not None and given != client.secret:
        raise AwsFault(
            "NotAuthorizedException", f"Unable to verify secret for client {client.id}"
        )


def authenticated(client: AppClient, name: str, password: str) -> User:
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


def signed_in_user(pool_id: str, username: str) -> User:
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


def check_policy(client: AppClient, password: str) -> None:
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


def answered_attributes(client: AppClient, responses: dict[str, str]) -> dict[str, str]:
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
