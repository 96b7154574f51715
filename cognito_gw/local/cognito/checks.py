"""Checks of a sign-in request, each with the error of AWS."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import string
import uuid
from typing import TYPE_CHECKING, Any

from cognito_gw.local.cognito import codes, directory
from cognito_gw.local.errors import (
    AwsFault,
    invalid_parameter,
    not_authorized,
    resource_not_found,
    user_not_found,
)

if TYPE_CHECKING:
    from cognito_gw.local.cognito.directory import AppClient, User


_DAY = 86400
_SYMBOLS = r"[\^$*.\[\]{}()?\"!@#%&/\\,><':;|_~`=+\- ]"
_DEMANDS = {
    "RequireLowercase": (r"[a-z]", "lowercase characters"),
    "RequireUppercase": (r"[A-Z]", "uppercase characters"),
    "RequireNumbers": (r"\d", "numeric characters"),
    "RequireSymbols": (_SYMBOLS, "symbol characters"),
}


def required(fields: dict[str, Any], name: str) -> str:
    """Return a parameter that must not be missing or empty."""
    if not fields.get(name):
        raise invalid_parameter(f"Missing required parameter {name}")
    return str(fields[name])


def client_of(request: dict[str, Any]) -> AppClient:
    """Return the app client with the request's ClientId, and UserPoolId if given."""
    client_id = required(request, "ClientId")
    client = directory.find_client(client_id)
    if client is None or client.pool_id != request.get("UserPoolId", client.pool_id):
        raise resource_not_found(f"User pool client {client_id} does not exist.")
    return client


def require_flow(client: AppClient, setting: str, flow: str) -> None:
    """Refuse a flow that the app client's ExplicitAuthFlows do not allow."""
    allowed = client.settings.get("ExplicitAuthFlows") or [
        "ALLOW_REFRESH_TOKEN_AUTH",
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_CUSTOM_AUTH",
    ]
    # The older names of the settings are those of the flows.
    if setting not in allowed and flow not in allowed:
        raise invalid_parameter(f"{flow} flow not enabled for this client")


def check_secret_hash(client: AppClient, name: str, fields: dict[str, str]) -> None:
    """Refuse a missing or wrong SECRET_HASH, if the client has a secret."""
    if client.secret is None:
        return
    if "SECRET_HASH" not in fields:
        raise not_authorized(
            f"Client {client.id} is configured with secret but SECRET_HASH was not "
            "received"
        )
    message = (name + client.id).encode()
    digest = hmac.digest(client.secret.encode(), message, hashlib.sha256)
    expected, given = base64.b64encode(digest), fields["SECRET_HASH"].encode()
    if not hmac.compare_digest(expected, given):
        raise not_authorized(f"Unable to verify secret hash for client {client.id}")


def check_secret(client: AppClient, given: str | None) -> None:
    """Refuse a missing or wrong client secret, if the client has one."""
    if client.secret is None:
        return
    if not hmac.compare_digest(client.secret.encode(), (given or "").encode()):
        raise not_authorized(f"Unable to verify secret for client {client.id}")


def known_user(client: AppClient, name: str) -> User | None:
    """Return a user, or None if there is none and the client hides that."""
    user = directory.find_user(client.pool_id, name)
    if user is None and not hides_users(client):
        raise user_not_found()
    return user


def hides_users(client: AppClient) -> bool:
    """Whether the client answers in the same way for a user who does not exist."""
    return client.settings.get("PreventUserExistenceErrors") == "ENABLED"


def wrong_password() -> AwsFault:
    """Return the refusal of a wrong user name or password."""
    return not_authorized("Incorrect username or password.")


def check_state(client: AppClient, user: User) -> None:
    """Refuse a user who knows the password but may not sign in."""
    require_active(user)
    days = _password_policy(client).get("TemporaryPasswordValidityDays", 7)
    if user.status == "FORCE_CHANGE_PASSWORD" and user.since_created > days * _DAY:
        raise not_authorized(
            "Temporary password has expired and must be reset by an administrator."
        )


def require_enabled(user: User) -> None:
    """Refuse a disabled user."""
    if not user.is_enabled:
        raise not_authorized("User is disabled.")


def require_active(user: User) -> None:
    """Refuse a user who is disabled, unconfirmed, or must reset the password."""
    require_enabled(user)
    if user.status == "UNCONFIRMED":
        raise AwsFault("UserNotConfirmedException", "User is not confirmed.")
    if user.status == "RESET_REQUIRED":
        message = "Password reset required for the user"
        raise AwsFault("PasswordResetRequiredException", message)


def signed_in_user(pool_id: str, username: str, mark: str) -> User:
    """Return a user who signed in before. Refuse one deleted or disabled since.

    The `mark` is the user's sub or stamp at that time. The name may now belong to
    another user.
    """
    user = directory.find_user(pool_id, username)
    if user is None or mark not in (user.sub, user.stamp):
        raise user_not_found()
    require_active(user)
    return user


def user_of_claims(claims: dict[str, Any]) -> User:
    """Return the user of an access token."""
    return signed_in_user(claims["pool_id"], claims["username"], claims["sub"])


def user_of_pool(request: dict[str, Any]) -> User:
    """Return the user with the request's UserPoolId and Username."""
    user = directory.find_user(request["UserPoolId"], request["Username"])
    if user is None:
        raise user_not_found()
    return user


def _password_policy(client: AppClient) -> dict[str, Any]:
    policy: dict[str, Any] = client.pool.get("Policies", {}).get("PasswordPolicy", {})
    return policy


def check_policy(client: AppClient, password: str) -> None:
    """Refuse a password that violates the policy of the client's pool."""
    require_strength(_password_policy(client), password)


def require_strength(policy: dict[str, Any], password: str) -> None:
    """Refuse a password that violates a `PasswordPolicy`."""
    lacks = [
        f"Password must have {words}"
        for demand, (pattern, words) in _DEMANDS.items()
        if policy.get(demand) and not re.search(pattern, password)
    ]
    if len(password) < policy.get("MinimumLength", 8):
        lacks.insert(0, "Password not long enough")
    if lacks:
        message = f"Password did not conform with policy: {lacks[0]}"
        raise AwsFault("InvalidPasswordException", message)


_KEY = secrets.token_bytes(32)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def user_id(client: AppClient, name: str) -> str:
    """Return a plausible user name for a name: itself, or a UUID for an alias.

    A name that is a UUID is its own user name.
    """
    name = client.folded(name)
    aliases = client.pool.get("AliasAttributes") or []
    is_alias = codes.address_form(name) in aliases
    has_made_names = client.pool.get("UsernameAttributes") or is_alias
    if _UUID.fullmatch(name) or not has_made_names:
        return name
    digest = _digest(client, f"user/{name}")
    return str(uuid.UUID(bytes=digest[:16], version=4))


def salt(client: AppClient, username: str) -> int:
    """Return the SRP salt of a user name, whether or not the user exists."""
    return int.from_bytes(_digest(client, f"salt/{username}")[:16])


def address(client: AppClient, name: str, attribute: str) -> str:
    """Return a plausible address of a user: the name itself if it is an address."""
    name = client.folded(name)
    if codes.address_form(name) == attribute:
        return name
    digest = _digest(client, f"{attribute}/{name}")
    if attribute == "email":
        first, second = (string.ascii_lowercase[octet % 26] for octet in digest[:2])
        return f"{first}@{second}"
    return "".join(str(octet % 10) for octet in digest[:4])


def _digest(client: AppClient, text: str) -> bytes:
    return hmac.digest(_KEY, f"{client.pool_id}/{text}".encode(), hashlib.sha256)
