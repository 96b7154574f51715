"""The CORS preflight, as the diagnosis repeats it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from diagnosis.call import NOT_SIGNED, Call, codes
from diagnosis.cases.browsers import ALLOWED, BOTH, FROM_PAGE, OPENED, PAGE
from diagnosis.world import ALICE, OPEN
from served import Handler, Served

from cognito_gw.diagnosis.exchange import Answer

TOKENS_HEADER = "access-control-allow-headers"
METHODS = "access-control-allow-methods"
ANY = {"access-control-allow-origin": "*"}
READ_ONLY = BOTH | {METHODS: "GET,OPTIONS"}


class Browsed(Handler):
    """Also answers OPTIONS."""

    do_OPTIONS = Handler.do_GET  # noqa: N815 - the name that is looked for


@pytest.fixture
def server():
    """An API that allows nothing and records its requests."""
    with Served() as server:
        server.RequestHandlerClass = Browsed
        yield server


def asking(call, server):
    """Return the call, with a preflight that the server answers."""
    return replace(call, target={"url": f"{server.url}/dev"}, preflight=None)


def test_the_preflight_is_as_a_browser_sends_it(server):
    """Without a token; with the page's origin, method and headers."""
    server.pages = {"/dev/transactions": (403, {"message": "no"})}
    own = (("X-Custom", "a"), ("Accept", "text/html"), ("Content-Type", "text/plain"))
    headers = {"headers": (*FROM_PAGE["headers"], *own, ("User-Agent", "me"))}
    usual = Call(**FROM_PAGE | headers, verb="DELETE", path="/transactions?page=2")
    call = asking(usual, server)
    answer = call.case().preflight
    assert answer.status == 403
    assert answer.message == "no"
    ((verb, path, headers, body),) = server.seen
    assert (verb, path, body) == ("OPTIONS", "/dev/transactions?page=2", b"")
    named = {name.lower(): value for name, value in headers.items()}
    assert named["origin"] == PAGE
    assert named["access-control-request-method"] == "DELETE"
    assert named["access-control-request-headers"] == "authorization,x-custom"
    assert "authorization" not in named
    assert call.token not in str(headers)
    assert ALICE not in str(headers)


def test_a_preflight_that_was_the_call_itself_is_not_sent_again(server):
    """Its response is already known."""
    call = Call(None, verb="OPTIONS", **NOT_SIGNED)
    assert asking(call, server).case().preflight.status == 403
    assert server.seen == []


def test_no_preflight_is_sent_without_a_browser(server):
    """The request has no origin."""
    assert codes(asking(Call(), server).diagnosed()) == []
    assert server.seen == []


@pytest.mark.parametrize(
    "call",
    [Call(**FROM_PAGE | {"status": None}), Call(None, verb="OPTIONS", status=None)],
    ids=["from a page", "a preflight"],
)
def test_no_preflight_is_sent_where_nothing_is_to_be_sent(server, call):
    """Its response is not known then."""
    diagnosis = asking(call, server).diagnosed()
    assert server.seen == []
    assert "cors-preflight-blocked" not in codes(diagnosis)


def test_a_server_that_cannot_be_reached_leaves_the_preflight_unknown():
    """The rest of the diagnosis is shown."""
    diagnosis = Call(
        {"exp": 1},
        headers=(("Origin", PAGE),),
        target={"url": "http://127.0.0.1:1/dev"},
        preflight=None,
    ).diagnosed()
    assert codes(diagnosis) == ["expired-token", "cors-headers-missing"]
    (unknown,) = diagnosis.unknown
    assert unknown["codes"] == ["cors-preflight-blocked"]
    assert unknown["what"] == "the response to a CORS preflight"


def asked(headers, status=204, **changes):
    """Return whether a preflight response with these headers blocks the page's call."""
    usual = FROM_PAGE | {"answered": ALLOWED, "live": OPENED} | changes
    call = Call(**usual, preflight=Answer(status, headers=headers))
    return "cors-preflight-blocked" in codes(call.diagnosed())


@pytest.mark.parametrize(
    ("headers", "status", "blocked"),
    [
        (BOTH, 204, False),
        (BOTH, 200, False),
        (BOTH, 301, True),
        (BOTH, 403, True),
        (BOTH | ANY, 200, False),
        (BOTH | {"access-control-allow-origin": f"{PAGE}/"}, 200, True),
        (BOTH | {"access-control-allow-origin": PAGE.upper()}, 200, True),
        (ALLOWED | {TOKENS_HEADER: "authorization"}, 200, False),
        (ALLOWED | {TOKENS_HEADER: "X-Authorization,Accept"}, 200, True),
        (ALLOWED | {TOKENS_HEADER: "*"}, 200, True),
        ({}, 200, True),
    ],
)
def test_which_preflights_block_a_call(headers, status, blocked):
    """Each name must be listed, and `*` does not include the token's header."""
    assert asked(headers, status) is blocked


def test_any_header_may_be_another_than_authorization():
    """If the authorizer reads the token from a custom header."""
    own = replace(OPENED, header="X-Auth")
    anything = ALLOWED | {TOKENS_HEADER: "*"}
    assert not asked(anything, header="X-Auth", live=own)
    assert asked(ALLOWED | {TOKENS_HEADER: "accept"}, header="X-Auth", live=own)


def test_without_a_token_no_header_need_be_allowed():
    """A browser sends no such header."""
    assert not asked(ALLOWED, claims=None, path="/health")


GET = {"GET /transactions": ()}
ROUTES = {"routes": OPENED.routes | {"DELETE /transactions": ()}}


def test_a_method_that_is_not_allowed_blocks_a_call():
    """Browsers always allow GET, HEAD and POST only."""
    assert asked(READ_ONLY, verb="DELETE", live=replace(OPENED, **ROUTES))


@pytest.mark.parametrize("allowed", ["GET,DELETE", "DELETE", "*", "PUT , DELETE"])
def test_a_method_that_is_allowed_blocks_nothing(allowed):
    """Also if `*` allows it."""
    live = replace(OPENED, **ROUTES)
    assert not asked(BOTH | {METHODS: allowed}, verb="DELETE", live=live)
    assert not asked(BOTH | {METHODS: "PUT"}, live=live)


@pytest.mark.parametrize(
    ("live", "words"),
    [
        (OPENED, "answered"),
        (
            replace(OPENED, routes=GET | {"OPTIONS /transactions": ()}),
            "Cognito: header",
        ),
        (replace(OPENED, routes={"ANY /{path+}": OPEN}), "answered"),
        (replace(OPENED, routes=GET), "missing"),
    ],
    ids=["open", "guarded", "any", "absent"],
)
def test_the_outcome_of_a_preflight_is_shown(live, words):
    """Depending on what the stage serves."""
    call = Call(**FROM_PAGE, live=live, preflight=Answer(403))
    assert call.diagnosed().causes[0].evidence["OPTIONS"].startswith(words)


def from_page(*headers, told=BOTH, verb="GET", path="/transactions", **changes):
    """Return the diagnosis of a page's call with these headers."""
    usual = {"answered": ALLOWED, "live": OPENED} | changes
    call = Call(
        **FROM_PAGE | {"headers": (*FROM_PAGE["headers"], *headers)} | usual,
        verb=verb,
        path=path,
        preflight=Answer(200, headers=told),
    )
    return call.diagnosed(is_ours=changes.get("is_ours", True))


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ((("X-Custom", "a"),), "X-Custom"),
        ((("X-Custom", "a"), ("x-trace", "b")), "X-Custom, x-trace"),
        ((("Content-Type", "application/json"), ("X-Custom", "a")), "X-Custom"),
    ],
)
def test_a_header_of_the_page_that_is_not_allowed_is_named(headers, named):
    """With the headers that the page may set: the key replaces the list."""
    (cause,) = from_page(*headers).causes
    assert cause.code == "cors-preflight-blocked"
    assert cause.summary.endswith(f" {named}")
    assert cause.evidence["wanted"] == named
    allowed = "headers: [content-type, Authorization, "
    assert f"{allowed}{named}]" in cause.fix
    assert "origin" not in cause.fix


@pytest.mark.parametrize(
    "header",
    [
        ("Accept", "text/html"),
        ("content-type", "application/json"),
        ("User-Agent", "me"),
        ("Sec-Fetch-Mode", "cors"),
    ],
)
def test_other_headers_need_not_be_allowed(header):
    """Browser headers, safelisted headers, and those that are allowed."""
    assert from_page(header).causes == []


def test_any_header_is_allowed_but_authorization():
    """By `*`."""
    told = BOTH | {TOKENS_HEADER: "*, authorization"}
    assert from_page(("X-Custom", "a"), told=told).causes == []


@pytest.mark.parametrize(
    ("verb", "path", "summary"),
    [
        ("PUT", "/transactions", "/transactions has no method PUT"),
        ("GET", "/nowhere", "the API has no path /nowhere"),
    ],
)
def test_a_route_that_is_not_there_is_not_blamed_on_its_preflight(verb, path, summary):
    """The page's origin is irrelevant."""
    changes = NOT_SIGNED | {"answered": {}}
    (cause,) = from_page(told=READ_ONLY, verb=verb, path=path, **changes).causes
    assert cause.code == "route-not-found"
    assert cause.summary.startswith(summary)


def test_a_method_of_the_stage_that_is_not_allowed_is_named():
    """The route exists, but its OPTIONS does not list the method."""
    live = replace(OPENED, **ROUTES)
    (cause,) = from_page(told=READ_ONLY, verb="DELETE", live=live).causes
    assert cause.summary == "the CORS preflight does not allow the method DELETE"
    assert "origin" not in cause.fix


def test_allowed_origins_stay():
    """The fix includes them."""
    others = ("https://one.example.com", "http://localhost:3000")
    told = {"access-control-allow-origin": others[0]}
    blocked, missing = from_page(
        told=told, answered={}, target={"origins": others}
    ).causes
    for cause in (blocked, missing):
        assert f"origins: [{', '.join(others)}, {PAGE}]" in cause.fix
    known = {"origins": (*others, PAGE)}
    (cause, *_) = from_page(told=told, target=known).causes
    assert cause.fix.count(PAGE) == 1


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ({"Headers": "authorization, x-custom"}, "x-custom"),
        ({"Method": "PUT"}, "PUT"),
        ({"Method": "DELETE", "Headers": ""}, "DELETE"),
    ],
)
def test_a_preflight_that_is_the_call_names_what_it_is_not_let_do(headers, named):
    """Its headers describe the page's call."""
    asked_for = [(f"Access-Control-Request-{what}", headers[what]) for what in headers]
    cause = preflighted(*asked_for).causes[0]
    assert cause.code == "cors-preflight-blocked"
    assert cause.evidence["wanted"] == named


def test_an_accepted_preflight_is_not_a_cause():
    """Headers that browsers never list in a preflight are ignored."""
    asked_for = ("Access-Control-Request-Headers", "authorization")
    said = preflighted(asked_for, ("X-Custom", "a"))
    assert "cors-preflight-blocked" not in codes(said)


def preflighted(*headers):
    """Return the diagnosis of a page's preflight with these headers."""
    told = ALLOWED | BOTH | {TOKENS_HEADER: "authorization", METHODS: "GET,OPTIONS"}
    return Call(
        None,
        verb="OPTIONS",
        headers=(("Origin", PAGE), *headers),
        status=200,
        live=OPENED,
        preflight=Answer(200, headers=told),
    ).diagnosed(is_ours=True)
