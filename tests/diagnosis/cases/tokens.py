"""Problems with the token itself."""

from __future__ import annotations

from diagnosis.call import HOUR, Call, access, issuer_of
from diagnosis.world import OTHER, POOL

from cognito_gw.oauth.tokens import Flaw

THREE = {"parts between dots": 3}
CHANGED = Flaw("bad-signature", "the signature does not match the pool's key")

# Problem: the first code, the evidence, and the call.
CASES = {
    "another header": (
        "wrong-header",
        {"sent in": "X-Token", "authorizer reads": "Authorization"},
        Call(header="X-Token"),
    ),
    "no header": (
        "no-token",
        {"header": "Authorization", "sent": None},
        Call(claims=None),
    ),
    "an empty header": (
        "no-token",
        {"header": "Authorization", "sent": ""},
        Call(form=""),
    ),
    "garbage": (
        "malformed-token",
        {"parts between dots": 1, "characters": 7},
        Call(form="garbage"),
    ),
    "Bearer alone": (
        "malformed-token",
        {"parts between dots": 1, "characters": 6},
        Call(form="Bearer "),
    ),
    "quotation marks": ("malformed-token", THREE, Call(form='"{}"')),
    "two blanks": ("malformed-token", THREE, Call(form="Bearer  {}")),
    "something behind it": ("malformed-token", THREE, Call(form="{} more")),
    "another word": ("malformed-token", THREE, Call(form="Token {}")),
    "five parts": ("malformed-token", {"parts between dots": 5}, Call(form="{}.a.b")),
    "two headers of one name": (
        "malformed-token",
        {"header": "Authorization", "times": 2},
        Call(headers=(("authorization", "another"),)),
    ),
    "another pool": (
        "wrong-pool",
        {"token's pool": OTHER, "authorizer's pool": POOL},
        Call({"iss": issuer_of(OTHER)}),
    ),
    "no pool": (
        "wrong-pool",
        {"token's pool": "", "authorizer's pool": POOL},
        Call({"iss": None}),
    ),
    "another signature": (
        "bad-signature",
        {"alg": "RS256", "kid": "one", "found": CHANGED.words},
        Call(flaw=CHANGED),
    ),
    "its time is over": (
        "expired-token",
        {"exp": "1970-01-01 00:00:01 UTC"},
        Call({"exp": 1}, message="The incoming token has expired"),
    ),
    "its time is over, though nobody says so": (
        "expired-token",
        {"exp": "1970-01-01 00:00:01 UTC"},
        Call({"exp": 1}),
    ),
    "the server says that it has expired": (
        "expired-token",
        {},
        Call(message="The incoming token has expired"),
    ),
    "its time has not come": (
        "not-yet-valid",
        {"iat": "2200-01-01 00:00:00 UTC"},
        Call({"iat": 7258118400, "exp": 7258118400 + HOUR}),
    ),
    "an access token in another header": (
        "wrong-header",
        {"sent in": "X-Token"},
        Call(access(), header="X-Token"),
    ),
    "a token of a user in many groups": (
        "token-too-large",
        {"limit": "10240 bytes", "largest claim": "cognito:groups: 10400 bytes"},
        Call(
            {"cognito:groups": [f"{number:0>100}" for number in range(100)]},
            status=431,
            error="",
        ),
    ),
}
