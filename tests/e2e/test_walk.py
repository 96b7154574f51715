"""The README's walk, with real processes, on config.example.yaml."""

from __future__ import annotations

import json

OUTPUTS = {
    "region",
    "user_pool_id",
    "app_client_id",
    "app_clients",
    "hosted_ui_url",
    "sign_in_url",
    "issuer",
    "api_id",
    "authorizer_id",
    "stage",
    "invoke_url",
    "functions",
}
STEP = {"kind", "name", "action", "changes", "error"}
STEPS = (
    "pool",
    "client",
    "domain",
    "user",
    "lambda",
    "api",
    "resource",
    "method",
    "authorizer",
    "deploy",
)


def test_from_nothing_to_a_secured_api_and_back(shell, cgw, stack_name, account):
    """The whole walk; at its end the account is as before.

    Separate processes run what a newcomer types first; the rest runs in this one.
    """
    before = account.listing()

    up = shell("up", "-o", "json")
    assert up.document.keys() == {"stack", "steps", "outputs"}
    assert up.document["stack"] == stack_name
    assert all(step.keys() == STEP for step in up.document["steps"])
    assert set(up.actions.values()) == {"created"}
    outputs = up.document["outputs"]
    assert outputs.keys() == OUTPUTS
    assert outputs["app_clients"] == {"web": outputs["app_client_id"]}
    assert None not in outputs.values()

    again = cgw("up", "-o", "json", "-v")
    assert set(again.actions.values()) == {"unchanged"}
    assert again.calls
    assert again.writes == []
    assert again.document["outputs"] == outputs

    plan = cgw("plan", "--detailed-exitcode", "-o", "json")
    assert set(plan.actions.values()) == {"keep"}

    status = cgw("status", "-o", "json").document
    assert status.keys() == {"stack", "resources"}
    row = {"kind", "name", "id", "state", "changes"}
    assert all(resource.keys() == row for resource in status["resources"])
    assert {resource["state"] for resource in status["resources"]} == {"ok"}

    _calls(shell, cgw)
    by_up = account.description(outputs)

    down = shell("down", "--yes", "-o", "json")
    assert set(down.actions.values()) == {"deleted"}
    assert down.actions.keys() == up.actions.keys()
    assert account.listing() == before
    domain = outputs["hosted_ui_url"].rsplit("/", 1)[1]
    gone = account.cognito_idp.describe_user_pool_domain(Domain=domain)
    assert gone["DomainDescription"] == {}

    nothing = cgw("down")
    assert (nothing.out, nothing.err) == ("", "nothing to delete\n")
    said = f"the stack {stack_name} does not exist yet: run `cgw --local up` first"
    nothing = cgw("outputs")
    assert (nothing.out, nothing.err) == ("", f"  {said}\n")

    _ten_steps(cgw, account, stack_name, by_up)


def _calls(shell, cgw):
    """The right token opens the route, no token does not, and the output says so."""
    tokens = cgw("token", "-o", "json").document
    assert tokens.keys() == {
        "id_token",
        "access_token",
        "refresh_token",
        "token_type",
        "expires_in",
    }
    assert cgw("token", "--id").out == tokens["id_token"] + "\n"

    allowed = shell("call", "/transactions")
    assert allowed.out == '"Hello from Lambda!"\n'
    assert allowed.err == "200 OK  (token: id)\n"

    get, post, health = cgw("explain").out.splitlines()
    assert get == "GET /transactions: 200 OK: nothing is wrong"
    assert post.startswith("POST /transactions: not sent: a token with ")
    assert health == "GET /health: 200 OK: nothing is wrong"
    routes = cgw("explain", "-o", "json").document["routes"]
    route = {"route": "GET /transactions", "status": 200, "codes": []}
    assert (len(routes), routes[0]) == (3, route)

    refused = cgw("call", "/transactions", "--token", "none", "-o", "json", code=4)
    answer = refused.document
    assert answer.keys() == {"status", "headers", "body", "token", "causes"}
    assert (answer["status"], answer["token"]) == (401, "none")
    assert json.loads(answer["body"]) == {"message": "Unauthorized"}
    assert [cause["code"] for cause in answer["causes"]] == ["no-token"]
    cause = {"code", "summary", "evidence", "fix"}
    assert all(item.keys() == cause for item in answer["causes"])


def _ten_steps(cgw, account, stack_name, by_up):
    """Run in order on an empty account, they create what `up` creates."""
    made = {step: cgw(step, "-o", "json").changed for step in STEPS}
    again = cgw("up", "-o", "json", "-v")
    assert (again.changed, again.writes) == ({}, [])
    assert account.description(again.document["outputs"]) == by_up
    assert made["pool"] == {
        f"user pool {stack_name}": "created",
        "group readers": "created",
        "resource server transactions": "created",
    }
    assert made["authorizer"] == {
        "authorizer cognito": "created",
        "method GET /transactions": "updated",
        "method POST /transactions": "updated",
    }
    cgw("down", "--yes")
