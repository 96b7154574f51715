"""What browsers refuse."""

from __future__ import annotations

from dataclasses import replace

from diagnosis.call import HEALTHY, NOT_SIGNED, Call
from diagnosis.world import OPEN, POOL

from cognito_gw.diagnosis.exchange import Answer

PAGE, STRANGE = "https://app.example.com", "https://evil.example.com"
FROM_PAGE = {"headers": (("Origin", PAGE),), "status": 200, "error": ""}
ALLOWED = {"access-control-allow-origin": PAGE}
BOTH = ALLOWED | {"access-control-allow-headers": "content-type, Authorization"}
PASSES = {"preflight": Answer(204, headers=BOTH)}
WITH_COOKIE = FROM_PAGE | {"headers": (("Origin", PAGE), ("Cookie", "a=b"))}
ANY = BOTH | {"access-control-allow-origin": "*"}
KEEPS = {"access-control-allow-credentials": "true"}
NO_COOKIES = {"Access-Control-Allow-Credentials": None}
PREFLIGHT = {"verb": "OPTIONS", "claims": None}
OPENED = replace(HEALTHY, routes=HEALTHY.routes | {"OPTIONS /transactions": OPEN})
GUARDED = replace(HEALTHY, routes=HEALTHY.routes | {"OPTIONS /transactions": ()})

# Problem: the first code, the evidence, and the call.
CASES = {
    "no OPTIONS": (
        "cors-preflight-blocked",
        {"preflight": 403, "OPTIONS": "missing"},
        Call(**PREFLIGHT, **NOT_SIGNED, preflight=Answer(403)),
    ),
    "no OPTIONS before a call": (
        "cors-preflight-blocked",
        {"preflight": 403, "OPTIONS": "missing"},
        Call(**FROM_PAGE, preflight=Answer(403)),
    ),
    "OPTIONS that wants a token": (
        "cors-preflight-blocked",
        {
            "preflight": 401,
            "OPTIONS": f"Cognito: header Authorization, pool {POOL}, no scopes",
        },
        Call(**PREFLIGHT, live=GUARDED, preflight=Answer(401)),
    ),
    "another origin": (
        "cors-preflight-blocked",
        {"origin": PAGE, "allowed": STRANGE, "OPTIONS": "answered"},
        Call(
            **FROM_PAGE,
            live=OPENED,
            preflight=Answer(204, headers={"access-control-allow-origin": STRANGE}),
        ),
    ),
    "the token's header is not allowed": (
        "cors-preflight-blocked",
        {"wanted": "Authorization", "Access-Control-Allow-Headers": None},
        Call(**FROM_PAGE, live=OPENED, preflight=Answer(204, headers=ALLOWED)),
    ),
    "any header is allowed, which is not to say Authorization": (
        "cors-preflight-blocked",
        {"wanted": "Authorization", "Access-Control-Allow-Headers": "*"},
        Call(
            **FROM_PAGE,
            live=OPENED,
            preflight=Answer(
                204, headers=ALLOWED | {"access-control-allow-headers": "*"}
            ),
        ),
    ),
    "the answer does not name the page": (
        "cors-headers-missing",
        {"origin": PAGE, "Access-Control-Allow-Origin": None},
        Call(**FROM_PAGE, live=OPENED, **PASSES),
    ),
    "the answer names another page": (
        "cors-headers-missing",
        {"origin": PAGE, "Access-Control-Allow-Origin": STRANGE},
        Call(
            **FROM_PAGE,
            live=OPENED,
            **PASSES,
            answered={"access-control-allow-origin": STRANGE},
        ),
    ),
    "cookies, which the preflight does not allow": (
        "cors-preflight-blocked",
        NO_COOKIES | {"Access-Control-Allow-Origin": PAGE},
        Call(**WITH_COOKIE, live=OPENED, preflight=Answer(204, headers=BOTH)),
    ),
    "cookies, and any origin": (
        "cors-preflight-blocked",
        {"Access-Control-Allow-Origin": "*"},
        Call(**WITH_COOKIE, live=OPENED, preflight=Answer(204, headers=ANY | KEEPS)),
    ),
    "cookies, which the response does not allow": (
        "cors-headers-missing",
        NO_COOKIES,
        Call(
            **WITH_COOKIE,
            live=OPENED,
            preflight=Answer(204, headers=BOTH | KEEPS),
            answered=ALLOWED,
        ),
    ),
}
