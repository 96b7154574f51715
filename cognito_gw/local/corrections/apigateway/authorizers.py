"""Authorizers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw.local.corrections.apigateway.faults import (
    bad_request,
    conflict,
    not_found,
)
from cognito_gw.local.corrections.apigateway.patch import (
    Items,
    Value,
    number,
    patched,
)
from cognito_gw.local.corrections.services import apigateway

if TYPE_CHECKING:
    from cognito_gw.local.corrections.apigateway.patch import Field
    from cognito_gw.local.corrections.call import Call

_ttl = number(
    0,
    3600,
    "Authorizer result TTL outside allowable range. TTL must be between 0 and 3600 "
    "seconds.",
)
FIELDS: dict[str, Field] = {
    "authType": Value("auth_type"),
    "authorizerCredentials": Value("authorizer_credentials"),
    "authorizerResultTtlInSeconds": Value("authorizer_result_ttl", _ttl),
    "authorizerUri": Value("authorizer_uri"),
    "identitySource": Value("identity_source"),
    "identityValidationExpression": Value(
        "identity_validation_expression", lambda text: text or None
    ),
    "name": Value("name"),
    "providerARNs": Items("provider_arns"),
    "type": Value("type"),
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
    """Refuse to keep decisions longer than an hour: BadRequestException."""
    _ttl(str(call.get("authorizerResultTtlInSeconds", 0)))


@apigateway.answers("CreateAuthorizer")
def create_authorizer(call: Call) -> dict[str, Any]:
    """Answer authType too, and keep the validation expression, which moto loses."""
    if call["type"] == "COGNITO_USER_POOLS":
        answer = call.forward(authType="cognito_user_pools")
    else:
        answer = call.forward()
    expression = call.get("identityValidationExpression")
    _authorizers(call)[answer["id"]].identity_validation_expression = expression
    return answer | {"identityValidationExpression": expression}


@apigateway.amends("CreateAuthorizer", "GetAuthorizer", "UpdateAuthorizer")
def time_to_live(_: Call, answer: dict[str, Any]) -> None:
    """Do not tell a Cognito authorizer's TTL, also where one was set; moto does."""
    if answer["type"] == "COGNITO_USER_POOLS":
        answer.pop("authorizerResultTtlInSeconds", None)


@apigateway.amends("GetAuthorizers")
def times_to_live(call: Call, answer: dict[str, Any]) -> None:
    """Do not tell them in a list either."""
    for authorizer in answer.get("items", []):
        time_to_live(call, authorizer)


@apigateway.refuses("GetAuthorizer", "UpdateAuthorizer", "DeleteAuthorizer")
def absent_authorizer(call: Call) -> None:
    """Refuse an authorizer that is not there: NotFoundException, 404."""
    if call["authorizerId"] not in _authorizers(call):
        raise not_found("Invalid Authorizer identifier specified")


@apigateway.answers("UpdateAuthorizer")
def update_authorizer(call: Call) -> dict[str, Any]:
    """Apply patch operations, also to the user pools; moto fails on these."""
    authorizers, authorizer_id = _authorizers(call), call["authorizerId"]
    before = authorizers[authorizer_id]
    after = patched(before, call.get("patchOperations", []), FIELDS)
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
    """Refuse while a method stands on it: ConflictException, 409; moto deletes."""
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
