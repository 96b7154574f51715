"""What `cgw check` sends to each route, and the response each probe must get."""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.waits import naps
from cognito_gw.errors import CgwError
from cognito_gw.oauth.request import NoAnswer, send
from cognito_gw.oauth.tokens import claims_of, header_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import httpx

    Case = dict[str, Any]  # route, case, expected, got, ok


ALTERED = "altered expiry"  # with the old signature, so it is refused for that
_HOUR = 3600


def forgeries(token: str) -> dict[str, str]:
    """Return forged tokens by what is wrong with them.

    Each is the best forgery that is possible without the pool's private key.
    """
    header, claims = header_of(token), claims_of(token)
    signature = token.rpartition(".")[2]
    past = int(time.time()) - _HOUR
    return {
        "garbage": secrets.token_urlsafe(40),
        "alg none": f"{_part(header | {'alg': 'none'})}.{_part(claims)}.",
        "tampered payload": _with(header, claims | {"sub": "someone-else"}, signature),
        "foreign pool": _of_foreign_pool(claims),
        ALTERED: _with(header, claims | {"exp": past}, signature),
    }


def _with(header: Mapping[str, Any], claims: Mapping[str, Any], signature: str) -> str:
    return f"{_part(header)}.{_part(claims)}.{signature}"


def _of_foreign_pool(claims: Mapping[str, Any]) -> str:
    """Return a token with the same claims, correctly signed by a made-up pool."""
    import jwt
    from cryptography.hazmat.primitives.asymmetric import rsa

    place, _, pool_id = str(claims.get("iss", "")).rpartition("/")
    region = pool_id.partition("_")[0]
    foreign = {"iss": f"{place}/{region}_{secrets.token_hex(4)}1"}
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kid = base64.b64encode(secrets.token_bytes(32)).decode()
    headers = {"kid": kid, "typ": None}  # as Cognito writes it
    return jwt.encode({**claims, **foreign}, key, algorithm="RS256", headers=headers)


def _part(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


REFUSED, LET_IN, SHARED, UNSHARED = "401", "let in", "CORS headers", "403"
NOT_TRIED, NO_ANSWER = "not tried", "no answer"
SAFE = ("GET", "HEAD", "OPTIONS")
_VARIABLE = re.compile(r"\{[^}]+\}")
_REFUSALS = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.REQUEST_URI_TOO_LONG,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
)
_OF_GATEWAY = (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT)


@dataclass(frozen=True)
class RouteCheck:
    """A route of the file, and the tokens to try; None means unavailable."""

    verb: str
    path: str
    scopes: tuple[str, ...] = ()
    origin: str | None = None  # that CORS allows
    preflight: str = UNSHARED  # what OPTIONS must return
    sends: str | None = None  # the method to send to an ANY route; "": none
    is_secured: bool = False
    id_token: str | None = field(default=None, repr=False)
    access_token: str | None = field(default=None, repr=False)  # without the scopes
    scoped_token: str | None = field(default=None, repr=False)
    expired_token: str | None = field(
        default=None, repr=False
    )  # a valid one until it expired

    @property
    def name(self) -> str:
        """The key of the route in the file."""
        return f"{self.verb} {self.path}"

    @property
    def method(self) -> str:
        """The method to send."""
        return self.sends or ("GET" if self.verb == "ANY" else self.verb)

    @property
    def right_token(self) -> str | None:
        """The token that the route accepts."""
        return self.scoped_token if self.scopes else self.id_token


@dataclass(frozen=True)
class Probe:
    """One request to a route, and the expected response."""

    check: RouteCheck
    case: str
    expected: str
    token: str | None = field(default=None, repr=False)
    is_preflight: bool = False

    @property
    def may_write(self) -> bool:
        """Whether the function may change data: it runs, and the method is not safe."""
        is_read = self.is_preflight or self.check.method in SAFE
        return self.expected == LET_IN and not is_read

    def case_at(self, url: str, header: str) -> dict[str, Any]:
        """Send it to the stage at `url` with the token in `header`.

        Returns JSON-ready data: route, case, expected, got, ok.
        """
        try:
            response = self._sent(url, header)
        except NoAnswer:
            return self._case(NO_ANSWER, is_ok=False)
        return self._case(self._spelled(response), is_ok=self._fits(response))

    def untried(self) -> dict[str, Any]:
        """Return the case of a probe that is not sent, which is not a failure."""
        return self._case(NOT_TRIED, is_ok=True)

    def _case(self, got: str, *, is_ok: bool) -> dict[str, Any]:
        return {
            "route": self.check.name,
            "case": self.case,
            "expected": self.expected,
            "got": got,
            "ok": is_ok,
        }

    def _sent(self, url: str, header: str) -> httpx.Response:
        verb = self.check.method
        # Any value of a path variable will do: only the authorization matters.
        path = _VARIABLE.sub("cgw-check", self.check.path)
        headers = [(header, self.token)] if self.token else []
        if self.is_preflight:
            asked = [("Access-Control-Request-Method", verb)]
            headers = [("Origin", self.check.origin or "https://example.com"), *asked]
            verb = "OPTIONS"
        return send(verb, f"{url}{path}", headers)

    def _spelled(self, response: httpx.Response) -> str:
        if self.is_preflight and _shares(response):
            return SHARED
        is_own = response.is_error and not _is_gateways(response)
        is_functions = (is_own and self.expected == LET_IN) or _is_functions(response)
        source = " from the function" if is_functions else ""
        return f"{response.status_code}{source}"

    def _fits(self, response: httpx.Response) -> bool:
        if self.expected == SHARED:
            return _shares(response)
        if self.expected != LET_IN:
            is_open = _is_functions(response) or (
                self.is_preflight and _shares(response)
            )
            return str(response.status_code) == self.expected and not is_open
        is_refusal = response.status_code in _REFUSALS or response.is_server_error
        return not (is_refusal and _is_gateways(response))


def probes_of(check: RouteCheck) -> Iterator[Probe]:
    """Yield every probe of a route."""
    if check.sends == "":
        return  # other routes handle every method
    if check.is_secured:
        yield from _on_secured(check)
    else:
        yield Probe(check, "no token", LET_IN)
    if check.verb != "OPTIONS":
        yield Probe(check, "CORS preflight", check.preflight, is_preflight=True)


def _on_secured(check: RouteCheck) -> Iterator[Probe]:
    right = check.right_token
    other = check.id_token if check.scopes else check.access_token
    yield Probe(check, "no token", REFUSED)
    for case, token in _forged(check, right or other or check.access_token or ""):
        yield Probe(check, case, REFUSED, token)
    yield from _if_known(check, "other token type", REFUSED, other)
    if check.scopes:
        yield from _if_known(check, "without the scope", REFUSED, check.access_token)
    yield from _if_known(check, "right token", LET_IN, right)


def _forged(check: RouteCheck, base: str) -> Iterator[tuple[str, str]]:
    """Yield forged tokens; a token that really expired replaces the altered one."""
    for case, token in forgeries(base).items():
        if case == ALTERED and check.expired_token:
            yield "expired", check.expired_token
        else:
            yield case, token


def _if_known(
    check: RouteCheck, case: str, expected: str, token: str | None
) -> Sequence[Probe]:
    return [Probe(check, case, expected, token)] if token else []


def _shares(response: httpx.Response) -> bool:
    return response.is_success and "access-control-allow-origin" in response.headers


def _is_functions(response: httpx.Response) -> bool:
    """Whether an error certainly comes from the function, which then ran.

    API Gateway adds a trace ID to responses of functions, and an error type to its own.
    """
    names = response.headers
    is_traced = "x-amzn-trace-id" in names and "x-amzn-errortype" not in names
    return response.is_error and is_traced


def _is_gateways(response: httpx.Response) -> bool:
    """Whether the response comes from API Gateway and not from the function."""
    is_named = "x-amzn-errortype" in response.headers
    return is_named or response.status_code in _OF_GATEWAY


_AT_ONCE = 8
_FIRST, _LONGEST = 1.0, 10.0  # pauses, in seconds


@dataclass(frozen=True)
class Retry:
    """How long to repeat probes with unexpected responses."""

    sleep: Callable[[float], None]
    tell: Callable[[str], None]
    patience: float  # in seconds; 0: no repetition


def run_probes(
    probes: Sequence[Probe], case_of: Callable[[Probe], Case], retry: Retry
) -> list[Case]:
    """Return the case of each probe, in order."""
    cases = dict(enumerate(_at_once(probes, case_of)))
    for nap in naps(_FIRST, _LONGEST, retry.patience):
        failed = [index for index, case in cases.items() if not case["ok"]]
        if not failed:
            break
        retry.tell(
            f"{len(failed)} of {len(cases)} responses are not as expected; a new stage "
            f"can take up to {retry.patience:.0f} s to be ready: trying again"
        )
        retry.sleep(nap)
        again = _at_once([probes[index] for index in failed], case_of)
        cases |= dict(zip(failed, again, strict=True))
    if cases and all(case["got"] == NO_ANSWER for case in cases.values()):
        raise CgwError(
            "no response from the address of the stage",
            hint="`cgw status` shows whether it is deployed; also check the network",
        )
    return list(cases.values())


def _at_once(probes: Sequence[Probe], case_of: Callable[[Probe], Case]) -> list[Case]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(case_of, probes))
