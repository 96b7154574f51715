"""What `cgw_stack` gives a project's tests: answers, tokens, and a separate AWS."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import boto3
import httpx
import pytest
from botocore.config import Config
from commandline import EXAMPLE, PASSWORD
from flows import ALICE, BOB

from cognito_gw.app.context import Context, Options
from cognito_gw.app.walks import look
from cognito_gw.errors import CgwError, Missing, UsageError
from cognito_gw.oauth.tokens import claims_of
from cognito_gw.testing import LocalStack
from cognito_gw.testing.local_stack import RouteToken, bring_up


@pytest.fixture(scope="module")
def api(standing_flows, home):
    """The stack shared by all tests of this process, as `cgw_stack` provides it."""
    shell = standing_flows.shell
    settings = Options(shell.folder / "cgw.yaml", local=True, quiet=True)
    session = Context(settings, home / "state" / "cognito-gw", shell.environment)
    look(session, session.stack.resources)
    with closing(LocalStack(session)) as stack:
        yield stack


def test_the_user_is_chosen_by_name(api):
    """By default there is no user; a public route needs none."""
    assert api.get("/transactions").status_code == 401
    assert api.get("/transactions", user=ALICE).json() == "Hello from Lambda!"
    assert api.get("/health").status_code == 200
    assert api.get("/health", user=ALICE).status_code == 200
    assert api.get("/nowhere", user=ALICE).status_code == 403


def test_a_client_sends_what_each_route_requires(api):
    """The ID token, or an access token with one of the route's scopes."""
    with api.client(BOB) as bob:
        assert bob.get("/transactions").status_code == 200
        wrote = bob.post("/transactions?dry=1", json={"amount": 1})
        assert wrote.status_code == 200
        assert claims_of(wrote.request.headers["Authorization"])["token_use"] == (
            "access"
        )
        assert "Authorization" not in bob.get("/health").request.headers
    assert api.post("/transactions", app_client="machine").status_code == 200


def test_a_token_opens_only_its_routes(api):
    """An access token without the route's scope is refused, and so is a wrong one."""
    read = api.token(ALICE, scopes=["transactions/read"])
    assert claims_of(read)["scope"] == "transactions/read"
    assert api.post("/transactions", token=read).status_code == 401
    write = api.token(ALICE, scopes=["transactions/write"])
    assert api.post("/transactions", token=write).status_code == 200
    assert api.get("/transactions", token="garbage").status_code == 401


def test_a_header_of_the_test_stays(api):
    """Also if the test names a user."""
    given = {"Authorization": "mine"}
    refused = api.get("/transactions", user=ALICE, headers=given)
    assert refused.status_code == 401
    assert refused.request.headers["Authorization"] == "mine"


@pytest.mark.parametrize(
    ("options", "use", "whose"),
    [
        ({}, "id", ALICE),
        ({"user": BOB}, "id", BOB),
        ({"user": BOB, "kind": "access"}, "access", None),
        ({"user": BOB, "kind": "id", "scopes": ["openid", "email"]}, "id", BOB),
        ({"app_client": "confidential"}, "id", ALICE),
        ({"app_client": "learner", "scopes": ["openid"]}, "access", None),
        ({"app_client": "machine"}, "access", None),
    ],
)
def test_tokens_of_every_kind(api, options, use, whose):
    """By password, at the sign-in page, by the implicit flow, and for a machine."""
    claims = claims_of(api.token(**options))
    assert (claims["token_use"], claims.get("email")) == (use, whose)


def test_equal_requests_share_one_sign_in(api):
    """A refresh token comes with it."""
    assert api.token(ALICE) == api.token()
    assert api.token(kind="refresh").count(".") == 4


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"user": "eve@example.com"}, UsageError, f"known: {ALICE}, {BOB}"),
        ({"app_client": "no"}, UsageError, "no app client `no`; known: web"),
        (
            {"scopes": ["no/such"]},
            UsageError,
            "no app client gives tokens with no/",
        ),
        ({"app_client": "machine", "kind": "id"}, Missing, "returned no id token"),
        ({"app_client": "web", "scopes": ["email"]}, CgwError, "invalid_scope"),
    ],
)
def test_unavailable_tokens_are_reported(api, options, error, words):
    """The error has a message, and a hint that pytest prints."""
    with pytest.raises(error, match=words) as caught:
        api.token(**options)
    assert getattr(caught.value, "__notes__", []) == [
        f"hint: {hint}" for hint in [caught.value.hint] if hint
    ]


@pytest.mark.parametrize("scopes", [(), ["openid"]])
def test_a_failed_sign_in_shows_no_password(api, scopes):
    """Pytest prints the arguments of the frames in a traceback."""
    cognito = api.boto3_session().client("cognito-idp")
    bob = {"UserPoolId": api.outputs["user_pool_id"], "Username": BOB}
    cognito.admin_disable_user(**bob)
    try:
        with pytest.raises(CgwError) as caught:
            api.token(BOB, app_client="confidential", scopes=scopes)
    finally:
        cognito.admin_enable_user(**bob)
    assert not [entry for entry in caught.traceback if "oauth" in str(entry.path)]
    assert PASSWORD not in str(caught.getrepr(showlocals=True, style="long"))
    assert PASSWORD not in repr(api)
    assert api.password(BOB) == PASSWORD


def test_the_code_under_test_can_reach_the_same_aws(api, environment):
    """By a session, the environment, or the outputs."""
    pool = {"UserPoolId": api.outputs["user_pool_id"]}
    cognito = api.boto3_session().client("cognito-idp")
    assert cognito.describe_user_pool(**pool)["UserPool"]["Id"] == pool["UserPoolId"]
    for name, value in api.environment.items():
        environment.setenv(name, value)
    found = boto3.client("cognito-idp").describe_user_pool(**pool)
    assert found["UserPool"]["Id"] == api.environment["CGW_USER_POOL_ID"]
    assert api.endpoint_url == api.environment["AWS_ENDPOINT_URL"]
    assert api.invoke_url.startswith(api.endpoint_url)


def test_the_users_own_settings_are_ignored(api, environment):
    """No profile, proxy, or other endpoint; a resource works like a client."""
    environment.setenv("AWS_PROFILE", "none-that-is-here")
    environment.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    environment.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    environment.setenv("NO_PROXY", "")
    session = api.boto3_session()
    patient = Config(read_timeout=30)
    assert list(session.resource("iam", config=patient).roles.all())
    assert session.client("sts").get_caller_identity()["Account"]
    elsewhere = session.client("sts", endpoint_url="http://127.0.0.1:2")
    assert elsewhere.meta.endpoint_url == "http://127.0.0.1:2"
    assert api.get("/transactions", user=ALICE).status_code == 200


@pytest.mark.parametrize(
    ("url", "is_sent"),
    [
        ("http://127.0.0.1:9/api/dev/x", True),
        ("http://127.0.0.1:9/api/dev/x?y=/z", True),
        ("http://127.0.0.1:9/api/devil/x", False),
        ("http://127.0.0.1:8/api/dev/x", False),
        ("http://example.com/api/dev/x", False),
    ],
)
def test_no_token_goes_elsewhere(url, is_sent):
    """Only to its API, by the path that API Gateway routes."""
    paths = []

    def token(_, path):
        paths.append(path)
        return "secret"

    request = httpx.Request("GET", url)
    auth = RouteToken("http://127.0.0.1:9/api/dev", "X-Token", token)
    assert next(auth.auth_flow(request)) is request
    assert ("X-Token" in request.headers) is is_sent
    assert paths == ["/x"] * is_sent


def test_the_tests_of_the_page_pass(api):
    """The tests in docs/ci.md."""
    page = (EXAMPLE.parent / "docs/ci.md").read_text("utf-8")
    shown = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(shown) == 2
    for text in shown:
        names = {}
        exec(text, names)  # noqa: S102 - our own page
        (test,) = (names[name] for name in names if name.startswith("test_"))
        test(api)


def test_tokens_are_not_kept_on_disk(api, standing_flows):
    """The user's own tokens belong to another AWS."""
    before = standing_flows.cache
    api.token(BOB, "access")
    assert standing_flows.cache == before
    assert not [*Path(standing_flows.shell.folder).glob("*.totp")]


def test_a_resource_that_fails_locally_is_one_error(local, home, tmp_path):
    """It names the failed resource, but not all of its dependents."""
    assert local
    file = tmp_path / "cgw.yaml"
    file.write_text(
        "name: x\nuser_pool: {id: us-east-1_Ab12Cd34E}\n"
        "app_clients: {web: {id: abc}}\napi: {routes: {GET /t: {}}}\n"
    )
    settings = Options(file, local=True, quiet=True)
    with pytest.raises(CgwError) as caught:
        bring_up(Context(settings, home / "state" / "cognito-gw"))
    first, second, *rest = caught.value.what.splitlines()
    assert first == f"{file} cannot be brought up locally:"
    assert second.split() == ["failed", "user", "pool", "us-east-1_Ab12Cd34E"]
    assert len(rest) == 1
