"""Which calls `cgw curl` gives a token, read from the arguments of curl."""

from __future__ import annotations

import pytest

from cognito_gw.app.front_end import lines
from cognito_gw.app.programs import CurlLine
from cognito_gw.errors import UsageError

BASE = "https://a1.execute-api.eu-west-1.amazonaws.com/dev"
# As `curl --help all` prints its options.
HELP = """\
Usage: curl [options...] <url>
 -K, --config <file>      Read config from a file
     --connect-to <HOST1:PORT1:HOST2:PORT2> Connect to host
 -d, --data <data>        HTTP POST data
     --data-binary <data> HTTP POST binary data
 -q, --disable            Disable .curlrc
 -G, --get                Put the post data in the URL and use GET
 -I, --head               Show document info only
 -H, --header <header/@file> Pass custom header(s) to server
     --json <data>        HTTP POST JSON
 -L, --location           Follow redirects
     --location-trusted   Like --location, and send auth to other hosts
 -:, --next               Make next URL use its separate set of options
 -o, --output <file>      Write to file instead of stdout
 -X, --request <method>   Specify request method to use
     --resolve <[+]host:port:addr[,addr]...> Resolve host+port to this address
 -s, --silent             Silent mode
 -S, --show-error         Show error even when -s is used
 -T, --upload-file <file> Transfer local FILE to destination
     --url <url>          URL to work with
 -w, --write-out <format> Use output FORMAT after completion
"""


def read(*arguments):
    return CurlLine(arguments, HELP)


@pytest.mark.parametrize(
    ("arguments", "verb", "paths"),
    [
        (["/orders"], "GET", ["/orders"]),
        (["-sSo", "/var/x", "/orders?a=1"], "GET", ["/orders?a=1"]),
        (["-o/var/x", "-s", "/orders"], "GET", ["/orders"]),
        (["-XDELETE", "/orders/1"], "DELETE", ["/orders/1"]),
        (["-X", "patch", "/orders/1"], "PATCH", ["/orders/1"]),
        (["--json", "{}", "/orders"], "POST", ["/orders"]),
        (["--data-b", "@/etc/hosts", "/orders"], "POST", ["/orders"]),
        (["-G", "-d", "a=1", "/orders"], "GET", ["/orders"]),
        (["-I", "/orders"], "HEAD", ["/orders"]),
        (["-T", "/file", "/orders"], "PUT", ["/orders"]),
        (["--url", "/orders"], "GET", ["/orders"]),
        (["-s", "--", "/orders"], "GET", ["/orders"]),
        ([f"{BASE}/orders"], "GET", ["/orders"]),
        ([BASE], "GET", ["/"]),
        (["/a", "/b"], "GET", ["/a", "/b"]),
    ],
    ids=str,
)
def test_the_method_and_the_paths(arguments, verb, paths):
    line = read(*arguments)
    line.require_safe("Authorization")
    assert line.verb == verb
    assert line.resolve(BASE) == paths
    sent = [word for word in line.arguments if word.startswith(BASE)]
    assert len(sent) == len(paths)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/orders",
        "//example.com/orders",
        "example.com",
        "orders",
        f"{BASE}.example.com/",
        f"{BASE}@example.com/",
        f"{BASE}-other/orders",
        BASE.replace("https", "http"),
        "-",
    ],
)
def test_other_addresses_never_get_the_token(url):
    with pytest.raises(UsageError, match="only to"):
        read("-s", "--url", url).resolve(BASE)


@pytest.mark.parametrize(
    "arguments",
    [
        ["-K", "file"],
        ["-sKfile"],
        ["--location-trusted"],
        ["--location-t"],
        ["-:"],
        ["--next"],
        ["--connect-to", "::example.com:443"],
        ["--resolve", "a:443:10.0.0.1"],
    ],
    ids=str,
)
def test_options_that_may_send_it_elsewhere_are_refused(arguments):
    with pytest.raises(UsageError, match="refuses"):
        read(*arguments, "/orders").require_safe("Authorization")


def test_a_redirect_keeps_other_headers_than_authorization():
    """At another host, curl drops only that one."""
    line = read("-L", "/orders")
    line.require_safe("Authorization")
    with pytest.raises(UsageError, match="--location"):
        line.require_safe("X-Auth")


def test_an_unknown_option_is_not_taken_for_a_flag():
    with pytest.raises(UsageError, match="no option --exotic"):
        read("--exotic", "value", "/orders")


def test_a_path_is_needed():
    with pytest.raises(UsageError, match="needs a path"):
        read("-s").resolve(BASE)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["/x"], ["--header", "@/dev/fd/7", "/x"]),
        (["-q", "/x"], ["-q", "--header", "@/dev/fd/7", "/x"]),
        (["-s", "--", "/x"], ["--header", "@/dev/fd/7", "-s", "--", "/x"]),
    ],
    ids=str,
)
def test_the_header_comes_from_a_descriptor(arguments, expected):
    assert read(*arguments).with_header_from(7) == expected


@pytest.mark.parametrize("given", ["Authorization: x", "authorization:x"])
def test_a_given_header_is_kept(given):
    assert read("-H", given, "/x").has_header("Authorization")
    assert not read("-H", "Accept: x", "/x").has_header("Authorization")


def test_lines_of_an_env_file():
    """Only what has other characters is in quotes."""
    values = {"URL": "https://x.example/a?b=c", "SCOPES": "openid orders/read"}
    assert lines(values) == [
        "URL=https://x.example/a?b=c",
        "SCOPES='openid orders/read'",
    ]
