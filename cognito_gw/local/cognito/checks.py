"""Checks of a sign-in request, each with the error that AWS returns."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import string
import uuid
from typing import TYPE_CHECKING, Any

from cognito_gw import aws_rules
from cognito_gw.local.cognito import codes, directory
from cognito_gw.local.cognito.errors import (
    invalid_parameter,
    not_authorized,
    not_found,
    user_not_found,
)
from cognito_gw.local.errors import AwsFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cognito_gw.local.cognito.directory import AppClient, User


ATTRIBUTE = "userAttributes."  # how challenge responses spell attributes
_TEMPORARY_DAYS = 7
_DAY = 86400
_SYMBOLS = r"[\^$*.\[\]{}()?\"!@#%&/\\,><':;|_~`=+\- ]"
_DEMANDS = {
    "RequireLowercase": (r"[a-z]", "lowercase characters"),
    "RequireUppercase": (r"[A-Z]", "uppercase characters"),
    "RequireNumbers": (r"\d", "numeric characters"),
    "RequireSymbols": (_SYMBOLS, "symbol characters"),
}


def required(fields: dict[str, Any], name: str) -> str:
    if not fields.get(name):
        raise invalid_parameter(f"Missing required parameter {name}")
    return str(fields[name])


def client_of(request: dict[str, Any]) -> AppClient:
    client_id = required(request, "ClientId")
    client = directory.find_client(client_id)
    if client is None:
        raise not_found(f"User pool client {client_id} does not exist.")
    return client


def client_of_pool(request: dict[str, Any]) -> AppClient:
    client = client_of(request)
    if client.pool_id != required(request, "UserPoolId"):
        raise not_found(f"User pool client {client.id} does not exist.")
    return client


def require_flow(client: AppClient, setting: str, flow: str) -> None:
    allowed = client.settings.get("ExplicitAuthFlows") or [
        "ALLOW_REFRESH_TOKEN_AUTH",
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_CUSTOM_AUTH",
    ]
    if setting not in allowed and flow not in allowed:  # the latter: the older names
        raise invalid_parameter(f"{flow} flow not enabled for this client")


def check_secret_hash(client: AppClient, name: str, fields: dict[str, str]) -> None:
    if client.secret is None:
        return
    if "SECRET_HASH" not in fields:
        raise not_authorized(
            f"Client {client.id} is configured with secret but "
            "SECRET_HASH was not received",
        )
    message = (name + client.id).encode()
    digest = hmac.digest(client.secret.encode(), message, hashlib.sha256)
    if not hmac.compare_digest(
        base64.b64encode(digest), fields["SECRET_HASH"].encode()
    ):
        raise not_authorized(
            f"Unable to verify secret hash for client {client.id}",
        )


def check_secret(client: AppClient, given: str | None) -> None:
    if client.secret is None:
        return
    if not hmac.compare_digest(client.secret.encode(), (given or "").encode()):
        raise not_authorized(f"Unable to verify secret for client {client.id}")


def known_user(client: AppClient, name: str) -> User | None:
    """Return a user, or None where the client hides that there is none."""
    user = directory.find_user(client.pool_id, name)
    if user is None and not hides_users(client):
        raise user_not_found()
    return user


def hides_users(client: AppClient) -> bool:
    return client.settings.get("PreventUserExistenceErrors") == "ENABLED"


def wrong_password() -> AwsFault:
    return not_authorized("Incorrect username or password.")


def check_state(client: AppClient, user: User) -> None:
    """Refuse a user who knows the password and may not sign in all the same."""
    require_active(user)
    days = _password_policy(client).get(
        "TemporaryPasswordValidityDays", _TEMPORARY_DAYS
    )
    if user.status == "FORCE_CHANGE_PASSWORD" and user.since_created > days * _DAY:
        raise not_authorized(
            "Temporary password has expired and must be reset by an administrator.",
        )


def require_enabled(user: User) -> None:
    if not user.is_enabled:
        raise not_authorized("User is disabled.")


def require_active(user: User) -> None:
    """Refuse a user who is disabled, not confirmed, or has to change the password."""
    require_enabled(user)
    if user.status == "UNCONFIRMED":
        raise AwsFault("UserNotConfirmedException", "User is not confirmed.")
    if user.status == "RESET_REQUIRED":
        message = "Password reset required for the user"
        raise AwsFault("PasswordResetRequiredException", message)


def signed_in_user(pool_id: str, username: str, mark: str) -> User:
    """Return a user who signed in before, and may be gone or disabled since.

    The `mark` is the sub or the stamp of then: the name may be another's by now.
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
    """Return the user whom an administrator's operation names."""
    pool_id = required(request, "UserPoolId")
    if not directory.pool_exists(pool_id):
        raise not_found(f"User pool {pool_id} does not exist.")
    user = directory.find_user(pool_id, required(request, "Username"))
    if user is None:
        raise user_not_found()
    return user


def _password_policy(client: AppClient) -> dict[str, Any]:
    policy: dict[str, Any] = client.pool.get("Policies", {}).get("PasswordPolicy", {})
    return policy


def check_policy(client: AppClient, password: str) -> None:
    require_strength(_password_policy(client), password)


def require_strength(policy: dict[str, Any], password: str) -> None:
    """Refuse a password against a `PasswordPolicy`."""
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


def answered_attributes(client: AppClient, responses: dict[str, str]) -> dict[str, str]:
    """Return the attributes among a challenge's responses."""
    given = {
        name.removeprefix(ATTRIBUTE): value
        for name, value in responses.items()
        if name.startswith(ATTRIBUTE)
    }
    check_writable(client, given)
    return given


def check_writable(client: AppClient, names: Iterable[str]) -> None:
    """Refuse attributes that are not the user's to set through this client."""
    schema = client.pool.get("SchemaAttributes", [])
    mutable = {each["Name"] for each in schema if each.get("Mutable", True)} - {"sub"}
    writable = set(client.settings.get("WriteAttributes") or mutable) & mutable
    for name in names:
        if name not in writable or name.endswith("_verified"):
            raise not_authorized(
                "A client attempted to write unauthorized attribute",
            )


def check_changeable(pool: dict[str, Any], names: Iterable[str]) -> None:
    """Refuse attributes that the pool does not have, or that never change."""
    schema = {each["Name"]: each for each in pool.get("SchemaAttributes", [])}
    for name in names:
        if name not in schema:
            raise _unfitting([f"{name}: Attribute does not exist in the schema."])
        if name == "sub" or not schema[name].get("Mutable", True):
            raise invalid_parameter(f"user.{name}: Attribute cannot be updated.\n")


def require_fitting(
    schema: Sequence[dict[str, Any]],
    attributes: dict[str, str],
    wrong: Sequence[str] = (),
) -> None:
    """Refuse attributes that are `wrong` already, or do not fit a pool's schema."""
    wrong = [*wrong, *aws_rules.attribute_faults(schema, attributes)]
    if wrong:
        raise _unfitting(wrong)


def _unfitting(wrong: Sequence[str]) -> AwsFault:
    listed = "\n".join(wrong)
    return invalid_parameter(f"Attributes did not conform to the schema: {listed}\n")


def missing_attributes(client: AppClient, user: User) -> list[str]:
    """Return the names of what the pool requires and the user has not."""
    schema = client.pool.get("SchemaAttributes", [])
    required_names = [each["Name"] for each in schema if each.get("Required")]
    return [name for name in required_names if name not in (*user.attributes, "sub")]


_KEY = secrets.token_bytes(32)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def user_id(client: AppClient, name: str) -> str:
    """Return the user name behind a name: the name itself, or, for an alias, a UUID.

    A user name that is a UUID has itself behind it, the made-up ones, too.
    """
    name = client.folded(name)
    aliases = client.pool.get("AliasAttributes") or []
    is_made = client.pool.get("UsernameAttributes") or (
        codes.address_form(name) in aliases
    )
    if _UUID.fullmatch(name) or not is_made:
        return name
    digest = _digest(client, f"user/{name}")
    return str(uuid.UUID(bytes=digest[:16], version=4))


def salt(client: AppClient, username: str) -> int:
    """Return the salt of a user name, which a user may or may not have."""
    return int.from_bytes(_digest(client, f"salt/{username}")[:16])


def address(client: AppClient, name: str, attribute: str) -> str:
    """Return the address to which a message would go: the name itself if it is one."""
    name = client.folded(name)
    if codes.address_form(name) == attribute:
        return name
    digest = _digest(client, f"{attribute}/{name}")
    if attribute == "email":
        first, second = (string.ascii_lowercase[each % 26] for each in digest[:2])
        return f"{first}@{second}"
    return "".join(str(each % 10) for each in digest[:4])


def _digest(client: AppClient, text: str) -> bytes:
    return hmac.digest(_KEY, f"{client.pool_id}/{text}".encode(), hashlib.sha256)
