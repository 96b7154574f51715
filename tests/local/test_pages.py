"""The sign-in pages: a form for each step, without scripts, protected."""

from __future__ import annotations

import re
import time
from urllib.parse import urlsplit

import pyotp
import pytest
from browsing import CALLBACK, LOGOUT, App, Browser, fetch
from people import OTHER, PASSWORD, USER, People

BY_MAIL = {
    "UsernameAttributes": ["email"],
    "AutoVerifiedAttributes": ["email"],
    "UsernameConfiguration": {"CaseSensitive": False},
}
BY_OAUTH = {
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthFlows": ["code", "implicit"],
    "AllowedOAuthScopes": ["openid"],
    "CallbackURLs": [CALLBACK],
    "LogoutURLs": [LOGOUT],
    "SupportedIdentityProviders": ["COGNITO"],
}
SCRIPT = "<script>alert(1)</script>"


class Site:
    """The pages of one pool, and a browser on them."""

    def __init__(self, pool, name, url, **settings):
        pool.domain(name, **settings)
        self.people = People(pool, **BY_OAUTH)
        self.app = App(url, name, self.people.client)
        self.browser = Browser(self.app.base)

    def open(self, path="/login", **changes):
        return self.browser.open(path, **self.app.request(**changes))


@pytest.fixture
def make_site(make_pool, name, local_url):
    """Return a function that creates sites of pools with given settings."""

    def make(**settings):
        return Site(make_pool(**BY_MAIL | settings), name, local_url)

    return make


@pytest.fixture
def site(make_site):
    return make_site()


@pytest.fixture
def alice(site):
    """A site with a user who can sign in."""
    site.people.confirmed()
    return site


class TestSigningUp:
    """From sign-up to the app."""

    def test_confirm_and_sign_in(self, site):
        browser = site.open("/signup")
        browser.send(username=USER, password=PASSWORD)
        assert browser.page == "confirm"
        browser.send(code=browser.code())
        assert browser.page == "login"
        assert "Your account is confirmed" in browser.text
        arrival = browser.send(password=PASSWORD)
        assert arrival.query["state"] == "s"
        assert site.app.redeem(arrival.query["code"]).status_code == 200

    def test_a_wrong_code(self, site):
        browser = site.open("/signup").send(username=USER, password=PASSWORD)
        code = browser.code()
        browser.send(code=f"{(int(code) + 1) % 10**6:06}")
        assert browser.response.status_code == 400
        assert "Invalid verification code provided" in browser.text
        assert browser.send(code=code).page == "login"

    def test_a_new_code(self, site):
        browser = site.open("/signup").send(username=USER, password=PASSWORD)
        browser.send(1)
        assert "A new code is on its way" in browser.text
        assert browser.send(code=browser.code()).page == "login"

    def test_unconfirmed_users_are_redirected_to_confirm(self, site):
        site.open("/signup").send(username=USER, password=PASSWORD)
        browser = site.open().send(username=USER, password=PASSWORD)
        assert browser.page == "confirm"

    def test_a_weak_password(self, site):
        browser = site.open("/signup").send(username=USER, password="short")
        assert "Password not long enough" in browser.text
        assert f'value="{USER}"' in browser.response.text
        assert "short" not in browser.response.text

    def test_required_attributes_have_fields(self, make_site):
        site = make_site(Schema=[{"Name": "family_name", "Required": True}])
        browser = site.open("/signup")
        fields = {"requiredAttributes[family_name]": "Liddell"}
        browser.send(username=USER, password=PASSWORD, **fields)
        assert browser.page == "confirm"

    def test_with_user_names_the_address_has_a_field(self, make_site):
        site = make_site(UsernameAttributes=[])
        browser = site.open("/signup")
        browser.send(
            username="alice",
            password=PASSWORD,
            **{"requiredAttributes[email]": USER},
        )
        assert browser.page == "confirm"
        assert browser.send(code=browser.code()).page == "login"

    def test_without_a_code_to_send_an_administrator_confirms(self, make_site):
        site = make_site(AutoVerifiedAttributes=[])
        browser = site.open("/signup").send(username=USER, password=PASSWORD)
        assert "waits for an administrator" in browser.text

    def test_is_off_if_only_administrators_create_users(self, make_site):
        site = make_site(AdminCreateUserConfig={"AllowAdminCreateUserOnly": True})
        assert "Create an account" not in site.open().text
        browser = site.open("/signup")
        assert "an administrator makes them" in browser.text


class TestSigningIn:
    """Names, passwords, challenges."""

    @pytest.mark.parametrize("path", ["/login", "/oauth2/authorize"])
    def test_redirects_to_the_app(self, alice, path):
        arrival = alice.open(path).send(username=USER, password=PASSWORD)
        assert arrival.url.startswith(f"{CALLBACK}?code=")

    @pytest.mark.parametrize("path", ["", "/"])
    def test_the_root_redirects_to_the_first_app(self, alice, path):
        browser = alice.browser.open(path)
        assert browser.page == "login"
        assert browser.send(username=USER, password=PASSWORD).query["code"]

    def test_code_changed_to_token_is_the_implicit_flow(self, alice):
        """As the tutorial changes the URL of the page."""
        page = alice.open(response_type="token")
        assert page.send(username=USER, password=PASSWORD).fragment["id_token"]

    def test_a_wrong_password(self, alice):
        browser = alice.open().send(username=USER, password="Wrong-1234")
        assert browser.response.status_code == 400
        assert "Incorrect username or password." in browser.text
        assert "Wrong-1234" not in browser.response.text

    def test_a_disabled_user(self, alice):
        alice.people.pool.call("admin_disable_user", Username=USER)
        browser = alice.open().send(username=USER, password=PASSWORD)
        assert "User is disabled." in browser.text

    def test_a_temporary_password_is_changed(self, site):
        site.people.pool.user(USER, TemporaryPassword=PASSWORD)
        browser = site.open().send(username=USER, password=PASSWORD)
        assert browser.page == "newPassword"
        browser.send(password=OTHER, repeated=PASSWORD)
        assert "The two passwords differ." in browser.text
        arrival = browser.send(password=OTHER, repeated=OTHER)
        assert arrival.query["code"]
        assert site.people.tokens(password=OTHER)

    def test_a_missing_required_attribute_is_entered_with_it(self, make_site):
        site = make_site(Schema=[{"Name": "family_name", "Required": True}])
        site.people.pool.user(USER, TemporaryPassword=PASSWORD)
        browser = site.open().send(username=USER, password=PASSWORD)
        fields = {"requiredAttributes[family_name]": "Liddell"}
        arrival = browser.send(password=OTHER, repeated=OTHER, **fields)
        assert arrival.query["code"]

    def test_an_authenticator_app_is_set_up_and_used(self, alice):
        alice.people.require_mfa()
        browser = alice.open().send(username=USER, password=PASSWORD)
        assert browser.page == "mfaSetup"
        assert 'src="data:image/svg+xml' in browser.response.text
        secret = re.search(r'class="secret">(\w+)<', browser.response.text)[1]
        browser.send(code="000000")
        assert "Code mismatch" in browser.text
        assert secret in browser.response.text
        totp = pyotp.TOTP(secret)
        assert browser.send(code=totp.now()).query["code"]
        browser = Browser(alice.app.base)
        browser.open("/login", **alice.app.request())
        browser.send(username=USER, password=PASSWORD)
        assert browser.page == "mfa"
        browser.send(code="000000")
        assert "Invalid code received for user" in browser.text
        assert browser.send(code=totp.at(int(time.time()) + 30)).query["code"]

    def test_a_challenge_is_valid_for_one_app(self, site):
        site.people.pool.user(USER, TemporaryPassword=PASSWORD)
        site.open().send(username=USER, password=PASSWORD)
        other = site.people.pool.app_client(**BY_OAUTH)["ClientId"]
        assert site.open("/newPassword", client_id=other).page == "login"
        assert site.open("/newPassword").page == "newPassword"

    def test_a_challenge_page_without_a_challenge_redirects_back(self, alice):
        for path in ("/mfa", "/mfaSetup", "/newPassword"):
            assert "Please sign in again." in alice.open(path).text

    def test_a_reset_by_an_administrator_requires_a_new_password(self, alice):
        alice.people.pool.call("admin_reset_user_password", Username=USER)
        browser = alice.open().send(username=USER, password=PASSWORD)
        assert browser.page == "confirmForgotPassword"


class TestForgetting:
    """A code sets a new password."""

    def test_resets_the_password(self, alice):
        browser = alice.open().click("Forgot your password")
        browser.send(username=USER)
        assert browser.page == "confirmForgotPassword"
        browser.send(code=browser.code(), password=OTHER, repeated=OTHER)
        assert "Your password is changed" in browser.text
        assert browser.send(password=OTHER).query["code"]

    def test_an_unknown_name(self, site):
        browser = site.open("/forgotPassword").send(username="nobody@example.com")
        assert "User does not exist." in browser.text


class TestStayingSignedIn:
    """A browser stays signed in for an hour, or until it signs out."""

    @pytest.fixture
    def known(self, alice):
        alice.open().send(username=USER, password=PASSWORD)
        return alice

    def test_the_app_gets_an_immediate_response(self, known):
        assert known.open("/oauth2/authorize").query["code"]
        assert known.open("/oauth2/authorize", prompt="none").query["code"]

    def test_unless_the_app_requires_a_new_sign_in(self, known):
        assert known.open("/oauth2/authorize", prompt="login").page == "login"

    def test_the_page_offers_to_continue(self, known):
        assert known.open().click(f"Continue as {USER}").query["code"]

    def test_signing_out_ends_it(self, known):
        arrival = known.browser.open(
            "/logout", client_id=known.app.client_id, logout_uri=LOGOUT
        )
        assert arrival.url == LOGOUT
        assert known.open("/oauth2/authorize").page == "login"

    def test_signing_out_to_sign_in(self, known):
        assert known.open("/logout").page == "login"
        assert known.open("/oauth2/authorize").page == "login"

    def test_signing_out_to_another_address_is_refused(self, known):
        browser = known.browser.open(
            "/logout", client_id=known.app.client_id, logout_uri=CALLBACK
        )
        assert browser.response.status_code == 400
        assert known.open("/oauth2/authorize").query["code"]

    def test_a_disabled_user_is_signed_out(self, known):
        known.people.pool.call("admin_disable_user", Username=USER)
        assert known.open("/oauth2/authorize").page == "login"

    def test_it_is_valid_for_one_pool(self, known, make_pool, local_url):
        pool = make_pool(**BY_MAIL)
        other = Site(pool, f"{known.app.base.rpartition('/')[2]}-b", local_url)
        cookies = {each.name: each.value for each in known.browser.http.cookies.jar}
        answer = fetch(
            f"{other.app.base}/oauth2/authorize",
            params=other.app.request(),
            headers={"Cookie": f"cognito={cookies['cognito']}"},
        )
        assert "/login?" in answer.headers["Location"]


class TestGuards:
    """Hostile pages and hostile names have no effect."""

    def post(self, site, headers=None, **form):
        form = {"username": USER, "password": PASSWORD} | form
        return fetch(
            f"{site.app.base}/login",
            "POST",
            params=site.app.request(),
            data=form,
            headers=headers,
        )

    def test_a_form_from_elsewhere_is_refused(self, alice):
        answer = self.post(alice)
        assert answer.status_code == 400
        assert "form has expired" in answer.text

    def test_a_made_up_token_is_refused(self, alice):
        cookie = {"Cookie": "XSRF-TOKEN=real"}
        assert self.post(alice, cookie, _csrf="made-up").status_code == 400

    def test_another_origin_is_refused(self, alice):
        headers = {"Cookie": "XSRF-TOKEN=a", "Origin": "http://localhost:8000"}
        assert self.post(alice, headers, _csrf="a").status_code == 400
        headers["Origin"] = f"http://{urlsplit(alice.app.base).netloc}"
        assert self.post(alice, headers, _csrf="a").status_code == 302

    def test_cookies_are_kept_from_scripts_and_other_sites(self, alice):
        browser = alice.open()
        token = browser.send(username=USER, password=PASSWORD)
        assert token.query["code"]
        raw = self.post(alice, {"Cookie": "XSRF-TOKEN=a"}, _csrf="a")
        cookies = raw.headers.get_list("Set-Cookie")
        session = next(cookie for cookie in cookies if cookie.startswith("cognito="))
        assert "HttpOnly" in session
        assert "SameSite=Lax" in session
        assert f"Path=/_aws/cognito/{alice.app.base.rpartition('/')[2]}" in session

    def test_pages_are_not_framed_stored_or_scripted(self, alice):
        headers = alice.open().response.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"

    @pytest.mark.parametrize("path", ["/login", "/confirm", "/forgotPassword"])
    def test_names_are_shown_as_text(self, alice, path):
        browser = alice.open(path, username=SCRIPT, state=SCRIPT)
        assert SCRIPT not in browser.response.text
        assert "<script" not in browser.response.text

    def test_errors_are_shown_as_text(self, alice):
        answer = fetch(f"{alice.app.base}/error", params={"error": SCRIPT})
        assert answer.status_code == 400
        assert "<script" not in answer.text

    def test_a_wrong_address_is_explained(self, alice):
        browser = alice.open(redirect_uri=f"{CALLBACK}/")
        assert browser.page == "error"
        assert "redirect_mismatch" in browser.text
        assert CALLBACK in browser.text

    def test_no_page_has_a_script(self, site):
        for path in ("/login", "/signup", "/confirm", "/forgotPassword"):
            assert "<script" not in site.open(path).response.text

    def test_it_shows_that_this_is_a_local_aws(self, site):
        assert "Local stand-in for Amazon Cognito" in site.open().text

    def test_managed_login_without_a_style_has_no_pages(
        self, make_pool, name, local_url
    ):
        site = Site(make_pool(**BY_MAIL), name, local_url, ManagedLoginVersion=2)
        browser = site.open()
        assert browser.response.status_code == 403
        assert "Login pages unavailable" in browser.text
        site.people.pool.call(
            "create_managed_login_branding",
            ClientId=site.people.id,
            UseCognitoProvidedValues=True,
        )
        assert site.open().response.status_code == 200

    def test_an_unknown_address(self, site):
        assert site.open("/admin").response.status_code == 404

    def test_the_style_is_served(self, local_url):
        answer = fetch(f"{local_url}/_cgw/hosted-ui.css")
        assert answer.headers["Content-Type"].startswith("text/css")
