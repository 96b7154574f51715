"""Reads what the control plane holds: the only place that knows moto's objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cognito_gw.local import emulator

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class AppClient:
    """An app client with its user pool, in the shapes of Describe…."""

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


@dataclass(frozen=True)
class Function:
    """A Lambda function as it is configured now."""

    arn: str
    name: str
    region: str
    runtime: str
    handler: str
    code_sha: str
    code: bytes = field(repr=False)
    timeout: int
    memory: int
    environment: dict[str, str] = field(repr=False)

    @property
    def revision(self) -> tuple[object, ...]:
        """What a running copy must be of, to be still the function."""
        settings = (self.runtime, self.handler, self.timeout, self.memory)
        return (self.code_sha, *settings, *sorted(self.environment.items()))


class User:
    """A user of a pool; changes go to the control plane's own object."""

    def __init__(self, record: Any) -> None:
        """Wrap moto's object."""
        self._record = record

    @property
    def username(self) -> str:
        """The name that Cognito gave or took."""
        return str(self._record.username)

    @property
    def sub(self) -> str:
        """The user's immutable id."""
        return str(self._record.attribute_lookup.get("sub", self._record.id))

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
        """Whether an administrator has not disabled the user."""
        return bool(self._record.enabled)

    @property
    def groups(self) -> list[str]:
        """The names of the user's groups, by precedence as tokens list them."""
        ordered = sorted(self._record.groups, key=_precedence)
        return [group.group_name for group in ordered]

    @property
    def has_totp(self) -> bool:
        """Whether the user signs in with one-time passwords."""
        return bool(self._record.software_token_mfa_enabled)

    @property
    def since_created(self) -> float:
        """Seconds since an administrator made the user."""
        created: datetime = self._record.create_date
        if created.tzinfo is None:
            created = created.replace(tzinfo=UTC)
        return (datetime.now(UTC) - created).total_seconds()

    def has_password(self, password: str) -> bool:
        """Whether this is the user's password."""
        return bool(self._record.password) and self._record.password == password

    def confirm_with(self, password: str) -> None:
        """Give the user a permanent password."""
        self._record.password = password
        self._record.status = type(self._record.status)("CONFIRMED")

    def set_attributes(self, attributes: dict[str, str]) -> None:
        """Set attributes."""
        self._record.update_attributes(
            [{"Name": key, "Value": value} for key, value in attributes.items()]
        )

    def description(self) -> dict[str, Any]:
        """Return the user as AdminGetUser does."""
        user: dict[str, Any] = self._record.to_json(
            extended=True, attributes_key="UserAttributes"
        )
        return user


def pool_exists(pool_id: str) -> bool:
    """Whether there is such a user pool."""
    return _pool(pool_id) is not None


def find_client(client_id: str) -> AppClient | None:
    """Return an app client of any pool in any region."""
    for backend in emulator.regional_backends("cognito-idp"):
        for pool in backend.user_pools.values():
            client = pool.clients.get(client_id)
            if client is not None:
                return AppClient(
                    pool.id,
                    pool.region,
                    client.to_json(extended=True),
                    pool.to_json(extended=True),
                )
    return None


def find_user(pool_id: str, name: str) -> User | None:
    """Return a user by user name, sub, or an alias with which the pool signs in."""
    pool = _pool(pool_id)
    if pool is None:
        return None
    record = pool.users.get(name) or next(_aliased(pool, name), None)
    return User(record) if record is not None else None


def find_function(arn: str) -> Function | None:
    """Return a function by its ARN, qualified or not."""
    region, name = arn.split(":")[3], arn.split(":")[6]
    record = _function(region, name)
    if record is None:
        return None
    return Function(
        arn=str(record.function_arn),
        name=name,
        region=region,
        runtime=str(record.run_time),
        handler=str(record.handler),
        code_sha=str(record.code_sha_256),
        code=record.code_bytes,
        timeout=int(record.timeout),
        memory=int(record.memory_size),
        environment=dict(record.environment_vars or {}),
    )


def policy_of(arn: str) -> list[dict[str, Any]]:
    """Return the statements of a function's resource policy."""
    record = _function(arn.split(":")[3], arn.split(":")[6])
    return [] if record is None else list(record.policy.statements)


def _aliased(pool: Any, name: str) -> Iterator[Any]:
    aliases = pool.extended_config.get("UsernameAttributes") or []
    aliases += pool.extended_config.get("AliasAttributes") or []
    keys = {"email", "phone_number", "preferred_username"} & set(aliases) | {"sub"}
    for record in pool.users.values():
        values = {record.attribute_lookup.get(key, "").lower() for key in keys}
        if name.lower() in values:
            yield record


def _pool(pool_id: str) -> Any:
    for backend in emulator.regional_backends("cognito-idp"):
        if pool_id in backend.user_pools:
            return backend.user_pools[pool_id]
    return None


def _function(region: str, name: str) -> Any:
    backend = emulator.backend("lambda", region)
    try:
        return backend.get_function(name)
    except Exception:  # noqa: BLE001 - moto raises one error type per kind of absence
        return None


def _precedence(group: Any) -> tuple[float, str]:
    rank = group.precedence
    return (float("inf") if rank is None else rank, group.group_name)
