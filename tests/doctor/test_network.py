"""An endpoint counts as reachable whatever it responds."""

from __future__ import annotations

import pytest

from cognito_gw.doctor.caller import endpoints, endpoints_of, proxy_for
from cognito_gw.errors import CgwError

URLS = {
    "https://iam.amazonaws.com": ["iam"],
    "https://logs.eu-west-1.amazonaws.com": ["logs"],
}


class Net:
    """A network in which some URLs are unreachable."""

    def __init__(self, *silent):
        self.silent, self.sent = silent, []

    def __call__(self, verb, url):
        """Send a request."""
        self.sent.append((verb, url))
        if url in self.silent:
            raise CgwError(f"{verb} {url}: refused", hint="is it deployed?")


def test_every_service_has_its_address(aws):
    """All services that `up` and `down` call, with boto3's URLs."""
    urls = endpoints_of(aws)
    assert list(urls.values()) == [
        ["cognito-idp"],
        ["apigateway"],
        ["lambda"],
        ["iam"],
        ["sts"],
        ["logs"],
    ]
    assert "https://iam.amazonaws.com" in urls
    assert "https://cognito-idp.eu-west-1.amazonaws.com" in urls


def test_all_answer():
    """Each URL is requested once."""
    net = Net()
    finding = endpoints(URLS, net)
    assert (finding.state, finding.fix) == ("ok", None)
    assert finding.found == "iam, logs respond, without a proxy"
    assert sorted(net.sent) == [("GET", url) for url in sorted(URLS)]


def test_one_address_for_all_is_named():
    """As with an emulator."""
    finding = endpoints({"http://127.0.0.1:5000": ["iam", "sts"]}, Net())
    assert finding.found == (
        "iam, sts respond at http://127.0.0.1:5000, without a proxy"
    )


def test_an_unreachable_endpoint_is_a_failure():
    """The finding shows it, and what to check."""
    finding = endpoints(URLS, Net("https://iam.amazonaws.com"))
    assert finding.state == "fail"
    assert finding.found == (
        "not reachable without a proxy:\niam: GET https://iam.amazonaws.com: refused"
    )
    assert "HTTPS_PROXY" in finding.fix


@pytest.mark.parametrize(
    ("proxy", "url", "shown"),
    [
        ("http://user:secret@proxy.example:3128", "https://a.example", "proxy.example"),
        ("user:secret@proxy.example:3128", "https://a.example", "proxy.example"),
        ("http://proxy.example:3128", "https://in.house", None),
        ("http://proxy.example:3128", "http://127.0.0.1:1", None),
        ("http://proxy.example:3128", "http://a.example", None),
    ],
)
def test_the_proxy_is_named_without_its_password(environment, proxy, url, shown):
    """If one is used: not for this machine or for hosts in NO_PROXY."""
    environment.setenv("HTTPS_PROXY", proxy)
    environment.setenv("NO_PROXY", "in.house")
    assert proxy_for(url) == (shown and f"{shown}:3128")
    finding = endpoints({url: ["iam"]}, Net())
    assert "secret" not in finding.found
    assert ("through the proxy proxy.example:3128" in finding.found) is bool(shown)
