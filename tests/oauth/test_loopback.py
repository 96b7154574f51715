"""The callback of a browser sign-in: which requests count as the response."""

from __future__ import annotations

import errno
import html
import http.client
import os
import re
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cognito_gw.errors import CgwError, UsageError
from cognito_gw.oauth import callback_server
from cognito_gw.oauth.callback_server import (
    Callback,
    Loopback,
    NoAnswer,
    PortTaken,
    cannot_listen,
)

STATE = "the-state"
GOOD = f"code=abc&state={STATE}"
TOKENS = {"id_token": "i.d.t", "access_token": "a.c.t", "expires_in": "3600"}
FORM = urlencode(TOKENS | {"token_type": "Bearer", "state": STATE})
FORM_TYPE = "application/x-www-form-urlencoded"
MARK = "<z1f9>"  # never part of our pages


@dataclass
class Answer:
    """A response."""

    status: int
    headers: http.client.HTTPMessage
    text: str


def free_port():
    """Return a port that nothing listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def ask(listener, target="/callback", method="GET", headers=(), body=b""):
    """Send a request with only these headers, and a default Host."""
    host = listener.url.split("/")[2]
    headers = dict({"Host": host}, **dict(headers))
    connection = http.client.HTTPConnection("127.0.0.1", int(host.split(":")[1]))
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read().decode())
    finally:
        connection.close()


def hand_over(listener, form=FORM, **headers):
    """Send a form as the page's script does; `None` omits a header."""
    sent = {
        "Origin": "/".join(listener.url.split("/")[:3]),
        "Content-Type": FORM_TYPE,
        "Content-Length": str(len(form)),
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {name: value for name, value in sent.items() if value is not None}
    return ask(listener, method="POST", headers=sent, body=form.encode())


def send_raw(listener, data):
    """Send bytes, and return the complete response."""
    port = int(listener.url.split("/")[2].split(":")[1])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        received = b""
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                received += part
        except ConnectionError:  # the server closed before it read everything
            pass
        return received


def is_waiting(listener):
    """Whether no callback has arrived yet."""
    try:
        listener.wait(0)
    except NoAnswer:
        return True
    return False


def free_url():
    """Return a callback URL with a free port."""
    return f"http://localhost:{free_port()}/callback"


@pytest.fixture
def listener():
    """A listener for a code."""
    with Loopback(free_url(), STATE) as listener:
        yield listener


@pytest.fixture
def taker():
    """A listener for tokens that a page's script forwards."""
    with Loopback(free_url(), STATE, by_fragment=True) as taker:
        yield taker


@pytest.fixture(scope="module")
def unanswered():
    """A listener for a code that never arrives."""
    with Loopback(free_url(), STATE) as listener:
        yield listener


@pytest.fixture(scope="module")
def unanswered_taker():
    """A listener for tokens that never arrive."""
    with Loopback(free_url(), STATE, by_fragment=True) as taker:
        yield taker


@pytest.mark.parametrize(
    ("url", "is_served"),
    [
        ("http://localhost:8765/callback", True),
        ("http://127.0.0.1:8765/callback", True),
        ("http://localhost", True),
        ("http://localhost/", True),
        ("http://localhost:80/a/b-c_d.e~f/%C3%A9", True),
        ("http://localhost:65535/", True),
        ("http://localhost:65536/", False),
        ("http://localhost:0/", False),
        ("http://localhost:/", False),
        ("http://localhost:080/", False),
        ("https://localhost:8765/callback", False),
        ("http://[::1]:8765/callback", True),
        ("http://127.0.0.2:8765/callback", False),
        ("http://0.0.0.0:8765/callback", False),
        ("http://localhost.example.com/", False),
        ("http://example.com/callback", False),
        ("http://me@localhost:8765/callback", False),
        ("http://localhost:8765/callback?a=b", False),
        ("http://localhost:8765/callback#a", False),
        ("http://localhost:8765/a b", False),
        ("http://localhost:8765/é", False),
        ("http://localhost:8765/a\\b", False),
        ("http://localhost:8765/\n", False),
        ("myapp://callback", False),
        ("", False),
    ],
)
def test_only_urls_of_this_machine_can_be_served(url, is_served):
    """Over plain HTTP, in exactly the form that browsers request."""
    assert (Callback.of(url) is not None) is is_served


def test_another_url_is_refused():
    """Before any port is opened."""
    with pytest.raises(UsageError, match=r"https://example\.com"):
        Loopback("https://example.com/callback", STATE)


def test_a_code_is_the_answer(listener):
    """The state is removed, and the user sees that the sign-in succeeded."""
    page = ask(listener, f"/callback?{GOOD}")
    assert page.status == 200
    assert "Signed in" in page.text
    assert "return to the terminal" in page.text
    assert listener.wait(0) == listener.wait(0) == {"code": "abc"}


def test_an_answer_ends_the_wait(listener):
    """Also if it arrives during the wait."""
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(listener.wait, 60)
        ask(listener, f"/callback?{GOOD}")
        assert waiting.result() == {"code": "abc"}


def test_no_answer_says_what_to_do(listener):
    """After the timeout."""
    with pytest.raises(NoAnswer, match=r"within 0\.01 seconds") as caught:
        listener.wait(0.01)
    assert "--timeout" in caught.value.hint
    assert "--no-browser" in caught.value.hint


def test_ctrl_c_ends_the_wait(listener):
    """Immediately: the user has closed the page."""
    pressed = threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGINT))

    def wait():
        pressed.start()
        listener.wait(60)

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            wait()
    finally:
        pressed.join()
        signal.signal(signal.SIGINT, handler)


def test_a_refusal_is_an_answer_too(listener):
    """The user sees the reason, escaped as text."""
    query = {"error": "access_denied", "error_description": f"no & {MARK}"}
    page = ask(listener, f"/callback?{urlencode(query | {'state': STATE})}")
    assert page.status == 400
    assert html.escape(f"access_denied: no & {MARK}") in page.text
    assert MARK not in page.text
    assert listener.wait(0) == query


@pytest.mark.parametrize(
    "query",
    [
        "",
        "code=abc",
        "code=abc&state=",
        "code=abc&state=other",
        f"code=abc&state={STATE}x",
        f"code=abc&state={STATE[:-1]}",
        "code=abc&state=%C3%A9%FF",
        "code=abc&state=%00",
        "error=access_denied",
        "error=access_denied&state=other",
        f"state={STATE}",
        f"code=&state={STATE}",
        f"code=abc&code=abc&state={STATE}",
        f"code=&code=abc&state={STATE}",
        f"code=abc&state={STATE}&state={STATE}",
        f"code=abc&state={STATE}&state=other",
        f"error=a&error=b&state={STATE}",
        f"access_token=a.c.t&state={STATE}",
    ],
)
def test_an_invalid_response_changes_nothing(unanswered, query):
    """Without the state, with duplicates, or empty."""
    assert ask(unanswered, f"/callback?{query}").status == 400
    assert is_waiting(unanswered)


def test_the_true_answer_still_counts_after_a_false_one(listener):
    """Invalid requests do not end a sign-in."""
    assert ask(listener, "/callback?code=abc&state=other").status == 400
    assert ask(listener, f"/callback?{GOOD}").status == 200
    assert listener.wait(0) == {"code": "abc"}


def test_the_first_answer_wins(listener):
    """A second one gets an error page, whatever it contains."""
    ask(listener, f"/callback?{GOOD}")
    for query in (GOOD, f"code=other&state={STATE}", f"error=no&state={STATE}"):
        assert ask(listener, f"/callback?{query}").status == 409
    assert listener.wait(0) == {"code": "abc"}


def test_of_answers_at_the_same_time_one_wins(listener):
    """Only its sender gets the success page."""
    start = threading.Barrier(8)

    def answer(number):
        start.wait()
        return ask(listener, f"/callback?code={number}&state={STATE}").status

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(answer, range(8)))
    assert sorted(statuses) == [200, *[409] * 7]
    assert listener.wait(0) == {"code": str(statuses.index(200))}


@pytest.mark.parametrize(
    "host", ["example.com", "localhost", "127.0.0.1", "LOCALHOST:{port}", "", None]
)
def test_another_host_is_misdirected(unanswered, host):
    """A name that an attacker resolves to this address (DNS rebinding), or no name."""
    port = unanswered.url.split(":")[2].split("/")[0]
    host = "" if host is None else f"Host: {host.format(port=port)}\r\n"
    request = f"GET /callback?{GOOD} HTTP/1.1\r\n{host}\r\n"
    assert b" 421 " in send_raw(unanswered, request.encode())
    assert is_waiting(unanswered)


def test_two_hosts_are_refused(unanswered):
    """Even if both are correct."""
    host = f"Host: {unanswered.url.split('/')[2]}\r\n"
    request = f"GET /callback?{GOOD} HTTP/1.1\r\n{host}{host}\r\n"
    assert b" 421 " in send_raw(unanswered, request.encode())
    assert is_waiting(unanswered)


@pytest.mark.parametrize(
    "path",
    ["/", "/favicon.ico", "/callback/", "//callback", "/Callback", "/callbac%6b", "*"],
)
def test_another_path_is_not_found(unanswered, path):
    """The path must equal the callback URL's exactly."""
    assert ask(unanswered, f"{path}?{GOOD}").status == 404
    assert is_waiting(unanswered)


def test_a_url_without_a_path_is_the_root():
    """As browsers request it."""
    with Loopback(f"http://127.0.0.1:{free_port()}", STATE) as listener:
        assert ask(listener, f"/?{GOOD}").status == 200


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS", "POST", "get"])
def test_another_method_is_not_allowed(unanswered, method):
    """Links use GET."""
    page = ask(unanswered, f"/callback?{GOOD}", method=method)
    assert (page.status, page.headers["Allow"]) == (405, "GET")
    assert bool(page.text) is (method != "HEAD")
    assert is_waiting(unanswered)


def test_a_code_is_not_taken_from_a_form(unanswered):
    """Even from a form of the right page."""
    assert hand_over(unanswered, GOOD).status == 405
    assert is_waiting(unanswered)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\r\n", None),
        (b"GET\r\n\r\n", 400),
        (b"<z1f9> <z1f9> <z1f9> <z1f9>\r\n\r\n", 400),
        (b"GET /callback HTTP/9.9\r\n\r\n", 400),
        (b"GET /callback HTTP/<z1f9>\r\n\r\n", 400),
        (b"GET /callback\r\n\r\n", 421),
        (b"<z1f9> /callback HTTP/1.1\r\n\r\n", 405),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", 400),
        (b"GET /" + b"a" * 65532, 414),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 101, 431),
    ],
)
def test_what_is_not_http_is_refused(unanswered, capfd, data, status):
    """Without an echo and without terminal output."""
    received = send_raw(unanswered, data)
    first = received.partition(b"\r\n")[0]
    assert first.split()[1:2] == ([] if status is None else [b"%d" % status])
    assert MARK.encode() not in received
    assert capfd.readouterr() == ("", "")
    assert is_waiting(unanswered)


def test_a_browser_that_disconnects_does_not_matter(listener, capfd):
    """During a request, or before it reads the page."""
    port = int(listener.url.split(":")[2].split("/")[0])
    reset = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # close with RST
    for data in (b"", b"GET /call", b"GET / HTTP/1.1\r\n\r\n"):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(data)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        connection.close()
    assert ask(listener, f"/callback?{GOOD}").status == 200
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "target",
    [
        f"/callback?{GOOD}",
        "/callback?code=abc",
        "/favicon.ico",
        f"/callback?error=a&state={STATE}",
    ],
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_every_page_has_strict_headers(listener, target, method):
    """No caching, no framing, no resources, and no referrer."""
    headers = ask(listener, target, method, {"Origin": "http://evil.test"}).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Connection"] == "close"
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Server"] is None
    policy = directives(headers)
    assert policy.pop("style-src").startswith("'sha256-")
    assert policy == dict.fromkeys(
        ("default-src", "base-uri", "form-action", "frame-ancestors"), "'none'"
    )
    assert not [name for name in headers if name.lower().startswith("access-control")]


def directives(headers):
    """Return the directives of a Content-Security-Policy."""
    parts = headers["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


def test_the_page_for_a_fragment_runs_its_own_script_only(unanswered_taker):
    """It may connect only to this server, and it shows a notice if scripts are off."""
    page = ask(unanswered_taker)
    policy = directives(page.headers)
    assert page.status == 200
    assert policy["script-src"].startswith("'sha256-")
    assert "unsafe" not in str(policy)
    assert policy["connect-src"] == "'self'"
    assert policy["form-action"] == "'none'"
    assert re.search(r"<noscript>.*JavaScript.*--flow browser.*</noscript>", page.text)
    assert 'role="status"' in page.text
    assert "history.replaceState" in page.text
    assert is_waiting(unanswered_taker)


def test_tokens_come_by_the_form_of_that_page(taker):
    """Then the user can return to the terminal."""
    page = hand_over(taker)
    assert page.status == 200
    assert "return to the terminal" in page.text
    assert taker.wait(0) == TOKENS | {"token_type": "Bearer"}
    assert hand_over(taker).status == 409


@pytest.mark.parametrize("is_form", [False, True])
def test_a_refusal_comes_either_way(taker, is_form):
    """In the query or in the fragment: pools use both."""
    query = f"error=invalid_scope&state={STATE}"
    page = hand_over(taker, query) if is_form else ask(taker, f"/callback?{query}")
    assert page.status == 400
    assert "invalid_scope" in page.text
    assert taker.wait(0) == {"error": "invalid_scope"}


@pytest.mark.parametrize(
    ("query", "status"), [(FORM, 200), (GOOD, 400), (f"{FORM}&code=a", 400)]
)
def test_a_query_brings_no_tokens(unanswered_taker, query, status):
    """The browser's history contains it, and no code was requested."""
    assert ask(unanswered_taker, f"/callback?{query}").status == status
    assert is_waiting(unanswered_taker)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": None}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://evil.test"}, 403),
        ({"Origin": "http://localhost"}, 403),
        ({"Origin": "https://localhost:8765"}, 403),
        ({"Content_Type": None}, 415),
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": "multipart/form-data"}, 415),
        ({"Content_Type": "application/json"}, 415),
        ({"Content_Length": None}, 411),
        ({"Content_Length": "65537"}, 413),
        ({"Content_Length": "9" * 5000}, 413),
        ({"Content_Length": "-1"}, 400),
        ({"Content_Length": "²"}, 400),
        ({"Content_Length": "1_0"}, 400),
        ({"Content_Length": "0"}, 400),
        ({"Content_Length": "20"}, 400),
        ({"Host": "evil.test"}, 421),
    ],
)
def test_a_form_of_another_page_is_not_taken(unanswered_taker, headers, status):
    """Or with another content type, a wrong length, or too many bytes."""
    assert hand_over(unanswered_taker, **headers).status == status
    assert is_waiting(unanswered_taker)


def test_a_form_that_breaks_off_is_not_taken(unanswered_taker):
    """A part of a token is useless."""
    host = unanswered_taker.url.split("/")[2]
    lines = [
        "POST /callback HTTP/1.1",
        f"Host: {host}",
        f"Origin: http://{host}",
        f"Content-Type: {FORM_TYPE}",
        f"Content-Length: {len(FORM) + 1}",
    ]
    request = "\r\n".join([*lines, "", FORM])
    assert b" 400 " in send_raw(unanswered_taker, request.encode())
    assert is_waiting(unanswered_taker)


@pytest.mark.parametrize(
    "form",
    [
        "",
        "access_token=a.c.t",
        "access_token=a.c.t&state=other",
        f"state={STATE}",
        f"code=abc&state={STATE}",
        f"access_token=a&access_token=b&state={STATE}",
        f"{FORM}&state={STATE}",
        "\x00\x7f%FF&&==%",
    ],
)
def test_an_invalid_form_changes_nothing(unanswered_taker, form):
    """The rules for queries also apply to forms."""
    assert hand_over(unanswered_taker, form).status == 400
    assert is_waiting(unanswered_taker)


def test_by_fragment_two_methods_are_allowed(taker):
    """And no third one."""
    page = ask(taker, method="OPTIONS")
    assert (page.status, page.headers["Allow"]) == (405, "GET, POST")


def test_a_port_that_is_taken_is_named(listener):
    """With two solutions."""
    port = listener.url.split(":")[2].split("/")[0]
    with pytest.raises(PortTaken, match=f"port {port}") as caught:
        Loopback(listener.url, "other")
    assert caught.value.exit_code == 1
    assert "stop" in caught.value.hint
    assert "`callback_urls`" in caught.value.hint


def test_a_port_that_the_system_withholds_is_named():
    """Ports below 1024 for most users; other errors show the system's message."""
    error = cannot_listen(80, PermissionError(errno.EACCES, "Permission denied"))
    assert "does not allow you to listen on port 80" in error.what
    assert "1024" in error.hint
    assert not isinstance(error, PortTaken)
    other = cannot_listen(80, OSError(errno.ENFILE, "Too many open files"))
    assert type(other) is CgwError
    assert "Too many open files" in other.what


@pytest.mark.parametrize("host", ["localhost", "localhost:80"])
def test_without_a_port_it_is_80(host):
    """Browsers omit it from Host."""
    try:
        listener = Loopback(f"http://{host}/", STATE)
    except CgwError as error:
        pytest.skip(error.what)
    with listener, socket.create_connection(("127.0.0.1", 80)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b" 400 " in connection.recv(100)


def test_it_listens_on_the_loopback_only(listener):
    """The same port stays free on other addresses of this machine."""
    port = int(listener.url.split(":")[2].split("/")[0])
    with socket.socket() as other:
        other.bind(("127.0.0.2", port))


def test_nothing_is_left():
    """The port is free and all threads have ended, despite idle connections."""
    before, url = set(threading.enumerate()), free_url()
    port = int(url.split(":")[2].split("/")[0])
    for _ in range(2):
        with Loopback(url, STATE) as listener:
            idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
            idle[0].sendall(b"GET /callback?")
            assert ask(listener, f"/callback?{GOOD}").status == 200
        assert set(threading.enumerate()) <= before
        for connection in idle:
            connection.close()


def test_the_last_page_goes_out():
    """Although the listener is closing."""
    with ThreadPoolExecutor() as pool:
        with Loopback(free_url(), STATE) as listener:
            asking = pool.submit(ask, listener, f"/callback?{GOOD}")
            listener.wait(60)
        assert "Signed in" in asking.result().text


def test_an_exception_inside_is_not_swallowed():
    """The port is freed."""
    url = free_url()
    with pytest.raises(ZeroDivisionError), Loopback(url, STATE):
        raise ZeroDivisionError
    with Loopback(url, STATE):
        pass


ANY = st.binary(max_size=200)
START = st.sampled_from([b"GET /callback?", b"POST /callback?", b"GET /", b""])
HEADER = st.sampled_from(
    [b"Origin", b"Cookie", b"Content-Length", b"Expect", b"", b":"]
)


@settings(deadline=None)
@given(parts=st.tuples(START, ANY, HEADER, ANY, ANY))
def test_nothing_but_the_state_makes_an_answer(unanswered, unanswered_taker, parts):
    """For any bytes: no failure, no echo, and the wait continues."""
    start, target, header, value, body = parts
    mark = MARK.encode()
    for each in (unanswered, unanswered_taker):
        host = each.url.split("/")[2]
        lines = [
            start + mark + target + b" HTTP/1.1",
            f"Host: {host}\r\nOrigin: http://{host}".encode(),
            f"Content-Type: {FORM_TYPE}".encode(),
            header + b": " + mark + value,
            f"Content-Length: {len(mark + body)}\r\n".encode(),
            mark + body,
        ]
        received = send_raw(each, b"\r\n".join(lines))
        assert not re.match(rb"HTTP/1\.\d [^24]", received)
        assert mark not in received
        assert is_waiting(each)


@given(error=st.text(), description=st.text())
def test_a_reason_is_never_markup(error, description):
    """The page has the same elements for every reason."""
    plain = callback_server.failed("a", "b").html
    page = callback_server.failed(f"{MARK}{error}", description).html
    assert re.findall(r"<[^>]*>", page) == re.findall(r"<[^>]*>", plain)


def test_a_long_reason_is_cut():
    """The page stays readable."""
    assert len(callback_server.failed("a" * 10_000, "b").html) < 5_000
