"""`cgw export openapi`: the API as an OpenAPI document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cognito_gw.app.exported_api import WITH_BODY, WRITTEN, each_verb
from cognito_gw.errors import CgwError
from cognito_gw.gateway_rules import METHODS

if TYPE_CHECKING:
    from cognito_gw.app.context import Context
    from cognito_gw.app.exported_api import ExportedApi, Operation

_JSON = "application/json"
_REFUSALS = {"401": "No valid token", "403": "Refused by API Gateway"}
_ABOUT = {
    "id": "The ID token of a user: `cgw token --id`",
    "access": "An access token with one of the scopes that the operation names",
}


def document(api: ExportedApi) -> dict[str, Any]:
    """Return the API as OpenAPI 3.0, with security schemes that clients understand.

    ID tokens are bearer tokens. Access tokens come from the sign-in pages: scheme
    `signIn`, OAuth 2 with the authorization code flow. A client that reads
    `x-tokenName`, as Swagger UI does, can also sign in for the ID token.
    """
    paths: dict[str, Any] = {}
    for verb, operation in each_verb(api.operations):
        path = paths.setdefault(operation.spelled("{{{}}}"), {})
        path[verb.lower()] = _operation(api, verb, operation)
    return {
        "openapi": "3.0.3",
        "info": {
            "title": api.name,
            "description": WRITTEN,
            "version": "1.0.0",
        },
        "servers": [{"url": api.url}],
        "paths": paths,
        "components": {
            "schemas": {
                "Refusal": {
                    "type": "object",
                    "properties": {"message": {"type": "string"}},
                }
            },
            "securitySchemes": _schemes(api),
        },
    }


def _operation(api: ExportedApi, verb: str, operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "responses": _refusals(operation)
        | {"default": {"description": "The response of the function"}},
    }
    if names := operation.variables:
        kind = {"in": "path", "required": True, "schema": {"type": "string"}}
        found["parameters"] = [{"name": name} | kind for name in names]
    if verb in WITH_BODY:
        found["requestBody"] = {"content": {_JSON: {"schema": {}}}}
    key = {"apiKey": list[str]()} if operation.needs_key else {}
    required = [scheme | key for scheme in _security(api, operation)]
    if required or key:
        found["security"] = required or [key]
    return found


def _refusals(operation: Operation) -> dict[str, Any]:
    if operation.kind == "none":
        return {}
    content = {_JSON: {"schema": {"$ref": "#/components/schemas/Refusal"}}}
    return {
        status: {"description": words, "content": content}
        for status, words in _REFUSALS.items()
    }


def _security(api: ExportedApi, operation: Operation) -> list[dict[str, list[str]]]:
    """Return the alternatives; any one of a method's scopes is enough."""
    if operation.kind == "none":
        return []
    if operation.kind == "id":
        client = operation.sign_in
        has_openid = client is not None and "openid" in client.scopes
        has_pages = has_openid and _has_pages(api, operation)
        pages = [{"idSignIn": list[str]()}] if has_pages else []
        return [{"idToken": []}, *pages]
    if _has_pages(api, operation):
        return [{"signIn": [scope]} for scope in operation.scopes]
    return [{"accessToken": []}]


def _has_pages(api: ExportedApi, operation: Operation) -> bool:
    """Whether clients can get the token from the sign-in pages, and send it."""
    client = operation.sign_in
    fits = operation.header.lower() == "authorization" and bool(api.pages)
    return fits and client is not None and (client.has_pages or client.is_machine)


def _schemes(api: ExportedApi) -> dict[str, Any]:
    used: dict[str, Any] = {}
    for operation in api.operations:
        for name in (name for each in _security(api, operation) for name in each):
            used.setdefault(name, []).append(operation)
        if operation.needs_key:
            used.setdefault("apiKey", [])
    return {name: _scheme(api, name, found) for name, found in sorted(used.items())}


def _scheme(api: ExportedApi, name: str, operations: list[Operation]) -> dict[str, Any]:
    if name == "apiKey":
        return {"type": "apiKey", "in": "header", "name": "x-api-key"}
    header, kind = operations[0].header, operations[0].kind
    about = {"description": _ABOUT[kind]}
    if name == "signIn":
        return about | {"type": "oauth2", "flows": _flows(api, operations)}
    if name == "idSignIn":
        urls = _urls(api, "authorizationCode")
        flows = {"authorizationCode": urls | {"scopes": {"openid": "The ID token"}}}
        return about | {"type": "oauth2", "x-tokenName": "id_token", "flows": flows}
    if header.lower() != "authorization":
        return about | {"type": "apiKey", "in": "header", "name": header}
    return about | {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


def _flows(api: ExportedApi, operations: list[Operation]) -> dict[str, Any]:
    """Return the flows of the app clients, with the scopes that methods require."""
    flows: dict[str, Any] = {}
    for operation in operations:
        client = operation.sign_in
        is_machine = client is not None and client.is_machine
        name = "clientCredentials" if is_machine else "authorizationCode"
        flow = flows.setdefault(name, _urls(api, name) | {"scopes": {}})
        flow["scopes"] |= dict.fromkeys(operation.scopes, "")
    return flows


def _urls(api: ExportedApi, flow: str) -> dict[str, str]:
    urls = {"tokenUrl": f"{api.pages}/oauth2/token"}
    if flow == "authorizationCode":
        urls["authorizationUrl"] = f"{api.pages}/oauth2/authorize"
    return urls


def for_gateway(context: Context, api: ExportedApi) -> dict[str, Any]:
    """Return the document that API Gateway itself imports: its own export, completed.

    What OpenAPI requires and the export lacks, the responses of proxies, is added.
    """
    answer = context.aws.apigateway.get_export(
        restApiId=context.stack.api["id"],
        stageName=context.config.api.stage,
        exportType="oas30",
        parameters={"extensions": "apigateway"},
        accepts="application/json",
    )
    found: dict[str, Any] = json.loads(answer["body"].read())
    if "openapi" not in found:
        raise CgwError("GetExport of this endpoint returned no OpenAPI 3.0 document")
    found["servers"] = [{"url": api.url}]
    found["info"]["description"] = WRITTEN
    plain = {operation.name: operation for operation in api.operations}
    for path, methods in found["paths"].items():
        for verb, operation in methods.items():
            if verb.upper() in METHODS and not operation.get("responses"):
                operation["responses"] = _statuses(plain.get(f"{verb.upper()} {path}"))
    return found


def _statuses(operation: Operation | None) -> dict[str, Any]:
    """Return responses without a schema, which API Gateway would import as a model."""
    is_secured = operation is not None and operation.kind != "none"
    statuses = {"200": "The response of the function"}
    statuses |= _REFUSALS if is_secured else {}
    return {status: {"description": words} for status, words in statuses.items()}
