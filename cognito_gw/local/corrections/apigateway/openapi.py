"""How an OpenAPI document spells what secures a method, and what answers it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cognito_gw.local.snapshot import Snapshot

AWS = "x-amazon-apigateway"
IN_HEADER = {"type": "apiKey", "name": "Authorization", "in": "header"}
SIGNATURE = IN_HEADER | {f"{AWS}-authtype": "awsSigv4"}
API_KEY = IN_HEADER | {"name": "x-api-key"}
HEADER = re.compile(r"method\.request\.header\.([^,]+)")
# The fields that are spelt as they are called.
OF_AUTHORIZER = (
    "authorizerCredentials",
    "authorizerUri",
    "identityValidationExpression",
    "providerARNs",
)
OF_INTEGRATION = (
    "connectionId",
    "connectionType",
    "contentHandling",
    "credentials",
    "httpMethod",
    "requestParameters",
    "requestTemplates",
    "uri",
)
OF_RESPONSE = ("statusCode", "responseParameters", "responseTemplates")
# What goes without saying.
TTL, TIMEOUT = 300, 29000


def given(**fields: Any) -> dict[str, Any]:
    """Return the fields that say something: not those that are None or empty."""
    return {name: value for name, value in fields.items() if value or value == 0}


def security(snapshot: Snapshot, method: dict[str, Any]) -> list[dict[str, list[str]]]:
    """Return what a method requires: the scheme's name, and the scopes."""
    wanted: list[dict[str, list[str]]] = []
    if method["authorizationType"] == "AWS_IAM":
        wanted.append({"sigv4": []})
    elif method["authorizationType"] != "NONE":
        authorizer = snapshot.authorizers[method["authorizerId"]]
        wanted.append({authorizer["name"]: method.get("authorizationScopes", [])})
    if method["apiKeyRequired"]:
        wanted.append({"api_key": []})
    return wanted


def schemes(
    snapshot: Snapshot, methods: Iterable[dict[str, Any]], *, in_full: bool
) -> dict[str, Any]:
    """Return every authorizer by name, and AWS's own schemes where methods use them."""
    authorizers = snapshot.authorizers.values()
    found = {each["name"]: _scheme(each, in_full=in_full) for each in authorizers}
    used = {
        name for each in methods for one in security(snapshot, each) for name in one
    }
    own = {"sigv4": SIGNATURE, "api_key": API_KEY}
    return found | {name: own[name] for name in own if name in used - set(found)}


def integration(described: dict[str, Any]) -> dict[str, Any]:
    """Return the extension that says what answers a method."""
    behavior = described.get("passthroughBehavior", "WHEN_NO_MATCH")
    responses = {
        response.get("selectionPattern") or "default": _fields(response, OF_RESPONSE)
        for response in described.get("integrationResponses", {}).values()
    }
    spelt = _fields(described, OF_INTEGRATION) | given(
        type=described["type"].lower(),
        passthroughBehavior=behavior.lower(),
        responses=responses,
    )
    if described.get("timeoutInMillis") != TIMEOUT:
        spelt |= _fields(described, ("timeoutInMillis",))
    if described.get("cacheKeyParameters"):
        spelt |= _fields(described, ("cacheKeyParameters", "cacheNamespace"))
    return spelt


def _scheme(authorizer: dict[str, Any], *, in_full: bool) -> dict[str, Any]:
    header = HEADER.fullmatch(authorizer.get("identitySource", ""))
    scheme = IN_HEADER | {
        "name": header[1] if header else "Unused",
        f"{AWS}-authtype": authorizer.get("authType", "custom"),
    }
    extension = {f"{AWS}-authorizer": _authorizer(authorizer)}
    return scheme | extension if in_full else scheme


def _authorizer(authorizer: dict[str, Any]) -> dict[str, Any]:
    kind = authorizer["type"].lower()
    spelt = given(type=kind, **_fields(authorizer, OF_AUTHORIZER))
    if kind == "request":  # the others have one header, which the scheme names
        spelt |= _fields(authorizer, ("identitySource",))
    ttl = authorizer.get("authorizerResultTtlInSeconds")
    if kind != "cognito_user_pools" or ttl != TTL:
        spelt |= given(authorizerResultTtlInSeconds=ttl)
    return spelt


def _fields(described: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return given(**{name: described.get(name) for name in names})
