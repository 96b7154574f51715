"""No token but Cognito's own opens a method, whatever changes a valid one.

Each kind of forgery is a function of a valid token. Many are signed with the pool's
key, which no forger has: their other error is still refused.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from dataclasses import dataclass
from types import SimpleNamespace

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cognito_gw.local.apigateway.authorizer import Allowed, Authorizer, Refused
from cognito_gw.local.apigateway.context import DeployedStage, Snapshot
from cognito_gw.local.apigateway.gateway import Gateway
from cognito_gw.local.cognito.tokens import Keys

URL = "http://127.0.0.1:4566"
POOL, FOREIGN = "eu-west-1_abcdefghi", "eu-west-1_foreign00"
ARN = f"arn:aws:cognito-idp:eu-west-1:123456789012:userpool/{POOL}"
SCOPE = "api/read"
KEYS, FORGERS_KEYS = Keys(), Keys()
ELLIPTIC = ec.generate_private_key(ec.SECP256R1())
NOW = int(time.time())
HOUR = 3600
OTHER_USE = {"id": "access", "access": "id"}
SCOPES = {"id": [], "access": [SCOPE]}


@dataclass(frozen=True)
class Good:
    """A token that opens the method for its use, split into parts."""

    use: str

    @property
    def key(self):
        return KEYS.of(POOL, self.use)

    @property
    def header(self):
        return {"kid": self.key.kid, "alg": "RS256"}

    @property
    def claims(self):
        own = {"aud": "web"} if self.use == "id" else {"scope": f"{SCOPE} openid"}
        times = {"iat": NOW - HOUR, "exp": NOW + HOUR}
        issuer = f"{URL}/{POOL}"
        return {"sub": "s", "iss": issuer, "token_use": self.use} | times | own

    @property
    def token(self):
        return token_of(self.header, self.claims, self.key)

    @property
    def parts(self):
        return self.token.split(".")

    def with_header(self, **changes):
        """Sign another header with the pool's key."""
        return token_of(changed(self.header, changes), self.claims, self.key)

    def with_claims(self, **changes):
        """Sign other claims with the pool's key."""
        return token_of(self.header, changed(self.claims, changes), self.key)

    def under_old_signature(self, header=None, claims=None):
        signature = self.parts[2]
        head, body = header or self.header, claims or self.claims
        return f"{encoded(head)}.{encoded(body)}.{signature}"

    def by_forger(self, **header):
        """Sign with a forger's key, under a header that names it."""
        key = FORGERS_KEYS.of(POOL, self.use)
        return token_of(self.header | header, self.claims, key)


def changed(mapping, changes):
    return {k: v for k, v in (mapping | changes).items() if v is not None}


def encoded(part):
    octets = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def token_of(header, claims, key, hashed=hashes.SHA256, padded=padding.PKCS1v15):
    signed = f"{encoded(header)}.{encoded(claims)}"
    signature = key.private.sign(signed.encode(), padded(), hashed())
    return f"{signed}.{encoded(signature)}"


def pss():
    return padding.PSS(padding.MGF1(hashes.SHA256()), 32)


def by_hmac(good, secret):
    signed = f"{encoded(good.header | {'alg': 'HS256'})}.{encoded(good.claims)}"
    algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    return f"{signed}.{encoded(algorithm.sign(signed.encode(), secret))}"


def public_key(good, encoding, form):
    return good.key.public.public_bytes(encoding, form)


def by_elliptic_curve(good):
    header = good.header | {"alg": "ES256"}
    signed = f"{encoded(header)}.{encoded(good.claims)}"
    signature = ELLIPTIC.sign(signed.encode(), ec.ECDSA(hashes.SHA256()))
    return f"{signed}.{encoded(signature)}"


def without_signature(good, alg):
    return f"{encoded(good.header | {'alg': alg})}.{encoded(good.claims)}."


def with_raw_payload(good, payload):
    return token_of(good.header, payload, good.key)


def with_doubled(good, part, name, value):
    """Sign JSON with a duplicate name; the good value is last, where parsers look."""
    values = getattr(good, part)
    double = f'{{"{name}": {json.dumps(value)}, {json.dumps(values)[1:]}'.encode()
    parts = {"header": good.header, "claims": good.claims} | {part: double}
    return token_of(parts["header"], parts["claims"], good.key)


def with_respelled_end(good, place):
    """Write the last character of a part differently, with the same bytes."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    parts = good.parts
    last = alphabet.index(parts[place][-1])
    parts[place] = parts[place][:-1] + alphabet[last ^ 1]
    return ".".join(parts)


def in_standard_alphabet(good):
    """Sign claims whose encoding has both letters that differ between the alphabets."""
    token = good.with_claims(sub="\x7f~?>\x7f~??~~~???>>>")
    return token.replace("-", "+").replace("_", "/")


def foreign(good):
    """Return a valid token of another pool of this server."""
    claims = good.claims | {"iss": f"{URL}/{FOREIGN}"}
    key = KEYS.of(FOREIGN, good.use)
    return token_of(good.header | {"kid": key.kid}, claims, key)


def swapped_key(good):
    """Sign with one key of the pool and name the other."""
    return good.with_header(kid=KEYS.of(POOL, OTHER_USE[good.use]).kid)


def cut(good, place):
    parts = good.parts
    parts[place] = parts[place][:-4]
    return ".".join(parts)


PEM = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
DER = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
PKCS1 = (serialization.Encoding.PEM, serialization.PublicFormat.PKCS1)

FORGERIES = {
    "nothing": lambda _: [],
    "empty": lambda _: "",
    "prefix only": lambda _: "Bearer",
    "prefix and blank only": lambda _: "Bearer ",
    "words": lambda _: "let me in",
    "dots only": lambda _: "..",
    "the parts' names": lambda _: "header.payload.signature",
    "alg none": lambda g: without_signature(g, "none"),
    "alg None": lambda g: without_signature(g, "None"),
    "alg NONE": lambda g: without_signature(g, "NONE"),
    "alg nOnE": lambda g: without_signature(g, "nOnE"),
    "alg none with a blank": lambda g: without_signature(g, " none"),
    "alg none under the signature": lambda g: g.with_header(alg="none"),
    "alg empty": lambda g: g.with_header(alg=""),
    "alg missing": lambda g: g.with_header(alg=None),
    "alg null": lambda g: g.under_old_signature(g.header | {"alg": None}),
    "alg in lower case": lambda g: g.with_header(alg="rs256"),
    "alg a list": lambda g: g.with_header(alg=["RS256"]),
    "alg RS384 over RS256": lambda g: g.with_header(alg="RS384"),
    "alg RS384": lambda g: token_of(
        g.header | {"alg": "RS384"}, g.claims, g.key, hashes.SHA384
    ),
    "alg RS512": lambda g: token_of(
        g.header | {"alg": "RS512"}, g.claims, g.key, hashes.SHA512
    ),
    "alg PS256": lambda g: token_of(
        g.header | {"alg": "PS256"}, g.claims, g.key, padded=pss
    ),
    "PS256 called RS256": lambda g: token_of(g.header, g.claims, g.key, padded=pss),
    "alg ES256": by_elliptic_curve,
    "HS256 with the public key": lambda g: by_hmac(g, public_key(g, *PEM)),
    "HS256 with the public key in DER": lambda g: by_hmac(g, public_key(g, *DER)),
    "HS256 with the public key in PKCS1": lambda g: by_hmac(g, public_key(g, *PKCS1)),
    "HS256 with nothing": lambda g: by_hmac(g, b""),
    "HS256 with the kid": lambda g: by_hmac(g, g.key.kid.encode()),
    "kid of the other use": swapped_key,
    "kid unknown": lambda g: g.with_header(kid="unknown"),
    "kid missing": lambda g: g.with_header(kid=None),
    "kid empty": lambda g: g.with_header(kid=""),
    "kid null": lambda g: g.under_old_signature(g.header | {"kid": None}),
    "kid a number": lambda g: g.with_header(kid=1),
    "kid a list": lambda g: g.with_header(kid=[g.key.kid]),
    "kid a path": lambda g: g.with_header(kid="../../../dev/null"),
    "kid in SQL": lambda g: g.with_header(kid=f"' UNION SELECT '{g.key.kid}"),
    "kid without its padding": lambda g: g.with_header(kid=g.key.kid.rstrip("=")),
    "kid of another pool": lambda g: g.with_header(kid=KEYS.of(FOREIGN, g.use).kid),
    "own key": lambda g: g.by_forger(),
    "own key in jwk": lambda g: g.by_forger(jwk=FORGERS_KEYS.jwks(POOL)["keys"][0]),
    "own key by jku": lambda g: g.by_forger(jku="http://127.0.0.1:1/jwks.json"),
    "own key by x5u": lambda g: g.by_forger(x5u="http://127.0.0.1:1/cert.pem"),
    "own key in x5c": lambda g: g.by_forger(x5c=["MIIB"]),
    "the pool's key in jwk": lambda g: g.with_header(jwk=KEYS.jwks(POOL)["keys"][0]),
    "the pool's key by jku": lambda g: g.with_header(jku=f"{URL}/{POOL}/jwks.json"),
    "crit": lambda g: g.with_header(crit=["exp"], exp=NOW + HOUR),
    "crit empty": lambda g: g.with_header(crit=[]),
    "b64 false": lambda g: g.with_header(b64=False, crit=["b64"]),
    "b64 false without crit": lambda g: g.with_header(b64=False),
    "zip": lambda g: g.with_header(zip="DEF"),
    "cty JWT": lambda g: g.with_header(cty="JWT"),
    "header a list": lambda g: g.under_old_signature(header=[1]),
    "header a text": lambda g: g.under_old_signature(header="RS256"),
    "header no JSON": lambda g: g.under_old_signature(header=b"{"),
    "header not in UTF-8": lambda g: g.under_old_signature(header=b"\xff\xfe"),
    "header in UTF-16": lambda g: token_of(
        json.dumps(g.header).encode("utf-16"), g.claims, g.key
    ),
    "header too deep": lambda g: g.under_old_signature(header=b"[" * 4000),
    "header tampered": lambda g: g.under_old_signature(g.header | {"typ": "JWT"}),
    "payload tampered": lambda g: g.under_old_signature(
        claims=g.claims | {"sub": "admin"}
    ),
    "payload a list": lambda g: with_raw_payload(g, [1]),
    "payload null": lambda g: with_raw_payload(g, b"null"),
    "payload empty": lambda g: with_raw_payload(g, {}),
    "payload no JSON": lambda g: with_raw_payload(g, b"sub=s"),
    "payload not in UTF-8": lambda g: with_raw_payload(g, b'{"sub": "\xff"}'),
    "payload in UTF-16": lambda g: with_raw_payload(
        g, json.dumps(g.claims).encode("utf-16")
    ),
    "payload too deep": lambda g: with_raw_payload(g, b'{"a":' * 1000),
    "nested": lambda g: token_of(g.header | {"cty": "JWT"}, g.token.encode(), g.key),
    "nested without a type": lambda g: with_raw_payload(g, g.token.encode()),
    "expired": lambda g: g.with_claims(exp=NOW - 1),
    "expired long ago": lambda g: g.with_claims(exp=1),
    "exp missing": lambda g: g.with_claims(exp=None),
    "exp in digits": lambda g: g.with_claims(exp=str(NOW + HOUR)),
    "exp in words": lambda g: g.with_claims(exp="tomorrow"),
    "exp a fraction": lambda g: g.with_claims(exp=NOW + HOUR + 0.5),
    "exp a float": lambda g: g.with_claims(exp=float(NOW + HOUR)),
    "exp negative": lambda g: g.with_claims(exp=-1),
    "exp huge": lambda g: g.with_claims(exp=10**300),
    "exp infinite": lambda g: g.with_claims(exp=float("inf")),
    "exp not a number": lambda g: g.with_claims(exp=float("nan")),
    "exp true": lambda g: g.with_claims(exp=True),
    "exp a list": lambda g: g.with_claims(exp=[NOW + HOUR]),
    "not yet valid": lambda g: g.with_claims(nbf=NOW + HOUR),
    "nbf in digits": lambda g: g.with_claims(nbf="0"),
    "issued tomorrow": lambda g: g.with_claims(iat=NOW + 24 * HOUR),
    "iat in words": lambda g: g.with_claims(iat="now"),
    "another pool": foreign,
    "issuer of another pool": lambda g: g.with_claims(iss=f"{URL}/{FOREIGN}"),
    "issuer of AWS": lambda g: g.with_claims(
        iss=f"https://cognito-idp.eu-west-1.amazonaws.com/{POOL}"
    ),
    "issuer with a slash": lambda g: g.with_claims(iss=f"{URL}/{POOL}/"),
    "issuer in capitals": lambda g: g.with_claims(iss=f"{URL}/{POOL}".upper()),
    "issuer missing": lambda g: g.with_claims(iss=None),
    "issuer a list": lambda g: g.with_claims(iss=[f"{URL}/{POOL}"]),
    "token_use of the other kind": lambda g: Good(OTHER_USE[g.use]).token,
    "token_use missing": lambda g: g.with_claims(token_use=None),
    "token_use a list": lambda g: g.with_claims(token_use=[g.use]),
    "token_use in capitals": lambda g: g.with_claims(token_use=g.use.upper()),
    "aud a list": lambda g: g.with_claims(aud=["web"]),
    "refresh token": lambda _: ".".join(["eyJhbGciOiJSU0EtT0FFUCJ9", *["abcd"] * 4]),
    "header cut": lambda g: cut(g, 0),
    "payload cut": lambda g: cut(g, 1),
    "signature cut": lambda g: cut(g, 2),
    "signature empty": lambda g: ".".join([*g.parts[:2], ""]),
    "signature missing": lambda g: ".".join(g.parts[:2]),
    "signature of another token": lambda g: g.under_old_signature(
        claims=Good(OTHER_USE[g.use]).claims
    ),
    "signature all zero": lambda g: ".".join([*g.parts[:2], encoded(bytes(256))]),
    "signature twice as long": lambda g: ".".join([*g.parts, g.parts[2]]),
    "header spelled otherwise": lambda g: with_respelled_end(
        Good(g.use), 0 if len(g.parts[0]) % 4 else 2
    ),
    "signature spelled otherwise": lambda g: with_respelled_end(g, 2),
    "a part more": lambda g: f"{g.token}.abcd",
    "an empty part more": lambda g: f"{g.token}.",
    "a dot in front": lambda g: f".{g.token}",
    "padded": lambda g: ".".join(f"{p}{'=' * (-len(p) % 4)}" for p in g.parts),
    "padded at the end": lambda g: f"{g.token}==",
    "standard alphabet": in_standard_alphabet,
    "line breaks in a part": lambda g: g.token[:40] + "\t" + g.token[40:],
    "the header twice": lambda g: [g.token, g.token],
    "the header twice, the second bad": lambda g: [g.token, "garbage"],
    "the header twice, the first bad": lambda g: ["garbage", g.token],
    "the header twice, the first empty": lambda g: ["", g.token],
    "two tokens": lambda g: f"{g.token},{g.token}",
    "two tokens with a blank": lambda g: f"{g.token} {g.token}",
    "prefix in lower case": lambda g: f"bearer {g.token}",
    "prefix in capitals": lambda g: f"BEARER {g.token}",
    "prefix and two blanks": lambda g: f"Bearer  {g.token}",
    "prefix and tabulator": lambda g: f"Bearer\t{g.token}",
    "prefix and no blank": lambda g: f"Bearer{g.token}",
    "prefix and colon": lambda g: f"Bearer: {g.token}",
    "prefix twice": lambda g: f"Bearer Bearer {g.token}",
    "scheme Basic": lambda g: f"Basic {g.token}",
    "scheme JWT": lambda g: f"JWT {g.token}",
    "in quotes": lambda g: f'"{g.token}"',
    "percent-encoded": lambda g: g.token.replace(".", "%2E"),
    "no-break space": lambda g: f"Bearer\u00a0{g.token}",
    "other full stops": lambda g: g.token.replace(".", "\uff0e"),
    "other digits": lambda g: f"{g.token}\u0661",
    "not in UTF-8": lambda g: g.token + b"\xff".decode("utf-8", "surrogateescape"),
    "long": lambda _: "a" * 9000,
    "long in three parts": lambda _: ".".join(["e30" * 900] * 3),
    "name twice in the header": lambda g: with_doubled(g, "header", "alg", "none"),
    "kid twice in the header": lambda g: with_doubled(g, "header", "kid", "x"),
    "exp twice": lambda g: with_doubled(g, "claims", "exp", 1),
    "token_use twice": lambda g: with_doubled(
        g, "claims", "token_use", OTHER_USE[g.use]
    ),
}
# HTTP itself strips blanks around a value, and refuses some characters.
NEVER_SENT = {
    "blank in front": lambda g: f" {g.token}",
    "blank behind": lambda g: f"{g.token} ",
    "null byte behind": lambda g: f"{g.token}\x00",
    "null byte in front": lambda g: f"\x00{g.token}",
    "null byte inside": lambda g: g.token[:40] + "\x00" + g.token[40:],
    "line break behind": lambda g: f"{g.token}\n",
    "line break inside": lambda g: g.token.replace(".", ".\r\n"),
    "very long": lambda _: "a" * 1_000_000,
}
OF_SCOPES = {
    "scope missing": lambda g: g.with_claims(scope=None),
    "scope empty": lambda g: g.with_claims(scope=""),
    "scope a list": lambda g: g.with_claims(scope=[SCOPE]),
    "scope a list that reads like a text": lambda g: g.with_claims(
        scope=[f"x {SCOPE} y"]
    ),
    "scope an object": lambda g: g.with_claims(scope={SCOPE: True}),
    "scope true": lambda g: g.with_claims(scope=True),
    "scope longer": lambda g: g.with_claims(scope=f"{SCOPE}er"),
    "scope shorter": lambda g: g.with_claims(scope=SCOPE[:-1]),
    "scope in capitals": lambda g: g.with_claims(scope=SCOPE.upper()),
    "scope of another server": lambda g: g.with_claims(scope="other/read"),
    "scope with commas": lambda g: g.with_claims(scope=f"openid,{SCOPE}"),
    "scope behind a line break": lambda g: g.with_claims(scope=f"openid\n{SCOPE}"),
    "scope with a wildcard": lambda g: g.with_claims(scope="api/*"),
    "scope elsewhere": lambda g: g.with_claims(scope=None, scp=SCOPE),
}


def values_of(made):
    return made if isinstance(made, list) else [made]


def decided(use, values):
    config = {
        "identitySource": "method.request.header.Authorization",
        "providerARNs": [ARN],
    }
    return Authorizer(config, KEYS, URL).decide(values, SCOPES[use])


ALL = FORGERIES | NEVER_SENT
USES = pytest.mark.parametrize("use", ["id", "access"])


@USES
@pytest.mark.parametrize("prefix", ["", "Bearer "])
def test_the_good_token_opens(use, prefix):
    """Without this the other tests would prove nothing."""
    good = Good(use)
    assert decided(use, [prefix + good.token]) == Allowed(good.claims)


@USES
def test_a_forgery_is_refused(use):
    good = Good(use)
    for kind, forge in ALL.items():
        assert isinstance(decided(use, values_of(forge(good))), Refused), kind


def test_a_forged_scope_is_refused():
    good = Good("access")
    decisions = {kind: decided("access", [OF_SCOPES[kind](good)]) for kind in OF_SCOPES}
    assert [
        kind for kind in OF_SCOPES if not isinstance(decisions[kind], Refused)
    ] == []


def test_a_good_signature_of_the_other_alphabet_has_its_letters():
    assert set("+/") & set(in_standard_alphabet(Good("id")))


def test_the_respelled_signature_has_the_same_bytes():
    respelled = with_respelled_end(Good("id"), 2).split(".")[2]
    octets = [
        base64.urlsafe_b64decode(f"{part}==")
        for part in (respelled, Good("id").parts[2])
    ]
    assert octets[0] == octets[1]


@pytest.fixture(scope="module")
def status():
    """Return a function that calls a gateway over HTTP with any bytes in the header."""
    gateway = Gateway(
        stages=lambda *_: DeployedStage("dev", "d", {}, SNAPSHOT),
        keys=KEYS,
        functions=None,
        url=URL,
        activity=SimpleNamespace(add=lambda *_, **__: None),
        pool_exists=lambda _: True,
    )
    app = web.Application()
    place = "/_aws/execute-api/{api_id}/{stage}/{path:.*}"
    app.add_routes([web.route("*", place, gateway.handle)])
    with asyncio.Runner() as loop:
        runner = web.AppRunner(app, max_line_size=1 << 16, max_field_size=1 << 16)
        loop.run(runner.setup())
        loop.run(web.TCPSite(runner, "127.0.0.1", 0).start())
        port = runner.addresses[0][1]
        yield lambda use, values: loop.run(answered(port, use, values))
        loop.run(runner.cleanup())


def secured(use):
    method = {
        "authorizationType": "COGNITO_USER_POOLS",
        "authorizerId": "a",
        "authorizationScopes": SCOPES[use],
        "methodIntegration": {
            "type": "MOCK",
            "requestTemplates": {"application/json": '{"statusCode": 200}'},
            "integrationResponses": {"200": {}},
        },
    }
    return {"id": use, "path": f"/{use}", "resourceMethods": {"GET": method}}


SNAPSHOT = Snapshot(
    account="123456789012",
    region="eu-west-1",
    api_id="api",
    rest_api={},
    resources=[secured("id"), secured("access")],
    authorizers={
        "a": {
            "type": "COGNITO_USER_POOLS",
            "identitySource": "method.request.header.Authorization",
            "providerARNs": [ARN],
        }
    },
    gateway_responses={},
)


async def answered(port, use, values):
    """Return the status and the body of one request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"GET /_aws/execute-api/api/dev/{use} HTTP/1.1", "Host: localhost"]
    lines += ["Connection: close", *(f"Authorization: {value}" for value in values)]
    text = "\r\n".join([*lines, "", ""])
    writer.write(text.encode("utf-8", "surrogateescape"))
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


@USES
def test_the_good_token_opens_over_http(status, use):
    assert status(use, [Good(use).token])[0] == 200


# Forgeries whose header HTTP could change, and one of each other kind.
OVER_HTTP = [
    "expired",
    "exp in words",
    "another pool",
    "token_use of the other kind",
    "signature missing",
    "signature spelled otherwise",
    "padded at the end",
    "line breaks in a part",
    "the header twice",
    "the header twice, the second bad",
    "the header twice, the first bad",
    "the header twice, the first empty",
    "two tokens",
    "two tokens with a blank",
    "prefix in lower case",
    "prefix and two blanks",
    "prefix and tabulator",
    "scheme Basic",
    "in quotes",
    "percent-encoded",
    "no-break space",
    "other full stops",
    "not in UTF-8",
    "long",
    "name twice in the header",
]


@USES
@pytest.mark.parametrize("kind", OVER_HTTP)
def test_a_forgery_is_401_over_http(status, use, kind):
    code, body = status(use, values_of(FORGERIES[kind](Good(use))))
    assert code == 401
    is_expired = kind.startswith("expired")
    message = "The incoming token has expired" if is_expired else "Unauthorized"
    assert json.loads(body) == {"message": message}


@pytest.mark.parametrize("kind", ["scope missing", "scope elsewhere"])
def test_a_forged_scope_is_401_over_http(status, kind):
    assert status("access", [OF_SCOPES[kind](Good("access"))])[0] == 401


@USES
@pytest.mark.parametrize("kind", ["null byte inside", "null byte behind"])
def test_invalid_header_bytes_are_a_client_error(status, use, kind):
    assert 400 <= status(use, [NEVER_SENT[kind](Good(use))])[0] < 500


def test_a_forgery_never_says_that_it_has_expired():
    """Only the pool's own signature makes an expiry credible."""
    good = Good("id")
    expired = good.under_old_signature(claims=good.claims | {"exp": 1})
    assert decided("id", [expired]).message == "Unauthorized"


TOKENS = {use: Good(use).token for use in SCOPES}
SOME = settings(deadline=None)
TEXT = st.text(min_size=1, max_size=4)


@SOME
@given(st.sampled_from(["id", "access"]), st.data())
def test_no_inserted_text_is_overlooked(use, data):
    good = TOKENS[use]
    place = data.draw(st.integers(0, len(good)))
    forged = good[:place] + data.draw(TEXT) + good[place:]
    assert isinstance(decided(use, [forged]), Refused)


@SOME
@given(st.sampled_from(["id", "access"]), st.data())
def test_no_missing_text_is_overlooked(use, data):
    good = TOKENS[use]
    place = data.draw(st.integers(0, len(good) - 1))
    length = data.draw(st.integers(1, 8))
    assert isinstance(decided(use, [good[:place] + good[place + length :]]), Refused)


@SOME
@given(st.sampled_from(["id", "access"]), st.data())
def test_no_other_character_is_overlooked(use, data):
    good = TOKENS[use]
    place = data.draw(st.integers(0, len(good) - 1))
    other = data.draw(st.characters())
    assume(other != good[place])
    forged = good[:place] + other + good[place + 1 :]
    assert isinstance(decided(use, [forged]), Refused)


@SOME
@given(st.sampled_from(["id", "access"]), st.data())
def test_no_other_octet_is_overlooked(use, data):
    parts = [base64.urlsafe_b64decode(f"{part}==") for part in TOKENS[use].split(".")]
    which = data.draw(st.integers(0, 2))
    octets = bytearray(parts[which])
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(1, 255))
    parts[which] = bytes(octets)
    assert isinstance(decided(use, [".".join(map(encoded, parts))]), Refused)


PARTS = [part for token in TOKENS.values() for part in token.split(".")]


@SOME
@given(
    st.sampled_from(["id", "access"]),
    st.lists(st.sampled_from([*PARTS, "", encoded({})]), max_size=6),
)
def test_no_other_order_of_parts_is_a_token(use, parts):
    forged = ".".join(parts)
    assume(forged != TOKENS[use])
    assert isinstance(decided(use, [forged]), Refused)


@SOME
@given(
    st.sampled_from(["id", "access"]),
    st.sampled_from([base64.b64encode, base64.b32encode, base64.b16encode]),
    st.booleans(),
)
def test_no_other_encoding_is_read(use, encode, is_whole):
    good = TOKENS[use]
    parts = [good] if is_whole else good.split(".")
    forged = ".".join(encode(part.encode()).decode() for part in parts)
    assert isinstance(decided(use, [forged]), Refused)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)
REQUIRED = ["iss", "token_use", "exp"]


@SOME
@given(st.sampled_from(["id", "access"]), st.sampled_from(REQUIRED), JSON)
def test_no_other_value_of_a_claim_is_taken(use, claim, value):
    """It is signed with the pool's key, so only the claim is wrong."""
    assume(not (claim == "exp" and type(value) is int and value > NOW))
    assert isinstance(decided(use, [Good(use).with_claims(**{claim: value})]), Refused)


@SOME
@given(st.sampled_from(["id", "access"]), JSON)
def test_no_other_algorithm_is_taken(use, value):
    assume(value not in (None, "RS256"))
    assert isinstance(decided(use, [Good(use).with_header(alg=value)]), Refused)


@SOME
@given(st.sampled_from(["id", "access"]), st.text(), JSON)
def test_no_other_header_is_taken(use, name, value):
    assume(name not in {"alg", "kid"} and value is not None)
    assert isinstance(decided(use, [Good(use).with_header(**{name: value})]), Refused)
