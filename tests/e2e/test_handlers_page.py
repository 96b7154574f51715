"""Each handler of docs/handlers.md, deployed and called as the page says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from lambdas import node_client

PAGE = Path(__file__).parents[2].joinpath("docs/handlers.md").read_text("utf-8")
ADA, BOB = "ada@example.com", "bob@example.com"
ORIGIN = {"origin": "http://localhost:8000"}
RUNTIMES = {"python": {}, "js": {"runtime": "nodejs22.x", "handler": "index.handler"}}
FILES = {"python": "lambda_function.py", "js": "index.mjs"}
_BLOCK = re.compile(
    r"^## ([^\n]+)$|^```(python|js)\n(.*?)^```", re.MULTILINE | re.DOTALL
)


def handlers():
    """Return the code of each handler by the page's section and language."""
    found, section = {}, ""
    for heading, language, code in _BLOCK.findall(PAGE):
        section = heading or section
        if code:
            found[section, language] = code
    return found


HANDLERS = handlers()
ROUTES = {key: f"r{number}" for number, key in enumerate(HANDLERS)}


@pytest.fixture(scope="module")
def stack(tmp_path_factory, cgw_stack_factory):
    """All handlers of the page behind one API, each with its own route."""
    folder = tmp_path_factory.mktemp("handlers")
    functions = {}
    for (section, language), route in ROUTES.items():
        code = folder / route
        code.mkdir()
        (code / FILES[language]).write_text(HANDLERS[section, language], "utf-8")
        functions[route] = {"code": route, "timeout": 10} | RUNTIMES[language]
    data = {
        "name": "handlers",
        "user_pool": {"groups": ["admins", "no-admins", "readers"]},
        "users": [
            {"username": ADA, "groups": ["admins", "readers"]},
            {"username": BOB, "groups": ["no-admins"]},
        ],
        "functions": functions,
        "api": {
            "routes": {
                f"ANY /{route}/{{id}}": {"function": route} for route in ROUTES.values()
            },
        },
    }
    (folder / "cgw.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    return cgw_stack_factory(folder / "cgw.yaml")


CALLS = {
    "The event and the response": [
        ({"params": {"fields": "a b"}}, 200, {"order": "7", "fields": "a b"}),
        ({}, 200, {"order": "7", "fields": None}),
    ],
    "Who is calling": [({}, 200, {"email": ADA, "is_verified": True})],
    "Groups: 403 for everyone else": [
        ({}, 200, {"groups": ["admins", "readers"]}),
        ({"user": BOB}, 403, {}),
    ],
    "A JSON body": [
        ({"method": "POST", "content": '{"amount": 3}'}, 201, {"amount": 3}),
        ({"method": "POST", "content": '{"amount": "x"}'}, 400, {}),
        ({"method": "POST", "content": "{"}, 400, {}),
        ({"method": "POST"}, 400, {}),
    ],
    "CORS": [
        ({"headers": ORIGIN}, 200, {}),
        ({"headers": {"Origin": "https://evil.example"}}, 200, {}),
    ],
    "Logging": [({}, 204, {})],
}


def test_the_calls_are_of_the_page():
    """A new handler on the page needs a call here."""
    assert {section for section, _ in HANDLERS} == set(CALLS)
    assert {language for _, language in HANDLERS} == set(RUNTIMES)


@pytest.mark.parametrize("language", RUNTIMES)
def test_the_handlers_do_what_the_page_says(stack, language):
    if language == "js" and not node_client():
        pytest.skip("AWS's runtime client for Node.js is not installed")
    seen = {}
    for section, calls in CALLS.items():
        path = f"/{ROUTES[section, language]}/7"
        for options, status, expected in calls:
            request = {"method": "GET", "user": ADA} | options
            answer = stack.request(request.pop("method"), path, **request)
            assert answer.status_code == status, (section, answer.text)
            body = answer.json() if status == 200 else {}
            if expected and status == 200:
                assert expected.items() <= body.items(), section
            seen.setdefault(section, []).append(answer)
    origins = [
        answer.headers.get("Access-Control-Allow-Origin") for answer in seen["CORS"]
    ]
    assert origins == [ORIGIN["origin"], None]
    assert _logged(stack, ROUTES["Logging", language]) == {
        "request": seen["Logging"][0].headers["x-amzn-RequestId"],
        "caller": seen["Who is calling"][0].json()["id"],
        "route": f"/{ROUTES['Logging', language]}/{{id}}",
    }


def _logged(stack, name):
    """Return the entry that the function logged, from any line that holds JSON."""
    logs = stack.boto3_session().client("logs")
    group = f"/aws/lambda/handlers-{name}"
    events = logs.filter_log_events(logGroupName=group)["events"]
    texts = [event["message"] for event in events]
    return next(json.loads(t[t.index("{") :]) for t in texts if '"caller"' in t)
