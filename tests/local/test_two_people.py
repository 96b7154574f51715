"""One user's codes, tokens, and sessions are invalid for another."""

from __future__ import annotations

import jwt
import pytest
from browsing import CALLBACK, App, Browser
from people import OTHER, PASSWORD, People

ALICE, MALLORY = "alice@example.com", "mallory@example.com"
BY_OAUTH = {
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthFlows": ["code"],
    "AllowedOAuthScopes": ["openid"],
    "CallbackURLs": [CALLBACK],
    "SupportedIdentityProviders": ["COGNITO"],
}


@pytest.fixture(scope="module")
def people(shared_pool):
    """A pool with two users."""
    return People(shared_pool, **BY_OAUTH).confirmed(ALICE).confirmed(MALLORY)


@pytest.fixture(scope="module")
def app(people, local_url):
    """An app of the pool."""
    domain = f"two-{people.pool.id[-9:].lower()}"
    people.pool.domain(domain)
    return App(local_url, domain, people.client)


def test_a_code_to_reset_a_password(people, mailed, refusal):
    """Mallory's own code does not change Alice's password."""
    for name in (ALICE, MALLORY):
        people.call("forgot_password", Username=name)
    new = {"ConfirmationCode": mailed(MALLORY), "Password": OTHER}
    refused = refusal(people.call, "confirm_forgot_password", Username=ALICE, **new)
    assert refused.code == "CodeMismatchException"
    assert people.sign_in(name=ALICE)["AuthenticationResult"]


def test_a_code_to_prove_an_address(people, mailed, refusal):
    """Mallory's code does not verify an address of Alice's."""
    tokens = {
        name: people.tokens(name=name)["AccessToken"] for name in (ALICE, MALLORY)
    }
    for token in tokens.values():
        people.api.get_user_attribute_verification_code(
            AccessToken=token, AttributeName="email"
        )
    code = {"AttributeName": "email", "Code": mailed(MALLORY)}
    refused = refusal(
        people.api.verify_user_attribute, AccessToken=tokens[ALICE], **code
    )
    assert refused.code == "CodeMismatchException"


def test_a_challenge(people, refusal):
    """Mallory cannot answer a challenge in Alice's name."""
    people.pool.user("carol@example.com", TemporaryPassword=PASSWORD)
    challenge = people.sign_in(name="carol@example.com")
    refused = refusal(people.answer, challenge, USERNAME=ALICE, NEW_PASSWORD=OTHER)
    assert refused.code == "NotAuthorizedException"
    assert people.sign_in(name=ALICE)["AuthenticationResult"]


def test_a_refresh_token(people):
    """Mallory's refresh token gives Mallory's tokens, whatever name is sent with it."""
    refresh = people.tokens(name=MALLORY)["RefreshToken"]
    parameters = {"REFRESH_TOKEN": refresh, "USERNAME": ALICE}
    answer = people.call(
        "initiate_auth", AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=parameters
    )
    assert _email(answer["AuthenticationResult"]["IdToken"]) == MALLORY


def test_a_browser(app):
    """Each browser's session and tokens belong to its own user."""
    browsers = {}
    for name in (ALICE, MALLORY):
        browsers[name] = Browser(app.base)
        browsers[name].open("/oauth2/authorize", **app.request())
        browsers[name].send(username=name, password=PASSWORD)
    for name, browser in browsers.items():
        code = browser.open("/oauth2/authorize", **app.request()).query["code"]
        assert _email(app.redeem(code).json()["id_token"]) == name


def test_a_form(app):
    """The CSRF token of Mallory's forms is invalid in Alice's browser."""
    alice, mallory = Browser(app.base), Browser(app.base)
    for browser in (alice, mallory):
        browser.open("/login", **app.request())
    stolen = dict(mallory.http.cookies)["XSRF-TOKEN"]
    answer = alice.send(username=MALLORY, password=PASSWORD, _csrf=stolen)
    assert "form has expired" in answer.text


def _email(token):
    return jwt.decode(token, options={"verify_signature": False})["email"]
