"""One HTTP request: its content, its proxy, and its errors."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from cognito_gw.errors import CgwError, UsageError
from cognito_gw.oauth.request import NoAnswer, message_in, send


class Echo(BaseHTTPRequestHandler):
    """Records its requests."""

    def do_GET(self):
        """Answer any request with an empty body."""
        length = int(self.headers.get("Content-Length", 0))
        sent = (self.command, self.path, list(self.headers.items()))
        self.server.seen.append((*sent, self.rfile.read(length)))
        self.send_response(204)
        self.end_headers()

    def do_POST(self):
        """Answer as for GET."""
        self.do_GET()

    def log_message(self, *_):
        """Log nothing."""


@pytest.fixture
def server():
    """A server on the loopback that records its requests."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        server.seen = []
        server.daemon_threads = True
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_everything_asked_for_is_sent(server):
    """Method, path, query, header and body."""
    headers = [("Authorization", "token"), ("X-One", "1"), ("X-One", "2")]
    send("POST", f"{server.url}/a/b?q=1+2&q=%26", headers, b"body")
    ((verb, path, sent, body),) = server.seen
    assert (verb, path, body) == ("POST", "/a/b?q=1+2&q=%26", b"body")
    assert ("Authorization", "token") in sent
    values = [value for name, value in sent if name.lower() == "x-one"]
    assert ", ".join(values) == "1, 2"


def test_a_query_in_the_path_is_kept(server):
    """If no query is given as an option."""
    send("GET", f"{server.url}/a?b=c")
    assert server.seen[0][1] == "/a?b=c"


@pytest.mark.parametrize(
    ("host", "no_proxy", "is_proxied"),
    [
        ("http://api.example.com/dev", "", True),
        ("http://api.example.com/dev", "example.com", False),
        ("http://127.0.0.1:1/", "", False),
        ("http://localhost:1/", "", False),
    ],
)
def test_the_proxy_of_the_environment_is_used(
    server, environment, host, no_proxy, is_proxied
):
    """Except for hosts in NO_PROXY and for this machine."""
    environment.setenv("HTTP_PROXY", server.url)
    environment.setenv("http_proxy", server.url)
    environment.setenv("NO_PROXY", no_proxy)
    try:
        send("GET", host)
    except CgwError:
        assert not is_proxied
    assert [seen[1] for seen in server.seen] == ([host] if is_proxied else [])


@pytest.mark.parametrize(
    ("verb", "path", "headers"),
    [
        ("G(T", "/", []),
        ("GÉT", "/", []),
        ("GET", "/\x00", []),
        ("GET", "/", [("a", "é")]),
        ("GET", "/", [("é", "a")]),
        ("GET", "/", [("a b", "c")]),
        ("GET", "/", [("a", "b\nc")]),
    ],
)
def test_an_invalid_request_is_a_usage_error(server, verb, path, headers):
    """Nothing is sent."""
    with pytest.raises(UsageError):
        send(verb, server.url + path, headers)
    assert server.seen == []


@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_ca_bundle_that_cannot_be_read_is_named(environment, tmp_path, name):
    """For each variable that can set it."""
    bundle = tmp_path / "bundle.pem"
    environment.setenv(name, str(bundle))
    with pytest.raises(CgwError, match=r"bundle\.pem"):
        send("GET", "https://127.0.0.1:1/")
    bundle.write_text("not a certificate")
    with pytest.raises(CgwError, match=r"bundle\.pem"):
        send("GET", "https://127.0.0.1:1/")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"message": "Unauthorized"}', "Unauthorized"),
        (b'{"message": null}', ""),
        (b"{}", ""),
        (b"[]", ""),
        (b"", ""),
        (b"<html>", ""),
        (b"\xff", ""),
    ],
)
def test_the_message_of_a_gateway_is_read_from_its_json(content, message):
    """Other bodies have no message."""
    assert message_in(httpx.Response(401, content=content)) == message


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("http://127.0.0.1:1/", "any more"),
        ("http://nowhere.invalid/", "take a minute to resolve"),
    ],
)
def test_what_nothing_answers_for(url, hint):
    """For this machine, the error does not mention DNS."""
    with pytest.raises(NoAnswer, match=url) as error:
        send("GET", url)
    assert hint in error.value.hint
