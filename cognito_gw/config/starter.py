"""The starter file that `cgw init` writes, and the JSON Schema for editors."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from textwrap import indent
from typing import Any

import yaml

from cognito_gw.config.environment_schema import describe_environments
from cognito_gw.config.load import BadConfig, loaded
from cognito_gw.config.model import VERBS, Config
from cognito_gw.config.yaml_file import document_of
from cognito_gw.errors import UsageError

# How users sign in: `sign_in_with`, and the first user's name.
SIGN_INS = {
    "email": (["email"], "alice@example.com"),
    "username": ([], "alice"),
    "phone": (["phone_number"], "+12065550100"),
}
_ROUTES = re.compile(r"(?<=^  routes:\n)(?:    .*\n)+", re.MULTILINE)
_SUBJECT = re.compile(r"(?<!\nname: )(?<!/)transactions")  # but not of the paths
_TAGS = "{team: payments}"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,31}")
_USERNAME = re.compile(r"(?<=\{username: )[^,]+")
_WIDE = 1 << 20  # no line breaks


@dataclass(frozen=True)
class Starter:
    """The content of a first file; by default, the shipped one's."""

    name: str = "transactions"
    region: str = "us-east-1"
    sign_in_with: str = "email"
    routes: dict[str, bool] = field(default_factory=dict)  # and whether each is public

    @property
    def text(self) -> str:
        """The shipped file with these values."""
        attributes, user = SIGN_INS[self.sign_in_with]
        text = _put(_about(self.name), "name", self.name)
        text = _put(text, "region", self.region)
        text = _put(text, "  sign_in_with", attributes)
        text = _USERNAME.sub(lambda _: _spelled(user), text)
        routes = "".join(_route(*route) for route in self.routes.items())
        return _ROUTES.sub(lambda _: routes, text) if routes else text

    def validated(self) -> str:
        """Return the text; raise what is wrong with it."""
        text = self.text
        try:
            loaded(document_of(text, Path(), {}))
        except BadConfig as error:
            raise UsageError(error.problems[0].what) from None
        return text


@cache
def _shipped() -> str:
    return files("cognito_gw.config").joinpath("starter.yaml").read_text("utf-8")


def _about(name: str) -> str:
    """Return the shipped file with this name, also in scopes, and without its tags."""
    text = _shipped()
    if name == Starter.name or not _NAME.fullmatch(name):
        return text
    return _SUBJECT.sub(name, text).replace(_TAGS, "{}".ljust(len(_TAGS)))


def _route(key: str, is_public: bool) -> str:
    settings = {"function": "hello"} | ({"auth": "none"} if is_public else {})
    comment = "public: no token" if is_public else "requires an ID token"
    return indent(_dumped({key: settings}).rstrip("\n"), "    ") + f"  # {comment}\n"


def _put(text: str, key: str, value: Any) -> str:
    """Replace a key's value, and keep the comment's column."""
    line = re.compile(rf"^{key}: (?P<value>\S+)(?P<gap> +)", re.MULTILINE)

    def put(found: re.Match[str]) -> str:
        new = f"{key}: {_spelled(value)}"
        return f"{new} ".ljust(len(found[0]))

    return line.sub(put, text, count=1)


def _spelled(value: Any) -> str:
    return _dumped(value).removesuffix("...\n").rstrip("\n")


def _dumped(value: Any) -> str:
    """Return a value as YAML."""
    return yaml.safe_dump(
        value,
        default_flow_style=None,
        sort_keys=False,
        allow_unicode=True,
        width=_WIDE,
    )


_NULL = {"type": "null"}
_NEVER_EMPTY = ("ResourceServerConfig", "PasswordPolicy", "Cors", "UserConfig")


def published_schema() -> dict[str, Any]:
    """Return the schema that `cgw schema` prints."""
    schema: dict[str, Any] = _with_empty(Config.model_json_schema())
    api = schema["$defs"]["Api"]["properties"]
    api["cors"]["anyOf"].append({"const": False})
    api["access_log"]["anyOf"].append({"type": "boolean"})
    api["routes"]["propertyNames"] = {"pattern": rf"^({'|'.join(VERBS)}) /\S*$"}
    mfa = schema["$defs"]["UserPoolConfig"]["properties"]["mfa"]
    del mfa["type"]
    mfa["enum"].append(False)
    prefix = schema["$defs"]["DomainConfig"]["properties"]["prefix"]["anyOf"][0]
    schema["properties"]["domain"]["anyOf"].append(prefix)
    describe_environments(schema)
    return schema


def _with_empty(node: Any) -> Any:
    """Allow null for each section that may be empty."""
    if isinstance(node, list):
        return [_with_empty(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _with_empty(value) for key, value in node.items()}
    kind = str(node.get("$ref", "")).rpartition("/")[2]
    if not kind or kind in _NEVER_EMPTY:
        return node
    return {"anyOf": [{"$ref": node.pop("$ref")}, _NULL], **node}
