"""One HTTP request to the deployed API."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cognito_gw.errors import CgwError, UsageError
from cognito_gw.text import LOOPBACK, json_object

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

_STOPPED = (
    "nothing listens at this address any more; if it was the local AWS, `cgw up` "
    "starts a new one"
)
_SECONDS = 35.0  # API Gateway gives up after 29


class NoAnswer(CgwError):
    """Raised when nothing answers: DNS, connection, or TLS fails."""


def send(
    verb: str,
    url: str,
    headers: Sequence[tuple[str, str]] = (),
    body: bytes | None = None,
) -> httpx.Response:
    """Send a request, through the proxy of the environment if it names one.

    Raises UsageError for a request that cannot be sent, and NoAnswer.
    """
    import httpx

    _require_ascii(verb, "the method")
    for name, value in headers:
        _require_ascii(name + value, f"the header {name}")
    # A proxy cannot reach this machine itself.
    is_here = urlsplit(url).hostname in LOOPBACK
    try:
        with httpx.Client(
            verify=_trust(url), timeout=_SECONDS, trust_env=not is_here
        ) as client:
            return client.request(verb, url, headers=[*headers], content=body)
    except (httpx.LocalProtocolError, httpx.InvalidURL) as error:
        raise UsageError(f"{verb} {url} cannot be sent: {error}") from None
    except httpx.HTTPError as error:
        raise NoAnswer(
            f"{verb} {url}: {error}",
            hint=_STOPPED
            if is_here and isinstance(error, httpx.ConnectError)
            else "is it deployed? a new host name can take a minute to resolve",
        ) from None


def message_in(response: httpx.Response) -> str:
    """Return the `message` of a gateway's JSON body, or an empty string."""
    return str(json_object(response.content).get("message") or "")


def _require_ascii(text: str, what: str) -> None:
    if not text.isascii():
        raise UsageError(f"{what} can contain only ASCII characters")


def _trust(url: str) -> ssl.SSLContext:
    if urlsplit(url).scheme != "https":  # loading certificates is slow
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bundle = os.environ.get("AWS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    try:
        return ssl.create_default_context(cafile=bundle)
    except OSError as error:
        raise CgwError(
            f"the CA bundle {bundle} cannot be used: {error.strerror or error}",
            hint="AWS_CA_BUNDLE or SSL_CERT_FILE names it",
        ) from None
