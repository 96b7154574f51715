"""With recorded AWS responses, `plan` after `up` shows nothing; writes are valid."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path

import pytest
from botocore.validate import ParamValidator
from fakes import is_read

from cognito_gw.local.constraints import refusal

ANSWERS = json.loads(Path(__file__).with_name("answers.json").read_text())
URLS = ["https://z.example.com/", "https://a.example.com/", "http://localhost:3000/"]
CLIENTS = ("cognito", "apigateway", "functions", "iam", "logs", "tagging")
STACKS = {
    "MFA, CORS": {},
    "no MFA": {"user_pool": {"mfa": "off"}},
    "URLs": {
        "app_clients": {"web": {"callback_urls": URLS, "logout_urls": URLS[:2]}},
    },
}
# As long and as many as the file's schema allows.
SCOPES = {f"{number:0254}": "d" * 256 for number in range(100)}
MANY = [f"com.example.app{number}:/{'x' * 900}" for number in range(100)]
LARGEST = {
    "name": "n" * 32,
    "tags": {f"{number:0128}": "v" * 256 for number in range(49)},
    "user_pool": {"name": "p" * 128, "groups": ["g" * 128], "mfa": "required"},
    "resource_servers": {"i": {"name": "r" * 128, "scopes": SCOPES}},
    "app_clients": {
        "k" * 32: {
            "callback_urls": MANY,
            "logout_urls": MANY,
            "oauth_scopes": ["openid", *(f"i/{scope}" for scope in [*SCOPES][:49])],
            "validity": {"id": "1d", "access": "1d", "refresh": "3650d"},
        }
    },
    "functions": {
        "f": {"name": "f" * 64, "handler": "lambda_function." + "h" * 112},
        "m": {"memory": 10240, "timeout": 900, "environment": {"V" * 99: "é" * 1900}},
    },
    "users": [{"username": f"{'u' * 116}@example.com", "password": "Aa1-" * 24}],
    "api": {
        "name": 'My API (v2), "draft"',
        "stage": "s" * 128,
        "routes": {"GET /{id}/b:c.d-e_f/{proxy+}": {"function": "f"}},
    },
}


def _walk(shape, value, do):
    """Apply a function to each part of a response and its shape."""
    if value is None:
        return
    do(shape, value)
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            _walk(member, value.get(name), do)
    elif shape.type_name == "list":
        for each in value:
            _walk(shape.member, each, do)
    elif shape.type_name == "map":
        for each in value.values():
            _walk(shape.value, each, do)


def as_recorded(shape, value):
    """Answer as AWS did in the recording."""
    if amend := RECORDED.get(shape.name):
        amend(value)


def _authorizer(value):
    kept = ANSWERS["cognito authorizer"]["answered"]
    for key in set(value) - set(kept) - {"ResponseMetadata"}:
        del value[key]


def _integration(value):
    value.update(ANSWERS["integration"]["adds"] | value)


def _app_client(value):
    for key in ANSWERS["app client"]["sorted"]:
        value.get(key, []).sort()


def _function(value):
    if not value.get("Environment", {}).get("Variables"):
        value.pop("Environment", None)


RECORDED = {
    "Authorizer": _authorizer,
    "Integration": _integration,
    "UserPoolClientType": _app_client,
    "FunctionConfiguration": _function,
}


def with_new_fields(shape, value):
    """Add an unknown field to a response wherever possible."""
    if shape.type_name == "structure":
        value["aFieldOf2031"] = {"value": ["x"]}


def in_another_order(shape, value):
    """Reverse each list of a response."""
    if shape.type_name == "list":
        value.reverse()


@contextmanager
def answering(aws, *amends):
    """Let AWS answer in this way."""

    def amend(model, parsed, **_):
        if model.output_shape is not None and "Error" not in parsed:
            for each in amends:
                _walk(model.output_shape, parsed, each)

    all_events = [getattr(aws, name).meta.events for name in CLIENTS]
    for events in all_events:
        events.register("after-call.*.*", amend)
    try:
        yield
    finally:
        for events in all_events:
            events.unregister("after-call.*.*", amend)


@pytest.mark.parametrize("stack", STACKS)
def test_plan_after_up_shows_nothing(aws, built, do, stack):
    """Whatever AWS adds, reorders, or omits causes no drift and no deployment."""
    sections = STACKS[stack]
    with answering(aws, as_recorded):
        steps = do("apply", *built(**sections).resources)
        assert [step.error for step in steps.values() if step.error] == []
    for variant in (), (with_new_fields,), (in_another_order,):
        with answering(aws, as_recorded, *variant):
            planned = do("plan", *built(**sections).resources)
            changes = {
                str(each): dict(step.changes)
                for each, step in planned.items()
                if step.is_change or step.error
            }
            assert changes == {}, variant


def test_the_first_url_of_the_file_is_the_one_to_use(aws, built, do):
    """AWS returns them sorted."""
    with answering(aws, as_recorded):
        do("apply", *built(**STACKS["URLs"]).resources)
        again = built(**STACKS["URLs"])
        do("plan", *again.resources)
    assert again.clients["web"]["CallbackURLs"] == URLS
    assert again.clients["web"]["LogoutURLs"] == URLS[:2]


@pytest.mark.parametrize("stack", [*STACKS, "at their limits"])
def test_every_write_is_as_the_model_says(aws, built, do, stack):
    """Names, types, lengths, values, and patterns, in all calls of `up` and `down`."""
    sections = STACKS.get(stack, LARGEST)
    steps = do("apply", *built(**sections).resources)
    assert [step.error for step in steps.values() if step.error] == []
    do("destroy", *built(**sections).resources)
    models = {
        client.meta.service_model.signing_name: client.meta.service_model
        for client in (getattr(aws, name) for name in CLIENTS)
    }
    faults = []
    for service, operation, sent in aws.session.calls:
        if is_read(operation) or service not in models:
            continue
        shape = models[service].operation_model(operation).input_shape
        report = ParamValidator().validate(sent, shape)
        faults += [(operation, report.generate_report())] * report.has_errors()
        faults += [(operation, said) for said in (refusal(sent, shape),) if said]
    assert faults == []
