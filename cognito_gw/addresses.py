"""Which addresses may receive a secret: HTTPS, or HTTP on this machine."""

from __future__ import annotations

import re

LOOPBACK = ("127.0.0.1", "::1", "localhost")
LOOPBACK_HOST = r"(?:localhost|127\.0\.0\.1|\[::1\])"  # a pattern, as in a URL
# Only what all programs parse alike: no user name, query, backslash, or space.
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://"
    r"(?:(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)|\[(?P<ip>[0-9A-Fa-f:]+)\])"
    r"(?P<port>:[0-9]{1,5})?"
    r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?"
)


def origin_of(address: str) -> tuple[str, str, str] | None:
    """Return (scheme, host, port), or None if it is not a plain web address."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return None
    host = (found["name"] or found["ip"]).lower()
    return found["scheme"], host, found["port"] or ""


def is_private(address: str) -> bool:
    """Whether others on the network cannot read what is sent to the address."""
    origin = origin_of(address)
    if origin is None:
        return False
    scheme, host, _ = origin
    return scheme == "https" or host in LOOPBACK
