"""`cgw export postman`: a collection of requests; and what other collections share.

The requests use variables, which an environment file has: the outputs, and the tokens
if they were requested. A secret is never written: its variable is empty, and the user
fills it in.
"""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

from cognito_gw.app.exported_api import WRITTEN
from cognito_gw.app.stack_state import identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cognito_gw.app.exported_api import ExportedApi, Operation, SignIn

_SECRETS = ("token", "secret", "api_key")
_ID_TOKEN = "These methods require the ID token: choose it as the token type."  # noqa: S105


def by_token(api: ExportedApi) -> Iterator[tuple[str, list[Operation]]]:
    """Yield the operations by the variable of their token; first those without one."""

    def kind(operation: Operation) -> str:
        is_open = operation.kind == "none"
        return "" if is_open else api.token_variable(operation)

    for variable, found in groupby(sorted(api.operations, key=kind), kind):
        yield variable, list(found)


def is_secret(variable: str) -> bool:
    return any(word in variable for word in _SECRETS)


def client_id(client: SignIn) -> str:
    return f"{{{{app_clients_{identifier(client.key)}}}}}"


def client_secret(client: SignIn) -> str:
    key = identifier(client.key)
    return f"{{{{client_secret_{key}}}}}" if client.has_secret else ""


def signs_in(api: ExportedApi, operation: Operation) -> SignIn | None:
    """Return the app client with which the program itself can sign in, if any."""
    client = operation.sign_in
    if operation.header.lower() != "authorization" or not api.pages or client is None:
        return None
    return client if client.has_pages or client.is_machine else None


def refused_operation(api: ExportedApi) -> Operation | None:
    """Return the operation to call without a token."""
    return next(iter(api.secured), None)


# Postman: the schema of collections v2.1.0.


def postman(api: ExportedApi) -> dict[str, str]:
    """Return a collection and an environment."""
    folders = [
        {
            "name": variable or "no token",
            "description": _ID_TOKEN if variable == "id_token" else "",
            "auth": _postman_auth(api, variable, found[0]),
            "item": [_postman_item(each, each.name, _ACCEPTED) for each in found],
        }
        for variable, found in by_token(api)
    ]
    if secured := refused_operation(api):
        refused = _postman_item(secured, f"{secured.name} without a token", _REFUSED)
        refused["request"]["auth"] = {"type": "noauth"}
        folders.append({"name": "refused", "item": [refused]})
    collection = {
        "info": {
            "name": api.name,
            "description": WRITTEN,
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/"
            "collection.json",
        },
        "item": folders,
    }
    environment = {
        "name": api.name,
        "values": [
            {
                "key": name,
                "value": value,
                "type": "secret" if is_secret(name) else "default",
                "enabled": True,
            }
            for name, value in api.variables.items()
        ],
        "_postman_variable_scope": "environment",
        "_postman_exported_using": WRITTEN,
    }
    return {
        f"{api.name}.postman_collection.json": as_json(collection),
        f"{api.name}.postman_environment.json": as_json(environment),
    }


_ACCEPTED = (
    'pm.test("not refused", '
    "() => pm.expect([401, 403]).to.not.include(pm.response.code));"
)
_REFUSED = 'pm.test("refused", () => pm.response.to.have.status(401));'


def _postman_item(operation: Operation, name: str, test: str) -> dict[str, Any]:
    path = operation.spelled(":{}")
    request: dict[str, Any] = {
        "method": operation.sent_verb,
        "header": [],
        "url": {
            "raw": f"{{{{invoke_url}}}}{path}",
            "host": ["{{invoke_url}}"],
            "path": path[1:].split("/"),
            "variable": [{"key": name, "value": "1"} for name in operation.variables],
        },
    }
    if operation.needs_key:
        request["header"].append({"key": "x-api-key", "value": "{{api_key}}"})
    if operation.has_body:
        options = {"raw": {"language": "json"}}
        request["body"] = {"mode": "raw", "raw": "{}", "options": options}
    script = {"type": "text/javascript", "exec": [test]}
    return {
        "name": name,
        "request": request,
        "event": [{"listen": "test", "script": script}],
    }


def _postman_auth(
    api: ExportedApi, variable: str, operation: Operation
) -> dict[str, Any]:
    if not variable:
        return {"type": "noauth"}
    value = f"{{{{{variable}}}}}"
    if operation.header.lower() != "authorization":
        key = {"key": operation.header, "value": value, "in": "header"}
        return {"type": "apikey", "apikey": _pairs(key)}
    client = signs_in(api, operation)
    if client is None:
        return {"type": "bearer", "bearer": _pairs({"token": value})}
    fields: dict[str, Any] = {
        "accessToken": value,
        "addTokenTo": "header",
        "headerPrefix": "Bearer",
        "tokenName": variable,
        "accessTokenUrl": "{{hosted_ui_url}}/oauth2/token",
        "clientId": client_id(client),
        "clientSecret": client_secret(client),
        "client_authentication": "body",
        "scope": " ".join(client.scopes),
        "grant_type": "client_credentials",
    }
    if not client.is_machine:
        fields |= {
            "grant_type": "authorization_code_with_pkce",
            "authUrl": "{{hosted_ui_url}}/oauth2/authorize",
            "redirect_uri": client.redirects[0],
            "useBrowser": False,
            "challengeAlgorithm": "S256",
        }
    return {"type": "oauth2", "oauth2": _pairs(fields)}


def _pairs(fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "key": key,
            "value": value,
            "type": "boolean" if isinstance(value, bool) else "string",
        }
        for key, value in fields.items()
    ]


def as_json(document: Any) -> str:
    return json.dumps(document, indent=2) + "\n"
