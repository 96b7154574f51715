"""The file accepts exactly the values that AWS's service models accept."""

from __future__ import annotations

import string
from functools import cache
from typing import NamedTuple

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from pydantic import ValidationError

from cognito_gw import aws_rules
from cognito_gw.config.model import Config
from cognito_gw.config.rules import check
from cognito_gw.local.constraints import OVERRIDES, refusal

KEY = "KEY"  # in a path: the mapping's key is the tested value
COGNITO = "cognito-idp"
CLIENT, SERVER = ("app_clients", "c"), ("resource_servers", "s")
FUNCTION = ("functions", "f")
# Required settings next to a key, by the path of their parent.
BESIDE = {
    ("users", 0): {"username": "a@b.c"},
    ("user_pool",): {"sign_in_with": []},
    SERVER: {"scopes": {"read": "Read"}},
}


class Sent(NamedTuple):
    """Where a key's value is sent, and why the file may be stricter."""

    path: tuple[str | int, ...]
    service: str
    shape: str
    less: str | None = None


NAMES = "AWS's \\s has tabs and line breaks, which no name needs"
REGIONS = "no region has a _ in its name"
TAGS = "API Gateway documents ASCII for keys, and reserves aws: as we do cgw:"
HOSTS = "a URL is absolute, and HTTP is for this machine"
SENT = [
    Sent(("user_pool", "name"), COGNITO, "UserPoolNameType", NAMES),
    Sent(("user_pool", "id"), COGNITO, "UserPoolIdType", REGIONS),
    Sent(("user_pool", "groups", 0), COGNITO, "GroupNameType"),
    Sent(
        ("user_pool", "password_policy", "min_length"),
        COGNITO,
        "PasswordPolicyMinLengthType",
    ),
    Sent((*CLIENT, "id"), COGNITO, "ClientIdType"),
    Sent((*CLIENT, "name"), COGNITO, "ClientNameType", NAMES),
    Sent((*CLIENT, "callback_urls", 0), COGNITO, "RedirectUrlType", HOSTS),
    Sent((*CLIENT, "logout_urls", 0), COGNITO, "RedirectUrlType", HOSTS),
    Sent((*SERVER, "name"), COGNITO, "ResourceServerNameType", NAMES),
    Sent((*SERVER, "scopes", KEY), COGNITO, "ResourceServerScopeNameType"),
    Sent((*SERVER, "scopes", "read"), COGNITO, "ResourceServerScopeDescriptionType"),
    Sent(("resource_servers", KEY), COGNITO, "ResourceServerIdentifierType"),
    Sent(("domain",), COGNITO, "DomainType"),
    Sent(("users", 0, "username"), COGNITO, "UsernameType"),
    Sent((*FUNCTION, "name"), "lambda", "FunctionName", "not the forms of an ARN"),
    Sent((*FUNCTION, "handler"), "lambda", "Handler", "its file is in the code"),
    Sent((*FUNCTION, "environment", KEY), "lambda", "EnvironmentVariableName"),
    Sent((*FUNCTION, "memory"), "lambda", "MemorySize"),
    Sent((*FUNCTION, "timeout"), "lambda", "Timeout"),
    Sent((*FUNCTION, "layers", 0), "lambda", "LayerVersionArn", "no AWS layers"),
    Sent(("iam", "permissions_boundary"), "iam", "arnType", "the ARN of a policy"),
    Sent(("tags", KEY), "iam", "tagKeyType", TAGS),
    Sent(("tags", KEY), "logs", "TagKey", TAGS),
    Sent(("tags", "team"), "iam", "tagValueType"),
    Sent(("tags", "team"), "lambda", "TagValue"),
    Sent(("tags", "team"), "logs", "TagValue"),
]
LISTS = [
    ((*CLIENT, "callback_urls"), COGNITO, "CallbackURLsListType"),
    ((*CLIENT, "logout_urls"), COGNITO, "LogoutURLsListType"),
    ((*CLIENT, "oauth_flows"), COGNITO, "OAuthFlowsType"),
    ((*CLIENT, "oauth_scopes"), COGNITO, "ScopeListType"),
]
ODD = ["\n", "\t", "\0", "\N{NO-BREAK SPACE}", "\N{ZERO WIDTH SPACE}", "é", "東", "👍"]
ODD += ["5", "a", "Z", " ", *string.punctuation]
ARNS = {
    "arnType": "arn:aws:iam::aws:policy/x",
    "LayerVersionArn": "arn:aws:lambda:eu-west-1:123456789012:layer:x:1",
}
IDS = [f"{'.'.join(map(str, sent.path))}-{sent.service}" for sent in SENT]


@cache
def shape_of(service, name):
    description = Loader().load_service_model(service, "service-2")
    return ServiceModel(description).shape_for(name)


def fits(value, shape):
    """Whether AWS accepts a value as a member of a call, by the model."""

    class Call:
        required_members = ()
        members = {"value": shape}  # noqa: RUF012 - nobody changes it

    return refusal({"value": value}, Call) is None


def holding(path, value):
    """Return a file's data with a value or a key at a path."""
    for depth in range(len(path), 0, -1):
        key = path[depth - 1]
        if key == KEY:
            is_server = path[0] == "resource_servers" and depth == len(SERVER)
            value = {value: BESIDE[SERVER] if is_server else "x"}
            continue
        beside = BESIDE.get(path[: depth - 1], {})
        value = [value] if key == 0 else beside | {key: value}
    return {"name": "t", "user_pool": BESIDE["user_pool",]} | value


def is_taken(path, value, folder):
    """Whether the file accepts a value at a path, and everything derived from it."""
    try:
        config = Config.model_validate(holding(path, value))
    except ValidationError:
        return False
    top = path[0]
    return not [each for each in check(config, folder) if each.path[:1] == (top,)]


def tried(shape):
    """Return values on both sides of each limit of a shape."""
    least, most = (shape.metadata.get(trait) for trait in ("min", "max"))
    if shape.type_name == "integer":
        return [least - 1, least, most, most + 1]
    plain = ARNS.get(shape.name, "x" * 20)
    lengths = [0, 1, 2, 63, 64, 65, 128, 129, 256, 257]
    lengths += [size for size in (most, most and most + 1) if size and size < 5000]
    return [
        *("x" * length for length in lengths),
        *(f"{plain}{odd}{plain}" for odd in ODD),
        *(f"{odd}{plain}" for odd in ODD),
        *(f"{plain}{odd}" for odd in ODD),
        f"https://x/{'x' * 1014}",
        f"https://x/{'x' * 1015}",
        "https://a.example/b",
        "lambda_function.handler",
        "AWS:x",
        "aws:x",
    ]


@pytest.mark.parametrize("sent", SENT, ids=IDS)
def test_the_file_takes_what_the_model_takes(sent, tmp_path, monkeypatch):
    """Not more, which AWS would refuse; not less, except for documented reasons."""
    monkeypatch.delitem(OVERRIDES, "DomainType")  # used for custom domains
    shape = shape_of(sent.service, sent.shape)
    values = tried(shape)
    taken = [each for each in values if is_taken(sent.path, each, tmp_path)]
    fitting = [each for each in values if fits(each, shape)]
    assert [each for each in taken if each not in fitting] == []
    assert taken
    if sent.less is None:
        left = [each for each in fitting if each not in taken]
        assert [each for each in left if not is_our_own(each, sent)] == []


def is_our_own(value, sent):
    """Whether AWS refuses a value for a reason outside of its model."""
    return str(value).lower().startswith("aws:") and sent.path[0] == "tags"


@pytest.mark.parametrize(("path", "service", "shape"), LISTS)
def test_a_list_has_at_most_the_length_of_the_model(path, service, shape, complaints):
    """The error has its key and line."""
    most = shape_of(service, shape).metadata["max"]
    value = "code" if "flows" in path[-1] else "https://a.example/"
    text = f"name: t\napp_clients:\n  c:\n    {path[-1]}: [{f'{value}, ' * (most + 1)}]"
    wanted = f"4: app_clients.c.{path[-1]}: must have at most {most} entries"
    assert wanted in complaints(text)


@pytest.mark.parametrize("runtime", sorted(aws_rules.RUNTIMES))
def test_a_runtime_is_taken(runtime, tmp_path):
    """All runtimes that Lambda still supports, and no retired ones."""
    (tmp_path / "bootstrap").touch(0o755)
    handler = {"runtime": runtime, "handler": "bootstrap.main", "code": "."}
    for suffix in ("py", "mjs", "rb"):
        (tmp_path / f"bootstrap.{suffix}").touch()
    config = Config.model_validate({"name": "t", "functions": {"f": handler}})
    assert [*check(config, tmp_path)] == []
    assert runtime not in aws_rules.GONE_RUNTIMES


def test_botocore_is_asked_for_a_runtime_that_is_new(tmp_path, monkeypatch):
    """After an update of botocore, its new runtimes are accepted."""
    monkeypatch.setattr(aws_rules, "RUNTIMES", frozenset())
    config = Config.model_validate({"name": "t"})
    assert [*check(config, tmp_path)] == []
