"""The throttling limits of stages: buckets of tokens, as API Gateway has them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.gateway_rules import Match
    from cognito_gw.local.apigateway.context import DeployedStage

_RATE, _BURST = "throttlingRateLimit", "throttlingBurstLimit"
_NONE = -1  # the account's limits apply, which one machine does not reach


@dataclass
class _Bucket:
    rate: float  # tokens a second
    burst: int  # tokens that it holds
    tokens: float
    at: float  # when it had them, in seconds

    def take(self, now: float) -> bool:
        """Take a token; return whether there was one."""
        filled = self.tokens + (now - self.at) * self.rate
        self.tokens, self.at = min(filled, float(self.burst)), now
        is_left = self.tokens >= 1
        self.tokens -= is_left
        return is_left


@dataclass
class Buckets:
    """A bucket for each method of a stage that has a limit; it is full at first.

    A method without its own settings has the limits of the stage, but not its bucket:
    they are the limits of each method. Source: API Gateway's guide, "Throttle requests
    to your REST APIs", 2026-11.
    """

    clock: Callable[[], float]
    _buckets: dict[tuple[str, ...], _Bucket] = field(default_factory=dict)

    def let_in(self, stage: DeployedStage, match: Match) -> bool:
        """Return whether the limits of a stage let a request to a method through."""
        if not stage.method_settings:
            return True
        path, verb = match.resource["path"], match.method["httpMethod"]
        escaped = path.replace("~", "~0").replace("/", "~1")
        for key in (f"{escaped}/{verb}", f"{escaped[2:]}/{verb}", "*/*"):
            if (settings := stage.method_settings.get(key)) is not None:
                break
        else:
            return True
        rate, burst = settings.get(_RATE, _NONE), settings.get(_BURST, _NONE)
        if _NONE in (rate, burst):
            return True
        now, method = self.clock(), (stage.snapshot.api_id, stage.name, path, verb)
        bucket = self._buckets.get(method)
        if bucket is None or (bucket.rate, bucket.burst) != (rate, burst):
            bucket = self._buckets[method] = _Bucket(rate, burst, burst, now)
        return bucket.take(now)
