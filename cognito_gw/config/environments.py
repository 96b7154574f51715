"""Merges an environment into the rest of the file, as YAML nodes with lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from cognito_gw.errors import UsageError
from cognito_gw.text import unknown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "environments"
OF_ALL = {"name", KEY}  # keys that no environment has
_TAG = "tag:yaml.org,2002:"
_MERGE, _NULL, _MAP = f"{_TAG}merge", f"{_TAG}null", f"{_TAG}map"

Pairs = dict[str, tuple[yaml.Node, yaml.Node]]  # by key: the nodes of key and value


def section(root: yaml.Node) -> yaml.Node | None:
    """Return the environments of a file, if it has any."""
    return pairs(root)[KEY][1] if KEY in pairs(root) else None


def chosen(root: yaml.Node, env: str | None, file: Path) -> yaml.Node:
    """Return the file without its environments, and with the chosen one merged in.

    Mappings are merged key by key; other values replace those of the file. `null`
    removes a key that the file has. Raises UsageError for an unknown environment.
    """
    rest = pairs(root)
    known = pairs(rest.pop(KEY)[1]) if KEY in rest else {}
    if env is not None:
        require(env, known, file)
        overlay = pairs(known[env][1])
        kept = {key: overlay[key] for key in overlay if key not in OF_ALL}
        rest = _merged(rest, kept)
    return _mapping(root, rest)


def require(env: str, known: Pairs, file: Path) -> None:
    """Raise UsageError if the file does not have this environment."""
    if not env:
        raise UsageError("`--env` needs the name of an environment")
    if not known:
        raise UsageError(
            f"no environment `{env}`: {file} has no `environments`",
            hint=f"add `environments: {{{env}: {{}}}}` to the file; or leave out "
            "`--env`, and unset CGW_ENV",
        )
    if env not in known:
        raise UsageError(unknown(f"no environment `{env}` in {file}", env, known))


def _merged(base: Pairs, overlay: Pairs) -> Pairs:
    """Return pairs with those of an overlay."""
    found = dict(base)
    for name, (key, value) in overlay.items():
        below = base[name][1] if name in base else None
        if below is not None and value.tag == _NULL:
            del found[name]
        elif below is not None and _is_mapping(below) and _is_mapping(value):
            found[name] = key, _mapping(below, _merged(pairs(below), pairs(value)))
        else:
            found[name] = key, value
    return found


def pairs(node: yaml.Node) -> Pairs:
    """Return the pairs of a mapping, with what `<<` merges; none of another node."""
    merged: Pairs = {}
    own: Pairs = {}
    for key, value in node.value if _is_mapping(node) else ():
        if key.tag == _MERGE:
            for part in _parts(value):
                merged |= pairs(part)
        else:
            own[str(key.value)] = key, value
    return merged | own


def _parts(node: yaml.Node) -> Iterator[yaml.Node]:
    """Yield the mappings that `<<` merges; the last one takes precedence."""
    parts = node.value[::-1] if isinstance(node, yaml.SequenceNode) else [node]
    for part in parts:
        if not _is_mapping(part):
            what = "`<<` takes a mapping or a list of mappings"
            raise yaml.constructor.ConstructorError(None, None, what, part.start_mark)
        yield part


def _is_mapping(node: yaml.Node) -> bool:
    return isinstance(node, yaml.MappingNode)


def _mapping(like: yaml.Node, found: Pairs) -> yaml.MappingNode:
    return yaml.MappingNode(_MAP, [*found.values()], like.start_mark, like.end_mark)
