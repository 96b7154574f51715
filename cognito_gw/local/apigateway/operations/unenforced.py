"""Refuses settings that moto accepts and the local AWS does not enforce.

Ignoring them would let in calls that AWS refuses.
"""

from __future__ import annotations

import json
import logging
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cognito_gw.local.errors import AwsFault, bad_request
from cognito_gw.local.operations import apigateway, wafv2

if TYPE_CHECKING:
    from cognito_gw.local.operations import Call

EVERYONE = ("*", {"AWS": "*"}, {"AWS": ["*"]})
OPEN = {"Effect", "Principal", "Action", "Resource", "Sid"}
LIMITS = re.compile("throttl|quota")
NOT_ENFORCED = {
    what: re.compile(pattern)
    for what, pattern in {
        "caches of stages": "cacheClusterEnabled=|.+/caching/enabled=",
        "canary releases": "canarySettings",
        "client certificates": "clientCertificateId=",
        "private endpoints": "endpointConfiguration.*PRIVATE",
        "request validators": "requestValidatorId=",
        "streamed answers": "responseTransferMode=STREAM",
        "VPC links": "connectionType=VPC_LINK",
    }.items()
}

log = logging.getLogger(__name__)


@apigateway.refuses(
    "CreateDeployment",
    "CreateRestApi",
    "CreateStage",
    "PutIntegration",
    "PutMethod",
    "UpdateIntegration",
    "UpdateMethod",
    "UpdateRestApi",
    "UpdateStage",
)
def settings(call: Call) -> None:
    """Refuse settings by which AWS would refuse or answer calls, or hide an API."""
    for setting in _settings(call):
        for what, pattern in NOT_ENFORCED.items():
            if pattern.match(setting):
                raise _not_enforced(what)


@apigateway.refuses("CreateDomainName")
def domain_names(_: Call) -> None:
    """Refuse domain names, and so mutual TLS, which requires one."""
    raise _not_enforced("custom domain names")


@apigateway.refuses("ImportRestApi", "PutRestApi")
def imports(_: Call) -> None:
    """Refuse an OpenAPI document, as moto ignores its security."""
    raise _not_enforced("imported OpenAPI documents")


@wafv2.refuses("AssociateWebACL")
def web_acls(_: Call) -> None:
    """Refuse a web ACL, which can answer 403 for an API."""
    raise _not_enforced("web ACLs")


@apigateway.refuses("CreateRestApi", "UpdateRestApi")
def resource_policies(call: Call) -> None:
    """Refuse a resource policy unless it allows everyone."""
    patched = [
        patch.get("value")
        for patch in _patches(call)
        if patch["path"] == "/policy" and patch["op"] != "remove"
    ]
    for policy in (call.get("policy"), *patched):
        if policy and not _allows_everyone(policy):
            raise _not_enforced("resource policies")


@apigateway.amends("CreateUsagePlan", "UpdateUsagePlan")
def limits(call: Call, _: dict[str, Any]) -> None:
    """Accept limits of usage plans, which are not enforced; warn in the log."""
    names = [*call.params, *(patch["path"] for patch in _patches(call))]
    if any(map(LIMITS.search, names)):
        log.warning(
            "%s: throttling and quotas are accepted, but not enforced locally",
            call.operation,
        )


def _patches(call: Call) -> list[dict[str, Any]]:
    patches: list[dict[str, Any]] = call.get("patchOperations") or []
    return patches


def _settings(call: Call) -> list[str]:
    """Return what a call sets or switches on, as `path=value`."""
    given = [(name, str(value)) for name, value in call.params.items()]
    patched = [(patch["path"], patch.get("value") or "") for patch in _patches(call)]
    return [
        f"{path.removeprefix('/')}={value}"
        for path, value in given + patched
        if value.lower() not in ("", "false")
    ]


def _allows_everyone(policy: str) -> bool:
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
        and not {"*", "execute-api:/*"}.isdisjoint(listed)
    )


def _not_enforced(what: str) -> AwsFault:
    return AwsFault(
        "NotImplemented",
        f"The local AWS does not support {what}",
        HTTPStatus.NOT_IMPLEMENTED,
    )
