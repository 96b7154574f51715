"""What a deployment freezes of an API: the fields that make two of them differ.

They are named, so that a new field in AWS's answers is not taken for a change of the
API. What has AWS's default is left out, as AWS answers it now so, now not at all; and
the order of lists says nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.requests import is_empty

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Things = Iterable[Mapping[str, Any]]

_API = (
    "apiKeySource",
    "binaryMediaTypes",
    "disableExecuteApiEndpoint",
    "minimumCompressionSize",
    "policy",
)
_METHOD = (
    "apiKeyRequired",
    "authorizationScopes",
    "authorizationType",
    "authorizerId",
    "requestModels",
    "requestParameters",
    "requestValidatorId",
)
_METHOD_RESPONSE = ("responseModels", "responseParameters")
_INTEGRATION = (
    "cacheKeyParameters",
    "connectionId",
    "connectionType",
    "contentHandling",
    "credentials",
    "httpMethod",
    "integrationTarget",
    "passthroughBehavior",
    "requestParameters",
    "requestTemplates",
    "responseTransferMode",
    "timeoutInMillis",
    "tlsConfig",
    "type",
    "uri",
)
_INTEGRATION_RESPONSE = (
    "contentHandling",
    "responseParameters",
    "responseTemplates",
    "selectionPattern",
)
_AUTHORIZER = (
    "authorizerCredentials",
    "authorizerResultTtlInSeconds",
    "authorizerUri",
    "identitySource",
    "identityValidationExpression",
    "providerARNs",
    "type",
)
_GATEWAY_RESPONSE = ("responseParameters", "responseTemplates", "statusCode")
_DEFAULTS = {
    "apiKeyRequired": False,
    "apiKeySource": "HEADER",
    "authorizerResultTtlInSeconds": 300,
    "connectionType": "INTERNET",
    "disableExecuteApiEndpoint": False,
    "passthroughBehavior": "WHEN_NO_MATCH",
    "responseTransferMode": "BUFFERED",
    "timeoutInMillis": 29000,
}


def frozen(
    api: Mapping[str, Any], resources: Things, authorizers: Things, responses: Things
) -> list[Any]:
    """Return the named fields of what AWS describes, in an order of ours."""
    return [
        _named(api, _API),
        {each["path"]: _methods(each) for each in resources},
        {each["id"]: _named(each, _AUTHORIZER) for each in authorizers},
        {each["responseType"]: _named(each, _GATEWAY_RESPONSE) for each in responses},
    ]


def _methods(resource: Mapping[str, Any]) -> dict[str, Any]:
    methods = resource.get("resourceMethods") or {}
    return {verb: _method(method) for verb, method in methods.items()}


def _method(method: Mapping[str, Any]) -> dict[str, Any]:
    integration = method.get("methodIntegration") or {}
    return _named(method, _METHOD) | {
        "responses": _each(method.get("methodResponses"), _METHOD_RESPONSE),
        "integration": _named(integration, _INTEGRATION)
        | {
            "responses": _each(
                integration.get("integrationResponses"), _INTEGRATION_RESPONSE
            )
        },
    }


def _each(things: Mapping[str, Any] | None, fields: Iterable[str]) -> dict[str, Any]:
    return {key: _named(each, fields) for key, each in (things or {}).items()}


def _named(thing: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    kept = {field: _in_order(thing.get(field)) for field in fields}
    return {
        field: value
        for field, value in kept.items()
        if not is_empty(value) and value != _DEFAULTS.get(field)
    }


def _in_order(value: Any) -> Any:
    if isinstance(value, list):
        return sorted(value, key=lambda each: json.dumps(each, sort_keys=True))
    return value
