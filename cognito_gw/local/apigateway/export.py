"""GetExport: a stage as an OpenAPI document."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

import yaml

from cognito_gw.local.apigateway.errors import bad_request, not_found
from cognito_gw.local.operations import apigateway

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cognito_gw.local.apigateway.snapshot import Snapshot
    from cognito_gw.local.operations import Call


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


PATH_VARIABLE = re.compile(r"\{([^}+]+)\+?\}")
PLACES = {"querystring": "query", "header": "header"}


@apigateway.refuses("GetExport")
def absent_stage(call: Call) -> None:
    """Refuse a stage that is not there: NotFoundException, 404; moto needs none."""
    if _served(call) is None:
        raise not_found("Invalid stage identifier specified")


@apigateway.refuses("GetExport")
def unknown_format(call: Call) -> None:
    """Refuse what is neither OpenAPI 3.0 nor 2.0: BadRequestException."""
    kind = call["exportType"]
    if kind not in ("oas30", "swagger"):
        raise bad_request(f"No API exporter for type '{kind}'")


@apigateway.answers("GetExport")
def get_export(call: Call) -> dict[str, Any]:
    """Export what the stage serves, and how it is secured; moto outlines the draft."""
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
    return stage and call.snapshots.of(call["restApiId"], stage.deployment_id)


@dataclass(frozen=True)
class Export:
    """A snapshot, to be spelt as OpenAPI 3.0, or as 2.0, which is called Swagger."""

    snapshot: Snapshot
    is_swagger: bool
    extensions: frozenset[str]

    def document(self, stage: str) -> dict[str, Any]:
        """Return the whole document."""
        snapshot, methods = self.snapshot, [method for *_, method in self._methods()]
        found = schemes(snapshot, methods, in_full=self._asks_for("authorizers"))
        host = f"{snapshot.api_id}.execute-api.{snapshot.region}.amazonaws.com"
        body = {"info": self._info(), "paths": self._paths()}
        if self.is_swagger:
            place = {"host": host, "basePath": f"/{stage}", "schemes": ["https"]}
            return {"swagger": "2.0"} | body | place | given(securityDefinitions=found)
        variables = {"basePath": {"default": stage}}
        servers = [{"url": f"https://{host}/{{basePath}}", "variables": variables}]
        end = {"servers": servers, "components": given(securitySchemes=found)}
        return {"openapi": "3.0.1"} | body | end

    def _info(self) -> dict[str, Any]:
        """Return what the API is called; without a version, it is known by its date."""
        api = self.snapshot.rest_api
        made = f"{api['createdDate'].astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        named = given(title=api["name"], description=api.get("description"))
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
        operation = given(
            operationId=method.get("operationName"),
            parameters=self._parameters(path, method),
            responses=responses,
            security=security(self.snapshot, method),
        )
        if self.is_swagger:  # which asks for them, be they none
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
            found[status] = given(description=f"{status} response", headers=headers)
            if not self.is_swagger:
                found[status]["content"] = {}
        return found

    def _asks_for(self, extension: str) -> bool:
        return not self.extensions.isdisjoint({extension, "apigateway"})

    @property
    def _text(self) -> dict[str, Any]:
        text = {"type": "string"}
        return text if self.is_swagger else {"schema": text}
