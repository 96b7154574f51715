"""The local AWS logs nothing of a malformed request: it may contain a secret."""

from __future__ import annotations

import logging
import socket
from contextlib import suppress
from functools import partial
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.http_exceptions import (
    BadHttpMethod,
    BadStatusLine,
    InvalidHeader,
    LineTooLong,
    TransferEncodingError,
)
from hypothesis import given
from hypothesis import strategies as st

from cognito_gw.local.server import log_without_traceback

SECRET = "eyJzZWNyZXQi"
MALFORMED = {
    "header without a colon": b"GET / HTTP/1.1\r\n%sAuthorization eyJzZWNyZXQi\r\n\r\n",
    "header name": b"GET / HTTP/1.1\r\n%sAuthorization eyJzZWNyZXQi: x\r\n\r\n",
    "header value": b"GET / HTTP/1.1\r\n%sAuthorization: \x01eyJzZWNyZXQi\r\n\r\n",
    "folded header": b"GET / HTTP/1.1\r\n%sA: b\r\n eyJzZWNyZXQi\x00\r\n\r\n",
    "request target": b"GET eyJzZWNyZXQi{} [ HTTP/1.1\r\n%s\r\n",
    "method": b"eyJzZWNyZXQi(1) / HTTP/1.1\r\n%s\r\n",
    "version": b"GET / HTTP/eyJzZWNyZXQi\r\n%s\r\n",
    "port of the target": b"GET http://x:eyJzZWNyZXQi/ HTTP/1.1\r\n%s\r\n",
    "length": b"POST / HTTP/1.1\r\n%sContent-Length: eyJzZWNyZXQi\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\n%sContent-Length: 1\r\n"
    b"Content-Length: eyJzZWNyZXQi\r\n\r\nx",
    "encoding": b"POST / HTTP/1.1\r\n%sTransfer-Encoding: eyJzZWNyZXQi\r\n\r\n",
    "chunk": b"POST / HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\n\r\neyJzZWNyZXQi\r\n",
    "compressed body": b"POST / HTTP/1.1\r\n%sContent-Encoding: gzip\r\n"
    b"Content-Length: 12\r\n\r\neyJzZWNyZXQi",
    "another protocol": b"eyJzZWNyZXQi\r\n\r\n",
    "charset": b"POST /_aws/cognito/x/oauth2/token HTTP/1.1\r\n%s"
    b"Content-Type: application/x-www-form-urlencoded; charset=eyJzZWNyZXQi\r\n"
    b"Content-Length: 3\r\n\r\na=b",
}


def answer_to(server, request):
    """Send the bytes of a request; return those of the response."""
    address = urlsplit(server.url)
    host = b"Host: %s\r\nConnection: close\r\n" % address.netloc.encode()
    answer = b""
    with socket.create_connection((address.hostname, address.port), 10) as connection:
        connection.sendall(request.replace(b"%s", host))
        with suppress(ConnectionError):
            while part := connection.recv(1 << 16):
                answer += part
    return answer


def test_the_log_has_nothing_of_malformed_requests(server):
    """Whichever part is malformed, the log only records that it happened."""
    before = server.log.stat().st_size
    answers = {name: answer_to(server, each) for name, each in MALFORMED.items()}
    refused = [each for each in answers.values() if each[8:].startswith(b" 400 ")]
    assert len(refused) > len(MALFORMED) / 2, answers
    log = server.log.read_bytes()[before:].decode("utf-8", "replace")
    assert SECRET not in log
    assert "malformed request" in log
    assert "Traceback" not in log


ERRORS = [
    partial(BadHttpMethod, b""),
    BadStatusLine,
    InvalidHeader,
    lambda text: LineTooLong(text.encode(), 8190),
    TransferEncodingError,
    web.RequestPayloadError,
]


@given(st.sampled_from(ERRORS), st.text(min_size=1))
def test_the_log_has_only_the_kind_of_error(make, text):
    """The log omits what the HTTP library says about the request."""
    log_without_traceback()
    error = make(f"secret-{text}")
    info = (type(error), error, None)
    record = logging.LogRecord("aiohttp.server", 40, "", 0, "%s", (text,), info)
    try:
        logging.getLogger("aiohttp.server").filter(record)
    finally:
        logging.getLogger("aiohttp.server").filters.clear()
    written = logging.Formatter().format(record)
    assert written == f"a malformed request: {type(error).__name__}"
