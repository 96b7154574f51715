"""The loopback server that receives the user pool's redirect."""

from __future__ import annotations

import errno
import hmac
import ipaddress
import os
import re
import socket
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import parse_qsl

from cognito_gw.addresses import LOOPBACK_HOST
from cognito_gw.errors import CgwError, UsageError
from cognito_gw.oauth import callback_pages

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


_URL = re.compile(
    rf"http://({LOOPBACK_HOST})(?::([1-9]\d{{0,4}}))?"
    r"((?:/[\w.~!$&'()*+,;=:@%-]*)*)",  # what a browser sends as it stands
    re.ASCII,
)
_HTTP, _LAST = 80, 65535  # ports
# Where browsers look for `localhost`, whatever the system's own list of hosts says.
_LOCALHOST = ("127.0.0.1", "::1")
_ABSENT = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)  # without IPv6, or without IPv4
_FORM = "application/x-www-form-urlencoded"
_LARGEST = 64 * 1024  # bytes of a form
_IN_QUERY = ("code", "error", "error_description")
_IN_FRAGMENT = (
    "access_token",
    "id_token",
    "token_type",
    "expires_in",
    "error",
    "error_description",
)
_PATIENCE = 1.0  # seconds for a page that is on its way when all else is done


@dataclass(frozen=True)
class Callback:
    """A callback URL in parts; `hosts` are the ways a browser may spell its host."""

    host: str
    hosts: frozenset[str]
    port: int
    path: str

    @classmethod
    def of(cls, url: str) -> Callback | None:
        """Return the parts of a URL that can be served here: on loopback, by HTTP."""
        match = _URL.fullmatch(url)
        if match is None or int(match[2] or _HTTP) > _LAST:
            return None
        host, port = match[1], int(match[2] or _HTTP)
        hosts = {f"{host}:{port}"} | ({host} if port == _HTTP else set())
        return cls(host, frozenset(hosts), port, match[3] or "/")

    @property
    def addresses(self) -> list[str]:
        """Every address at which a browser may look for the host."""
        if self.host != "localhost":
            return [self.host.strip("[]")]
        with suppress(OSError):  # the name is unknown to this system
            found = socket.getaddrinfo(self.host, None, type=socket.SOCK_STREAM)
            resolved = [str(address[0]) for *_, address in found]
            own = filter(_is_loopback, resolved)
            return list(dict.fromkeys([*_LOCALHOST, *own]))
        return list(_LOCALHOST)


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


class Inbox:
    """Waits for one answer at a callback URL, which may have several addresses."""

    def __init__(self, callback: Callback, state: str, *, by_fragment: bool) -> None:
        self.callback = callback
        self.state = state.encode()
        self.by_fragment = by_fragment
        self.answer: dict[str, str] = {}
        self.answered = threading.Event()
        self._lock = threading.Lock()

    def take(self, answer: dict[str, str]) -> bool:
        """Keep the first answer; return whether it was this one."""
        with self._lock:
            if self.answered.is_set():
                return False
            self.answer = answer
            self.answered.set()
            return True

    def listen(self) -> list[Server]:
        """Listen at all addresses of the host; raise OSError, and listen at none.

        An address that is left out would be free for another user of this machine,
        and the browser might take the answer there.
        """
        servers: list[Server] = []
        for address in self.callback.addresses:
            try:
                servers.append(Server(address, self))
            except OSError as error:
                if error.errno in _ABSENT and address != self.callback.host.strip("[]"):
                    continue  # a machine may do without IPv6
                for server in servers:
                    server.server_close()
                raise
        if not servers:
            raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
        return servers


class Server(ThreadingHTTPServer):
    """One thread for each connection: browsers open some that they never use."""

    allow_reuse_address = os.name == "posix"  # elsewhere it would let others share it
    allow_reuse_port = False
    request_queue_size = 64

    def __init__(self, address: str, inbox: Inbox) -> None:
        self.inbox = inbox
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._connections: dict[threading.Thread, socket.socket] = {}
        super().__init__((address, inbox.callback.port), _Handler)

    def server_bind(self) -> None:
        """Bind, without HTTPServer's look-up of this machine's name."""
        if sys.platform == "win32":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, known by its connection."""
        known = self._connections.items()
        self._connections = {each: open_ for each, open_ in known if each.is_alive()}
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            daemon=True,
        )
        thread.start()
        self._connections[thread] = request

    def server_close(self) -> None:
        """Free the port; read nothing more, but let what is being written go out."""
        super().server_close()
        for connection in self._connections.values():
            with suppress(OSError):  # it has ended meanwhile
                connection.shutdown(socket.SHUT_RD)
        for thread in self._connections:
            thread.join(_PATIENCE)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: the browser has gone away."""


class _Reply(Exception):
    """Raised to answer with a page at once."""

    def __init__(self, page: callback_pages.Page) -> None:
        super().__init__(page.title)
        self.page = page


class _Handler(BaseHTTPRequestHandler):
    """Judges one request."""

    server: Server
    timeout: ClassVar[float] = 10.0  # of a connection on which nothing comes
    default_request_version = "HTTP/1.0"  # 0.9 would be answered without headers

    @property
    def inbox(self) -> Inbox:
        return self.server.inbox

    def do_GET(self) -> None:
        self._serve(self._in_query)

    def do_POST(self) -> None:
        self._serve(self._in_form)

    def send_error(self, code: int, *_: object) -> None:
        """Answer what is not HTTP as we know it; do not repeat any of it."""
        if code == HTTPStatus.NOT_IMPLEMENTED:
            code = HTTPStatus.METHOD_NOT_ALLOWED
        elif code >= HTTPStatus.INTERNAL_SERVER_ERROR:  # a version of HTTP to come
            code = HTTPStatus.BAD_REQUEST
        self._send(callback_pages.not_understood(HTTPStatus(code)))

    def log_message(self, *_: object) -> None:
        """Say nothing: standard error is the command's."""

    def _serve(self, read: Callable[[], dict[str, str]]) -> None:
        try:
            self._require_callback()
            page = self._outcome(read())
        except _Reply as reply:
            page = reply.page
        self._send(page)

    def _require_callback(self) -> None:
        callback, hosts = self.inbox.callback, self.headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0] not in callback.hosts:
            raise _Reply(callback_pages.WRONG_HOST)
        if self._target[0] != callback.path:
            raise _Reply(callback_pages.WRONG_PATH)

    @property
    def _target(self) -> tuple[str, str]:
        """Path and query to the letter: `path` is already mended a little."""
        path, _, query = self.requestline.split()[1].partition("?")
        return path, query

    def _in_query(self) -> dict[str, str]:
        pairs = parse_qsl(self._target[1], keep_blank_values=True)
        if self.inbox.by_fragment and not {"code", "error"} & dict(pairs).keys():
            raise _Reply(callback_pages.HANDOVER)
        wanted = "error" if self.inbox.by_fragment else "code"
        return self._answer(pairs, wanted, _IN_QUERY)

    def _in_form(self) -> dict[str, str]:
        if not self.inbox.by_fragment:
            raise _Reply(callback_pages.NO_FORM)
        origins = {f"http://{host}" for host in self.inbox.callback.hosts}
        if self.headers.get("Origin") not in origins:
            raise _Reply(callback_pages.FOREIGN_FORM)
        if self.headers.get_content_type() != _FORM:
            raise _Reply(callback_pages.NOT_A_FORM)
        text = self._body().decode("utf-8", "replace")
        pairs = parse_qsl(text, keep_blank_values=True)
        return self._answer(pairs, "access_token", _IN_FRAGMENT)

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length")
        if length is None:
            raise _Reply(callback_pages.NO_LENGTH)
        size = int(length[:9]) if length.isdecimal() else 0
        if size > _LARGEST:
            raise _Reply(callback_pages.TOO_LARGE)
        body = self.rfile.read(size)
        if len(body) < size or not length.isdecimal():
            raise _Reply(callback_pages.WRONG_LENGTH)
        return body

    def _answer(
        self, pairs: list[tuple[str, str]], wanted: str, known: tuple[str, ...]
    ) -> dict[str, str]:
        fields = {name: value for name, value in pairs if value}
        if len({name for name, _ in pairs}) < len(pairs):
            raise _Reply(callback_pages.TWICE)
        given = fields.get("state", "").encode()
        if not hmac.compare_digest(given, self.inbox.state):
            raise _Reply(callback_pages.NOT_OURS)
        if not {wanted, "error"} & fields.keys():
            raise _Reply(callback_pages.EMPTY)
        return {name: fields[name] for name in known if name in fields}

    def _outcome(self, answer: dict[str, str]) -> callback_pages.Page:
        if not self.inbox.take(answer):
            raise _Reply(callback_pages.ANSWERED)
        if "error" in answer:
            return callback_pages.failed(
                answer["error"], answer.get("error_description", "")
            )
        return callback_pages.SIGNED_IN

    def _send(self, page: callback_pages.Page) -> None:
        content = page.html.encode()
        headers = page.headers | {"Content-Length": str(len(content))}
        if page.status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = "GET, POST" if self.inbox.by_fragment else "GET"
        self.send_response_only(page.status)  # without Python's version
        for name, value in (headers | {"Connection": "close"}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


_POLL = 0.02  # seconds until the server notices that it is to end
_SLICE = 0.1  # likewise until a wait notices Ctrl-C on Windows


class PortTaken(CgwError):
    """Raised when another program listens on the port."""


class NoAnswer(CgwError):
    """Raised when nobody has signed in in time."""


def is_loopback(url: str) -> bool:
    """Whether a callback URL is one that we can serve: on loopback, by plain HTTP."""
    return Callback.of(url) is not None


def cannot_listen(port: int, error: OSError) -> CgwError:
    """Return what to raise for a port that is not to be had."""
    other = "register another callback URL in `callback_urls`"
    if error.errno == errno.EADDRINUSE:
        return PortTaken(
            f"another program listens on port {port}", hint=f"stop it, or {other}"
        )
    if error.errno == errno.EACCES:
        return CgwError(
            f"this system does not let you listen on port {port}",
            hint=f"ports below 1024 are often reserved: {other}",
        )
    return CgwError(f"cannot listen on port {port}: {error.strerror}", hint=other)


class Loopback:
    """Serves an app's callback URL on loopback until the one answer has come."""

    def __init__(self, url: str, state: str, *, by_fragment: bool = False) -> None:
        """Take the URL's port; nothing is answered before the `with`.

        By fragment come tokens, which a page's script has to send on; else a code.
        """
        callback = Callback.of(url)
        if callback is None:
            raise UsageError(f"{url} is not a callback URL that can be served here")
        self.url = url
        self._inbox = Inbox(callback, state, by_fragment=by_fragment)
        try:
            self._servers = self._inbox.listen()
        except OSError as error:
            raise cannot_listen(callback.port, error) from None
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(_POLL,), daemon=True)
            for server in self._servers
        ]

    def __enter__(self) -> Self:
        """Begin to answer."""
        for thread in self._threads:
            thread.start()
        return self

    def close(self) -> None:
        """Free the port."""
        for server in self._servers:
            server.server_close()

    def wait(self, seconds: float) -> dict[str, str]:
        """Return the answer's parameters, without the state."""
        end = time.monotonic() + seconds
        while not self._inbox.answered.is_set():
            left = end - time.monotonic()
            if left <= 0:
                raise NoAnswer(
                    f"nobody signed in within {seconds:g} seconds",
                    hint="`--timeout` gives more time, and `--no-browser` prints the "
                    "address for a browser of your choice",
                )
            self._inbox.answered.wait(min(left, _SLICE))
        return dict(self._inbox.answer)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the last page go out, free the port and end all threads."""
        for server in self._servers:
            server.shutdown()
        for thread in self._threads:
            thread.join()
        self.close()
