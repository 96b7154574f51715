"""Functions as they are configured now, read from moto's Lambda."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cognito_gw.local import moto_store

if TYPE_CHECKING:
    from cognito_gw.packages.target import Architecture


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
    log_group: str
    environment: dict[str, str] = field(repr=False)
    architecture: Architecture = "x86_64"
    role: str = ""  # its ARN
    concurrency: int | None = None  # how many calls it may run at once, if reserved

    @property
    def revision(self) -> tuple[object, ...]:
        """What a worker depends on: if it changes, a new worker replaces the old."""
        settings = (self.runtime, self.handler, self.timeout, self.memory)
        variables = sorted(self.environment.items())
        return (self.code_sha, self.log_group, *settings, *variables)


def find_function(arn: str) -> Function | None:
    """Return a function by its ARN, qualified or not."""
    record = _record(arn)
    if record is None:
        return None
    region, name = arn.split(":")[3], arn.split(":")[6]
    return Function(
        arn=str(record.function_arn),
        name=name,
        region=region,
        role=str(record.role),
        runtime=str(record.run_time),
        handler=str(record.handler),
        code_sha=str(record.code_sha_256),
        code=record.code_bytes,
        timeout=int(record.timeout),
        memory=int(record.memory_size),
        log_group=str(record.logs_group_name),
        architecture=record.architectures[0],
        environment=dict(record.environment_vars or {}),
        concurrency=record.reserved_concurrency,
    )


def policy_of(arn: str) -> list[dict[str, Any]]:
    """Return the statements of a function's resource policy."""
    record = _record(arn)
    return [] if record is None else list(record.policy.statements)


def _record(arn: str) -> Any:
    """Return moto's function, or None if it or such an ARN does not exist."""
    try:
        _, _, _, region, _, _, name, *_ = arn.split(":")
        return moto_store.backend("lambda", region).get_function(name)
    except Exception:  # noqa: BLE001 - moto raises one error type per kind of absence
        return None
