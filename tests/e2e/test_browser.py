"""A real browser goes from sign-up to sign-out, and the API accepts its tokens."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import yaml
from browsing import fetch, http_client
from chromium import SECONDS, headless, needs_chromium
from commandline import PASSWORD
from selenium.webdriver.support.wait import WebDriverWait

NEWCOMER = "newcomer@example.com"

pytestmark = needs_chromium


class App(BaseHTTPRequestHandler):
    """The app that the browser returns to."""

    def do_GET(self):
        """Return a greeting."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"welcome")

    def log_message(self, *_):
        """Log nothing."""


@pytest.fixture
def app_url():
    """The address of a running app."""
    with ThreadingHTTPServer(("127.0.0.1", 0), App) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def outputs(cgw, example, app_url):
    """The outputs of a stack with self sign-up."""
    data = yaml.safe_load(example)
    data["user_pool"]["self_sign_up"] = True
    data["app_clients"]["web"] |= {
        "callback_urls": [f"{app_url}/callback"],
        "logout_urls": [f"{app_url}/"],
        "oauth_flows": ["code", "implicit"],
    }
    data["app_clients"] = {"web": data["app_clients"]["web"]}
    cgw.write(yaml.safe_dump(data))
    yield cgw("up", "-o", "json").document["outputs"]
    cgw("down", "--yes")


@pytest.fixture(scope="module")
def browser():
    """Chromium without a display."""
    with headless() as page:
        yield page


@pytest.fixture
def page(browser):
    """The browser, not signed in.

    browsing.py tests without a browser that the pages need no JavaScript.
    """
    return browser.forget()


def test_from_signing_up_to_signing_out(page, outputs, app_url):
    page.open(outputs["sign_in_url"])
    page.follow("Create an account")
    page.fill(username=NEWCOMER, password=PASSWORD)
    page.fill(code=page.shown_code())
    assert "Your account is confirmed" in page.text
    page.fill(password=PASSWORD)
    assert page.url.geturl().startswith(f"{app_url}/callback?code=")
    by_code = _redeemed(outputs, parse_qs(page.url.query)["code"][0])
    assert _call(outputs, "/transactions", by_code["id_token"]) == 200
    assert _call(outputs, "/transactions", by_code["access_token"]) == 401
    assert _call(outputs, "/transactions", None) == 401

    # The tutorial's trick: `code` changed to `token` in the address.
    implicit = outputs["sign_in_url"].replace(
        "response_type=code", "response_type=token"
    )
    page.open(implicit)
    page.follow("Continue as")
    given = parse_qs(page.url.fragment)
    assert _call(outputs, "/transactions", given["id_token"][0]) == 200

    client = {"client_id": outputs["app_client_id"], "logout_uri": f"{app_url}/"}
    page.open(f"{outputs['hosted_ui_url']}/logout?{urlencode(client)}")
    assert page.text == "welcome"
    page.open(outputs["sign_in_url"])
    assert "Continue as" not in page.text


class Waiting:
    """`cgw token` in a separate process that waits for a browser."""

    def __init__(self, shell, flow):
        line = ["--local", "token", "--flow", flow, "--no-browser", "-o", "json"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cognito_gw", *line],
            cwd=shell.folder,
            env=shell.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        lines = iter(self.process.stderr.readline, "")
        self.said = ""
        for text in lines:
            self.said += text
            if text.startswith("http://"):
                self.url = text.strip()
                return

    def tokens(self):
        """Return its output when it ends."""
        out, err = self.process.communicate(timeout=SECONDS)
        assert self.process.returncode == 0, self.said + err
        return json.loads(out)


# signing_browser.py signs in by a code without a real browser.
@pytest.mark.parametrize(
    "flow", [pytest.param("browser", marks=pytest.mark.nightly), "implicit"]
)
def test_cgw_takes_the_tokens_from_a_real_browser(page, stack, flow):
    """A code in the query, or tokens in the fragment, which only a script can read."""
    waiting = Waiting(stack.shell, flow)
    page.open(waiting.url)
    page.fill(username="alice@example.com", password=PASSWORD)
    WebDriverWait(page.driver, SECONDS).until(lambda _: "Signed in" in page.text)
    assert "return to the terminal" in page.text
    assert "access_token" not in page.driver.current_url
    tokens = waiting.tokens()
    assert stack.call("/transactions", tokens["id_token"]) == 200
    assert (tokens["refresh_token"] is None) is (flow == "implicit")
    assert ("authorization code flow with PKCE" in waiting.said) is (flow == "implicit")


# security/test_callback.py and oauth/test_loopback.py test this page
@pytest.mark.nightly
def test_cgw_and_a_real_browser_agree_on_a_failure(stack, page):
    """The page shows the error as text, and so does the terminal."""
    waiting = Waiting(stack.shell, "browser")
    query = parse_qs(urlsplit(waiting.url).query)
    told = {"state": query["state"][0], "error": "access_denied"}
    told["error_description"] = "<b>no</b>"
    page.open(f"{query['redirect_uri'][0]}?{urlencode(told)}")
    assert "<b>no</b>" in page.text
    _, err = waiting.process.communicate(timeout=SECONDS)
    assert waiting.process.returncode == 1
    assert "no tokens: access_denied (<b>no</b>)" in err


def _redeemed(outputs, code):
    form = {
        "grant_type": "authorization_code",
        "client_id": outputs["app_client_id"],
        "code": code,
        "redirect_uri": parse_qs(urlsplit(outputs["sign_in_url"]).query)[
            "redirect_uri"
        ],
    }
    with http_client() as http:
        answer = http.post(f"{outputs['hosted_ui_url']}/oauth2/token", data=form)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _call(outputs, path, token):
    headers = {"Authorization": token} if token else {}
    return fetch(f"{outputs['invoke_url']}{path}", headers=headers).status_code
