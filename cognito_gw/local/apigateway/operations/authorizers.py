"""Authorizers and gateway responses."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from cognito_gw.local.apigateway.patch import (
    TERSE,
    Entries,
    Field,
    Items,
    number,
    patched,
)
from cognito_gw.local.errors import bad_request, conflict, not_found
from cognito_gw.local.operations import apigateway

if TYPE_CHECKING:
    from cognito_gw.local.operations import Call


_ttl = number(
    0,
    3600,
    "Authorizer result TTL outside allowable range. TTL must be between 0 and 3600 "
    "seconds.",
)
AUTHORIZER_FIELDS: dict[str, Field] = {
    "authType": Field("auth_type"),
    "authorizerCredentials": Field("authorizer_credentials"),
    "authorizerResultTtlInSeconds": Field("authorizer_result_ttl", _ttl),
    "authorizerUri": Field("authorizer_uri"),
    "identitySource": Field("identity_source"),
    "identityValidationExpression": Field(
        "identity_validation_expression", lambda text: text or None
    ),
    "name": Field("name"),
    "providerARNs": Items("provider_arns"),
    "type": Field("type"),
}


@apigateway.refuses("CreateAuthorizer")
def authorizer_exists(call: Call) -> None:
    """Refuse a name twice: ConflictException, 409; moto makes a second one."""
    _require_free_name(call, call["name"])


@apigateway.refuses("CreateAuthorizer")
def no_user_pool(call: Call) -> None:
    """Refuse a Cognito authorizer without a user pool: BadRequestException."""
    if call["type"] == "COGNITO_USER_POOLS":
        _require_user_pool(call.get("providerARNs"))


@apigateway.refuses("CreateAuthorizer")
def impossible_ttl(call: Call) -> None:
    """Refuse to cache decisions for more than an hour: BadRequestException."""
    _ttl(str(call.get("authorizerResultTtlInSeconds", 0)))


@apigateway.answers("CreateAuthorizer")
def create_authorizer(call: Call) -> dict[str, Any]:
    """Return authType too, and keep the validation expression, which moto loses."""
    is_cognito = call["type"] == "COGNITO_USER_POOLS"
    auth_type = {"authType": "cognito_user_pools"} if is_cognito else {}
    answer = call.forward(**auth_type)
    expression = call.get("identityValidationExpression")
    _authorizers(call)[answer["id"]].identity_validation_expression = expression
    return answer | {"identityValidationExpression": expression}


@apigateway.amends(
    "CreateAuthorizer", "GetAuthorizer", "GetAuthorizers", "UpdateAuthorizer"
)
def time_to_live(_: Call, answer: dict[str, Any]) -> None:
    """Omit a Cognito authorizer's TTL, even one that was set; moto returns it."""
    for authorizer in answer.get("items", [answer]):
        if authorizer.get("type") == "COGNITO_USER_POOLS":
            authorizer.pop("authorizerResultTtlInSeconds", None)


@apigateway.refuses("GetAuthorizer", "UpdateAuthorizer", "DeleteAuthorizer")
def absent_authorizer(call: Call) -> None:
    """Refuse an authorizer that is not there: NotFoundException, 404."""
    if call["authorizerId"] not in _authorizers(call):
        raise not_found("Invalid Authorizer identifier specified")


@apigateway.answers("UpdateAuthorizer")
def update_authorizer(call: Call) -> dict[str, Any]:
    """Apply patch operations to user pools too, where moto fails."""
    authorizers, authorizer_id = _authorizers(call), call["authorizerId"]
    before = authorizers[authorizer_id]
    after = patched(before, call.get("patchOperations", []), AUTHORIZER_FIELDS)
    if after.name != before.name:
        _require_free_name(call, after.name)
    if after.type == "COGNITO_USER_POOLS":
        _require_user_pool(after.provider_arns)
    authorizers[authorizer_id] = after
    return call.ask(
        "GetAuthorizer", restApiId=call["restApiId"], authorizerId=authorizer_id
    )


@apigateway.refuses("DeleteAuthorizer")
def authorizer_in_use(call: Call) -> None:
    """Refuse while a method uses it: ConflictException, 409; moto deletes."""
    for resource in call.backend.apis[call["restApiId"]].resources.values():
        for method in resource.resource_methods.values():
            if method.authorizer_id == call["authorizerId"]:
                raise conflict(
                    f"Cannot delete authorizer '{call['authorizerId']}', is referenced "
                    f"in method: {resource.get_path()}/{method.http_method}"
                )


def _authorizers(call: Call) -> Any:
    return call.backend.apis[call["restApiId"]].authorizers


def _require_free_name(call: Call, name: str) -> None:
    if any(other.name == name for other in _authorizers(call).values()):
        raise conflict(
            "Authorizer name must be unique. "
            f"Authorizer {name} already exists in this RestApi."
        )


def _require_user_pool(provider_arns: list[str] | None) -> None:
    if not provider_arns:
        raise bad_request("ProviderARNs cannot be empty")


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
RESPONSE_FIELDS: dict[str, Field] = {
    "responseParameters": Entries("responseParameters"),
    "responseTemplates": Entries("responseTemplates"),
    "statusCode": Field("statusCode"),
}
TEMPLATES = {"application/json": '{"message":$context.error.messageString}'}


def gateway_responses(call: Call) -> dict[str, dict[str, Any]]:
    """Return each type's response: the API's own, that of its class, or AWS's."""
    listed = call.ask("GetGatewayResponses", restApiId=call["restApiId"])
    own = {item["responseType"]: item for item in listed.get("items", [])}
    return {kind: own.get(kind) or _derived(kind, own) for kind in STATUS_CODES}


@apigateway.answers("GetGatewayResponses")
def every_type(call: Call) -> dict[str, Any]:
    """List all 21 types; moto lists only those that the API sets."""
    return {"items": list(gateway_responses(call).values())}


@apigateway.answers("GetGatewayResponse")
def one_type(call: Call) -> dict[str, Any]:
    """Return AWS's default for a type not set; moto: NotFoundException."""
    return gateway_responses(call)[call["responseType"]]


@apigateway.answers("PutGatewayResponse")
def put_gateway_response(call: Call) -> dict[str, Any]:
    """Fill in the type's default status code and template where they are omitted."""
    return call.forward(**_default(call["responseType"]) | call.params)


@apigateway.answers("UpdateGatewayResponse")
def update_gateway_response(call: Call) -> dict[str, Any]:
    """Apply patch operations; moto has no UpdateGatewayResponse."""
    known = gateway_responses(call)[call["responseType"]]
    settings = SimpleNamespace(**{name: known.get(name) for name in RESPONSE_FIELDS})
    operations = call.get("patchOperations", [])
    changed = vars(patched(settings, operations, RESPONSE_FIELDS, TERSE))
    given = {name: value for name, value in changed.items() if value is not None}
    key = {name: call[name] for name in ("restApiId", "responseType")}
    return call.ask("PutGatewayResponse", **key, **given)


@apigateway.refuses("DeleteGatewayResponse")
def not_put(call: Call) -> None:
    """Refuse to delete a default: NotFoundException, 404; moto is silent."""
    api = call.backend.apis[call["restApiId"]]
    if call["responseType"] not in api.gateway_responses:
        raise not_found("Gateway response type not defined on api")


def _derived(kind: str, own: dict[str, Any]) -> dict[str, Any]:
    """Return the response of a type not set, with the settings of its class."""
    default = _default(kind) | {"defaultResponse": True}
    status_code = STATUS_CODES[kind]
    of_class = own.get(f"DEFAULT_{status_code[0]}XX", {}) if status_code else {}
    return default | {
        name: of_class[name] for name in RESPONSE_FIELDS if name in of_class
    }


def _default(kind: str) -> dict[str, Any]:
    default = {
        "responseType": kind,
        "responseParameters": {},
        "responseTemplates": TEMPLATES,
        "statusCode": STATUS_CODES[kind],
    }
    return {name: value for name, value in default.items() if value is not None}
