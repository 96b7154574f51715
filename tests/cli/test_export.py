"""What an export says of an API, in each format."""

from __future__ import annotations

import json
import re
import stat

import jsonschema
import pytest
from openapi_spec_validator import validate

from cognito_gw.app.export import COLLECTIONS, Export
from cognito_gw.app.export_openapi import document
from cognito_gw.app.exported_api import ExportedApi, Operation, SignIn
from cognito_gw.errors import UsageError

WEB = SignIn(
    "web",
    "web1",
    ("openid", "orders/read"),
    ("http://localhost:8765/callback",),
    (),
    has_pages=True,
    is_machine=False,
    has_secret=False,
)
MACHINE = SignIn(
    "batch-job",
    "job1",
    ("orders/write",),
    (),
    (),
    has_pages=False,
    is_machine=True,
    has_secret=True,
)
VALUES = {
    "region": "eu-west-1",
    "hosted_ui_url": "https://shop.auth.eu-west-1.amazoncognito.com",
    "invoke_url": "https://a1.execute-api.eu-west-1.amazonaws.com/dev",
    "app_clients_web": "web1",
    "app_clients_batch_job": "job1",
}


def operation(route, kind="id", scopes=(), client=WEB, *, header="Authorization"):
    verb, path = route.split()
    client = None if kind == "none" else client
    needs_key = path == "/keyed"
    return Operation(verb, path, kind, tuple(scopes), header, needs_key, client)


OPERATIONS = [
    operation("GET /health", "none"),
    operation("GET /orders"),
    operation("ANY /orders/{id}"),
    operation("GET /orders/{id}", "access", ["orders/read", "orders/all"]),
    operation("POST /orders/{id}/ship", "access", ["orders/write"], MACHINE),
    operation("GET /files/{path+}"),
    operation("GET /keyed"),
]


def api(operations=OPERATIONS, values=VALUES, **tokens):
    return ExportedApi("shop", dict(values), list(operations), WEB, tokens)


def openapi(*operations, values=VALUES):
    found = document(api(operations, values))
    validate(found)
    return found


def test_the_whole_document_is_valid():
    found = openapi(*OPERATIONS)
    assert found["servers"] == [{"url": VALUES["invoke_url"]}]
    assert [*found["paths"]["/files/{path}"]] == ["get"]
    (parameter,) = found["paths"]["/files/{path}"]["get"]["parameters"]
    assert (parameter["name"], parameter["in"]) == ("path", "path")


def test_any_becomes_each_method_without_a_method_of_its_own():
    path = openapi(*OPERATIONS)["paths"]["/orders/{id}"]
    assert sorted(path) == sorted(
        ["get", "post", "put", "patch", "delete", "head", "options"]
    )
    assert "requestBody" in path["put"]
    assert path["put"]["security"][0] == {"idToken": []}
    assert path["get"]["security"] == [
        {"signIn": ["orders/read"]},
        {"signIn": ["orders/all"]},
    ]


def test_the_security_schemes():
    """Swagger UI reads x-tokenName; others read the bearer scheme first."""
    found = openapi(*OPERATIONS)
    schemes = found["components"]["securitySchemes"]
    assert schemes["idToken"]["scheme"] == "bearer"
    assert schemes["idSignIn"]["x-tokenName"] == "id_token"
    pages = VALUES["hosted_ui_url"]
    flows = schemes["signIn"]["flows"]
    assert flows["authorizationCode"] == {
        "authorizationUrl": f"{pages}/oauth2/authorize",
        "tokenUrl": f"{pages}/oauth2/token",
        "scopes": {"orders/read": "", "orders/all": ""},
    }
    assert [*flows["clientCredentials"]["scopes"]] == ["orders/write"]
    assert found["paths"]["/keyed"]["get"]["security"] == [
        {"idToken": [], "apiKey": []},
        {"idSignIn": [], "apiKey": []},
    ]
    assert "security" not in found["paths"]["/health"]["get"]


def test_secured_operations_have_refusals():
    paths = openapi(*OPERATIONS)["paths"]
    assert {"401", "403"} < {*paths["/orders"]["get"]["responses"]}
    assert [*paths["/health"]["get"]["responses"]] == ["default"]


def test_another_header_is_an_api_key():
    found = openapi(operation("GET /x", header="X-Auth"))
    assert found["components"]["securitySchemes"] == {
        "idToken": {
            "description": "The ID token of a user: `cgw token --id`",
            "type": "apiKey",
            "in": "header",
            "name": "X-Auth",
        }
    }


def test_without_sign_in_pages_access_tokens_are_bearer_tokens():
    values = {name: VALUES[name] for name in VALUES if name != "hosted_ui_url"}
    found = openapi(operation("GET /x", "access", ["a/b"]), values=values)
    assert [*found["components"]["securitySchemes"]] == ["accessToken"]


# From the published schema of collections, v2.1.0: what a runner relies on.
AUTH = {
    "type": "object",
    "required": ["type"],
    "properties": {"type": {"enum": ["apikey", "bearer", "noauth", "oauth2"]}},
    "additionalProperties": {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["key"],
            "properties": {"key": {"type": "string"}, "type": {"type": "string"}},
        },
    },
}
AUTH["additionalProperties"] = {"anyOf": [AUTH["additionalProperties"]]}
REQUEST = {
    "type": "object",
    "required": ["method", "url"],
    "properties": {
        "auth": AUTH,
        "header": {
            "type": "array",
            "items": {"type": "object", "required": ["key", "value"]},
        },
        "body": {
            "type": "object",
            "properties": {
                "mode": {"enum": ["raw", "urlencoded", "formdata", "file", "graphql"]}
            },
        },
        "url": {
            "type": "object",
            "properties": {
                "raw": {"type": "string"},
                "host": {"type": "array", "items": {"type": "string"}},
                "path": {"type": "array", "items": {"type": "string"}},
                "variable": {"type": "array", "items": {"type": "object"}},
            },
        },
    },
}
ITEM = {
    "type": "object",
    "required": ["request"],
    "properties": {
        "name": {"type": "string"},
        "request": REQUEST,
        "event": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["listen"],
                "properties": {
                    "script": {
                        "type": "object",
                        "properties": {"exec": {"type": "array"}},
                    }
                },
            },
        },
    },
}
COLLECTION = {
    "type": "object",
    "required": ["info", "item"],
    "properties": {
        "info": {
            "type": "object",
            "required": ["name", "schema"],
            "properties": {"schema": {"pattern": r"/collection/v2\.1\.0/"}},
        },
        "item": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["item"],
                "properties": {"auth": AUTH, "item": {"type": "array", "items": ITEM}},
            },
        },
    },
}
ENVIRONMENT = {
    "type": "object",
    "required": ["name", "values"],
    "properties": {
        "_postman_variable_scope": {"const": "environment"},
        "values": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["key", "value", "enabled", "type"],
                "properties": {
                    "value": {"type": "string"},
                    "type": {"enum": ["default", "secret"]},
                },
            },
        },
    },
}


@pytest.fixture
def postman():
    files = COLLECTIONS["postman"](api())
    return [json.loads(text) for text in files.values()]


def test_a_collection_and_its_environment_fit_their_schemas(postman):
    for found, schema in zip(postman, (COLLECTION, ENVIRONMENT), strict=True):
        jsonschema.validate(found, schema)


def auth_of(folder):
    kind = folder["auth"]["type"]
    fields = {each["key"]: each["value"] for each in folder["auth"].get(kind, [])}
    return kind, fields


def test_each_folder_of_postman_signs_in_for_its_token(postman):
    *folders, refused = postman[0]["item"]
    by_name = {folder["name"]: auth_of(folder) for folder in folders}
    assert by_name["no token"] == ("noauth", {})
    kind, fields = by_name["id_token"]
    assert kind == "oauth2"
    assert fields["grant_type"] == "authorization_code_with_pkce"
    assert fields["accessToken"] == "{{id_token}}"
    assert fields["redirect_uri"] == WEB.redirects[0]
    assert (fields["clientId"], fields["clientSecret"]) == ("{{app_clients_web}}", "")
    kind, fields = by_name["access_token_batch_job"]
    assert fields["grant_type"] == "client_credentials"
    assert fields["clientSecret"] == "{{client_secret_batch_job}}"
    (item,) = refused["item"]
    assert item["request"]["auth"] == {"type": "noauth"}
    assert "401" in item["event"][0]["script"]["exec"][0]


def test_path_variables_have_a_value_in_postman(postman):
    requests = [
        item["request"] for folder in postman[0]["item"] for item in folder["item"]
    ]
    url = next(each["url"] for each in requests if each["method"] == "POST")
    assert url["path"] == ["orders", ":id", "ship"]
    assert url["variable"] == [{"key": "id", "value": "1"}]


def test_another_header_is_an_api_key_of_postman():
    files = COLLECTIONS["postman"](api([operation("GET /x", header="X-Auth")]))
    collection = json.loads(files["shop.postman_collection.json"])
    kind, fields = auth_of(collection["item"][0])
    assert (kind, fields["key"], fields["value"]) == (
        "apikey",
        "X-Auth",
        "{{id_token}}",
    )


@pytest.mark.parametrize("form", COLLECTIONS)
def test_every_variable_of_a_request_has_a_value_in_the_environment(form):
    text = "\n".join(COLLECTIONS[form](api()).values())
    used = {*re.findall(r"\{\{(\w+)\}\}", text)}
    assert used <= {*api().variables}
    assert used >= {"invoke_url", "api_key"}


@pytest.mark.parametrize("form", COLLECTIONS)
def test_only_one_file_of_an_export_has_the_tokens(form, tmp_path):
    tokens = {"id_token": "eyJ1", "access_token": "eyJ2"}
    files = COLLECTIONS[form](api(**tokens))
    written = Export(files, tuple(tokens.values())).write(tmp_path, lambda _: False)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in written}
    private = [path for path in written if "eyJ" in path.read_text()]
    assert [path for path in written if modes[path] == 0o600] == private
    assert len(private) == 1
    assert all(not mode & 0o133 for mode in modes.values())


@pytest.mark.parametrize("form", COLLECTIONS)
def test_an_export_replaces_its_own_files_only(form, tmp_path):
    export = Export(COLLECTIONS[form](api()))
    export.write(tmp_path, lambda _: False)
    paths = export.write(tmp_path, lambda _: False)
    foreign = paths[-1]
    foreign.write_text("mine")
    before = paths[0].stat().st_mtime_ns
    with pytest.raises(UsageError, match=re.escape(str(foreign))):
        export.write(tmp_path, lambda _: False)
    assert foreign.read_text() == "mine"
    assert paths[0].stat().st_mtime_ns == before
    export.write(tmp_path, lambda path: path == foreign)
    assert foreign.read_text() != "mine"


def test_a_link_is_not_followed(tmp_path):
    export = Export(COLLECTIONS["hurl"](api()))
    target = tmp_path / "target"
    target.write_text("Written by `cgw export`")
    (tmp_path / "shop.env").symlink_to(target)
    with pytest.raises(UsageError):
        export.write(tmp_path, lambda _: False)


def test_bruno_signs_in_without_tokens_and_sends_them_with():
    plain = COLLECTIONS["bruno"](api())
    folder = plain["id_token/folder.bru"]
    assert "mode: oauth2" in folder
    assert "pkce: true" in folder
    assert "token_source: id_token" in folder
    assert "vars:secret [\n  id_token,\n" in plain["environments/shop.bru"]
    assert "  url: {{invoke_url}}/orders/:id\n" in plain["id_token/ANY orders {id}.bru"]
    filled = COLLECTIONS["bruno"](api(id_token="eyJ1"))
    assert "token: {{id_token}}" in filled["id_token/folder.bru"]
    assert "  id_token: eyJ1\n" in filled["environments/shop.bru"]


def test_hurl_sends_what_each_route_requires():
    text = COLLECTIONS["hurl"](api())["shop.hurl"]
    requests = re.findall(
        r"^([A-Z]+ \{\S+)\n(?:Authorization: Bearer \{\{(\w+)\}\})?", text, re.MULTILINE
    )
    assert requests == [
        ("GET {{invoke_url}}/health", ""),
        ("GET {{invoke_url}}/orders", "id_token"),
        ("GET {{invoke_url}}/orders/1", "id_token"),
        ("GET {{invoke_url}}/orders/1", "access_token"),
        ("POST {{invoke_url}}/orders/1/ship", "access_token_batch_job"),
        ("GET {{invoke_url}}/files/1", "id_token"),
        ("GET {{invoke_url}}/keyed", "id_token"),
        ("GET {{invoke_url}}/orders", ""),
    ]
    assert text.endswith("HTTP 401\n")


def test_the_http_client_signs_in():
    files = COLLECTIONS["http"](api())
    assert 'Bearer {{$auth.idToken("web")}}' in files["shop.http"]
    assert 'Bearer {{$auth.token("batch-job")}}' in files["shop.http"]
    auth = json.loads(files["http-client.env.json"])["shop"]["Security"]["Auth"]
    assert auth["web"]["Grant Type"] == "Authorization Code"
    assert auth["web"]["PKCE"] is True
    assert auth["batch-job"]["Client Secret"] == "{{client_secret_batch_job}}"
    assert "http-client.private.env.json" not in files
    filled = COLLECTIONS["http"](api(id_token="eyJ1"))
    assert "Bearer {{id_token}}" in filled["shop.http"]


@pytest.mark.parametrize("form", COLLECTIONS)
def test_an_open_api_has_nothing_to_refuse(form):
    text = "\n".join(
        COLLECTIONS[form](api([operation("GET /health", "none")])).values()
    )
    assert "without a token" not in text
    assert "id_token" not in text
