"""Malformed HTTP requests, also those cut off. Each is one line in the log.

No octet of such a request is logged: it may be part of a token or a password.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

BROKEN = (web.RequestPayloadError, HttpProcessingError)


@web.middleware
async def only_whole_requests(
    request: web.Request,
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> web.StreamResponse:
    """Refuse a body that breaks off, or is not encoded as it says."""
    try:
        return await handler(request)
    except BROKEN:
        return web.Response(status=400, text="The body cannot be read.\n")
    except ConnectionError:
        if request.transport and not request.transport.is_closing():
            raise
        return web.Response(status=400)  # to nobody: the client has gone


def log_them_in_one_line() -> None:
    """Let the log tell of them without a traceback, which is for faults of ours."""
    logging.getLogger("aiohttp.server").addFilter(_without_traceback)


def _without_traceback(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, BROKEN):
        record.msg, record.args = "a malformed request: %s", (type(error).__name__,)
        record.exc_info = None
    return True
