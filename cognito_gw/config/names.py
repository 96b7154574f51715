"""The names in a file, read for completion: quickly, and whatever else is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cognito_gw.config.yaml_file import read_document
from cognito_gw.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# What the schema has by default, repeated as loading it takes too long for a Tab.
_CLIENTS = {"web": {"oauth_scopes": ["openid", "email", "profile"]}}
_FUNCTIONS = {"hello": None}
_ROUTES = {"GET /transactions": None}
_STAGE = "dev"


@dataclass(frozen=True)
class Names:
    """What the file calls its parts; nothing where it says nothing that can be read."""

    users: list[str]
    groups: list[str]
    clients: list[str]
    scopes: list[str]
    functions: list[str]
    routes: list[str]
    stages: list[str]


def names_in(file: Path, environment: Mapping[str, str]) -> Names | None:
    """Return the names in a file; None where there is no file, or it is not YAML."""
    try:
        data = read_document(file, environment).data
    except UsageError:
        return None
    return _names(data) if isinstance(data, dict) else None


def _names(data: dict[str, Any]) -> Names:
    clients = _mapping(data, "app_clients", _CLIENTS)
    api = _mapping(data, "api", {})
    scopes = [_get(each, "oauth_scopes") for each in clients.values()]
    return Names(
        users=_plain(_get(each, "username") for each in _list(data.get("users"))),
        groups=_plain(_list(_get(data.get("user_pool"), "groups"))),
        clients=_plain(clients),
        scopes=_plain(scope for some in scopes for scope in _list(some)),
        functions=_plain(_mapping(data, "functions", _FUNCTIONS)),
        routes=_plain(_mapping(api, "routes", _ROUTES)),
        stages=_plain([api.get("stage", _STAGE)]),
    )


def _mapping(data: Any, key: str, default: dict[str, Any]) -> dict[str, Any]:
    found = data.get(key, default)
    return found if isinstance(found, dict) else {}


def _list(data: Any) -> list[Any]:
    return data if isinstance(data, list) else []


def _get(data: Any, key: str) -> Any:
    return data.get(key) if isinstance(data, dict) else None


def _plain(found: Any) -> list[str]:
    """Return the texts that can stand on a command line, each once."""
    texts = (each for each in found if isinstance(each, str) and each.isprintable())
    return list(dict.fromkeys(filter(None, texts)))
