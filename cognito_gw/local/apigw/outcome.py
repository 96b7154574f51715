"""What a request came to, for the caller and for those who want to know why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cognito_gw.local.apigw.gateway_response import respond

if TYPE_CHECKING:
    from cognito_gw.local.apigw.context import Context
    from cognito_gw.local.apigw.gateway_response import Kind
    from cognito_gw.local.apigw.proxy_response import Outgoing


@dataclass(frozen=True)
class FunctionCall:
    """What was sent to a function, and what came back, if anything did."""

    arn: str
    source_arn: str
    event: bytes
    payload: bytes | None = None
    milliseconds: int = 0


@dataclass(frozen=True)
class Outcome:
    """An answer with its reason; `failure` is that of the execution log."""

    outgoing: Outgoing
    why: str
    failure: str | None = None
    call: FunctionCall | None = None


def refused(
    kind: Kind, context: Context, why: str, message: str | None = None
) -> Outcome:
    """Return the outcome of a request that reaches no integration."""
    return Outcome(respond(kind, context, message), why, why)
