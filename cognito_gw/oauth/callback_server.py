"""The loopback server for the user pool's redirect (RFC 8252, section 7.3).

The document, style and script of its pages are in `callback.html`, `callback.css` and
`callback.js`.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import hmac
import html
import ipaddress
import os
import re
import socket
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from socketserver import TCPServer
from string import Template
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import parse_qsl

from cognito_gw.errors import CgwError, UsageError
from cognito_gw.text import LOOPBACK_HOST

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


_LONGEST = 500  # characters of an error message
_WITHOUT_SCRIPT = (
    "<noscript><p>This flow needs JavaScript, which is turned off. "
    "Use <code>--flow browser</code> instead.</p></noscript>"
)


@dataclass(frozen=True)
class Page:
    """One page; `html` escapes its text."""

    status: HTTPStatus
    title: str
    paragraphs: tuple[str, ...]
    mood: str = "bad"  # a class of the style: good, bad, or wait
    takes_fragment: bool = False  # its script posts the URL fragment back

    @property
    def html(self) -> str:
        """The page as a document."""
        script = f"{_WITHOUT_SCRIPT}<script>{_asset('js')}</script>"
        return Template(_asset("html")).substitute(
            title=html.escape(self.title),
            style=_asset("css"),
            mood=self.mood,
            paragraphs="\n".join(f"<p>{html.escape(t)}</p>" for t in self.paragraphs),
            script=script if self.takes_fragment else "",
        )

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the response, which forbid everything the page does not do."""
        policy = f"default-src 'none'; style-src {_csp_hash(_asset('css'))}; "
        if self.takes_fragment:
            policy += f"script-src {_csp_hash(_asset('js'))}; connect-src 'self'; "
        policy += "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        return {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }


SIGNED_IN = Page(
    HTTPStatus.OK,
    "Signed in",
    ("You can close this window and return to the terminal.",),
    "good",
)
HANDOVER = Page(
    HTTPStatus.OK,
    "Almost there",
    ("Sending the tokens from this page to the terminal.",),
    "wait",
    takes_fragment=True,
)


def failed(error: str, description: str) -> Page:
    """Return the page for a sign-in that the user pool refused."""
    reason = f"{error}: {description}" if description else error
    more = "You can close this window. The terminal shows details."
    return Page(HTTPStatus.BAD_REQUEST, "Sign-in failed", (reason[:_LONGEST], more))


def rejected(status: HTTPStatus, reason: str) -> Page:
    """Return the page for a request that does not end the sign-in."""
    return Page(status, "Request rejected", (reason,))


@cache
def _asset(suffix: str) -> str:
    return files("cognito_gw.oauth").joinpath(f"callback.{suffix}").read_text("utf-8")


def _csp_hash(text: str) -> str:
    """Return the source expression of a Content-Security-Policy for an inline text."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


_URL = re.compile(
    rf"http://({LOOPBACK_HOST})(?::([1-9]\d{{0,4}}))?"
    r"((?:/[\w.~!$&'()*+,;=:@%-]*)*)",  # the characters that a browser sends unchanged
    re.ASCII,
)
_HTTP, _LAST = 80, 65535  # ports
# Where browsers connect for `localhost`, whatever the hosts file says.
_LOCALHOST = ("127.0.0.1", "::1")
_ABSENT = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)  # without IPv6, or without IPv4
_FORM = "application/x-www-form-urlencoded"
_LARGEST = 64 * 1024  # bytes of a form
_IN_QUERY = ("code", "error", "error_description")
_IN_FRAGMENT = ("access_token", "id_token", "token_type", "expires_in", *_IN_QUERY[1:])
_PATIENCE = 1.0  # seconds for a page that is still being written at the end
_POLL = 0.02  # seconds until the server notices that it must stop
_SLICE = 0.1  # seconds until a wait notices Ctrl-C on Windows


class PortTaken(CgwError):
    """Raised when another program listens on the port."""


class NoAnswer(CgwError):
    """Raised when the sign-in was not completed in time."""


@dataclass(frozen=True)
class Callback:
    """The parts of a callback URL; `hosts` are the accepted Host headers."""

    host: str
    hosts: frozenset[str]
    port: int
    path: str

    @classmethod
    def of(cls, url: str) -> Callback | None:
        """Return the parts of a URL that can be served here: HTTP on loopback."""
        match = _URL.fullmatch(url)
        if match is None or int(match[2] or _HTTP) > _LAST:
            return None
        host, port = match[1], int(match[2] or _HTTP)
        hosts = {f"{host}:{port}"} | ({host} if port == _HTTP else set())
        return cls(host, frozenset(hosts), port, match[3] or "/")

    @property
    def addresses(self) -> list[str]:
        """Every address to which a browser may connect for the host."""
        if self.host != "localhost":
            return [self.host.strip("[]")]
        with suppress(OSError):  # the system does not know the name
            found = socket.getaddrinfo(self.host, None, type=socket.SOCK_STREAM)
            resolved = [str(address[0]) for *_, address in found]
            return list(dict.fromkeys([*_LOCALHOST, *filter(_is_loopback, resolved)]))
        return list(_LOCALHOST)


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


class Loopback:
    """Serves a callback URL on loopback until the first valid response arrives."""

    def __init__(self, url: str, state: str, *, by_fragment: bool = False) -> None:
        """Bind the URL's port; requests are served only inside the `with`.

        With `by_fragment`, tokens arrive in the URL fragment, which a page must post
        back; without it, a code arrives in the query. Raises UsageError for a URL that
        is not on loopback, and PortTaken or another CgwError when the port is not
        available.
        """
        callback = Callback.of(url)
        if callback is None:
            raise UsageError(f"{url} is not an HTTP URL on this machine")
        self.url = url
        self.callback = callback
        self.state = state.encode()
        self.by_fragment = by_fragment
        self._answer: dict[str, str] = {}
        self._answered = threading.Event()
        self._lock = threading.Lock()
        try:
            self._servers = self._listen()
        except OSError as error:
            raise cannot_listen(callback.port, error) from None
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(_POLL,), daemon=True)
            for server in self._servers
        ]

    def __enter__(self) -> Self:
        """Begin to serve requests."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish the last page, free the port, and end all threads."""
        for server in self._servers:
            server.shutdown()
        for thread in self._threads:
            thread.join()
        self.close()

    def close(self) -> None:
        """Free the port."""
        for server in self._servers:
            server.server_close()

    def take(self, answer: dict[str, str]) -> bool:
        """Keep the first answer; return whether it was this one."""
        with self._lock:
            if self._answered.is_set():
                return False
            self._answer = answer
            self._answered.set()
            return True

    def wait(self, seconds: float) -> dict[str, str]:
        """Return the parameters of the answer, without the state, or raise NoAnswer."""
        end = time.monotonic() + seconds
        while not self._answered.is_set():
            left = end - time.monotonic()
            if left <= 0:
                raise NoAnswer(
                    f"the sign-in was not completed within {seconds:g} seconds",
                    hint="`--timeout` allows more time, and `--no-browser` prints the "
                    "address for a browser of your choice",
                )
            self._answered.wait(min(left, _SLICE))
        return dict(self._answer)

    def _listen(self) -> list[Server]:
        """Listen on all addresses of the host; on OSError, on none.

        Another user of this machine could bind an address that is left out, and the
        browser might send the answer there.
        """
        servers: list[Server] = []
        for address in self.callback.addresses:
            try:
                servers.append(Server(address, self))
            except OSError as error:
                if error.errno in _ABSENT and address != self.callback.host.strip("[]"):
                    continue  # this machine has no IPv6
                for server in servers:
                    server.server_close()
                raise
        if not servers:
            raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
        return servers


def cannot_listen(port: int, error: OSError) -> CgwError:
    """Return the error to raise when a port is not available."""
    other = "register another callback URL in `callback_urls`"
    if error.errno == errno.EADDRINUSE:
        return PortTaken(
            f"another program listens on port {port}", hint=f"stop it, or {other}"
        )
    if error.errno == errno.EACCES:
        return CgwError(
            f"this system does not allow you to listen on port {port}",
            hint=f"ports below 1024 are often reserved: {other}",
        )
    return CgwError(f"cannot listen on port {port}: {error.strerror}", hint=other)


class Server(ThreadingHTTPServer):
    """One thread for each connection, because browsers open some they never use."""

    allow_reuse_address = os.name == "posix"  # elsewhere others could share the port
    allow_reuse_port = False
    request_queue_size = 64

    def __init__(self, address: str, loopback: Loopback) -> None:
        self.loopback = loopback
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._connections: dict[threading.Thread, socket.socket] = {}
        super().__init__((address, loopback.callback.port), _Handler)

    def server_bind(self) -> None:
        """Bind without HTTPServer's reverse lookup of this machine's name."""
        if sys.platform == "win32":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a new thread, and remember its connection."""
        known = self._connections.items()
        self._connections = {
            thread: open_ for thread, open_ in known if thread.is_alive()
        }
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            daemon=True,
        )
        thread.start()
        self._connections[thread] = request

    def server_close(self) -> None:
        """Free the port; read no more, but finish what is being written."""
        super().server_close()
        for connection in self._connections.values():
            with suppress(OSError):  # it has ended meanwhile
                connection.shutdown(socket.SHUT_RD)
        for thread in self._connections:
            thread.join(_PATIENCE)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: the browser has closed the connection."""


class _Reply(Exception):
    """Raised to send a page for a request that does not end the sign-in."""

    def __init__(self, page: Page) -> None:
        super().__init__(page.title)
        self.page = page


class _Rejected(_Reply):
    """Raised for a request that is not the awaited response."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(rejected(status, reason))


class _Handler(BaseHTTPRequestHandler):
    """Checks one request."""

    server: Server
    timeout: ClassVar[float] = 10.0  # seconds, for a connection without data
    default_request_version = "HTTP/1.0"  # 0.9 would be answered without headers

    @property
    def loopback(self) -> Loopback:
        return self.server.loopback

    def do_GET(self) -> None:
        self._serve(self._in_query)

    def do_POST(self) -> None:
        self._serve(self._in_form)

    def send_error(self, code: int, *_: object) -> None:
        """Answer malformed HTTP without repeating any of it."""
        if code == HTTPStatus.NOT_IMPLEMENTED:
            code = HTTPStatus.METHOD_NOT_ALLOWED
        elif code >= HTTPStatus.INTERNAL_SERVER_ERROR:  # an unknown HTTP version
            code = HTTPStatus.BAD_REQUEST
        reason = "A browser never sends this request after a sign-in."
        self._send(rejected(HTTPStatus(code), reason))

    def log_message(self, *_: object) -> None:
        """Print nothing: standard error belongs to the command."""

    def _serve(self, read: Callable[[], dict[str, str]]) -> None:
        try:
            self._require_callback()
            page = self._outcome(read())
        except _Reply as reply:
            page = reply.page
        self._send(page)

    def _require_callback(self) -> None:
        callback, hosts = self.loopback.callback, self.headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0] not in callback.hosts:
            reason = "The callback URL names another host."
            raise _Rejected(HTTPStatus.MISDIRECTED_REQUEST, reason)
        if self._target[0] != callback.path:
            reason = "Only the callback URL is served here."
            raise _Rejected(HTTPStatus.NOT_FOUND, reason)

    @property
    def _target(self) -> tuple[str, str]:
        """The path and query as sent; `self.path` is normalized."""
        path, _, query = self.requestline.split()[1].partition("?")
        return path, query

    def _in_query(self) -> dict[str, str]:
        pairs = parse_qsl(self._target[1], keep_blank_values=True)
        if not self.loopback.by_fragment:
            return self._checked(pairs, "code", _IN_QUERY)
        if not {"code", "error"} & dict(pairs).keys():
            raise _Reply(HANDOVER)
        return self._checked(pairs, "error", _IN_QUERY)

    def _in_form(self) -> dict[str, str]:
        if not self.loopback.by_fragment:
            reason = "This sign-in ends with a link, not with a form."
            raise _Rejected(HTTPStatus.METHOD_NOT_ALLOWED, reason)
        origins = {f"http://{host}" for host in self.loopback.callback.hosts}
        if self.headers.get("Origin") not in origins:
            reason = "Another page may not send tokens here."
            raise _Rejected(HTTPStatus.FORBIDDEN, reason)
        if self.headers.get_content_type() != _FORM:
            reason = "Tokens are accepted only as a form."
            raise _Rejected(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, reason)
        text = self._body().decode("utf-8", "replace")
        pairs = parse_qsl(text, keep_blank_values=True)
        return self._checked(pairs, "access_token", _IN_FRAGMENT)

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length")
        if length is None:
            reason = "The form has no Content-Length."
            raise _Rejected(HTTPStatus.LENGTH_REQUIRED, reason)
        size = int(length[:9]) if length.isdecimal() else 0
        if size > _LARGEST:
            reason = "The form is larger than tokens can be."
            raise _Rejected(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reason)
        body = self.rfile.read(size)
        if len(body) < size or not length.isdecimal():
            reason = "The form is shorter than its Content-Length."
            raise _Rejected(HTTPStatus.BAD_REQUEST, reason)
        return body

    def _checked(
        self, pairs: list[tuple[str, str]], required: str, known: tuple[str, ...]
    ) -> dict[str, str]:
        """Return the known parameters of an answer to this sign-in."""
        fields = {name: value for name, value in pairs if value}
        bad = HTTPStatus.BAD_REQUEST
        if len({name for name, _ in pairs}) < len(pairs):
            raise _Rejected(bad, "The response repeats a parameter.")
        given = fields.get("state", "").encode()
        if not hmac.compare_digest(given, self.loopback.state):
            reason = "This is not the response to the current sign-in. "
            raise _Rejected(bad, f"{reason}Start from the address in the terminal.")
        if not {required, "error"} & fields.keys():
            raise _Rejected(bad, f"The response has no {required} and no error.")
        return {name: fields[name] for name in known if name in fields}

    def _outcome(self, answer: dict[str, str]) -> Page:
        if not self.loopback.take(answer):
            reason = "This sign-in is already complete. You can close this window."
            raise _Rejected(HTTPStatus.CONFLICT, reason)
        if "error" in answer:
            description = answer.get("error_description", "")
            return failed(answer["error"], description)
        return SIGNED_IN

    def _send(self, page: Page) -> None:
        content = page.html.encode()
        headers = page.headers | {"Content-Length": str(len(content))}
        if page.status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = "GET, POST" if self.loopback.by_fragment else "GET"
        self.send_response_only(page.status)  # without Python's version
        for name, value in (headers | {"Connection": "close"}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
