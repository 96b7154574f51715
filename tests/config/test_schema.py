"""The published schema and the example: what editors and readers are given."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest

from cognito_gw.config.schema import Config

SHIPPED = files("cognito_gw.config")


def test_shipped_schema():
    """The JSON Schema is that of the models; `cgw schema` regenerates it.

    cgw schema > cognito_gw/config/cgw.schema.json
    """
    wanted = json.dumps(Config.model_json_schema(), indent=2, ensure_ascii=False)
    assert SHIPPED.joinpath("cgw.schema.json").read_text("utf-8") == wanted + "\n"


def test_example_is_the_starter():
    """The example in the repository is what `cgw init` writes."""
    example = Path(__file__).parents[2] / "config.example.yaml"
    assert example.read_text("utf-8") == SHIPPED.joinpath("starter.yaml").read_text(
        "utf-8"
    )


def test_example_is_valid(loaded):
    """The example can be used as it is, and there is nothing to warn of."""
    found = loaded(SHIPPED.joinpath("starter.yaml").read_text("utf-8"))
    assert found.config.name == "transactions"
    assert found.warnings == []


def test_example_shows_the_defaults(loaded):
    """What the example sets to a default is the default."""
    config = loaded(SHIPPED.joinpath("starter.yaml").read_text("utf-8")).config
    smallest = loaded("name: transactions").config
    assert config.functions == smallest.functions
    assert config.api.authorizer == smallest.api.authorizer
    assert config.app_clients["web"].validity == smallest.app_clients["web"].validity
    assert config.user_pool.password_policy == smallest.user_pool.password_policy


def test_every_section_is_in_the_example():
    """Each key of the file's top level is in the example, if only in a comment."""
    text = SHIPPED.joinpath("starter.yaml").read_text("utf-8")
    assert [key for key in Config.model_fields if f"{key}:" not in text] == []


def test_immutable(loaded):
    """A configuration is not changed once it is read."""
    config = loaded("name: x").config
    with pytest.raises(ValueError, match="frozen"):
        config.name = "y"
