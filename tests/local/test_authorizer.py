"""The Cognito authorizer accepts the right token, and nothing else."""

from __future__ import annotations

import base64
import json
import re
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from cognito_gw.local.apigateway.authorizer import Allowed, Authorizer, Refused
from cognito_gw.local.cognito.tokens import Keys

URL = "http://127.0.0.1:4566"
POOL, SECOND, FOREIGN = "eu-west-1_abcdefghi", "eu-west-1_second", "eu-west-1_foreign"
ARN = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/"
DAY = 24 * 3600  # longer than any test run
EXPIRED = "The incoming token has expired"
ENCODED = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
KEYS, OTHER_KEYS = Keys(), Keys()
NOW = int(time.time())


def authorizer(**changes):
    config = {
        "identitySource": "method.request.header.Authorization",
        "providerARNs": [ARN + POOL, ARN + SECOND],
    }
    return Authorizer(config | changes, KEYS, URL)


def token(use="id", pool=POOL, *, keys=KEYS, headers=None, **changes):
    key = keys.of(pool, use)
    issuer = f"{URL}/{pool}"
    claims = {"sub": "s", "iss": issuer, "token_use": use, "iat": NOW, "exp": NOW + DAY}
    claims |= {"aud": "web"} if use == "id" else {"client_id": "web", "scope": "a/read"}
    claims = {k: v for k, v in (claims | changes).items() if v is not None}
    headers = {"kid": key.kid, "typ": None} | (headers or {})
    return jwt.encode(claims, key.private, algorithm="RS256", headers=headers)


def decided(value, scopes=(), **config):
    values = [] if value is None else [value]
    return authorizer(**config).decide(values, list(scopes))


def encoded(part):
    octets = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def forged(*, header=None, payload=None, signature=None):
    """Return the valid token with other parts and the old signature."""
    parts = GOOD.split(".")
    if header is not None:
        parts[0] = encoded(header)
    if payload is not None:
        parts[1] = encoded(payload)
    if signature is not None:
        parts[2] = signature
    return ".".join(parts)


GOOD = token()
KID = jwt.get_unverified_header(GOOD)["kid"]
CLAIMS = jwt.decode(GOOD, options={"verify_signature": False})
PUBLIC = KEYS.of(POOL, "id").public.public_bytes(*ENCODED)


def signed_with_the_public_key():
    head, body = encoded({"kid": KID, "alg": "HS256"}), encoded(CLAIMS)
    algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    return f"{head}.{body}.{encoded(algorithm.sign(f'{head}.{body}'.encode(), PUBLIC))}"


BAD = {
    "nothing": None,
    "empty": "",
    "blank": " ",
    "prefix only": "Bearer ",
    "words": "let me in",
    "one part": "abc",
    "two parts": ".".join(GOOD.split(".")[:2]),
    "four parts": GOOD + ".abc",
    "empty parts": "..",
    "five parts, as a refresh token": "a.b.c.d.e",
    "other scheme": f"Basic {GOOD}",
    "prefix in lower case": f"bearer {GOOD}",
    "two blanks behind the prefix": f"Bearer  {GOOD}",
    "two prefixes": f"Bearer Bearer {GOOD}",
    "blank in front": f" {GOOD}",
    "two tokens": f"{GOOD},{GOOD}",
    "alg none": forged(header={"kid": KID, "alg": "none"}, signature=""),
    "alg none in capitals": forged(header={"kid": KID, "alg": "NONE"}, signature=""),
    "no signature": forged(signature=""),
    "signed with the public key": signed_with_the_public_key(),
    "tampered payload": forged(payload=CLAIMS | {"sub": "admin"}),
    "signature of another token": forged(signature=token(sub="x").split(".")[2]),
    "no kid": token(headers={"kid": ""}),
    "unknown kid": token(headers={"kid": "x"}),
    "kid that is a number": forged(header={"kid": 1, "alg": "RS256"}),
    "kid that is a list": forged(header={"kid": [KID], "alg": "RS256"}),
    "kid of another pool": token(
        headers={"kid": KEYS.of(SECOND, "id").kid}, pool=FOREIGN
    ),
    "own key embedded": token(
        keys=OTHER_KEYS, headers={"jwk": OTHER_KEYS.jwks(POOL)["keys"][0], "kid": KID}
    ),
    "own key by address": token(
        keys=OTHER_KEYS, headers={"jku": "http://127.0.0.1/jwks.json", "kid": KID}
    ),
    "foreign pool": token(pool=FOREIGN),
    "other server's key": token(keys=OTHER_KEYS),
    "issuer of another pool": token(iss=f"{URL}/{SECOND}"),
    "issuer of AWS": token(iss=f"https://cognito-idp.eu-west-1.amazonaws.com/{POOL}"),
    "no issuer": token(iss=None),
    "no expiry": token(exp=None),
    "expiry that is no number": token(exp="soon"),
    "not yet valid": token(nbf=NOW + DAY),
    "no use": token(token_use=None),
    "use that is no text": token(token_use=["id"]),
    "access token": token("access"),
    "header that is no JSON": forged(header=b"{"),
    "header that is a list": forged(header=[]),
    "header too deep": forged(header=b"[" * 9000),
    "payload that is a list": forged(payload=[]),
    "not ASCII": "\u1234.\u5678.\u9abc",
    "not UTF-8": b"\xff\xfe.a.b".decode("utf-8", "surrogateescape"),
    "good, then not UTF-8": GOOD + b"\xff".decode("utf-8", "surrogateescape"),
    "control characters": f"{GOOD}\x00",
    "long": "a" * 60_000,
}


def test_refuses():
    for kind, value in BAD.items():
        decision = decided(value)
        assert isinstance(decision, Refused), kind
        assert decision.message == "Unauthorized", kind
        # The page and the log show it: text without an exception's name.
        assert not re.search(r"[a-z][A-Z]|Error\b", decision.reason), decision.reason


def test_two_headers_are_refused():
    decision = authorizer().decide([GOOD, GOOD], [])
    assert decision == Refused("the header was sent more than once")


@pytest.mark.parametrize("prefix", ["", "Bearer "])
def test_the_prefix_is_optional(prefix):
    assert decided(prefix + GOOD) == Allowed(CLAIMS)


def test_says_that_a_token_has_expired():
    decision = decided(token(exp=NOW - 1))
    assert isinstance(decision, Refused)
    assert decision.message == EXPIRED


def test_the_expiry_of_a_forgery_is_not_reported():
    expired = jwt.decode(token(exp=NOW - 1), options={"verify_signature": False})
    assert decided(forged(payload=expired)).message == "Unauthorized"


@pytest.mark.parametrize(
    ("use", "granted", "wanted", "allowed"),
    [
        ("id", None, [], True),
        ("id", None, ["a/read"], False),
        ("id", "a/read", ["a/read"], False),
        ("access", "a/read", [], False),
        ("access", "a/read", ["a/read"], True),
        ("access", "a/read a/write", ["a/write"], True),
        ("access", "a/read", ["a/write", "a/read"], True),
        ("access", "a/read", ["a/write"], False),
        ("access", "a/reader", ["a/read"], False),
        ("access", "A/READ", ["a/read"], False),
        ("access", "", ["a/read"], False),
        ("access", None, ["a/read"], False),
        ("access", ["a/read"], ["a/read"], False),
    ],
)
def test_scopes_decide_which_token_is_required(use, granted, wanted, allowed):
    decision = decided(token(use, scope=granted), wanted)
    assert isinstance(decision, Allowed) is allowed


@pytest.mark.parametrize("pool", [POOL, SECOND])
def test_every_pool_of_the_authorizer_is_accepted(pool):
    assert isinstance(decided(token(pool=pool)), Allowed)


def test_any_client_of_the_pool_is_accepted():
    assert isinstance(decided(token(aud="other")), Allowed)


@pytest.mark.parametrize(
    ("expression", "audience", "allowed"),
    [
        ("web", "web", True),
        ("we", "web", False),
        ("eb", "web", False),
        ("(web|app)", "app", True),
        ("web", "other", False),
        ("web", None, False),
        ("None", None, False),
        ("", "web", True),
    ],
)
def test_the_validation_expression_limits_the_clients(expression, audience, allowed):
    decision = decided(token(aud=audience), identityValidationExpression=expression)
    assert isinstance(decision, Allowed) is allowed


@pytest.mark.parametrize("expression", ["web", ".*"])
def test_no_access_token_fits_a_validation_expression(expression):
    value = token("access")
    decision = decided(value, ["a/read"], identityValidationExpression=expression)
    assert isinstance(decision, Refused)


def test_an_invalid_validation_expression_refuses_everyone():
    assert isinstance(decided(GOOD, identityValidationExpression="("), Refused)


def test_reads_the_configured_header():
    source = "method.request.header.X-Token"
    assert authorizer(identitySource=source).header == "X-Token"


@given(st.data())
def test_no_change_of_a_token_is_accepted(data):
    """Change bytes, not characters: base64 has several spellings."""
    parts = [base64.urlsafe_b64decode(f"{part}==") for part in GOOD.split(".")]
    which = data.draw(st.integers(0, 2))
    place = data.draw(st.integers(0, len(parts[which]) - 1))
    changed = bytearray(parts[which])
    changed[place] ^= data.draw(st.integers(1, 255))
    parts[which] = bytes(changed)
    assert isinstance(decided(".".join(map(encoded, parts))), Refused)


@given(
    st.one_of(
        st.text(), st.binary().map(lambda b: b.decode("utf-8", "surrogateescape"))
    )
)
def test_any_input_is_only_refused(value):
    assert isinstance(decided(value), Refused)
    assert isinstance(decided(f"Bearer {value}", ["a/read"]), Refused)


@pytest.mark.parametrize("padding", ["=", "==", "==="])
def test_a_padded_token_is_refused(padding):
    assert isinstance(decided(GOOD + padding), Refused)


def test_a_token_is_checked_at_each_call():
    """The signature is verified once; all else, and the user's state, each time."""
    good = token("access")
    assert isinstance(decided(good, ["a/read"]), Allowed)
    assert isinstance(decided(good, ["a/write"]), Refused)
    assert isinstance(decided(good), Refused)
    assert isinstance(decided(good, ["a/read"], providerARNs=[ARN + SECOND]), Refused)
    moved = Authorizer(authorizer().settings, KEYS, "http://127.0.0.1:1")
    assert isinstance(moved.decide([good], ["a/read"]), Refused)
    without_keys = Authorizer(authorizer().settings, OTHER_KEYS, URL)
    assert isinstance(without_keys.decide([good], ["a/read"]), Refused)


def test_a_token_whose_signature_is_known_expires():
    """The second call checks its expiry again."""
    old = token(exp=NOW - 1)
    decisions = [decided(old), decided(old)]
    assert decisions == 2 * [Refused("the token has expired", EXPIRED)]


def test_changing_returned_claims_changes_no_other_call():
    good = token()
    decided(good).claims["sub"] = "another"
    assert decided(good).claims["sub"] == "s"
