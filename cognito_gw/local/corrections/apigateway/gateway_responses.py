"""Gateway responses: every type has a default, which PutGatewayResponse replaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw.local.corrections.apigateway.faults import not_found
from cognito_gw.local.corrections.services import apigateway

if TYPE_CHECKING:
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
TEMPLATES = {"application/json": '{"message":$context.error.messageString}'}


def gateway_responses(call: Call) -> dict[str, dict[str, Any]]:
    """Return each type's response: the API's own, or AWS's default."""
    own = call.ask("GetGatewayResponses", restApiId=call["restApiId"]).get("items", [])
    defaults = {
        kind: _default(kind) | {"defaultResponse": True} for kind in STATUS_CODES
    }
    return defaults | {response["responseType"]: response for response in own}


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


@apigateway.refuses("DeleteGatewayResponse")
def not_put(call: Call) -> None:
    """Refuse to delete a default: NotFoundException, 404; moto is silent."""
    api = call.backend.apis[call["restApiId"]]
    if call["responseType"] not in api.gateway_responses:
        raise not_found("Gateway response type not defined on api")


def _default(kind: str) -> dict[str, Any]:
    default = {"responseType": kind, "responseTemplates": TEMPLATES}
    status_code = STATUS_CODES[kind]
    return default | ({"statusCode": status_code} if status_code else {})
