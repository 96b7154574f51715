"""Each handler in the docs is deployed and called, and does what its page says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from lambdas import node_client

from cognito_gw.config.yaml_file import document_of

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [DOCS / name for name in ("handlers.md", "production.md")]
ADA, BOB = "ada@example.com", "bob@example.com"
ORIGIN = "http://localhost:8000"
LOGO = b"\x89PNG"
RUNTIMES = {"python": {}, "js": {"runtime": "nodejs22.x", "handler": "index.handler"}}
FILES = {"python": "lambda_function.py", "js": "index.mjs"}
_BLOCK = re.compile(
    r"^## ([^\n]+)$|^```(python|js|yaml)\n(.*?)^```", re.MULTILINE | re.DOTALL
)


def blocks():
    """Return the last block of each language in each section of the pages."""
    found, section = {}, ""
    for page in PAGES:
        for heading, language, text in _BLOCK.findall(page.read_text("utf-8")):
            section = heading or section
            if text:
                found[section, language] = text
    return found


BLOCKS = blocks()
ROUTES = {key: f"r{n}" for n, key in enumerate(BLOCKS) if key[1] in RUNTIMES}
SECRET = document_of(BLOCKS["Secrets", "yaml"], DOCS, {}).data["functions"]["payments"]


def functions_in(folder):
    """Write the code of each handler, and return the functions of the file."""
    functions = {}
    for (section, language), name in ROUTES.items():
        code = folder / name
        code.mkdir()
        (code / FILES[language]).write_text(BLOCKS[section, language], "utf-8")
        (code / "logo.png").write_bytes(LOGO)
        own = {"code": name, "timeout": 10} | RUNTIMES[language]
        functions[name] = (SECRET if section == "Secrets" else {}) | own
    return functions


@pytest.fixture(scope="module")
def stack(tmp_path_factory, cgw_stack_factory):
    """All handlers behind one API, each with its own route, and the secret."""
    folder = tmp_path_factory.mktemp("handlers")
    data = {
        "name": "handlers",
        "user_pool": {"groups": ["admins", "no-admins", "readers"]},
        "users": [
            {"username": ADA, "groups": ["admins", "readers"]},
            {"username": BOB, "groups": ["no-admins"]},
        ],
        "functions": functions_in(folder),
        "api": {
            "binary_media_types": ["image/png"],
            "routes": {f"ANY /{n}/{{id}}": {"function": n} for n in ROUTES.values()},
        },
    }
    (folder / "cgw.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    stack = cgw_stack_factory(folder / "cgw.yaml")
    name = SECRET["environment"]["KEY_NAME"]
    ssm = stack.boto3_session().client("ssm")
    ssm.put_parameter(Name=name, Value="12345", Type="SecureString")
    return stack


def call(status, expected=None, method="GET", user=ADA, **options):
    """Return a request, with the status and the body that it must get."""
    return {"method": method, "user": user} | options, status, expected


CALLS = {
    "The event and the response": [
        call(200, {"order": "7", "fields": "a b"}, params={"fields": "a b"}),
        call(200, {"order": "7", "fields": None}),
    ],
    "Who is calling": [call(200, {"email": ADA, "is_verified": True})],
    "Groups: 403 for everyone else": [
        call(200, {"groups": ["admins", "readers"]}),
        call(403, user=BOB),
    ],
    "A JSON body": [
        call(201, {"amount": 3}, "POST", content='{"amount": 3}'),
        call(400, None, "POST", content='{"amount": "x"}'),
        call(400, None, "POST", content="{"),
        call(400, None, "POST"),
    ],
    "Binary data": [
        call(200, LOGO, headers={"Accept": "image/png"}),
        call(
            200,
            b"3 bytes",
            "PUT",
            content=b"\xff" * 3,
            headers={"Content-Type": "image/png"},
        ),
    ],
    "CORS": [
        call(200, headers={"origin": ORIGIN}),
        call(200, headers={"Origin": "https://evil.example"}),
    ],
    "Logging": [call(204)],
    "Secrets": [call(200, b"a key of 5 characters")],
}


def test_each_handler_has_calls():
    """A new handler needs some here."""
    assert {section for section, _ in ROUTES} == CALLS.keys()


@pytest.mark.parametrize("language", RUNTIMES)
def test_the_handlers_do_what_their_page_says(stack, language):
    if language == "js" and not node_client():
        pytest.skip("AWS's runtime client for Node.js is not installed")
    seen = {}
    for section, name in (
        (s, name) for (s, lang), name in ROUTES.items() if lang == language
    ):
        for request, status, expected in CALLS[section]:
            answer = stack.request(path=f"/{name}/7", **request)
            assert answer.status_code == status, (section, answer.text)
            if isinstance(expected, bytes):
                assert answer.content == expected
            elif expected:
                assert expected.items() <= answer.json().items()
            seen.setdefault(section, []).append(answer)
    allow = "Access-Control-Allow-Origin"
    assert [each.headers.get(allow) for each in seen["CORS"]] == [ORIGIN, None]
    name = ROUTES["Logging", language]
    assert logged(stack, name) == {
        "request": seen["Logging"][0].headers["x-amzn-RequestId"],
        "caller": seen["Who is calling"][0].json()["id"],
        "route": f"/{name}/{{id}}",
    }


def logged(stack, name):
    """Return the entry that a function logged, from the line that holds it."""
    logs = stack.boto3_session().client("logs")
    group = f"/aws/lambda/handlers-{name}"
    texts = [e["message"] for e in logs.filter_log_events(logGroupName=group)["events"]]
    return next(json.loads(t[t.index("{") :]) for t in texts if '"caller"' in t)
