"""User pools, app clients and users, read from moto's objects."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cognito_gw.local import moto_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class AppClient:
    """An app client with its user pool, in the shapes of the Describe operations."""

    pool_id: str
    region: str
    settings: dict[str, Any]
    pool: dict[str, Any]

    @property
    def id(self) -> str:
        """The client id."""
        return str(self.settings["ClientId"])

    @property
    def secret(self) -> str | None:
        """The client secret, if it has one."""
        secret: str | None = self.settings.get("ClientSecret")
        return secret

    @property
    def is_open(self) -> bool:
        """Whether users may sign up themselves."""
        creation = self.pool.get("AdminCreateUserConfig", {})
        return not creation.get("AllowAdminCreateUserOnly")

    @property
    def schema(self) -> list[dict[str, Any]]:
        """The attributes of the pool, as SchemaAttributes."""
        return list(self.pool.get("SchemaAttributes", []))

    @property
    def required_attributes(self) -> list[str]:
        """The names of the attributes that every user must have."""
        names = (field["Name"] for field in self.schema if field.get("Required"))
        return [name for name in names if name != "sub"]

    def folded(self, name: str) -> str:
        """Return a name as the pool compares it."""
        return _folded(self.pool, name)


@dataclass
class Mfa:
    """A user's second factors."""

    totp_secret: str | None = field(default=None, repr=False)
    has_verified_totp: bool = False
    last_totp_step: int = 0  # a one-time password works once
    enabled: list[str] = field(default_factory=list)  # SOFTWARE_TOKEN_MFA, …
    preferred: str | None = None


class User:
    """A user of a pool. Changes go to moto's object."""

    def __init__(self, record: Any) -> None:
        """Wrap moto's object."""
        self._record = record

    @property
    def username(self) -> str:
        """The user name, chosen or generated."""
        return str(self._record.username)

    @property
    def sub(self) -> str:
        """The user's immutable id."""
        return str(self._record.id)

    @property
    def stamp(self) -> str:
        """A value that changes when the user's sessions end."""
        return f"{self.sub}#{vars(self._record).get('session_ends', 0)}"

    @property
    def attributes(self) -> dict[str, str]:
        """The user's attributes."""
        return dict(self._record.attribute_lookup)

    @property
    def status(self) -> str:
        """CONFIRMED, FORCE_CHANGE_PASSWORD, …."""
        return str(self._record.status.value)

    @property
    def is_enabled(self) -> bool:
        """Whether the user is enabled."""
        return bool(self._record.enabled)

    @property
    def groups(self) -> list[str]:
        """The names of the user's groups, by precedence as tokens list them."""
        ordered = sorted(self._record.groups, key=_precedence)
        return [group.group_name for group in ordered]

    @property
    def since_created(self) -> float:
        """Seconds since the user was created."""
        created: datetime = self._record.create_date
        if created.tzinfo is None:
            created = created.replace(tzinfo=UTC)
        return (datetime.now(UTC) - created).total_seconds()

    @property
    def password(self) -> str | None:
        """The password in plain text, as moto stores it, or None."""
        return self._record.password or None

    def has_password(self, password: str) -> bool:
        """Whether this is the user's password."""
        own = (self.password or "").encode()
        return bool(own) and hmac.compare_digest(own, password.encode())

    def confirm_with(self, password: str) -> None:
        """Give the user a permanent password."""
        self._record.password = password
        self.set_status("CONFIRMED")

    def set_status(self, status: str) -> None:
        """Set the user's status."""
        self._record.status = type(self._record.status)(status)
        self._record.last_modified_date = datetime.now(UTC)

    def disable(self) -> None:
        """Disable the user, and end the sessions in browsers and sign-ins."""
        self._record.enabled = False
        self._record.last_modified_date = datetime.now(UTC)
        kept = vars(self._record)
        kept["session_ends"] = kept.get("session_ends", 0) + 1

    def has_verified(self, name: str) -> bool:
        """Whether the user has this address, and it is verified."""
        attributes = self._record.attribute_lookup
        return name in attributes and attributes.get(f"{name}_verified") == "true"

    def set_attributes(self, attributes: dict[str, str]) -> None:
        """Set attributes."""
        self._record.update_attributes(
            [{"Name": key, "Value": value} for key, value in attributes.items()]
        )

    def delete_attributes(self, names: list[str]) -> None:
        """Delete attributes; missing ones are ignored."""
        present = [name for name in names if name in self._record.attribute_lookup]
        self._record.delete_attributes(present)

    @property
    def mfa(self) -> Mfa:
        """The user's second factors, stored in moto's object."""
        kept: Mfa = vars(self._record).setdefault("mfa", Mfa())
        return kept

    def description(self) -> dict[str, Any]:
        """Return the user as AdminGetUser does."""
        user: dict[str, Any] = self._record.to_json(
            extended=True, attributes_key="UserAttributes"
        )
        user["UserMFASettingList"] = list(self.mfa.enabled)
        user["PreferredMfaSetting"] = self.mfa.preferred or ""
        return user


def pool_settings(pool_id: str) -> dict[str, Any]:
    """Return a user pool as DescribeUserPool does, or {} without such a pool."""
    pool = _pool(pool_id)
    settings: dict[str, Any] = pool.to_json(extended=True) if pool else {}
    return settings


def alias_attributes(pool_id: str) -> list[str]:
    """Return the attributes that are sign-in names besides the user name."""
    return list(pool_settings(pool_id).get("AliasAttributes") or [])


def pool_exists(pool_id: str) -> bool:
    """Whether there is such a user pool."""
    return _pool(pool_id) is not None


def find_client(client_id: str) -> AppClient | None:
    """Return an app client of any pool in any region."""
    for backend in moto_store.regional_backends("cognito-idp"):
        for pool in backend.user_pools.values():
            if client_id in pool.clients:
                return _described(pool, pool.clients[client_id])
    return None


def clients_of(pool_id: str) -> list[AppClient]:
    """Return the app clients of a user pool, oldest first."""
    pool = _pool(pool_id)
    clients = pool.clients.values() if pool else ()
    return [_described(pool, client) for client in clients]


def find_user(pool_id: str, name: str) -> User | None:
    """Return a user by user name, sub, or sign-in alias."""
    pool = _pool(pool_id)
    if pool is None:
        return None
    record = pool.users.get(name) or next(_called(pool, name), None)
    return User(record) if record is not None else None


def users_called(pool_id: str, name: str) -> list[User]:
    """Return all users whom a sign-in with this name could mean."""
    return [User(record) for record in _called(_pool(pool_id), name)]


def serves_as_name(pool_id: str, attributes: Mapping[str, str], name: str) -> bool:
    """Whether a user with these attributes can sign in with the one of this name."""
    settings = _pool(pool_id).extended_config
    if name not in attributes:
        return False
    if name in (settings.get("UsernameAttributes") or []):
        return True
    is_alias = name in (settings.get("AliasAttributes") or [])
    return is_alias and _serves(attributes, name)


def add_user(
    client: AppClient, name: str, password: str, attributes: dict[str, str]
) -> User:
    """Add a user who has signed up but not confirmed yet."""
    from moto.cognitoidp.models import CognitoIdpUser, UserStatus

    pool = _pool(client.pool_id)
    record = CognitoIdpUser(
        user_pool_id=client.pool_id,
        # Where users sign in with an attribute, Cognito generates the user name.
        username=None if client.pool.get("UsernameAttributes") else name,
        password=password,
        status=UserStatus.UNCONFIRMED,
        attributes=[{"Name": key, "Value": attributes[key]} for key in attributes],
    )
    pool.users[record.username] = record
    return User(record)


def delete_user(pool_id: str, username: str) -> None:
    """Delete a user, also from every group."""
    moto_store.backend("cognito-idp", pool_id.partition("_")[0]).admin_delete_user(
        pool_id, username
    )


def client_of_domain(domain: str, client_id: str) -> AppClient | None:
    """Return an app client of the pool with this domain, or None."""
    client = find_client(client_id)
    return client if client and client.pool_id == pool_of_domain(domain) else None


def pool_of_domain(domain: str) -> str | None:
    """Return the ID of the user pool with this domain, or None."""
    for backend in moto_store.regional_backends("cognito-idp"):
        if domain in backend.user_pool_domains:
            return str(backend.user_pool_domains[domain].user_pool_id)
    return None


def domain_of_pool(pool_id: str) -> str | None:
    """Return the domain of a user pool, or its prefix, or None."""
    pool = _pool(pool_id)
    return pool.domain.domain if pool and pool.domain else None


def has_login_pages(domain: str, client_id: str) -> bool:
    """Whether the client has login pages: managed login requires a style."""
    for backend in moto_store.regional_backends("cognito-idp"):
        found = backend.user_pool_domains.get(domain)
        if found is not None:
            pool = backend.user_pools[found.user_pool_id]
            is_classic = getattr(found, "managed_login_version", 1) == 1
            return is_classic or client_id in getattr(pool, "managed_login", {})
    return False


def second_factors(pool_id: str) -> list[str]:
    """Return the second factors that a pool offers, the most secure first."""
    pool = _pool(pool_id)
    token = (pool.token_mfa_config or {}).get("Enabled")
    offers = {
        "SOFTWARE_TOKEN_MFA": token,
        "EMAIL_OTP": getattr(pool, "email_mfa_config", None),
        "SMS_MFA": pool.sms_mfa_config,
    }
    return [factor for factor, is_offered in offers.items() if is_offered]


def _described(pool: Any, client: Any) -> AppClient:
    settings = client.to_json(extended=True)
    return AppClient(pool.id, pool.region, settings, pool.to_json(extended=True))


def _called(pool: Any, name: str) -> Iterator[Any]:
    settings = pool.extended_config
    keys = settings.get("UsernameAttributes") or []
    aliases = settings.get("AliasAttributes") or []
    folded = _folded(settings, name)
    for record in pool.users.values():
        attributes = record.attribute_lookup
        names = {record.username, record.id, *map(attributes.get, keys)}
        names |= {attributes.get(key) for key in aliases if _serves(attributes, key)}
        if folded in {_folded(settings, known) for known in names if known}:
            yield record


def _folded(settings: Mapping[str, Any], name: str) -> str:
    case = settings.get("UsernameConfiguration") or {}
    return name if case.get("CaseSensitive", True) else name.lower()


def _serves(attributes: Mapping[str, str], alias: str) -> bool:
    """Whether an alias is a sign-in name: an address is one once it is verified."""
    is_verified = attributes.get(f"{alias}_verified") == "true"
    return alias == "preferred_username" or is_verified


def _pool(pool_id: str) -> Any:
    for backend in moto_store.regional_backends("cognito-idp"):
        if pool_id in backend.user_pools:
            return backend.user_pools[pool_id]
    return None


def _precedence(group: Any) -> tuple[float, str]:
    rank = group.precedence
    return (float("inf") if rank is None else rank, group.group_name)
