"""What a browser asks before it sends a token, as the diagnosis asks it."""

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
    """Answers OPTIONS, too."""

    do_OPTIONS = Handler.do_GET  # noqa: N815 - the name that is looked for


@pytest.fixture
def server():
    """An API that allows nothing, and notes what it is sent."""
    with Served() as server:
        server.RequestHandlerClass = Browsed
        yield server


def asking(call, server):
    """Return the call, with a preflight that the server answers."""
    return replace(call, target={"url": f"{server.url}/dev"}, preflight=None)


def test_the_preflight_is_as_a_browser_sends_it(server):
    """It has no token; it names the page, the method and the token's header."""
    server.pages = {"/dev/transactions": (403, {"message": "no"})}
    usual = Call(**FROM_PAGE, verb="DELETE", path="/transactions?page=2")
    call = asking(usual, server)
    answer = call.scene().preflight
    assert answer.status == 403
    assert answer.message == "no"
    ((verb, path, headers, body),) = server.seen
    assert (verb, path, body) == ("OPTIONS", "/dev/transactions?page=2", b"")
    named = {name.lower(): value for name, value in headers.items()}
    assert named["origin"] == PAGE
    assert named["access-control-request-method"] == "DELETE"
    assert named["access-control-request-headers"] == "authorization"
    assert "authorization" not in named
    assert call.token not in str(headers)
    assert ALICE not in str(headers)


def test_a_preflight_that_was_the_call_itself_is_not_sent_again(server):
    """Its answer is at hand."""
    call = Call(None, verb="OPTIONS", **NOT_SIGNED)
    assert asking(call, server).scene().preflight.status == 403
    assert server.seen == []


def test_no_preflight_is_sent_where_no_browser_is_at_work(server):
    """The request has no origin."""
    assert codes(asking(Call(), server).diagnosed()) == []
    assert server.seen == []


@pytest.mark.parametrize(
    "call",
    [Call(**FROM_PAGE | {"status": None}), Call(None, verb="OPTIONS", status=None)],
    ids=["from a page", "a preflight"],
)
def test_no_preflight_is_sent_where_nothing_is_to_be_sent(server, call):
    """What it would be answered is not known then."""
    diagnosis = asking(call, server).diagnosed()
    assert server.seen == []
    assert "cors-preflight-blocked" not in codes(diagnosis)


def test_a_server_that_cannot_be_reached_leaves_the_preflight_unknown():
    """All else is told."""
    diagnosis = Call(
        {"exp": 1},
        headers=(("Origin", PAGE),),
        target={"url": "http://127.0.0.1:1/dev"},
        preflight=None,
    ).diagnosed()
    assert codes(diagnosis) == ["expired-token", "cors-headers-missing"]
    (unknown,) = diagnosis.unknown
    assert unknown["codes"] == ["cors-preflight-blocked"]
    assert unknown["what"] == "the answer to a CORS preflight"


def asked(headers, status=204, **changes):
    """Return whether a preflight with these headers blocks a call from the page."""
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
    """Each word must be there, and `*` does not stand for the token's header."""
    assert asked(headers, status) is blocked


def test_any_header_may_be_another_than_authorization():
    """Where the authorizer reads the token in one of its own."""
    own = replace(OPENED, header="X-Auth")
    anything = ALLOWED | {TOKENS_HEADER: "*"}
    assert not asked(anything, header="X-Auth", live=own)
    assert asked(ALLOWED | {TOKENS_HEADER: "accept"}, header="X-Auth", live=own)


def test_without_a_token_no_header_need_be_allowed():
    """A browser sends none."""
    assert not asked(ALLOWED, claims=None, path="/health")


ROUTES = {"routes": OPENED.routes | {"DELETE /transactions": ()}}


def test_a_method_that_is_not_allowed_blocks_a_call():
    """Browsers ask for all but GET, HEAD and POST."""
    assert asked(READ_ONLY, verb="DELETE", live=replace(OPENED, **ROUTES))


@pytest.mark.parametrize("allowed", ["GET,DELETE", "DELETE", "*", "PUT , DELETE"])
def test_a_method_that_is_allowed_blocks_nothing(allowed):
    """Be it by `*`."""
    live = replace(OPENED, **ROUTES)
    assert not asked(BOTH | {METHODS: allowed}, verb="DELETE", live=live)
    assert not asked(BOTH | {METHODS: "PUT"}, live=live)


@pytest.mark.parametrize(
    ("live", "words"),
    [
        (OPENED, "answered"),
        (replace(OPENED, routes={"OPTIONS /transactions": ()}), "Cognito: header"),
        (replace(OPENED, routes={"ANY /{path+}": OPEN}), "answered"),
        (replace(OPENED, routes={"GET /transactions": ()}), "not there"),
    ],
    ids=["open", "guarded", "any", "absent"],
)
def test_what_becomes_of_a_preflight_is_told(live, words):
    """By what the stage serves."""
    call = Call(**FROM_PAGE, live=live, preflight=Answer(403))
    assert call.diagnosed().causes[0].evidence["OPTIONS"].startswith(words)
