"""Browser sign-in: what is requested, and which responses are accepted."""

from __future__ import annotations

import base64
import hashlib
import socket
import threading
import time
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import jwt
import pytest
from served import Served

from cognito_gw.errors import CgwError, Missing, UsageError
from cognito_gw.local.cognito.tokens import Keys as PoolKeys
from cognito_gw.oauth.app_client import AppClient, Provider
from cognito_gw.oauth.browser import Browser, BrowserSignIn
from cognito_gw.oauth.callback_server import NoAnswer, PortTaken
from cognito_gw.oauth.token_endpoint import OAuthRefused

POOL = "eu-west-1_Pool"
FORM = "application/x-www-form-urlencoded"


def free_port():
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Pool:
    """A user pool's endpoints, and a browser that returns immediately."""

    def __init__(self, server, keys):
        self.server, self.keys = server, keys
        self.provider = Provider(server.url, f"{server.url}/keys").at(server.url)
        server.pages["/keys"] = self.keys.jwks(POOL)
        self.urls = [f"http://localhost:{free_port()}/callback"]
        self.asked = {}
        self.answer = {"code": "the-code"}  # of the pages
        self.claims = {}  # that differ from the correct ones

    def sign_in(self, seconds=30, **settings):
        """Return a sign-in to an app client of the pool."""
        settings = {"CallbackURLs": self.urls} | settings
        client = AppClient(POOL, "client-1", None, settings)
        browser = Browser(self.show, seconds)
        return BrowserSignIn(self.provider, client, browser, lambda _: None)

    def show(self, url):
        """Act as the browser: record the request and deliver the response."""
        self.asked = dict(parse_qsl(urlsplit(url).query))
        self.server.pages["/oauth2/token"] = self.tokens()
        if self.answer is not None:
            threading.Thread(target=self._come_back).start()

    def _come_back(self):
        answer = self.answer | {"state": self.asked["state"]}
        url = self.asked["redirect_uri"].replace("localhost", "127.0.0.1")
        origin = self.asked["redirect_uri"].removesuffix("/callback")
        headers = {"Host": urlsplit(origin).netloc, "Origin": origin}
        with httpx.Client(headers=headers, trust_env=False) as http:
            if self.asked["response_type"] == "code" or "error" in answer:
                http.get(f"{url}?{urlencode(answer)}")
            else:
                http.post(
                    url, content=urlencode(answer), headers={"Content-Type": FORM}
                )

    def tokens(self):
        """The tokens of a correct pool, with changed claims."""
        common = {"iss": self.server.url, "exp": time.time() + 60}
        access = self._signed("access", common | {"client_id": "client-1"})
        digest = hashlib.sha256(access.encode()).digest()[:16]
        identity = common | {
            "aud": "client-1",
            "nonce": self.asked.get("nonce"),
            "at_hash": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        }
        both = {"access_token": access, "id_token": self._signed("id", identity)}
        return both | {"expires_in": 60}

    def _signed(self, use, claims):
        key = self.keys.of(POOL, use)
        claims |= self.claims.get(use, {})
        return jwt.encode(claims, key.private, "RS256", {"kid": key.kid})


@pytest.fixture(scope="module")
def keys():
    """The keys of a pool; generating them is slow."""
    return PoolKeys()


@pytest.fixture
def pool(keys):
    """A pool that responds."""
    with Served() as server:
        yield Pool(server, keys)


def test_the_pages_are_asked_for_a_code_with_pkce(pool):
    """State, nonce and verifier bind it to this process; the user name is a hint."""
    tokens = pool.sign_in().by_code(["openid", "api/read"], "alice")
    assert tokens.id_token
    asked = dict(pool.asked)
    _, _, _, body = pool.server.seen[-2]
    form = {key: each for key, (each,) in parse_qs(body.decode()).items()}
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert len(asked.pop("state")) >= 22  # 128 bits
    assert asked.pop("nonce")
    assert asked == {
        "response_type": "code",
        "client_id": "client-1",
        "redirect_uri": pool.urls[0],
        "scope": "openid api/read",
        "login_hint": "alice",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    assert form["redirect_uri"] == pool.urls[0]
    assert form["code"] == "the-code"


def test_nothing_is_asked_twice_with_the_same_secrets(pool):
    """Each sign-in creates its state, nonce and verifier."""
    seen = []
    for _ in range(2):
        pool.sign_in().by_code([], None)
        assert "scope" not in pool.asked
        seen += [pool.asked[each] for each in ("state", "nonce", "code_challenge")]
    assert len(set(seen)) == 6


def test_tokens_come_by_the_fragment_where_that_is_asked_for(pool):
    """They are verified as strictly."""
    pool.asked = {}
    doing = pool.sign_in()

    def show(url):
        pool.asked = dict(parse_qsl(urlsplit(url).query))
        pool.answer = {key: str(each) for key, each in pool.tokens().items()}
        pool.show(url)

    doing._browser = Browser(show, 30)  # noqa: SLF001 - it has to know the nonce
    tokens = doing.by_fragment(["openid"], None)
    assert pool.asked["response_type"] == "token"
    assert "code_challenge" not in pool.asked
    assert tokens.refresh_token is None
    assert tokens.by_oauth


@pytest.mark.parametrize(
    ("use", "claims", "words"),
    [
        ("id", {"nonce": "another"}, "not issued for this sign-in"),
        ("id", {"nonce": None}, "not issued for this sign-in"),
        ("id", {"aud": "client-2"}, "not issued for this sign-in"),
        ("id", {"at_hash": "AAAA"}, "not issued for this sign-in"),
        ("access", {"client_id": "client-2"}, "not issued for this sign-in"),
        ("id", {"exp": 1}, "not valid: it expired"),
        (
            "access",
            {"iss": "https://elsewhere"},
            "not valid: its issuer is https://elsewhere",
        ),
    ],
)
def test_tokens_that_were_not_asked_for_are_refused(pool, use, claims, words):
    """Even if their signature is valid."""
    pool.claims = {use: claims}
    with pytest.raises(CgwError, match=words):
        pool.sign_in().by_code(["openid"], None)


def test_tokens_of_another_key_are_refused(pool):
    """The pool's published keys decide."""
    pool.server.pages["/keys"] = PoolKeys().jwks(POOL)
    with pytest.raises(CgwError, match="not valid: the pool has no key"):
        pool.sign_in().by_code(["openid"], None)


@pytest.mark.parametrize("flow", ["by_code", "by_fragment"])
def test_an_error_of_the_pages_is_reported(pool, flow):
    """With the original text and our advice."""
    pool.answer = {"error": "invalid_request", "error_description": "invalid_scope"}
    with pytest.raises(OAuthRefused, match="invalid_scope") as caught:
        getattr(pool.sign_in(), flow)(["a/b"], None)
    assert "oauth_scopes" in caught.value.hint


def test_a_browser_that_never_responds(pool):
    """The sign-in times out and frees the port."""
    pool.answer = None
    with pytest.raises(NoAnswer):
        pool.sign_in(seconds=0).by_code([], None)
    with pytest.raises(NoAnswer):
        pool.sign_in(seconds=0).by_code([], None)


def test_the_next_callback_url_is_used_if_a_port_is_taken(pool):
    """If all are in use, the error names the first one's port."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = f"http://localhost:{other.getsockname()[1]}/callback"
        pool.urls = ["https://app.example.com/", taken, *pool.urls]
        pool.sign_in().by_code([], None)
        assert pool.asked["redirect_uri"] == pool.urls[-1]
        pool.urls = [taken]
        with pytest.raises(PortTaken, match=str(other.getsockname()[1])) as caught:
            pool.sign_in().by_code([], None)
        assert "callback_urls" in caught.value.hint


@pytest.mark.parametrize("urls", [[], ["https://app.example.com/callback"]])
def test_without_a_callback_url_on_this_machine_nothing_is_asked(pool, urls):
    """The error shows which URL to add."""
    pool.urls = urls
    with pytest.raises(UsageError) as caught:
        pool.sign_in().by_code([], None)
    assert "http://localhost:8765/callback" in caught.value.hint
    assert pool.asked == {}


def test_without_a_domain_the_pages_are_missing(pool):
    """The error names the command that creates a domain."""
    pool.provider = Provider("i", "k")
    for flow in ("by_code", "by_fragment"):
        with pytest.raises(Missing) as caught:
            getattr(pool.sign_in(), flow)([], None)
        assert "`cgw domain`" in caught.value.hint
