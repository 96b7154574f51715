"""`cgw export bruno`, `hurl` and `http`: requests as text files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw.app.export_clients import (
    as_json,
    by_token,
    client_id,
    client_secret,
    is_secret,
    refused_operation,
    signs_in,
)
from cognito_gw.app.exported_api import WRITTEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.app.exported_api import ExportedApi, Operation

_BLOCK = dict[str, str]


def bruno(api: ExportedApi) -> dict[str, str]:
    """Return a collection of Bruno, with a folder for each token.

    Bruno signs in for the requests of a folder. Its command line cannot: with tokens,
    the folders send those of the environment.
    """
    files = {
        "bruno.json": as_json(
            {"version": "1", "name": api.name, "type": "collection"}
            | {"description": WRITTEN}
        ),
        f"environments/{api.name}.bru": _bru_environment(api),
    }
    for variable, found in by_token(api):
        name = variable or "no_token"
        mode, fields = _bru_auth(api, variable, found[0])
        blocks = {"meta": {"name": name}, "auth": {"mode": mode}}
        files[f"{name}/folder.bru"] = _bru(
            blocks | {f"auth:{mode}": fields, "docs": WRITTEN}
        )
        for operation in found:
            check = {"res.status": "notIn 401,403"}
            text = _bru_request(operation, operation.name, "inherit", check)
            file = operation.name.replace(" /", " ").replace("/", " ").strip()
            files[f"{name}/{file}.bru"] = text
    if secured := refused_operation(api):
        name, check = f"{secured.name} without a token", {"res.status": "eq 401"}
        files["refused.bru"] = _bru_request(secured, name, "none", check)
    return files


def _bru_request(operation: Operation, name: str, auth: str, check: _BLOCK) -> str:
    url = f"{{{{invoke_url}}}}{operation.spelled(':{}')}"
    body = "json" if operation.has_body else "none"
    return _bru(
        {
            "meta": {"name": name, "type": "http"},
            operation.sent_verb.lower(): {"url": url, "body": body, "auth": auth},
            "params:path": dict.fromkeys(operation.variables, "1"),
            "headers": {"x-api-key": "{{api_key}}"} if operation.needs_key else {},
            "body:json": "{}" if operation.has_body else "",
            "assert": check,
            "docs": WRITTEN,
        }
    )


def _bru_auth(
    api: ExportedApi, variable: str, operation: Operation
) -> tuple[str, _BLOCK]:
    """Return the mode and the settings of a folder's authorization."""
    if not variable:
        return "none", {}
    value, client = f"{{{{{variable}}}}}", signs_in(api, operation)
    if operation.header.lower() != "authorization":
        fields = {"key": operation.header, "value": value, "placement": "header"}
        return "apikey", fields
    if api.tokens or client is None:
        return "bearer", {"token": value}
    pages = {
        "grant_type": "authorization_code",
        "callback_url": client.redirects[0] if client.redirects else "",
        "authorization_url": "{{hosted_ui_url}}/oauth2/authorize",
        "pkce": "true",
    }
    machine = {"grant_type": "client_credentials"}
    return "oauth2", (machine if client.is_machine else pages) | {
        "access_token_url": "{{hosted_ui_url}}/oauth2/token",
        "client_id": client_id(client),
        "client_secret": client_secret(client),
        "scope": " ".join(client.scopes),
        "credentials_placement": "body",
        "credentials_id": variable,
        "token_source": f"{operation.kind}_token",
        "token_placement": "header",
        "token_header_prefix": "Bearer",
        "auto_fetch_token": "true",
        "auto_refresh_token": "true",
    }


def _bru_environment(api: ExportedApi) -> str:
    """Return the variables; Bruno keeps the values of secret ones elsewhere."""
    values = {
        name: value
        for name, value in api.variables.items()
        if value or not is_secret(name)
    }
    secret = [name for name in api.variables if name not in values]
    text = _bru({"vars": values | {"written_by": WRITTEN}})
    listed = ",\n  ".join(secret)
    return f"{text}vars:secret [\n  {listed}\n]\n" if secret else text


def _bru(blocks: Mapping[str, _BLOCK | str]) -> str:
    """Return blocks as Bruno writes them; without those that are empty."""
    texts = {
        name: content
        if isinstance(content, str)
        else "\n".join(f"{key}: {value}" for key, value in content.items())
        for name, content in blocks.items()
        if content
    }
    return "\n".join(
        f"{name} {{\n  {text.replace(_LINE, _INDENTED)}\n}}\n"
        for name, text in texts.items()
    )


_LINE, _INDENTED = "\n", "\n  "


def hurl(api: ExportedApi) -> dict[str, str]:
    """Return a file of Hurl, and its variables."""
    accepted = "HTTP *\n[Asserts]\nstatus != 401\nstatus != 403"
    how = f"hurl --test --variables-file {api.name}.env {api.name}.hurl"
    lines = [f"# {WRITTEN}; --with-token fills in the tokens. Run:\n# {how}\n"]
    for operation in api.operations:
        token = f"{{{{{api.token_variable(operation)}}}}}"
        lines.append(f"{_request(operation, token)}\n{accepted}\n")
    if secured := refused_operation(api):
        lines.append(f"{_request(secured, None)}\nHTTP 401\n")
    values = "".join(f"{name}={value}\n" for name, value in api.variables.items())
    return {
        f"{api.name}.hurl": "\n".join(lines),
        f"{api.name}.env": f"# {WRITTEN}.\n{values}",
    }


def http(api: ExportedApi) -> dict[str, str]:
    """Return a file of the HTTP Client of JetBrains, and its environments.

    Its sign-in is in the environment. Tokens are in its private environment.
    """
    texts = [f"# {WRITTEN}. Choose the environment `{api.name}`.\n"]
    for operation in api.operations:
        check = "![401, 403].includes(response.status)"
        texts.append(
            _http(operation, operation.name, _http_token(api, operation), check)
        )
    if secured := refused_operation(api):
        name = f"{secured.name} without a token"
        texts.append(_http(secured, name, None, "response.status === 401"))
    blank = {
        name: "" if name in api.tokens else api.variables[name]
        for name in api.variables
    }
    public = blank | {"written_by": WRITTEN}
    files = {
        f"{api.name}.http": "\n".join(texts),
        "http-client.env.json": as_json({api.name: public | _http_security(api)}),
    }
    if api.tokens:
        private = api.tokens | {"written_by": WRITTEN}
        files["http-client.private.env.json"] = as_json({api.name: private})
    return files


def _http(operation: Operation, name: str, token: str | None, check: str) -> str:
    test = f'client.test("{name}", () => client.assert({check}));'
    return f"### {name}\n{_request(operation, token)}\n\n> {{%\n  {test}\n%}}\n"


def _http_token(api: ExportedApi, operation: Operation) -> str:
    client = signs_in(api, operation)
    if api.tokens or client is None:
        return f"{{{{{api.token_variable(operation)}}}}}"
    function = "idToken" if operation.kind == "id" else "token"
    return f'{{{{$auth.{function}("{client.key}")}}}}'


def _http_security(api: ExportedApi) -> dict[str, Any]:
    clients = {
        client.key: client
        for operation in api.secured
        if (client := signs_in(api, operation))
    }
    found = {}
    for key, client in clients.items():
        fields: dict[str, Any] = {
            "Type": "OAuth2",
            "Token URL": "{{hosted_ui_url}}/oauth2/token",
            "Client ID": client_id(client),
            "Client Credentials": "in body" if client.has_secret else "none",
            "Scope": " ".join(client.scopes),
        }
        if client.has_secret:
            fields["Client Secret"] = client_secret(client)
        if client.is_machine:
            fields["Grant Type"] = "Client Credentials"
        else:
            fields |= {
                "Grant Type": "Authorization Code",
                "Auth URL": "{{hosted_ui_url}}/oauth2/authorize",
                "Redirect URL": client.redirects[0],
                "PKCE": True,
            }
        found[key] = fields
    return {"Security": {"Auth": found}} if found else {}


def _request(operation: Operation, token: str | None) -> str:
    """Return a request as Hurl and .http files have it."""
    path = operation.spelled("1")
    lines = [f"{operation.sent_verb} {{{{invoke_url}}}}{path}"]
    if operation.kind != "none" and token is not None:
        is_bearer = operation.header.lower() == "authorization"
        lines.append(f"{operation.header}: {'Bearer ' * is_bearer}{token}")
    if operation.needs_key:
        lines.append("x-api-key: {{api_key}}")
    if operation.has_body:
        lines += ["Content-Type: application/json", "", "{}"]
    return "\n".join(lines)
