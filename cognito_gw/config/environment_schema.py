"""The JSON Schema of an environment: that of the file, with every key optional."""

from __future__ import annotations

from typing import Any

from cognito_gw.config.environments import OF_ALL

_NULL = {"type": "null"}
_WHOLE = ("required", "default", "minProperties")  # these count only after merging

Schema = dict[str, Any]


def describe_environments(schema: Schema) -> None:
    """Describe the keys of each environment in the schema of the file."""
    properties, definitions = schema["properties"], schema["$defs"]
    rest = {key: value for key, value in properties.items() if key not in OF_ALL}
    whole = {"type": "object", "additionalProperties": False, "properties": rest}
    definitions["Environment"] = _Optional(definitions).of(whole)
    environments = properties["environments"]
    any_of = {"anyOf": [{"$ref": "#/$defs/Environment"}, _NULL]}
    environments["patternProperties"] = dict.fromkeys(
        environments["patternProperties"], any_of
    )


class _Optional:
    """Copies schemas so that no key is required, and null removes any."""

    def __init__(self, definitions: Schema) -> None:
        """Add a copy of each of the `definitions` that is used."""
        self._definitions = definitions

    def of(self, node: Schema) -> Schema:
        """Return the schema of a value that is merged into another."""
        found = {key: value for key, value in node.items() if key not in _WHOLE}
        if "$ref" in node:
            found["$ref"] = self._copied(node["$ref"])
        if "anyOf" in node:
            found["anyOf"] = [self.of(option) for option in node["anyOf"]]
        for kind in ("properties", "patternProperties"):
            parts = node.get(kind, {})
            if parts:
                found[kind] = {key: self._or_null(part) for key, part in parts.items()}
        if isinstance(node.get("additionalProperties"), dict):
            found["additionalProperties"] = self._or_null(node["additionalProperties"])
        return found

    def _or_null(self, node: Schema) -> Schema:
        part = self.of(node)
        options = part.pop("anyOf", None)
        if options is None:
            return {"anyOf": [part, _NULL]}
        return {"anyOf": [*(one for one in options if one != _NULL), _NULL], **part}

    def _copied(self, reference: str) -> str:
        copy = f"{reference}InEnvironment"
        name, original = copy.rpartition("/")[2], reference.rpartition("/")[2]
        if name not in self._definitions:
            self._definitions[name] = {}  # in case it contains itself
            self._definitions[name] = self.of(self._definitions[original])
        return copy
