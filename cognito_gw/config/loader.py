"""YAML's plain types and no others."""

from __future__ import annotations

from typing import Any

import yaml

DEEPEST = 30  # no key of ours is that deep
_TAG = "tag:yaml.org,2002:"
TEXT = f"{_TAG}str"
PLAIN = {f"{_TAG}{kind}" for kind in ("null", "bool", "int", "float")}
_TYPES = PLAIN | {TEXT, f"{_TAG}seq", f"{_TAG}map"}


class Excessive(yaml.error.MarkedYAMLError):
    """Raised for good YAML that is beyond all bounds."""


class Loader(yaml.SafeLoader):
    """Loads plain types: dates are text, and there are no sets."""

    yaml_constructors = {  # noqa: RUF012 - as in the class above
        tag: construct
        for tag, construct in yaml.SafeLoader.yaml_constructors.items()
        if tag is None or tag in _TYPES
    }
    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [each for each in resolvers if each[0] != f"{_TAG}timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, text: str) -> None:
        """Load a text."""
        super().__init__(text)
        self.instead: dict[yaml.Node, Any] = {}  # values that no YAML can spell
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose a node, if it is not too deep within others."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise too_deep(self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Construct a value; where that fails, say where it stands."""
        if node in self.instead:
            return self.instead[node]
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError):  # such as !!int x
            raise yaml.constructor.ConstructorError(
                None, None, "the value does not fit its type", node.start_mark
            ) from None


def too_deep(mark: yaml.error.Mark) -> Excessive:
    """Return the error that says where it is too deep."""
    what = "it is nested too deep, or an alias stands within itself"
    return Excessive(problem=what, problem_mark=mark)
