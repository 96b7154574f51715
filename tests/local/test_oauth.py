"""OAuth 2.0 and OpenID Connect, as Cognito's endpoints answer."""

from __future__ import annotations

import base64
import hashlib
import uuid
from types import SimpleNamespace

import jwt
import pytest
from browsing import CALLBACK, LOGOUT, App, fetch
from people import PASSWORD, USER, People

from cognito_gw.local.cognito import oauth
from cognito_gw.local.cognito.oauth import AuthorizationCode

BY_OAUTH = {
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthFlows": ["code", "implicit"],
    "AllowedOAuthScopes": ["openid", "email", "profile", "api/read"],
    "CallbackURLs": [CALLBACK],
    "LogoutURLs": [LOGOUT],
    "SupportedIdentityProviders": ["COGNITO"],
}
SECRET = {"GenerateSecret": True}
OTHER_USER = "bob@example.com"


@pytest.fixture(scope="module")
def make_app(shared_pool, local_url):
    """Return a factory of apps, each with its own app client."""
    domain = f"t{uuid.uuid4().hex[:12]}"
    shared_pool.server("read", "write")
    shared_pool.domain(domain)
    people = People(shared_pool).confirmed(nickname="Al")

    def make(**settings):
        client = shared_pool.app_client(**BY_OAUTH | settings)
        app = App(local_url, domain, client)
        app.people = people
        return app

    return make


@pytest.fixture
def app(make_app):
    return make_app()


def claims(token):
    return jwt.decode(token, options={"verify_signature": False})


def tokens(app, **changes):
    arrival = app.sign_in(USER, PASSWORD, **changes)
    return app.redeem(arrival.query["code"]).json()


class TestCode:
    """The authorization code grant."""

    def test_gives_all_three_tokens(self, app):
        arrival = app.sign_in(USER, PASSWORD, state="a b&c", scope="openid email")
        assert arrival.query["state"] == "a b&c"
        answer = app.redeem(arrival.query["code"])
        assert answer.status_code == 200
        assert "no-store" in answer.headers["Cache-Control"]
        given = answer.json()
        assert given.keys() == {
            "id_token",
            "access_token",
            "refresh_token",
            "expires_in",
            "token_type",
        }
        assert (given["expires_in"], given["token_type"]) == (3600, "Bearer")

    def test_the_tokens_have_oauth_claims(self, app):
        given = tokens(app, scope="openid email", nonce="n-1")
        access, identity = claims(given["access_token"]), claims(given["id_token"])
        assert access["scope"] == "openid email"
        assert access["version"] == 2
        assert "aud" not in access
        assert identity["nonce"] == "n-1"
        assert identity["aud"] == app.client_id
        digest = hashlib.sha256(given["access_token"].encode()).digest()[:16]
        at_hash = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        assert identity["at_hash"] == at_hash
        assert identity["origin_jti"] == access["origin_jti"]

    def test_without_openid_no_id_token_is_issued(self, app):
        given = tokens(app, scope="api/read")
        assert "id_token" not in given
        assert claims(given["access_token"])["scope"] == "api/read"

    def test_without_scopes_all_scopes_of_the_client_are_granted(self, app):
        given = tokens(app, scope=None)
        granted = claims(given["access_token"])["scope"].split()
        assert set(granted) == set(BY_OAUTH["AllowedOAuthScopes"])

    @pytest.mark.parametrize(
        ("scope", "opened"),
        [
            ("openid", {"email", "nickname"}),
            ("openid email", {"email"}),
            ("openid profile", {"email", "nickname"}),
        ],
    )
    def test_scopes_grant_attributes(self, app, scope, opened):
        identity = claims(tokens(app, scope=scope)["id_token"])
        assert identity.keys() & {"email", "nickname"} == opened

    def test_pkce(self, app):
        arrival = app.sign_in(USER, PASSWORD, **app.pkce())
        answer = app.redeem(arrival.query["code"], code_verifier=app.verifier)
        assert answer.status_code == 200

    @pytest.mark.parametrize("verifier", [None, "", "wrong"])
    def test_pkce_with_another_verifier(self, app, verifier):
        arrival = app.sign_in(USER, PASSWORD, **app.pkce())
        answer = app.redeem(arrival.query["code"], code_verifier=verifier)
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})

    def test_a_verifier_without_a_challenge(self, app):
        arrival = app.sign_in(USER, PASSWORD)
        answer = app.redeem(arrival.query["code"], code_verifier=app.verifier)
        assert answer.json() == {"error": "invalid_grant"}

    def test_a_code_works_once(self, app):
        code = app.sign_in(USER, PASSWORD).query["code"]
        assert app.redeem(code).status_code == 200
        assert app.redeem(code).json() == {"error": "invalid_grant"}

    def test_a_failed_attempt_uses_up_the_code(self, app):
        code = app.sign_in(USER, PASSWORD, **app.pkce()).query["code"]
        app.redeem(code, code_verifier="wrong")
        again = app.redeem(code, code_verifier=app.verifier)
        assert again.json() == {"error": "invalid_grant"}

    def test_a_code_is_valid_for_one_client(self, app, make_app):
        code = app.sign_in(USER, PASSWORD).query["code"]
        assert make_app().redeem(code).json() == {"error": "invalid_grant"}

    def test_the_redirect_uri_stays_the_same(self, app):
        code = app.sign_in(USER, PASSWORD).query["code"]
        answer = app.redeem(code, redirect_uri=f"{CALLBACK}/")
        assert answer.json() == {"error": "unauthorized_client"}

    def test_a_deleted_user_gets_no_tokens(self, app):
        app.people.confirmed(OTHER_USER)
        code = app.sign_in(OTHER_USER, PASSWORD).query["code"]
        app.people.pool.call("admin_disable_user", Username=OTHER_USER)
        assert app.redeem(code).json() == {"error": "invalid_grant"}

    def test_a_code_is_valid_for_five_minutes(self):
        held = AuthorizationCode(SimpleNamespace(), SimpleNamespace())
        age = held.good_until - oauth.time.time()
        assert 295 < age <= 300


class TestImplicit:
    """The implicit grant: the tokens come in the fragment."""

    def test_gives_two_tokens(self, app):
        arrival = app.sign_in(USER, PASSWORD, response_type="token", nonce="n")
        assert not arrival.query
        assert arrival.fragment.keys() == {
            "id_token",
            "access_token",
            "expires_in",
            "token_type",
            "state",
        }
        assert claims(arrival.fragment["id_token"])["nonce"] == "n"

    def test_is_for_clients_that_allow_it(self, make_app):
        app = make_app(AllowedOAuthFlows=["code"])
        refused = app.refused(response_type="token")
        assert refused == {"error": "unauthorized_client", "state": "s"}


class TestAuthorize:
    """Errors in a request are redirected to the app, if it is certainly the app."""

    def test_sends_to_sign_in(self, app):
        url = app.authorize()
        assert "/login?" in url
        assert f"client_id={app.client_id}" in url

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"response_type": "id_token"}, "invalid_request"),
            ({"response_type": "code token"}, "invalid_request"),
            ({"code_challenge_method": "S256"}, "invalid_request"),
            ({"identity_provider": "Google"}, "invalid_request"),
            ({"prompt": "none"}, "login_required"),
        ],
    )
    def test_refuses(self, app, changes, error):
        refused = app.refused(**changes)
        assert (refused["error"], refused["state"]) == (error, "s")

    @pytest.mark.parametrize(
        "scope",
        ["phone", "openid phone", "api/write", "openid api/read offline_access"],
    )
    def test_refuses_scopes(self, app, scope):
        assert app.refused(scope=scope) == {
            "error": "invalid_request",
            "error_description": "invalid_scope",
            "state": "s",
        }

    def test_refuses_if_oauth_is_off(self, pool, name, local_url):
        pool.domain(name)
        client = pool.app_client(CallbackURLs=[CALLBACK])
        app = App(local_url, name, client)
        assert app.refused()["error"] == "unauthorized_client"

    @pytest.mark.parametrize(
        "uri",
        [
            f"{CALLBACK}/",
            f"{CALLBACK}?x=1",
            "http://127.0.0.1:8765/callback",
            "http://localhost:8766/callback",
            "https://localhost:8765/callback",
            "http://localhost:8765/Callback",
            "http://localhost:8765/callback#x",
            "https://evil.example/",
            "javascript:alert(1)",
        ],
    )
    def test_never_redirects_to_another_address(self, app, uri):
        url = app.authorize(redirect_uri=uri)
        path = url.removeprefix(f"/_aws/cognito/{app.base.rpartition('/')[2]}")
        assert path == f"/error?error=redirect_mismatch&client_id={app.client_id}"

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"client_id": None}, "parameter 'client_id' is not present"),
            ({"redirect_uri": None}, "parameter 'redirect_uri' is not present"),
            ({"client_id": "nobody"}, "Client nobody does not exist."),
            ({"redirect_uri": "https://evil.example"}, "redirect_mismatch"),
        ],
    )
    def test_shows_errors_that_cannot_be_redirected(self, app, changes, said):
        params = app.request(**changes)
        answer = fetch(
            f"{app.base}/oauth2/authorize", params=params, follow_redirects=True
        )
        assert answer.status_code == 400
        assert said in answer.text.replace("&#39;", "'")

    def test_a_client_of_another_pool_is_unknown(self, app, make_pool):
        foreign = make_pool().oauth_client()
        url = app.authorize(client_id=foreign["ClientId"])
        assert "/error?" in url

    def test_a_repeated_parameter_is_refused(self, app):
        params = [*app.request().items(), ("redirect_uri", "https://evil.example")]
        answer = fetch(f"{app.base}/oauth2/authorize", params=params)
        assert (answer.status_code, answer.json()) == (
            400,
            {"error": "invalid_request"},
        )

    def test_an_unknown_domain_is_not_found(self, local_url):
        answer = fetch(f"{local_url}/_aws/cognito/nobody/login")
        assert answer.status_code == 404


class TestRefresh:
    """The refresh token grant."""

    def test_gives_new_tokens_of_the_same_sign_in(self, app):
        first = tokens(app, scope="openid api/read")
        answer = app.token("refresh_token", refresh_token=first["refresh_token"])
        assert answer.status_code == 200
        second = answer.json()
        assert "refresh_token" not in second
        before, after = (claims(each["access_token"]) for each in (first, second))
        assert after["scope"] == "openid api/read"
        assert after["origin_jti"] == before["origin_jti"]
        assert after["auth_time"] == before["auth_time"]
        assert after["jti"] != before["jti"]

    def test_rotates_if_the_client_is_configured_so(self, make_app):
        rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}
        app = make_app(
            RefreshTokenRotation=rotation, ExplicitAuthFlows=["ALLOW_USER_AUTH"]
        )
        first = tokens(app)["refresh_token"]
        second = app.token("refresh_token", refresh_token=first).json()["refresh_token"]
        assert second != first
        assert app.token("refresh_token", refresh_token=first).status_code == 400
        assert app.token("refresh_token", refresh_token=second).status_code == 200

    @pytest.mark.parametrize("token", ["x", "a.b.c.d.e"])
    def test_refuses_an_invalid_token(self, app, token):
        answer = app.token("refresh_token", refresh_token=token)
        assert answer.json() == {"error": "invalid_grant"}

    def test_refuses_the_token_of_another_client(self, app, make_app):
        token = tokens(app)["refresh_token"]
        answer = make_app().token("refresh_token", refresh_token=token)
        assert answer.json() == {"error": "invalid_grant"}


class TestMachine:
    """The client credentials grant."""

    @pytest.fixture
    def machine(self, make_app):
        return make_app(
            **SECRET,
            AllowedOAuthFlows=["client_credentials"],
            AllowedOAuthScopes=["api/read"],
            CallbackURLs=[],
        )

    def test_gives_only_an_access_token(self, machine):
        answer = machine.token("client_credentials", machine.basic())
        given = answer.json()
        assert given.keys() == {"access_token", "expires_in", "token_type"}
        access = claims(given["access_token"])
        assert access["sub"] == access["client_id"] == machine.client_id
        assert access["scope"] == "api/read"
        assert "username" not in access

    def test_the_secret_may_be_in_the_body(self, machine):
        form = {"client_secret": machine.secret, "scope": "api/read"}
        assert machine.token("client_credentials", **form).status_code == 200

    def test_refuses_other_scopes(self, machine):
        answer = machine.token("client_credentials", machine.basic(), scope="api/write")
        assert answer.json() == {"error": "invalid_scope"}

    def test_is_for_clients_that_allow_it(self, make_app):
        app = make_app(**SECRET)
        answer = app.token("client_credentials", app.basic())
        assert answer.json() == {"error": "unauthorized_client"}


class TestClientAuthentication:
    """A client authenticates at the token endpoint, with its secret if it has one."""

    def test_a_secret_is_required(self, make_app):
        app = make_app(**SECRET)
        code = app.sign_in(USER, PASSWORD).query["code"]
        assert app.redeem(code).json() == {"error": "invalid_client"}
        given = app.redeem(code, headers=app.basic())
        assert given.status_code == 200

    @pytest.mark.parametrize("secret", ["wrong", "x" * 52])
    def test_a_wrong_one_is_refused(self, make_app, secret):
        app = make_app(**SECRET)
        for answer in (
            app.redeem("x", headers=app.basic(secret)),
            app.redeem("x", client_secret=secret),
        ):
            assert answer.json() == {"error": "invalid_client"}

    def test_a_secret_for_a_client_without_one_is_refused(self, app):
        answer = app.redeem("x", client_secret="made up")
        assert answer.json() == {"error": "invalid_client"}

    @pytest.mark.parametrize(
        "header", ["Basic", "Basic !", "Basic eA==", "Bearer eDp5", "x", "Basic /w=="]
    )
    def test_a_bad_header_is_refused(self, app, header):
        answer = app.redeem("x", headers={"Authorization": header})
        assert answer.json() == {"error": "invalid_client"}

    @pytest.mark.parametrize(
        ("form", "error"),
        [
            ({"client_id": None}, "invalid_request"),
            ({"redirect_uri": None}, "invalid_request"),
        ],
    )
    def test_a_bad_form_is_refused(self, app, form, error):
        answer = app.redeem(**{"code": "x"} | form)
        assert (answer.status_code, answer.json()) == (400, {"error": error})

    @pytest.mark.parametrize(
        ("grant", "error"),
        [
            (None, "invalid_request"),
            ("", "invalid_request"),
            ("password", "unsupported_grant_type"),
        ],
    )
    def test_an_invalid_grant(self, app, grant, error):
        assert app.token(grant).json() == {"error": error}

    def test_the_body_must_be_a_form(self, app):
        answer = fetch(f"{app.base}/oauth2/token", "POST", json={"grant_type": "x"})
        assert (answer.status_code, answer.json()) == (
            400,
            {"error": "invalid_request"},
        )

    def test_the_method_must_be_post(self, app):
        assert fetch(f"{app.base}/oauth2/token").status_code == 405

    def test_web_apps_of_any_origin_may_ask(self, app):
        answer = fetch(f"{app.base}/oauth2/token", "OPTIONS")
        assert answer.status_code == 204
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert app.token("x").headers["Access-Control-Allow-Origin"] == "*"


class TestUserInfo:
    """Returns the token's user, as far as its scopes allow."""

    def test_returns_strings(self, app):
        given = tokens(app, scope="openid email")
        told = app.user_info(given["access_token"]).json()
        assert told == {
            "sub": claims(given["id_token"])["sub"],
            "email": USER,
            "email_verified": "true",
            "username": claims(given["access_token"])["username"],
        }

    def test_requires_openid(self, app):
        access = tokens(app, scope="api/read")["access_token"]
        self.refuses(app, access)

    def test_refuses_a_token_of_the_sign_in_api(self, app):
        self.refuses(app, app.people.tokens()["AccessToken"])

    def test_refuses_an_id_token(self, app):
        self.refuses(app, tokens(app)["id_token"])

    def test_refuses_a_revoked_token(self, app):
        given = tokens(app)
        app.post("revoke", token=given["refresh_token"])
        self.refuses(app, given["access_token"])

    def test_requires_a_token(self, app):
        answer = fetch(f"{app.base}/oauth2/userInfo")
        assert (answer.status_code, answer.json()) == (
            400,
            {"error": "invalid_request"},
        )

    def refuses(self, app, token):
        answer = app.user_info(token)
        assert (answer.status_code, answer.json()) == (401, {"error": "invalid_token"})
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


class TestRevoke:
    """A revoked refresh token gives no more tokens."""

    def test_a_refresh_token(self, app):
        token = tokens(app)["refresh_token"]
        answer = app.post("revoke", token=token)
        assert (answer.status_code, answer.content) == (200, b"")
        refused = app.token("refresh_token", refresh_token=token)
        assert refused.json() == {"error": "invalid_grant"}
        assert app.post("revoke", token=token).status_code == 200

    def test_the_token_of_another_client_stays_valid(self, app, make_app):
        token = tokens(app)["refresh_token"]
        assert make_app().post("revoke", token=token).status_code == 200
        assert app.token("refresh_token", refresh_token=token).status_code == 200

    def test_invalid_requests(self, app, make_app):
        access = tokens(app)["access_token"]
        refusals = {
            "invalid_request": app.post("revoke"),
            "unsupported_token_type": app.post("revoke", token=access),
        }
        for error, answer in refusals.items():
            assert (answer.status_code, answer.json()) == (400, {"error": error})
        answer = make_app(**SECRET).post("revoke", token="x")
        assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


class TestDiscovery:
    """The discovery document links to all endpoints."""

    def test_leads_to_the_endpoints(self, app, local_url):
        issuer = f"{local_url}/{app.people.pool.id}"
        found = fetch(f"{issuer}/.well-known/openid-configuration").json()
        assert found["issuer"] == issuer
        assert found["token_endpoint"] == f"{app.base}/oauth2/token"
        assert found["authorization_endpoint"] == f"{app.base}/oauth2/authorize"
        assert found["userinfo_endpoint"] == f"{app.base}/oauth2/userInfo"
        assert found["end_session_endpoint"] == f"{app.base}/logout"
        assert found["revocation_endpoint"] == f"{app.base}/oauth2/revoke"

    def test_each_key_verifies_its_own_token(self, app, local_url):
        issuer = f"{local_url}/{app.people.pool.id}"
        keys = jwt.PyJWKClient(f"{issuer}/.well-known/jwks.json")
        given = tokens(app)
        kids = set()
        for token in (given["id_token"], given["access_token"]):
            key = keys.get_signing_key_from_jwt(token)
            kids.add(key.key_id)
            options = {"verify_aud": False}
            assert jwt.decode(
                token, key.key, algorithms=["RS256"], issuer=issuer, options=options
            )
        assert len(kids) == 2

    def test_a_pool_without_a_domain_has_no_endpoints(self, pool, local_url):
        url = f"{local_url}/{pool.id}/.well-known/openid-configuration"
        assert "token_endpoint" not in fetch(url).json()

    @pytest.mark.parametrize("name", ["jwks.json", "openid-configuration"])
    def test_an_unknown_pool_publishes_nothing(self, local_url, name):
        url = f"{local_url}/eu-west-1_nobody000/.well-known/{name}"
        assert fetch(url).status_code == 404
