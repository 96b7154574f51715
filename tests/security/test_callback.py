"""No other local user or program receives the browser's response to a sign-in."""

from __future__ import annotations

import errno
import http.client
import socket
from contextlib import closing

import pytest

from cognito_gw.doctor.machine import callback_ports
from cognito_gw.errors import CgwError
from cognito_gw.oauth import callback_server
from cognito_gw.oauth.app_client import AppClient, Provider
from cognito_gw.oauth.browser import Browser, BrowserSignIn
from cognito_gw.oauth.callback_server import Loopback, PortTaken

STATE = "the-state"
GOOD = f"/callback?code=abc&state={STATE}"
V4, V6 = "127.0.0.1", "::1"
WILDCARD = "0.0.0.0"  # noqa: S104 - as a neighbor might bind it
HOST_OF = {"localhost": "localhost", V4: V4, V6: "[::1]"}


def has_ipv6():
    try:
        with closing(bound(V6)):
            return True
    except OSError:
        return False


def bound(address, port=0, **options):
    """Return a socket that holds a port, as another program would."""
    taken = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        for name, value in options.items():
            taken.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
        taken.bind((address, port))
    except OSError:
        taken.close()
        raise
    return taken


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


def free_port():
    """Return a port that is free at both loopback addresses."""
    while True:
        with closing(bound(V4)) as four:
            port = four.getsockname()[1]
            try:
                if has_ipv6():
                    bound(V6, port).close()
            except OSError:
                continue
            return port


def url_at(host, port):
    return f"http://{HOST_OF[host]}:{port}/callback"


def get(address, port, host, target=GOOD):
    """Send the browser's request to one address, under a host's name."""
    connection = http.client.HTTPConnection(address, port, timeout=10)
    with closing(connection):
        connection.putrequest("GET", target, skip_host=True)
        connection.putheader("Host", host)
        connection.endheaders()
        return connection.getresponse().status


@pytest.mark.parametrize("address", [V4, pytest.param(V6, marks=needs_ipv6)])
def test_localhost_is_answered_at_every_address(address):
    port = free_port()
    with Loopback(url_at("localhost", port), STATE) as listener:
        assert get(address, port, f"localhost:{port}") == 200
        assert listener.wait(0) == {"code": "abc"}


@needs_ipv6
def test_the_two_addresses_take_one_answer_together():
    port = free_port()
    with Loopback(url_at("localhost", port), STATE) as listener:
        statuses = [get(address, port, f"localhost:{port}") for address in (V6, V4)]
        assert statuses == [200, 409]
        assert listener.wait(0) == {"code": "abc"}


@pytest.mark.parametrize("holder", [V4, WILDCARD, pytest.param(V6, marks=needs_ipv6)])
@pytest.mark.parametrize("by_fragment", [False, True])
def test_a_port_in_use_at_one_address_is_taken(holder, by_fragment):
    with closing(bound(holder)) as other:
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"listens on port {port}"):
            Loopback(url_at("localhost", port), STATE, by_fragment=by_fragment)
        if holder == V6:  # the other address is free again
            bound(V4, port).close()


@needs_ipv6
def test_the_dual_stack_wildcard_is_taken_too():
    with closing(bound("::")) as other:
        other.listen()
        port = other.getsockname()[1]
        for host in HOST_OF:
            with pytest.raises(PortTaken):
                Loopback(url_at(host, port), STATE)


@pytest.mark.parametrize("address", [V4, pytest.param(V6, marks=needs_ipv6)])
@pytest.mark.parametrize("option", ["SO_REUSEADDR", "SO_REUSEPORT"])
def test_the_port_cannot_be_shared(address, option):
    """Not even with the options that let cooperating programs share a port."""
    if not hasattr(socket, option):
        pytest.skip(f"this system has no {option}")
    port = free_port()
    with (
        Loopback(url_at("localhost", port), STATE),
        pytest.raises(OSError, match="in use"),
        closing(bound(address, port, **{option: 1})) as other,
    ):
        other.listen()


@pytest.mark.skipif(not hasattr(socket, "SO_REUSEADDR"), reason="no SO_REUSEADDR")
@pytest.mark.parametrize("address", [V4, WILDCARD, pytest.param(V6, marks=needs_ipv6)])
def test_a_program_that_bound_the_port_first_cannot_listen_later(address):
    port = free_port()
    with closing(bound(address, port, SO_REUSEADDR=1)) as other:
        try:
            listener = Loopback(url_at("localhost", port), STATE)
        except PortTaken:
            return
        with listener, pytest.raises(OSError, match="in use"):
            other.listen()


@pytest.mark.parametrize("own", [V4, pytest.param(V6, marks=needs_ipv6)])
def test_an_address_is_served_there_and_nowhere_else(own):
    port, foreign = free_port(), {V4: V6, V6: V4}[own]
    with Loopback(url_at(own, port), STATE) as listener:
        if has_ipv6():
            bound(foreign, port).close()  # the port is free
        for host in (f"localhost:{port}", f"{HOST_OF[foreign]}:{port}", HOST_OF[own]):
            assert get(own, port, host) == 421
        assert get(own, port, f"{HOST_OF[own]}:{port}") == 200
        assert listener.wait(0) == {"code": "abc"}


@pytest.mark.parametrize("address", [V4, pytest.param(V6, marks=needs_ipv6)])
def test_localhost_has_one_name(address):
    """An address is a different origin, which the app client may not register."""
    port = free_port()
    names = (f"127.0.0.1:{port}", f"[::1]:{port}", f"localhost.:{port}", "localhost")
    with Loopback(url_at("localhost", port), STATE):
        assert {get(address, port, name) for name in names} == {421}


@needs_ipv6
def test_a_form_with_tokens_comes_from_the_page_of_its_own_address():
    port = free_port()
    with Loopback(url_at(V6, port), STATE, by_fragment=True) as listener:
        form = f"access_token=a&state={STATE}"
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        for origin, status in (("localhost", 403), ("127.0.0.1", 403), ("[::1]", 200)):
            connection = http.client.HTTPConnection(V6, port, timeout=10)
            sent = headers | {"Origin": f"http://{origin}:{port}"}
            with closing(connection):
                connection.request("POST", "/callback", form, sent)
                assert connection.getresponse().status == status
        assert listener.wait(0) == {"access_token": "a"}


@needs_ipv6
def test_both_addresses_are_free_at_the_end():
    port = free_port()
    with Loopback(url_at("localhost", port), STATE):
        pass
    for address in (V4, V6):
        bound(address, port).close()


@pytest.mark.parametrize("code", [errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT])
def test_a_machine_without_ipv6_listens_on_ipv4(monkeypatch, code):
    def without_ipv6(server):
        if server.address_family == socket.AF_INET6:
            raise OSError(code, "no IPv6 here")
        bind(server)

    bind = callback_server.Server.server_bind
    monkeypatch.setattr(callback_server.Server, "server_bind", without_ipv6)
    port = free_port()
    with Loopback(url_at("localhost", port), STATE):
        assert get(V4, port, f"localhost:{port}") == 200
    with pytest.raises(CgwError, match="no IPv6 here"):
        Loopback(url_at(V6, port), STATE)


def test_the_hosts_file_cannot_lead_away_from_loopback(monkeypatch):
    """Only the loopback addresses of the name count, and all of them do."""
    found = ["192.0.2.1", "127.0.1.1", WILDCARD, "fe80::1%lo", "::1"]
    monkeypatch.setattr(
        callback_server.socket,
        "getaddrinfo",
        lambda *_, **__: [(0, 0, 0, "", (address, 0)) for address in found],
    )
    listening = callback_server.Callback.of("http://localhost:8765/").addresses
    assert listening == [V4, V6, "127.0.1.1"]


@needs_ipv6
def test_a_sign_in_goes_to_the_next_callback_url():
    """The browser never goes to a port that another program holds in part."""
    with closing(bound(V6)) as other:
        other.listen()
        taken, free = other.getsockname()[1], free_port()
        urls = [url_at("localhost", taken), url_at("localhost", free)]
        shown = []
        sign_in = BrowserSignIn(
            Provider("http://pool.test", "http://pool.test/keys").at(
                "http://pool.test"
            ),
            AppClient("eu-west-1_Pool", "client-1", None, {"CallbackURLs": urls}),
            Browser(shown.append, 0.01),
            lambda _: None,
        )
        with pytest.raises(CgwError, match="not completed"):
            sign_in.by_fragment(["openid"], None)
    [page] = shown
    assert f"localhost%3A{free}" in page
    assert f"localhost%3A{taken}" not in page


@needs_ipv6
def test_the_doctor_sees_a_port_that_is_taken_in_part():
    with closing(bound(V6)) as other:
        other.listen()
        port = other.getsockname()[1]
        finding = callback_ports([url_at("localhost", port)])
    assert finding.found == f"another program listens on port {port}"
