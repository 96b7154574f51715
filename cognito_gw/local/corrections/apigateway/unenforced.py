"""What moto takes and nothing here enforces: refused, as silence would let calls in."""

from __future__ import annotations

import json
import logging
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cognito_gw.local.corrections.apigateway.faults import bad_request
from cognito_gw.local.corrections.services import apigateway
from cognito_gw.local.faults import AwsFault

if TYPE_CHECKING:
    from cognito_gw.local.corrections.call import Call

EVERYONE = ("*", {"AWS": "*"}, {"AWS": ["*"]})
OPEN = {"Effect", "Principal", "Action", "Resource", "Sid"}
LIMITS = re.compile("throttl|quota")

log = logging.getLogger(__name__)


@apigateway.refuses("PutMethod", "UpdateMethod")
def request_validators(call: Call) -> None:
    """Refuse a method with a request validator: AWS answers 400 by it."""
    if call.get("requestValidatorId") or _patched(call, "/requestValidatorId"):
        raise _not_enforced("request validators")


@apigateway.refuses("PutIntegration")
def streams(call: Call) -> None:
    """Refuse to stream what a function answers."""
    if call.get("responseTransferMode") == "STREAM":
        raise _not_enforced("streamed answers")


@apigateway.refuses("CreateRestApi", "UpdateRestApi")
def resource_policies(call: Call) -> None:
    """Refuse a resource policy, unless it lets everybody in."""
    for policy in (call.get("policy"), *_patched(call, "/policy")):
        if policy and not _lets_everybody_in(policy):
            raise _not_enforced("resource policies")


@apigateway.refuses("UpdateStage")
def caches(call: Call) -> None:
    """Refuse a cache: AWS answers from it for calls that are not made."""
    if any("caching/enabled" in each["path"] for each in _patches(call)):
        raise _not_enforced("caches of stages")


@apigateway.amends("CreateUsagePlan", "UpdateUsagePlan", "UpdateStage")
def limits(call: Call, _: dict[str, Any]) -> None:
    """Take limits of calls, which let in what AWS may refuse, and say so in the log."""
    set_here = [*call.params, *(each["path"] for each in _patches(call))]
    if any(map(LIMITS.search, set_here)):
        log.warning(
            "%s: throttling and quotas are accepted, but not enforced here",
            call.operation,
        )


def _patches(call: Call) -> list[dict[str, Any]]:
    patches: list[dict[str, Any]] = call.get("patchOperations") or []
    return patches


def _patched(call: Call, path: str) -> list[str]:
    """Return what is set at a path; what is removed needs nobody to enforce it."""
    found = [each for each in _patches(call) if each["path"] == path]
    return [each.get("value") or "" for each in found if each["op"] != "remove"]


def _lets_everybody_in(policy: str) -> bool:
    try:
        statements = json.loads(policy)["Statement"]
    except (KeyError, TypeError, ValueError):
        raise bad_request("Invalid policy document") from None
    listed = statements if isinstance(statements, list) else [statements]
    return bool(listed) and all(map(_is_open, listed))


def _is_open(statement: dict[str, Any]) -> bool:
    resources = statement.get("Resource", "*")
    listed = resources if isinstance(resources, list) else [resources]
    return (
        statement.keys() <= OPEN
        and statement.get("Effect") == "Allow"
        and statement.get("Principal") in EVERYONE
        and any(each in ("*", "execute-api:/*") for each in listed)
    )


def _not_enforced(what: str) -> AwsFault:
    return AwsFault(
        "NotImplemented",
        f"The local AWS does not enforce {what}, so it does not take them",
        HTTPStatus.NOT_IMPLEMENTED,
    )
