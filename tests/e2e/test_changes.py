"""A change in the file, or behind its back: exactly that is mended, nothing else."""

from __future__ import annotations

import pytest

GROUPS = ("user_pool", "groups")
HELLO = ("functions", "hello")
ROUTES = ("api", "routes")
READ = "GET /transactions"
FULL_ORIGIN = {"origins": ["https://changes.example.com"]}
FRESH = {"deployment {stack}": "created", "stage dev": "updated"}
BACK = {"stage dev": "updated"}  # an older deployment is what is wanted again
NOTHING = {}
TAGGED = (
    "user pool {stack}",
    "log group /aws/lambda/{stack}-hello",
    "execution role {stack}-hello-us-east-1",
    "function {stack}-hello",
    "rest api {stack}",
    "stage dev",
)

# What changes in the file, to what; what `up` does; what it does when changed back.
CHANGES = {
    "password policy": (
        ("user_pool", "password_policy", "min_length"),
        10,
        {"user pool {stack}": "updated"},
        {"user pool {stack}": "updated"},
    ),
    "one group more": (
        GROUPS,
        ["readers", "writers"],
        {"group writers": "created"},
        NOTHING,
    ),
    "mfa": (
        ("user_pool", "mfa"),
        "optional",
        {"mfa setting optional": "created"},
        {"mfa setting off": "deleted"},
    ),
    "resource server": (
        ("resource_servers", "transactions", "scopes", "read"),
        "See them",
        {"resource server transactions": "updated"},
        {"resource server transactions": "updated"},
    ),
    "app client": (
        ("app_clients", "web", "validity", "id"),
        "30m",
        {"app client web": "updated"},
        {"app client web": "updated"},
    ),
    "domain": (
        ("domain",),
        "{stack}-elsewhere",
        {"domain {stack}-elsewhere": "updated"},
        {"domain {stack}-default": "updated"},
    ),
    "the groups of a user": (
        ("users", 0, "groups"),
        [],
        {"user alice@example.com": "updated"},
        {"user alice@example.com": "updated"},
    ),
    "function": (
        (*HELLO, "timeout"),
        5,
        {"function {stack}-hello": "updated"},
        {"function {stack}-hello": "updated"},
    ),
    "code": (
        (*HELLO, "code"),
        "./code",
        {"function {stack}-hello": "updated"},
        {"function {stack}-hello": "updated"},
    ),
    "endpoint type": (
        ("api", "endpoint"),
        "edge",
        {"rest api {stack}": "updated"},
        {"rest api {stack}": "updated"},
    ),
    "one route more": (
        (*ROUTES, "PUT /things/{id}"),
        {"function": "hello"},
        {
            "resource /things": "created",
            "resource /things/{id}": "created",
            "method PUT /things/{id}": "created",
        }
        | FRESH,
        {"method PUT /things/{id}": "deleted"} | BACK,
    ),
    "a route made public": (
        (*ROUTES, READ, "auth"),
        "none",
        {f"method {READ}": "updated"} | FRESH,
        {f"method {READ}": "updated"} | BACK,
    ),
    "cors": (
        ("api", "cors"),
        FULL_ORIGIN,
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
        ("api", "authorizer", "identity_source"),
        "X-Token",
        {"authorizer cognito": "updated"} | FRESH,
        {"authorizer cognito": "updated"} | BACK,
    ),
    "stage": (
        ("api", "stage"),
        "prod",
        {"stage prod": "updated"},
        {"stage dev": "updated"},
    ),
    "tags": (
        ("tags", "team"),
        "billing",
        dict.fromkeys(TAGGED, "updated"),
        dict.fromkeys(TAGGED, "updated"),
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_in_the_file_changes_just_that(standing, what):
    """Planned and done; the API is deployed exactly when it is another."""
    path, value, made, mended = CHANGES[what]
    standing.change(path, value)
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


def test_fields_are_told_with_both_values(standing):
    """From what it is to what it will be."""
    standing.change((*HELLO, "timeout"), 5)
    steps = standing.cgw("plan", "-o", "json").document["steps"]
    (changes,) = [step["changes"] for step in steps if step["action"] == "update"]
    assert changes == {"Timeout": {"from": 3, "to": 5}}


def test_values_of_the_environment_are_hidden(standing):
    """They may be secret; that they change is told."""
    standing.change((*HELLO, "environment"), {"API_KEY": "hunter2-hunter2"})
    for output in ("text", "json"):
        outcome = standing.cgw("plan", "-v", "-o", output)
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
    """Take the authorizer away from a method: the worst that can happen."""
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


DRIFTS = [
    (set_timeout, {"function {stack}-hello": "drifted"}),
    (delete_group, {"group readers": "missing", "user alice@example.com": "drifted"}),
    (
        open_method,
        {f"method {READ}": "drifted"},
    ),
]


@pytest.mark.parametrize(("meddle", "states"), DRIFTS)
def test_what_was_changed_behind_its_back_is_shown_and_mended(
    standing, account, meddle, states
):
    """`status` shows the drift, `up` takes it away."""
    meddle(account, standing)
    rows = standing.cgw("status", "-o", "json").document["resources"]
    found = {
        f"{row['kind']} {row['name']}": row["state"]
        for row in rows
        if row["state"] not in ("ok", "unmanaged")
    }
    assert found.items() >= standing.spelled(states).items()
    text = standing.cgw("status").out
    assert "drifted" in text or "missing" in text
    standing.restored()
    assert standing.cgw("plan", "-o", "json").changed == {}


def test_what_left_the_file_is_shown_as_unmanaged_and_goes_with_down(
    cgw, edited, account
):
    """A function and an app client that the file names no longer."""
    before = account.listing()

    def more(data):
        data["functions"]["other"] = {}
        data["app_clients"]["second"] = {}

    cgw.write(edited(more))
    cgw("up")
    cgw.write(edited(lambda _: None))
    rows = cgw("status", "-o", "json").document["resources"]
    kinds = [row["kind"] for row in rows if row["state"] == "unmanaged"]
    assert kinds == ["app client", "function"]
    cgw("down", "--yes")
    assert account.listing() == before


def test_what_is_not_ours_stays(cgw, stack_name, account):
    """A pool, an API and a function of another's, made with the same prefix."""
    pool = account.cognito_idp.create_user_pool(PoolName=f"{stack_name}-theirs")
    api = account.apigateway.create_rest_api(
        name=f"{stack_name}-theirs", tags={"cgw:stack": f"{stack_name}-theirs"}
    )
    before = account.listing()
    cgw("up")
    cgw("down", "--yes")
    assert account.listing() == before
    account.cognito_idp.delete_user_pool(UserPoolId=pool["UserPool"]["Id"])
    account.apigateway.delete_rest_api(restApiId=api["id"])
