"""The local Cognito answers as Cognito is recorded or documented to answer."""

from __future__ import annotations

import jwt
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from browsing import CALLBACK, LOGOUT, App, http_client
from local.conformance.cases import FOLDER, cases, filled, fits, read
from people import PASSWORD, USER, People

BY_OAUTH = {
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthFlows": ["code", "implicit"],
    "AllowedOAuthScopes": ["openid", "email", "profile"],
    "CallbackURLs": [CALLBACK],
    "LogoutURLs": [LOGOUT],
    "SupportedIdentityProviders": ["COGNITO"],
}
CLIENTS = {
    "web": {},
    "code": {"AllowedOAuthFlows": ["code"]},
    "secret": {"GenerateSecret": True},
    "hiding": {"PreventUserExistenceErrors": "ENABLED"},
    "srp": {"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"]},
    "machine": {
        "GenerateSecret": True,
        "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthScopes": ["api/read"],
        "CallbackURLs": [],
    },
}
DOMAIN = cases("cognito/domain.yaml", {"app", "body", "json", "headers"})
SIGN_IN = cases("cognito/sign_in.yaml", {"app", "error", "message"})
CLAIMS = cases("cognito/claims.yaml", {"json"})


@pytest.fixture(scope="module")
def people(shared_pool):
    """Each kind of app client, and each kind of user."""
    shared_pool.server("read", "write")
    made = {
        name: People(shared_pool, **BY_OAUTH | settings)
        for name, settings in CLIENTS.items()
    }
    web = made["web"].confirmed()
    for name in ("disabled", "reset"):
        web.confirmed(f"{name}@example.com")
    shared_pool.call("admin_disable_user", Username="disabled@example.com")
    shared_pool.call("admin_reset_user_password", Username="reset@example.com")
    web.call("sign_up", Username="new@example.com", Password=PASSWORD)
    return made


@pytest.fixture(scope="module")
def apps(shared_pool, people, local_url):
    """The same clients as apps at the pool's domain."""
    domain = f"conformance-{shared_pool.id[-9:].lower()}"
    shared_pool.domain(domain)
    return {name: App(local_url, domain, each.client) for name, each in people.items()}


@pytest.fixture(scope="module")
def words(apps, people, shared_pool, local_url):
    """The values that cases cannot know: IDs and tokens."""
    web = apps["web"]
    arrival = web.sign_in(USER, PASSWORD, scope="openid email", nonce="n")
    given = web.redeem(arrival.query["code"]).json()
    machine = apps["machine"]
    by_secret = machine.token("client_credentials", machine.basic()).json()
    return given | {
        "expires_in": "3600",
        "callback": CALLBACK,
        "logout": LOGOUT,
        "client_id": web.client_id,
        "pool_id": shared_pool.id,
        "issuer": f"{local_url}/{shared_pool.id}",
        "api_token": people["web"].tokens()["AccessToken"],
        "machine_id": machine.client_id,
        "machine_token": by_secret["access_token"],
    }


@pytest.mark.parametrize("case", DOMAIN)
def test_the_domain_answers_as_aws(case, apps, words):
    app = apps[case.get("app", "web")]
    if "{code}" in str(case):
        words = words | {"code": app.sign_in(USER, PASSWORD).query["code"]}
    case = filled(case, words)
    answer = sent(app, case["request"])
    assert answer.status_code == case["status"], answer.text
    if "body" in case:
        assert answer.text == case["body"]
    if "json" in case:
        assert fits(answer.json(), case["json"]), answer.text
    for name, expected in case.get("headers", {}).items():
        assert fits(answer.headers.get(name), expected), answer.headers


def sent(app, request):
    """Send a case's request, with the ID of its app client."""
    own, url = {"client_id": app.client_id}, f"{app.base}{request['path']}"
    query = own | request.get("query", {})
    headers = request.get("headers", {})
    if request.get("basic"):
        headers |= app.basic()
    with http_client() as http:
        if "form" in request:
            return http.post(url, data=own | request["form"], headers=headers)
        return http.request(
            request.get("method", "GET"),
            url,
            params={name: value for name, value in query.items() if value},
            headers=headers,
        )


@pytest.mark.parametrize("case", SIGN_IN)
def test_the_sign_in_api_answers_as_aws(case, people, words):
    app = people[case.get("app", "web")]
    [(operation, params)] = filled(case["request"], words).items()
    params = {"ClientId": app.id} | params
    given = {name: value for name, value in params.items() if value is not None}
    api = app.pool.client if operation.startswith(("Admin", "Create")) else app.api
    with pytest.raises(ClientError) as caught:
        getattr(api, xform_name(operation))(**given)
    error = caught.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] == case["status"]
    assert error["Error"]["Code"] == case["error"]
    assert fits(error["Error"]["Message"], case.get("message", "~.+"))


@pytest.mark.parametrize("case", CLAIMS)
def test_the_tokens_have_the_claims_of_aws(case, words):
    token = words[case["request"]]
    held = jwt.decode(token, options={"verify_signature": False})
    assert fits(held, filled(case["json"], words)), held
    header = jwt.get_unverified_header(token)
    assert header.keys() == {"alg", "kid"}


def test_every_case_has_a_unique_name_and_known_sources():
    names, used = [], set()
    for file in FOLDER.glob("*/*.yaml"):
        for case in read(file) if file.stem != "apis" else []:
            names.append((file.stem, case["name"]))
            source = case["source"]
            used |= set(source if isinstance(source, list) else [source])
    assert len(names) == len(set(names)) >= 200
    assert used == read("sources.yaml").keys()
