"""Which runtime a function has on this machine, and what that differs in from AWS."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cognito_gw.local.runtime.client import Unsupported, node_client, unsupported

if TYPE_CHECKING:
    from collections.abc import Mapping


class Described(Protocol):
    """A function of the file."""

    runtime: str
    handler: str
    code: Path | None


def shortcomings(
    functions: Mapping[str, Described], environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return, by function, why it does not run here as on AWS; none where it does."""
    found = {
        name: _shortcoming(name, function, environment)
        for name, function in functions.items()
    }
    return {name: why for name, why in found.items() if why}


def _shortcoming(
    name: str, function: Described, environment: Mapping[str, str]
) -> str | None:
    wanted = function.runtime
    try:
        here = _runtime(name, function, environment)
    except Unsupported as reason:
        return f"does not run locally: {reason}"
    if here == wanted:
        return None
    return f"function `{name}` has the runtime {wanted}, and runs on {here} locally"


def _runtime(name: str, function: Described, environment: Mapping[str, str]) -> str:
    """Return what runs it, as Lambda spells it; Unsupported where nothing does."""
    if function.runtime.startswith("python"):
        return "python{}.{}".format(*platform.python_version_tuple()[:2])
    if function.runtime.startswith("nodejs"):
        folder = function.code or Path(os.devnull)
        client = node_client(name, function, folder, environment)
        return f"nodejs{client.version.removeprefix('nodejs:').partition('.')[0]}.x"
    raise unsupported(name, function.runtime)
