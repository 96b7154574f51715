"""After a change in the file or outside cgw, `up` changes exactly that."""

from __future__ import annotations

import pytest

GROUPS = ("user_pool", "groups")
HELLO = ("functions", "hello")
ROUTES = ("api", "routes")
READ = "GET /transactions"
FULL_ORIGIN = {"origins": ["https://changes.example.com"]}
FRESH = {"deployment {stack}": "created", "stage dev": "updated"}
BACK = {"stage dev": "updated"}  # to an older deployment
TAGGED = (
    "user pool {stack}",
    "log group /aws/lambda/{stack}-hello",
    "execution role {stack}-hello-us-east-1",
    "function {stack}-hello",
    "rest api {stack}",
)

# The change in the file; the steps of `up`; its steps when the change is reverted.
# Changes of unrelated resources share a case. Those that deploy run nightly, each
# alone: resources/test_deployment.py tests that each of them deploys. So do those that
# the suite makes in other tests: a stage in test_up_asks.py, code in test_watch.py.
CHANGES = {
    "what is not deployed": (
        {
            ("user_pool", "password_policy", "min_length"): 10,
            GROUPS: ["readers", "writers"],
            ("user_pool", "mfa"): "optional",
            ("resource_servers", "transactions", "scopes", "read"): "See them",
            ("app_clients", "web", "validity", "id"): "30m",
            ("domain",): "{stack}-elsewhere",
            ("users", 0, "groups"): [],
            (*HELLO, "timeout"): 5,
            ("api", "endpoint"): "edge",
        },
        {
            "user pool {stack}": "updated",
            "group writers": "created",
            "mfa setting optional": "created",
            "resource server transactions": "updated",
            "app client web": "updated",
            "domain {stack}-elsewhere": "updated",
            "user alice@example.com": "updated",
            "function {stack}-hello": "updated",
            "rest api {stack}": "updated",
        },
        {
            "user pool {stack}": "updated",
            "mfa setting off": "deleted",
            "resource server transactions": "updated",
            "app client web": "updated",
            "domain {stack}-default": "updated",
            "user alice@example.com": "updated",
            "function {stack}-hello": "updated",
            "rest api {stack}": "updated",
        },
    ),
    "the stage, the code and the tags": (
        {
            ("api", "stage"): "prod",
            (*HELLO, "code"): "./code",
            ("tags", "team"): "billing",
        },
        dict.fromkeys(TAGGED, "updated") | {"stage prod": "updated"},
        dict.fromkeys(TAGGED, "updated") | {"stage dev": "updated"},
    ),
    "one route more": (
        {(*ROUTES, "PUT /things/{id}"): {"function": "hello"}},
        {
            "resource /things": "created",
            "resource /things/{id}": "created",
            "method PUT /things/{id}": "created",
        }
        | FRESH,
        {"method PUT /things/{id}": "deleted"} | BACK,
    ),
    "a route made public": (
        {(*ROUTES, READ, "auth"): "none"},
        {f"method {READ}": "updated"} | FRESH,
        {f"method {READ}": "updated"} | BACK,
    ),
    "cors": (
        {("api", "cors"): FULL_ORIGIN},
        {
            "gateway response DEFAULT_4XX": "created",
            "gateway response DEFAULT_5XX": "created",
            "method OPTIONS /health": "created",
            "method OPTIONS /transactions": "created",
        }
        | FRESH,
        {
            "method OPTIONS /health": "deleted",
            "method OPTIONS /transactions": "deleted",
            "gateway response DEFAULT_4XX": "deleted",
            "gateway response DEFAULT_5XX": "deleted",
        }
        | BACK,
    ),
    "authorizer": (
        {("api", "authorizer", "identity_source"): "X-Token"},
        {"authorizer cognito": "updated"} | FRESH,
        {"authorizer cognito": "updated"} | BACK,
    ),
}


NIGHTLY = {"the stage, the code and the tags", "one route more", "what is deployed"}
DEPLOYING = ("a route made public", "cors", "authorizer")
CHANGES["what is deployed"] = tuple(
    {key: value for what in DEPLOYING for key, value in CHANGES[what][number].items()}
    for number in range(3)
)


@pytest.mark.parametrize(
    "what",
    [
        pytest.param(
            what, marks=[pytest.mark.nightly] * (what in {*DEPLOYING, *NIGHTLY})
        )
        for what in CHANGES
    ],
)
def test_a_change_in_the_file_changes_just_that(standing, what):
    """`plan` shows it, `up` applies it, and deploys the API if it changed."""
    values, made, mended = CHANGES[what]
    standing.change_all(values)
    planned = standing.cgw("plan", "-o", "json").changed
    done = standing.cgw("up", "-o", "json").changed
    assert done == standing.spelled(made)
    assert {key: f"{word}d" for key, word in planned.items()} == done
    assert standing.cgw("plan", "-o", "json").changed == {}

    back = standing.restored().changed
    assert back.items() >= standing.spelled(mended).items()
    assert _touches_stage(back) == _touches_stage(done)


def _touches_stage(changed):
    return any(key.startswith("stage ") for key in changed)


def test_a_plan_shows_both_values_but_hides_the_environment(standing):
    """A field's old and new value; environment variables may be secret."""
    values = {(*HELLO, "timeout"): 5}
    values[*HELLO, "environment"] = {"API_KEY": "hunter2-hunter2"}
    standing.change_all(values)
    planned = standing.cgw("plan", "-v", "-o", "json")
    steps = planned.document["steps"]
    (changes,) = [step["changes"] for step in steps if step["action"] == "update"]
    assert changes["Timeout"] == {"from": 3, "to": 5}
    for outcome in (planned, standing.cgw("plan", "-v")):
        assert "(hidden)" in outcome.out
        assert "hunter2" not in outcome.out + outcome.err


def set_timeout(account, standing):
    """Edit the function in the console."""
    name = f"{standing.name}-hello"
    account.client("lambda").update_function_configuration(
        FunctionName=name, Timeout=30
    )


def delete_group(account, standing):
    """Delete the group."""
    pool = standing.outputs["user_pool_id"]
    account.cognito_idp.delete_group(UserPoolId=pool, GroupName="readers")


def open_method(account, standing):
    """Remove the authorizer from a method: the worst possible change."""
    api = {"restApiId": standing.outputs["api_id"]}
    items = account.apigateway.get_resources(**api)["items"]
    (found,) = [item for item in items if item["path"] == "/transactions"]
    account.apigateway.update_method(
        **api,
        resourceId=found["id"],
        httpMethod="GET",
        patchOperations=[
            {"op": "replace", "path": "/authorizationType", "value": "NONE"}
        ],
    )


def test_drift_is_shown_and_repaired(standing, account):
    """`status` shows the drift, and `up` repairs it."""
    standing.is_changed = True
    for meddle in (set_timeout, delete_group, open_method):
        meddle(account, standing)
    rows = standing.cgw("status", "-o", "json").document["resources"]
    found = {
        f"{row['kind']} {row['name']}": row["state"]
        for row in rows
        if row["state"] not in ("ok", "unmanaged")
    }
    expected = {
        "function {stack}-hello": "drifted",
        "group readers": "missing",
        "user alice@example.com": "drifted",
        f"method {READ}": "drifted",
    }
    assert found.items() >= standing.spelled(expected).items()
    standing.restored()
    assert standing.cgw("plan", "-o", "json").changed == {}


def test_down_deletes_dropped_resources_and_keeps_foreign_ones(
    cgw, account, stack_name
):
    """`down` deletes a function and a client dropped from the file, nothing foreign."""
    text = f"name: {stack_name}\nregion: us-east-1\n"
    pool = account.cognito_idp.create_user_pool(PoolName=f"{stack_name}-theirs")
    api = account.apigateway.create_rest_api(
        name=f"{stack_name}-theirs", tags={"cgw:stack": f"{stack_name}-theirs"}
    )
    before = account.listing()
    text += "api: {routes: {GET /health: {function: hello, auth: none}}}\n"
    second = "functions: {hello: {}, other: {}}\napp_clients: {web: {}, second: {}}\n"
    cgw.write(text + second)
    cgw("up")
    cgw.write(f"{text}functions: {{hello: {{}}}}\napp_clients: {{web: {{}}}}\n")
    rows = cgw("status", "-o", "json").document["resources"]
    kinds = [row["kind"] for row in rows if row["state"] == "unmanaged"]
    assert kinds == ["app client", "function"]
    cgw("down", "--yes")
    assert account.listing() == before
    account.cognito_idp.delete_user_pool(UserPoolId=pool["UserPool"]["Id"])
    account.apigateway.delete_rest_api(restApiId=api["id"])
