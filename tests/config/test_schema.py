"""The published schema and the example, for editors and readers."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from cognito_gw.config.model import Config
from cognito_gw.config.starter import Starter, published_schema

published_schema = cache(published_schema)
SHIPPED = files("cognito_gw.config")
ROOT = Path(__file__).parents[2]
EXAMPLES = {
    "example": (ROOT / "config.example.yaml").read_text("utf-8"),
    "full": (ROOT / "tests/full.yaml").read_text("utf-8"),
    "orders": Starter("orders", routes={"GET /orders": False, "ANY /": True}).text,
    "shorthands": "name: x\ndomain: shop\napi: {cors: false, routes: {GET /x: }}\n",
    "access log": "name: x\napi: {access_log: {retention: never}, throttle: }\n",
    "empty": "name: x\nuser_pool:\napp_clients: {web: }\nfunctions: {a: }\napi:\n",
    "off": "name: x\nuser_pool: {mfa: off}\n",
}


def test_shipped_schema():
    """The JSON Schema matches the models; `cgw schema` regenerates it.

    cgw schema > cognito_gw/config/cgw.schema.json
    """
    wanted = json.dumps(published_schema(), indent=2, ensure_ascii=False)
    assert SHIPPED.joinpath("cgw.schema.json").read_text("utf-8") == wanted + "\n"


def test_example_is_the_starter():
    """The example in the repository equals the output of `cgw init`."""
    example = Path(__file__).parents[2] / "config.example.yaml"
    assert example.read_text("utf-8") == SHIPPED.joinpath("starter.yaml").read_text(
        "utf-8"
    )


def test_example_is_valid(loaded):
    """The example is valid and has no warnings."""
    found = loaded(SHIPPED.joinpath("starter.yaml").read_text("utf-8"))
    assert found.config.name == "transactions"
    assert found.warnings == []


def test_example_shows_the_defaults(loaded):
    """Values that the example marks as defaults are the defaults."""
    config = loaded(SHIPPED.joinpath("starter.yaml").read_text("utf-8")).config
    smallest = loaded("name: transactions").config
    assert config.functions == smallest.functions
    assert config.api.authorizer == smallest.api.authorizer
    assert config.app_clients["web"].validity == smallest.app_clients["web"].validity
    assert config.user_pool.password_policy == smallest.user_pool.password_policy


def test_every_section_is_in_the_example():
    """Each top-level key is in the example, at least in a comment."""
    text = SHIPPED.joinpath("starter.yaml").read_text("utf-8")
    assert [key for key in Config.model_fields if f"{key}:" not in text] == []


def test_immutable(loaded):
    """A loaded configuration cannot be changed."""
    config = loaded("name: x").config
    with pytest.raises(ValueError, match="frozen"):
        config.name = "y"


@pytest.mark.parametrize("name", EXAMPLES)
def test_schema_takes_what_the_file_may_hold(name):
    """The schema accepts every file that we generate or document."""
    data = yaml.safe_load(EXAMPLES[name])
    errors = Draft202012Validator(published_schema()).iter_errors(data)
    assert [f"{[*error.path]}: {error.message}" for error in errors] == []


@pytest.mark.parametrize(
    "text",
    [
        "name: x\napi: {routes: {get /x: }}",
        "name: x\napi: {routes: {GET x: }}",
        "name: x\napi: {cors: true}",
        "name: x\nuser_pool: {mfa: true}",
        "name: x\ndomain: -shop-",
        "name: x\ndomain: 5",
        "name: x\nregoin: eu-west-1",
    ],
)
def test_schema_refuses_what_the_file_may_not_hold(text):
    """The schema still refuses invalid files."""
    data = yaml.safe_load(text)
    assert not Draft202012Validator(published_schema()).is_valid(data)


def test_editors_find_the_schema():
    """The starter file names the schema for the YAML language server."""
    assert "\n# yaml-language-server: $schema=cgw.schema.json\n" in Starter().text
