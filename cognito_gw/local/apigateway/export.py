"""GetExport: a stage as an OpenAPI document."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

import yaml

from cognito_gw.gateway_rules import INTEGRATION_TIMEOUT
from cognito_gw.local.apigateway.context import Snapshot, Snapshots
from cognito_gw.local.errors import bad_request, not_found
from cognito_gw.local.operations import apigateway

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cognito_gw.local.operations import Call


AWS = "x-amazon-apigateway"
IN_HEADER = {"type": "apiKey", "name": "Authorization", "in": "header"}
SIGNATURE = IN_HEADER | {f"{AWS}-authtype": "awsSigv4"}
API_KEY = IN_HEADER | {"name": "x-api-key"}
HEADER = re.compile(r"method\.request\.header\.([^,]+)")
# Fields that keep their name.
AUTHORIZER_FIELDS = (
    "authorizerCredentials",
    "authorizerUri",
    "identityValidationExpression",
    "providerARNs",
)
INTEGRATION_FIELDS = (
    "connectionId",
    "connectionType",
    "contentHandling",
    "credentials",
    "httpMethod",
    "requestParameters",
    "requestTemplates",
    "uri",
)
RESPONSE_FIELDS = ("statusCode", "responseParameters", "responseTemplates")
# Defaults, which the document omits.
TTL, TIMEOUT = 300, INTEGRATION_TIMEOUT


def present(**fields: Any) -> dict[str, Any]:
    """Return the fields without those that are None or empty."""
    return {name: value for name, value in fields.items() if value or value == 0}


def security(snapshot: Snapshot, method: dict[str, Any]) -> list[dict[str, list[str]]]:
    """Return what a method requires: the scheme's name, and the scopes."""
    required: list[dict[str, list[str]]] = []
    if method["authorizationType"] == "AWS_IAM":
        required.append({"sigv4": []})
    elif method["authorizationType"] != "NONE":
        authorizer = snapshot.authorizers[method["authorizerId"]]
        required.append({authorizer["name"]: method.get("authorizationScopes", [])})
    if method["apiKeyRequired"]:
        required.append({"api_key": []})
    return required


def schemes(
    snapshot: Snapshot, methods: Iterable[dict[str, Any]], *, in_full: bool
) -> dict[str, Any]:
    """Return every authorizer by name, and AWS's own schemes where methods use them."""
    authorizers = snapshot.authorizers.values()
    found = {item["name"]: _scheme(item, in_full=in_full) for item in authorizers}
    used = {
        name
        for method in methods
        for scheme in security(snapshot, method)
        for name in scheme
    }
    own = {"sigv4": SIGNATURE, "api_key": API_KEY}
    return found | {name: own[name] for name in own if name in used - set(found)}


def integration(described: dict[str, Any]) -> dict[str, Any]:
    """Return the extension that describes a method's integration."""
    behavior = described.get("passthroughBehavior", "WHEN_NO_MATCH")
    responses = {
        answer.get("selectionPattern") or "default": _fields(answer, RESPONSE_FIELDS)
        for answer in described.get("integrationResponses", {}).values()
    }
    fields = _fields(described, INTEGRATION_FIELDS) | present(
        type=described["type"].lower(),
        passthroughBehavior=behavior.lower(),
        responses=responses,
    )
    if described.get("timeoutInMillis") != TIMEOUT:
        fields |= _fields(described, ("timeoutInMillis",))
    if described.get("cacheKeyParameters"):
        fields |= _fields(described, ("cacheKeyParameters", "cacheNamespace"))
    return fields


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
    fields = present(type=kind, **_fields(authorizer, AUTHORIZER_FIELDS))
    if kind == "request":  # other types have one header, which the scheme names
        fields |= _fields(authorizer, ("identitySource",))
    ttl = authorizer.get("authorizerResultTtlInSeconds")
    if kind != "cognito_user_pools" or ttl != TTL:
        fields |= present(authorizerResultTtlInSeconds=ttl)
    return fields


def _fields(described: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return present(**{name: described.get(name) for name in names})


PATH_VARIABLE = re.compile(r"\{([^}+]+)\+?\}")
PLACES = {"querystring": "query", "header": "header"}


@apigateway.refuses("GetExport")
def absent_stage(call: Call) -> None:
    """Refuse a stage that does not exist: NotFoundException, 404; moto does not."""
    if _served(call) is None:
        raise not_found("Invalid stage identifier specified")


@apigateway.refuses("GetExport")
def unknown_format(call: Call) -> None:
    """Refuse a format other than OpenAPI 3.0 and 2.0: BadRequestException."""
    kind = call["exportType"]
    if kind not in ("oas30", "swagger"):
        raise bad_request(f"No API exporter for type '{kind}'")


@apigateway.answers("GetExport")
def get_export(call: Call) -> dict[str, Any]:
    """Export the deployed stage with its security; moto exports the draft without."""
    kind, asked = call["exportType"], call.get("parameters", {}).get("extensions", "")
    export = Export(_served(call), kind == "swagger", frozenset(asked.split(",")))
    document = export.document(call["stageName"])
    text, suffix = json.dumps(document, indent=2), "json"
    if call.get("accepts") == "application/yaml":
        text, suffix = yaml.safe_dump(document, sort_keys=False), "yaml"
    file = f"{kind}_{document['info']['version']}.{suffix}"
    return {
        "contentType": "application/octet-stream",
        "contentDisposition": f'attachment; filename="{file}"',
        "body": text.encode(),
    }


def _served(call: Call) -> Any:
    stage = call.backend.apis[call["restApiId"]].stages.get(call["stageName"])
    return stage and call.part(Snapshots).of(call["restApiId"], stage.deployment_id)


@dataclass(frozen=True)
class Export:
    """A snapshot as OpenAPI 3.0, or as 2.0, which is called Swagger."""

    snapshot: Snapshot
    is_swagger: bool
    extensions: frozenset[str]

    def document(self, stage: str) -> dict[str, Any]:
        """Return the whole document."""
        snapshot, methods = self.snapshot, [method for *_, method in self._methods()]
        found = schemes(snapshot, methods, in_full=self._asks_for("authorizers"))
        host = f"{snapshot.api_id}.execute-api.{snapshot.region}.amazonaws.com"
        body = {
            "info": self._info(),
            "paths": self._paths(),
            **self._responses_of_api(),
        }
        if self.is_swagger:
            place = {"host": host, "basePath": f"/{stage}", "schemes": ["https"]}
            end = place | present(securityDefinitions=found)
            return {"swagger": "2.0"} | body | end
        variables = {"basePath": {"default": stage}}
        servers = [{"url": f"https://{host}/{{basePath}}", "variables": variables}]
        end = {"servers": servers, "components": present(securitySchemes=found)}
        return {"openapi": "3.0.1"} | body | end

    def _info(self) -> dict[str, Any]:
        """Return the API's name and version, which is by default its creation date."""
        api = self.snapshot.rest_api
        made = f"{api['createdDate'].astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        named = present(title=api["name"], description=api.get("description"))
        return named | {"version": api.get("version") or made}

    def _methods(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for resource in self.snapshot.resources:
            for verb, method in resource.get("resourceMethods", {}).items():
                yield resource["path"], verb, method

    def _paths(self) -> dict[str, Any]:
        paths: dict[str, Any] = {}
        for path, verb, method in self._methods():
            name = f"{AWS}-any-method" if verb == "ANY" else verb.lower()
            paths.setdefault(path, {})[name] = self._operation(path, method)
        return paths

    def _operation(self, path: str, method: dict[str, Any]) -> dict[str, Any]:
        responses = self._responses(method)
        operation = present(
            operationId=method.get("operationName"),
            parameters=self._parameters(path, method),
            responses=responses,
            security=security(self.snapshot, method),
        )
        if self.is_swagger:  # which requires them, even if empty
            operation["responses"] = responses
        if self._asks_for("integrations"):
            described = integration(method["methodIntegration"])
            operation[f"{AWS}-integration"] = described
        return operation

    def _parameters(self, path: str, method: dict[str, Any]) -> list[dict[str, Any]]:
        found = [("path", name, True) for name in PATH_VARIABLE.findall(path)]
        for source, is_required in method.get("requestParameters", {}).items():
            _, _, place, name = source.split(".", 3)
            if place in PLACES:
                found.append((PLACES[place], name, is_required))
        return [
            {"name": name, "in": place, "required": is_required} | self._text
            for place, name, is_required in found
        ]

    def _responses(self, method: dict[str, Any]) -> dict[str, Any]:
        found = {}
        for status, response in method.get("methodResponses", {}).items():
            sources = response.get("responseParameters", {})
            headers = {source.split(".", 3)[3]: self._text for source in sources}
            found[status] = present(description=f"{status} response", headers=headers)
            if not self.is_swagger:
                found[status]["content"] = {}
        return found

    def _responses_of_api(self) -> dict[str, Any]:
        """Return the gateway responses that differ from AWS's, if asked for."""
        custom = {
            kind: _fields(response, RESPONSE_FIELDS)
            for kind, response in self.snapshot.gateway_responses.items()
            if not response.get("defaultResponse")
        }
        is_asked = "apigateway" in self.extensions
        return {f"{AWS}-gateway-responses": custom} if custom and is_asked else {}

    def _asks_for(self, extension: str) -> bool:
        return not self.extensions.isdisjoint({extension, "apigateway"})

    @property
    def _text(self) -> dict[str, Any]:
        text = {"type": "string"}
        return text if self.is_swagger else {"schema": text}
