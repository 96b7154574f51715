"""The starter file, with a few values from the user."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cognito_gw.config.starter import SIGN_INS, Starter
from cognito_gw.errors import UsageError

EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"


def test_without_answers_it_is_what_is_shipped():
    """Byte for byte."""
    assert Starter().text == EXAMPLE.read_text(encoding="utf-8")


def test_an_answer_replaces_the_shipped_value(loaded):
    """Values that depend on the name follow it; all other lines stay the same."""
    routes = {"GET /orders/{id}": False, "ANY /": True}
    made = Starter("orders", "eu-west-1", "username", routes)
    shipped, lines = Starter().text.splitlines(), made.text.splitlines()
    changed = [line for line in lines if line not in shipped]
    head = "name: orders".ljust(30)
    assert changed == [
        f"{head}# default for every resource's name, and the ownership tag",
        "region: eu-west-1             # or --region, or AWS_REGION",
        "tags: {}                      # on everything that takes tags",
        "  sign_in_with: []            # fixed at creation",
        "    oauth_scopes: [openid, email, profile, orders/read, orders/write]",
        "resource_servers:             # custom scopes: in tokens as orders/read",
        "  orders: {scopes: {read: Read orders, write: Write them}}",
        "# domain: orders-demo   # unique in the region; default: the name and a hash",
        "# domain: {prefix: orders-demo, login: managed}   # managed login pages",
        '  - {username: alice, password: "${CGW_ALICE_PASSWORD}", groups: [readers]}',
        "    GET /orders/{id}: {function: hello}  # requires an ID token",
        "    ANY /: {function: hello, auth: none}  # public: no token",
    ]
    config = loaded(made.validated()).config
    assert (config.name, config.region) == ("orders", "eu-west-1")
    assert {key: each.auth for key, each in config.api.routes.items()} == {
        "GET /orders/{id}": "cognito",
        "ANY /": "none",
    }


@pytest.mark.parametrize("name", ["no", "on", "null", "y", "true", "e5", "x" * 32])
def test_what_yaml_would_take_for_something_else_is_quoted(loaded, name):
    """The name stays text."""
    assert loaded(Starter(name).validated()).config.name == name


@pytest.mark.parametrize("path", ["/a:", "/a#b", "/" + "long" * 40, "/{proxy+}", "/é"])
def test_a_route_is_the_key_that_it_is(path):
    """For any text; whether API Gateway accepts it is not tested here."""
    text = Starter(routes={f"GET {path}": True}).text
    assert list(yaml.safe_load(text)["api"]["routes"]) == [f"GET {path}"]


@pytest.mark.parametrize("kind", SIGN_INS)
def test_the_first_user_has_a_name_that_the_pool_takes(loaded, kind):
    """An email address, a name, or a phone number."""
    config = loaded(Starter(sign_in_with=kind).validated()).config
    assert config.user_pool.sign_in_with == SIGN_INS[kind][0]
    assert config.users[0].username == SIGN_INS[kind][1]


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"name": "9"}, "`9` must be a letter"),
        ({"name": "a\nb: c"}, "must be a letter"),
        ({"region": "mars"}, "`mars` must be an AWS region"),
        ({"routes": {"/x": True}}, "write a method"),
        ({"routes": {"GET /a b": True}}, "write a method"),
        ({"routes": {"GET /a/": True}}, "a path does not end with `/`"),
        ({"routes": {"GET /\udc80": True}}, "does not take the path part"),
        ({"routes": {"GET /{a}": True, "GET /{b}": True}}, "one path variable"),
    ],
)
def test_a_bad_answer_has_its_reason(answers, reason):
    """The message does not mention a file, which does not exist yet."""
    with pytest.raises(UsageError) as error:
        Starter(**answers).validated()
    assert reason in error.value.what
    assert "cgw.yaml" not in error.value.what
