"""What moto takes and nothing here enforces: refused, as silence would let calls in."""

from __future__ import annotations

import json
import logging
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cognito_gw.local.apigateway.errors import bad_request
from cognito_gw.local.errors import AwsFault
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
    """Refuse what AWS would refuse calls by, answer from, or hide an API with."""
    for setting in _settings(call):
        for what, pattern in NOT_ENFORCED.items():
            if pattern.match(setting):
                raise _not_enforced(what)


@apigateway.refuses("CreateDomainName")
def domain_names(_: Call) -> None:
    """Refuse a domain name, and so mutual TLS, which only domain names have."""
    raise _not_enforced("custom domain names")


@apigateway.refuses("ImportRestApi", "PutRestApi")
def imports(_: Call) -> None:
    """Refuse an OpenAPI document, of which moto leaves out who may call what."""
    raise _not_enforced("imported OpenAPI documents")


@wafv2.refuses("AssociateWebACL")
def web_acls(_: Call) -> None:
    """Refuse a web ACL, which answers 403 for an API."""
    raise _not_enforced("web ACLs")


@apigateway.refuses("CreateRestApi", "UpdateRestApi")
def resource_policies(call: Call) -> None:
    """Refuse a resource policy, unless it lets everybody in."""
    for policy in (call.get("policy"), *_patched(call, "/policy")):
        if policy and not _lets_everybody_in(policy):
            raise _not_enforced("resource policies")


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


def _settings(call: Call) -> list[str]:
    """Return what a call sets, as `path=value`; what is switched off is not set."""
    given = [(name, str(value)) for name, value in call.params.items()]
    patched = [(each["path"], each.get("value") or "") for each in _patches(call)]
    return [
        f"{path.removeprefix('/')}={value}"
        for path, value in given + patched
        if value.lower() not in ("", "false")
    ]


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
        f"The local AWS does not support {what}, so it does not take them",
        HTTPStatus.NOT_IMPLEMENTED,
    )
