"""Gateway responses: every type has a default, which PutGatewayResponse replaces."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from cognito_gw.local.corrections.apigateway.faults import not_found
from cognito_gw.local.corrections.apigateway.patch import (
    TERSE,
    Entries,
    Value,
    patched,
)
from cognito_gw.local.corrections.services import apigateway

if TYPE_CHECKING:
    from cognito_gw.local.corrections.apigateway.patch import Field
    from cognito_gw.local.corrections.call import Call

STATUS_CODES = {
    "ACCESS_DENIED": "403",
    "API_CONFIGURATION_ERROR": "500",
    "AUTHORIZER_CONFIGURATION_ERROR": "500",
    "AUTHORIZER_FAILURE": "500",
    "BAD_REQUEST_BODY": "400",
    "BAD_REQUEST_PARAMETERS": "400",
    "DEFAULT_4XX": None,
    "DEFAULT_5XX": None,
    "EXPIRED_TOKEN": "403",
    "INTEGRATION_FAILURE": "504",
    "INTEGRATION_TIMEOUT": "504",
    "INVALID_API_KEY": "403",
    "INVALID_SIGNATURE": "403",
    "MISSING_AUTHENTICATION_TOKEN": "403",
    "QUOTA_EXCEEDED": "429",
    "REQUEST_TOO_LARGE": "413",
    "RESOURCE_NOT_FOUND": "404",
    "THROTTLED": "429",
    "UNAUTHORIZED": "401",
    "UNSUPPORTED_MEDIA_TYPE": "415",
    "WAF_FILTERED": "403",
}
FIELDS: dict[str, Field] = {
    "responseParameters": Entries("responseParameters"),
    "responseTemplates": Entries("responseTemplates"),
    "statusCode": Value("statusCode"),
}
TEMPLATES = {"application/json": '{"message":$context.error.messageString}'}


def gateway_responses(call: Call) -> dict[str, dict[str, Any]]:
    """Return each type's response: the API's own, that of its class, or AWS's."""
    listed = call.ask("GetGatewayResponses", restApiId=call["restApiId"])
    own = {each["responseType"]: each for each in listed.get("items", [])}
    return {kind: own.get(kind) or _derived(kind, own) for kind in STATUS_CODES}


@apigateway.answers("GetGatewayResponses")
def every_type(call: Call) -> dict[str, Any]:
    """List all 21 types; moto lists only those that were put."""
    return {"items": list(gateway_responses(call).values())}


@apigateway.answers("GetGatewayResponse")
def one_type(call: Call) -> dict[str, Any]:
    """Answer AWS's default for a type that was not put; moto: NotFoundException."""
    return gateway_responses(call)[call["responseType"]]


@apigateway.answers("PutGatewayResponse")
def put_gateway_response(call: Call) -> dict[str, Any]:
    """Fill in the type's default status code and template where they are omitted."""
    return call.forward(**_default(call["responseType"]) | call.params)


@apigateway.answers("UpdateGatewayResponse")
def update_gateway_response(call: Call) -> dict[str, Any]:
    """Apply patch operations; moto has no UpdateGatewayResponse."""
    known = gateway_responses(call)[call["responseType"]]
    settings = _Settings(**{name: known[name] for name in FIELDS if name in known})
    operations = call.get("patchOperations", [])
    changed = asdict(patched(settings, operations, FIELDS, TERSE))
    given = {name: value for name, value in changed.items() if value is not None}
    key = {name: call[name] for name in ("restApiId", "responseType")}
    return call.ask("PutGatewayResponse", **key, **given)


@apigateway.refuses("DeleteGatewayResponse")
def not_put(call: Call) -> None:
    """Refuse to delete a default: NotFoundException, 404; moto is silent."""
    api = call.backend.apis[call["restApiId"]]
    if call["responseType"] not in api.gateway_responses:
        raise not_found("Gateway response type not defined on api")


@dataclass
class _Settings:
    """What of a gateway response can be changed, by AWS's names."""

    responseParameters: dict[str, str] = field(default_factory=dict)  # noqa: N815
    responseTemplates: dict[str, str] = field(default_factory=dict)  # noqa: N815
    statusCode: str | None = None  # noqa: N815


def _derived(kind: str, own: dict[str, Any]) -> dict[str, Any]:
    """Return the response of a type that was not put: that of its class counts."""
    default = _default(kind) | {"defaultResponse": True}
    status_code = STATUS_CODES[kind]
    of_class = own.get(f"DEFAULT_{status_code[0]}XX", {}) if status_code else {}
    return default | {name: of_class[name] for name in FIELDS if name in of_class}


def _default(kind: str) -> dict[str, Any]:
    default = {
        "responseType": kind,
        "responseParameters": {},
        "responseTemplates": TEMPLATES,
    }
    status_code = STATUS_CODES[kind]
    return default | ({"statusCode": status_code} if status_code else {})
