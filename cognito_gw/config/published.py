"""The JSON Schema for editors: it takes all that the file may hold.

The models read some values before their type is judged: a section without content,
`cors: false`, a domain's prefix alone, and the `off` of YAML 1.1, which is false.
"""

from __future__ import annotations

from typing import Any

from cognito_gw.config.schema import VERBS, Config

_NULL = {"type": "null"}
_NEVER_EMPTY = ("ResourceServer", "PasswordPolicy", "Cors", "User")


def published_schema() -> dict[str, Any]:
    """Return the schema that `cgw schema` prints."""
    schema: dict[str, Any] = _with_empty(Config.model_json_schema())
    api = schema["$defs"]["Api"]["properties"]
    api["cors"]["anyOf"].append({"const": False})
    api["routes"]["propertyNames"] = {"pattern": rf"^({'|'.join(VERBS)}) /\S*$"}
    mfa = schema["$defs"]["UserPool"]["properties"]["mfa"]
    del mfa["type"]
    mfa["enum"].append(False)
    prefix = schema["$defs"]["Domain"]["properties"]["prefix"]["anyOf"][0]
    schema["properties"]["domain"]["anyOf"].append(prefix)
    return schema


def _with_empty(node: Any) -> Any:
    """Let each section be empty that may be."""
    if isinstance(node, list):
        return [_with_empty(each) for each in node]
    if not isinstance(node, dict):
        return node
    node = {key: _with_empty(value) for key, value in node.items()}
    kind = str(node.get("$ref", "")).rpartition("/")[2]
    if not kind or kind in _NEVER_EMPTY:
        return node
    return {"anyOf": [{"$ref": node.pop("$ref")}, _NULL], **node}
