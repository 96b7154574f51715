"""Methods and integrations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cognito_gw.local.apigateway.patch import (
    Entries,
    Field,
    Items,
    boolean,
    number,
    patched,
)
from cognito_gw.local.errors import bad_request, conflict, not_found
from cognito_gw.local.operations import apigateway

if TYPE_CHECKING:
    from cognito_gw.local.operations import Call

METHOD_FIELDS: dict[str, Field] = {
    "apiKeyRequired": Field("api_key_required", boolean),
    "authorizationScopes": Items("authorization_scopes"),
    "authorizationType": Field("authorization_type"),
    "authorizerId": Field("authorizer_id"),
    "operationName": Field("operation_name"),
    "requestModels": Entries("request_models"),
    "requestParameters": Entries("request_parameters", boolean),
    "requestValidatorId": Field("request_validator_id"),
}
_time_limit = number(50, 29000, "Timeout should be between 50 ms and 29000 ms")
INTEGRATION_FIELDS: dict[str, Field] = {
    "cacheKeyParameters": Items("cache_key_parameters"),
    "cacheNamespace": Field("cache_namespace"),
    "connectionType": Field("connection_type"),
    "contentHandling": Field("content_handling"),
    "credentials": Field("credentials"),
    "httpMethod": Field("http_method"),
    "passthroughBehavior": Field("passthrough_behaviour"),
    "requestParameters": Entries("request_parameters"),
    "requestTemplates": Entries("request_templates"),
    "timeoutInMillis": Field("timeout_in_millis", _time_limit),
    "type": Field("integration_type"),
    "uri": Field("uri"),
}
RESPONSE_FIELDS: dict[str, Field] = {
    "responseModels": Entries("response_models"),
    "responseParameters": Entries("response_parameters", boolean),
}
INTEGRATION_RESPONSE_FIELDS: dict[str, Field] = {
    "contentHandling": Field("content_handling"),
    "responseParameters": Entries("response_parameters"),
    "responseTemplates": Entries("response_templates"),
    "selectionPattern": Field("selection_pattern"),
}
HTTP_KINDS = ("HTTP", "HTTP_PROXY")
HTTP_URL = re.compile(r"https?://[^/]")
ARN = re.compile(r"arn:[\w-]+:[\w-]+:")
SERVICE_URI = re.compile(r"arn:[\w-]+:apigateway:[\w-]+:[\w.-]+:(path|action)/")
PROXY_URI = re.compile(
    r"[^/]+:(lambda:path/\d{4}-\d\d-\d\d/functions/"
    r"(arn:[\w-]+:lambda:[^/]+|[^/]*\$\{stageVariables\.[^/]+)/"
    r"(response-streaming-)?invocations$|firehose:action/)"
)
VERBS = "GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY"  # in the order of AWS's message
EMPTY_IS_ABSENT = ("integrationResponses", "methodResponses", "responseTemplates")
WITH_SCOPES = "COGNITO_USER_POOLS"
WITH_AUTHORIZER = ("COGNITO_USER_POOLS", "CUSTOM")
OF_METHOD = ("restApiId", "resourceId", "httpMethod")


@apigateway.refuses("PutMethod")
def unknown_verb(call: Call) -> None:
    """Refuse an invalid HTTP method, also in lower case: BadRequestException."""
    if call["httpMethod"] not in VERBS.split(","):
        raise bad_request(f"Invalid HttpMethod specified. Valid options are {VERBS}")


@apigateway.refuses("PutMethod")
def method_exists(call: Call) -> None:
    """Refuse the same method twice: ConflictException, 409; moto overwrites."""
    if call["httpMethod"] in _resource(call).resource_methods:
        raise conflict("Method already exists for this resource")


@apigateway.refuses("PutMethod")
def method_without_authorizer(call: Call) -> None:
    """Refuse an authorizer that is not there: BadRequestException."""
    _require_authorizer(call, call["authorizationType"], call.get("authorizerId"))


@apigateway.refuses("PutMethod")
def scopes_without_user_pool(call: Call) -> None:
    """Refuse scopes on a method that requires no token: BadRequestException."""
    if call.get("authorizationScopes") and call["authorizationType"] != WITH_SCOPES:
        raise bad_request(
            "Authorization Scopes are only valid for COGNITO_USER_POOLS authorization "
            "type"
        )


@apigateway.refuses("TestInvokeMethod")
def absent_resource(call: Call) -> None:
    """Refuse a resource that is not there: NotFoundException, 404."""
    _resource(call)


@apigateway.refuses("DeleteMethod", "PutIntegration", "PutMethodResponse")
def absent_method(call: Call) -> None:
    """Refuse a method that is not there: NotFoundException, 404."""
    _method(call)


@apigateway.answers("UpdateMethod")
def update_method(call: Call) -> dict[str, Any]:
    """Apply patch operations to a method; moto has no UpdateMethod."""
    changed = patched(_method(call), call.get("patchOperations", []), METHOD_FIELDS)
    if changed.authorization_type not in WITH_AUTHORIZER:
        changed.authorizer_id = None
    _require_authorizer(call, changed.authorization_type, changed.authorizer_id)
    _resource(call).resource_methods[call["httpMethod"]] = changed
    return call.ask("GetMethod", **{name: call[name] for name in OF_METHOD})


@apigateway.refuses("PutMethodResponse")
def response_exists(call: Call) -> None:
    """Refuse a status code twice: ConflictException, 409; moto overwrites."""
    if call["statusCode"] in _method(call).method_responses:
        raise conflict("Response already exists for this resource")


@apigateway.answers("UpdateMethodResponse")
def update_method_response(call: Call) -> dict[str, Any]:
    """Apply patch operations to a method's response; moto does not implement it."""
    absent_method_response(call)
    responses, status = _method(call).method_responses, call["statusCode"]
    operations = call.get("patchOperations", [])
    responses[status] = patched(responses[status], operations, RESPONSE_FIELDS)
    key = {name: call[name] for name in (*OF_METHOD, "statusCode")}
    return call.ask("GetMethodResponse", **key)


@apigateway.refuses("PutIntegration")
def integration_that_cannot_be_called(call: Call) -> None:
    """Refuse a URI that names no target, or no HTTP method: BadRequestException."""
    _time_limit(str(call.get("timeoutInMillis", "")))
    _require_target(call["type"], call.get("integrationHttpMethod"), call.get("uri"))


def _require_target(kind: str, verb: str | None, uri: str | None) -> None:
    uri = uri or ""
    if kind == "MOCK":
        return
    if not verb:
        raise bad_request("Enumeration value for HttpMethod must be non-empty")
    if kind in HTTP_KINDS:
        if not HTTP_URL.match(uri):
            raise bad_request("Invalid HTTP endpoint specified for URI")
        return
    if not ARN.match(uri):
        raise bad_request("Invalid ARN specified in the request")
    if not SERVICE_URI.match(uri):
        raise bad_request("AWS ARN for integration must contain path or action")
    if kind == "AWS_PROXY" and not PROXY_URI.match(uri):
        raise bad_request(
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function "
            "and Firehose stream invocations."
        )


@apigateway.answers("PutIntegration")
def put_integration(call: Call) -> dict[str, Any]:
    """Fill in AWS's defaults, which moto omits."""
    defaults = {
        "passthroughBehavior": "WHEN_NO_MATCH",
        "timeoutInMillis": 29000,
        "cacheNamespace": call["resourceId"],
    } | ({"connectionType": "INTERNET"} if call["type"] in HTTP_KINDS else {})
    answer = call.forward(**defaults | call.params)
    keys = call.get("cacheKeyParameters", [])
    _method(call).method_integration.cache_key_parameters = keys
    return answer | {"cacheKeyParameters": keys}


@apigateway.amends(
    "GetIntegration",
    "GetMethod",
    "GetResource",
    "GetResources",
    "PutIntegration",
    "UpdateIntegration",
    "UpdateMethod",
)
def transfer_mode(call: Call, answer: dict[str, Any]) -> None:
    """Return that responses are buffered, which moto omits."""
    if call.operation.endswith("Integration"):
        integrations: list[Any] = [answer]
    elif call.operation.endswith("Method"):
        integrations = [answer.get("methodIntegration")]
    else:
        integrations = [
            method.get("methodIntegration")
            for resource in answer.get("items", [answer])
            for method in resource.get("resourceMethods", {}).values()
        ]
    for integration in filter(None, integrations):
        integration.setdefault("responseTransferMode", "BUFFERED")


@apigateway.refuses("GetIntegration", "DeleteIntegration", "PutIntegrationResponse")
def absent_integration(call: Call) -> None:
    """Refuse an integration that is not there: NotFoundException, 404."""
    if _method(call).method_integration is None:
        raise not_found("Invalid Integration identifier specified")


@apigateway.answers("UpdateIntegration")
def update_integration(call: Call) -> dict[str, Any]:
    """Apply patch operations to an integration; moto has no UpdateIntegration."""
    absent_integration(call)
    method, operations = _method(call), call.get("patchOperations", [])
    after = patched(method.method_integration, operations, INTEGRATION_FIELDS)
    _require_target(after.integration_type, after.http_method, after.uri)
    method.method_integration = after
    return call.ask("GetIntegration", **{name: call[name] for name in OF_METHOD})


@apigateway.refuses("GetIntegrationResponse", "DeleteIntegrationResponse")
def absent_integration_response(call: Call) -> None:
    """Refuse a response that is not there: NotFoundException, 404; moto fails."""
    absent_integration(call)
    _require_status(call, _method(call).method_integration.integration_responses or {})


@apigateway.refuses("GetMethodResponse", "DeleteMethodResponse")
def absent_method_response(call: Call) -> None:
    """Refuse a response that is not there: NotFoundException, 404; moto fails."""
    _require_status(call, _method(call).method_responses)


@apigateway.answers("UpdateIntegrationResponse")
def update_integration_response(call: Call) -> dict[str, Any]:
    """Apply patch operations to an integration response; moto does not."""
    absent_integration_response(call)
    responses = _method(call).method_integration.integration_responses
    status, operations = call["statusCode"], call.get("patchOperations", [])
    after = patched(responses[status], operations, INTEGRATION_RESPONSE_FIELDS)
    responses[status] = after
    key = {name: call[name] for name in (*OF_METHOD, "statusCode")}
    return call.ask("GetIntegrationResponse", **key)


@apigateway.amends(
    "GetIntegration",
    "GetIntegrationResponse",
    "GetMethod",
    "GetResource",
    "GetResources",
    "PutIntegrationResponse",
    "PutMethod",
    "UpdateIntegration",
    "UpdateIntegrationResponse",
    "UpdateMethod",
)
def empty_responses(_: Call, answer: dict[str, Any]) -> None:
    """Omit empty maps of responses and templates, as AWS does."""
    for name, value in list(answer.items()):
        if name in EMPTY_IS_ABSENT and value == {}:
            del answer[name]
        elif isinstance(value, dict):
            empty_responses(_, value)


def _resource(call: Call) -> Any:
    resources = call.backend.apis[call["restApiId"]].resources
    if call["resourceId"] not in resources:
        raise not_found("Invalid Resource identifier specified")
    return resources[call["resourceId"]]


def _method(call: Call) -> Any:
    methods = _resource(call).resource_methods
    if call["httpMethod"] not in methods:
        raise not_found("Invalid Method identifier specified")
    return methods[call["httpMethod"]]


def _require_status(call: Call, responses: dict[str, Any]) -> None:
    if call["statusCode"] not in responses:
        raise not_found("Invalid Response status code specified")


def _require_authorizer(call: Call, kind: str, authorizer_id: str | None) -> None:
    authorizers = call.backend.apis[call["restApiId"]].authorizers
    if kind in WITH_AUTHORIZER and authorizer_id not in authorizers:
        raise bad_request(
            "Invalid authorizer ID specified. Setting the authorization type to CUSTOM "
            "or COGNITO_USER_POOLS requires a valid authorizer."
        )
