"""`cgw export`: reads the API, and writes it in the formats of other programs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cognito_gw.app.auth import raw_token, tokens_for
from cognito_gw.app.export_clients import as_json, postman
from cognito_gw.app.export_openapi import document, for_gateway
from cognito_gw.app.export_texts import bruno, http, hurl
from cognito_gw.app.exported_api import WRITTEN, read
from cognito_gw.app.token_request import NeedsPerson, TokenRequest
from cognito_gw.errors import UsageError
from cognito_gw.state import replace_private

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cognito_gw.app.context import Context
    from cognito_gw.app.exported_api import ExportedApi

COLLECTIONS = {"postman": postman, "bruno": bruno, "hurl": hurl, "http": http}
_OPEN, _PRIVATE = 0o666, 0o600


@dataclass(frozen=True)
class Export:
    """The content of files by their name, and until when their tokens are valid."""

    files: dict[str, str]
    secrets: tuple[str, ...] = ()
    expires: float | None = None  # seconds since the epoch

    def write(self, folder: Path, may_replace: Callable[[Path], bool]) -> list[Path]:
        """Write the files, and return them; those with a token only the user can read.

        Asks `may_replace` before it replaces any file that is not from an export.
        """
        paths = {folder / name: text for name, text in self.files.items()}
        for path in paths:
            if not _is_replaceable(path) and not may_replace(path):
                raise UsageError(
                    f"{path} already exists, and `cgw export` did not write it",
                    hint="`--out` names another place; `--force` replaces it",
                )
        for path, text in paths.items():
            has_secret = any(secret in text for secret in self.secrets)
            path.parent.mkdir(parents=True, exist_ok=True)
            mode = _PRIVATE if has_secret else _OPEN
            replace_private(path, text.encode(), mode=mode)
        return list(paths)


def _is_replaceable(path: Path) -> bool:
    """Whether there is no file, or one that an export wrote."""
    if not path.exists() and not path.is_symlink():
        return True
    if not path.is_file() or path.is_symlink():
        return False
    with path.open("rb") as file:
        return WRITTEN.encode() in file.read()


def openapi(context: Context, *, with_extensions: bool) -> Export:
    """Return the API as an OpenAPI document."""
    api = read(context)
    found = for_gateway(context, api) if with_extensions else document(api)
    return Export({"openapi.json": as_json(found)})


def collection(
    context: Context, form: str, request: TokenRequest, *, with_tokens: bool
) -> Export:
    """Return the API as a collection of requests."""
    api = read(context, request.client)
    expires = None
    if with_tokens:
        api, expires = _signed_in(context, api, request)
    return Export(COLLECTIONS[form](api), tuple(api.tokens.values()), expires)


def _signed_in(
    context: Context, api: ExportedApi, request: TokenRequest
) -> tuple[ExportedApi, float | None]:
    """Return the API with the tokens that its methods require, and their expiry.

    Without a terminal, tokens that need a browser are left out.
    """
    tokens: dict[str, str] = {}
    ends: list[float] = []
    for operation in api.secured:
        variable = api.token_variable(operation)
        if variable in tokens:
            continue
        try:
            found = tokens_for(context, request.for_method(context, operation.scopes))
        except NeedsPerson as problem:
            context.ui.warn(f"{variable} is left empty: {problem}")
            continue
        tokens[variable] = raw_token(found, f"{operation.kind}_token")
        ends.append(found.expires_at)
    return replace(api, tokens=tokens), min(ends, default=None)
