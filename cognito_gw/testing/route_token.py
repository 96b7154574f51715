"""Puts a token into each request of an httpx client, as its route wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


class RouteToken(httpx.Auth):
    """Asks for a token by method and path; what stands in the header already stays."""

    def __init__(
        self, url: str, header: str, token: Callable[[str, str], str | None]
    ) -> None:
        """Send tokens to the API at `url`, and to nobody else."""
        self._url = httpx.URL(url)
        self._header = header
        self._token = token

    def auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the request once, with its token."""
        path = self._path(request.url)
        if path is not None and self._header not in request.headers:
            token = self._token(request.method, path)
            if token is not None:
                request.headers[self._header] = token
        yield request

    def _path(self, url: httpx.URL) -> str | None:
        """Return the path as API Gateway routes it, or None at another address."""
        base = self._url.raw_path.decode()
        path = url.raw_path.decode().partition("?")[0]
        is_ours = url.netloc == self._url.netloc and path.startswith(f"{base}/")
        return path.removeprefix(base) if is_ours else None
