"""A headless browser: cookies, links, and forms filled in by name."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import ssl
from html.parser import HTMLParser
from urllib.parse import parse_qs, parse_qsl, urlencode, urljoin, urlsplit

import httpx

CALLBACK = "http://localhost:8765/callback"
LOGOUT = "http://localhost:8765/"


# Loading the system's certificates for each client would be slow.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def http_client():
    """Return a client that keeps no connections open."""
    return httpx.Client(
        verify=_NO_TLS, limits=httpx.Limits(max_keepalive_connections=0)
    )


def fetch(url, method="GET", **options):
    """Send one request."""
    with http_client() as http:
        return http.request(method, url, **options)


class Form(HTMLParser):
    """The forms of a page: their targets and fields."""

    def __init__(self, html):
        super().__init__()
        self.forms = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self.forms.append((given["action"], {}))
        elif tag == "input" and given.get("type") != "radio":
            self.forms[-1][1][given["name"]] = given.get("value") or ""


class Browser:
    """Follows the pages of a domain; stops at a redirect to the app."""

    def __init__(self, base):
        self.base = base
        self.http = http_client()
        self.response = None

    def open(self, path, **params):
        """Open a path of the domain, and follow redirects."""
        return self._follow(self.http.get(f"{self.base}{path}", params=params))

    def go(self, url):
        """Open a URL."""
        return self._follow(self.http.get(url))

    def send(self, number=0, **fields):
        """Fill in a form of the page, and send it."""
        action, known = Form(self.response.text).forms[number]
        unknown = fields.keys() - known.keys() - {"code"}
        assert not unknown, f"the form has no {unknown}"
        url = urljoin(str(self.response.url), action)
        return self._follow(self.http.post(url, data=known | fields))

    def click(self, text):
        """Follow a link."""
        link = re.search(rf'<a[^>]*href="([^"]*)"[^>]*>\s*{text}', self.response.text)
        url = urljoin(str(self.response.url), link[1].replace("&amp;", "&"))
        return self._follow(self.http.get(url))

    def _follow(self, response):
        while response.is_redirect:
            url = urljoin(str(response.url), response.headers["Location"])
            if not url.startswith(self.base):
                self.response = None
                return Arrival(url)
            response = self.http.get(url)
        self.response = response
        return self

    @property
    def page(self):
        """The last part of the current URL."""
        return urlsplit(str(self.response.url)).path.rpartition("/")[2]

    @property
    def text(self):
        """The text of the page."""
        without_tags = re.sub(r"<[^>]+>", " ", self.response.text)
        return " ".join(without_tags.split())

    def code(self):
        """The code that the page shows instead of an email."""
        return re.search(r"here it is: (\d{6})", self.text)[1]


class Arrival:
    """The redirect that reports the result of a sign-in to an app."""

    def __init__(self, url):
        self.url = url
        parts = urlsplit(url)
        self.query = dict(parse_qsl(parts.query))
        self.fragment = dict(parse_qsl(parts.fragment))


class App:
    """An app that signs users in through the pages, according to OAuth 2.0."""

    def __init__(self, url, domain, client):
        self.base = f"{url}/_aws/cognito/{domain}"
        self.client_id = client["ClientId"]
        self.secret = client.get("ClientSecret")
        self.verifier = secrets.token_urlsafe(48)
        self.http = http_client()

    def request(self, **changes):
        """Return the parameters of an authorization request; None removes one."""
        params = {
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid",
            "state": "s",
        } | changes
        return {name: value for name, value in params.items() if value is not None}

    def pkce(self):
        """Return the parameters with the PKCE challenge."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        return {"code_challenge": challenge, "code_challenge_method": "S256"}

    def authorize(self, **changes):
        """Send the request without a session; return the target of the redirect."""
        answer = self.http.get(
            f"{self.base}/oauth2/authorize", params=self.request(**changes)
        )
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def refused(self, **changes):
        """Return the error with which the app gets its request back."""
        url = self.authorize(**changes)
        assert url.startswith(CALLBACK), url
        return {
            name: values[0] for name, values in parse_qs(urlsplit(url).query).items()
        }

    def sign_in(self, username, password, **changes):
        """Sign in with a new browser; return the redirect to the app."""
        browser = Browser(self.base)
        browser.open("/oauth2/authorize", **self.request(**changes))
        return browser.send(username=username, password=password)

    def token(self, grant, headers=None, **form):
        """Call the token endpoint."""
        return self.post("token", headers, grant_type=grant, **form)

    def post(self, endpoint, headers=None, **form):
        """Call an endpoint with a form."""
        form = {"client_id": self.client_id} | form
        content = urlencode({key: form[key] for key in form if form[key] is not None})
        headers = {"Content-Type": "application/x-www-form-urlencoded"} | (
            headers or {}
        )
        return self.http.post(
            f"{self.base}/oauth2/{endpoint}", content=content, headers=headers
        )

    def redeem(self, code, **changes):
        """Exchange a code for tokens."""
        form = {"code": code, "redirect_uri": CALLBACK} | changes
        return self.token("authorization_code", **form)

    def basic(self, secret=None):
        """Return the header with our ID and secret."""
        pair = f"{self.client_id}:{secret or self.secret}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}

    def user_info(self, token):
        """Call the userInfo endpoint."""
        headers = {"Authorization": f"Bearer {token}"}
        return self.http.get(f"{self.base}/oauth2/userInfo", headers=headers)
