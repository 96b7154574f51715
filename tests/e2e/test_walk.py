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


def test_from_nothing_to_a_secured_api_and_back(shell, stack_name, account):
    """The whole walk, and after it the account is as it was before."""
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

    again = shell("up", "-o", "json", "-v")
    assert set(again.actions.values()) == {"unchanged"}
    assert again.calls
    assert again.writes == []
    assert again.document["outputs"] == outputs

    plan = shell("plan", "--detailed-exitcode", "-o", "json")
    assert set(plan.actions.values()) == {"keep"}

    assert shell("outputs", "-o", "json").document == outputs

    status = shell("status", "-o", "json").document
    assert status.keys() == {"stack", "resources"}
    row = {"kind", "name", "id", "state", "changes"}
    assert all(each.keys() == row for each in status["resources"])
    assert {each["state"] for each in status["resources"]} == {"ok"}

    _calls(shell)

    down = shell("down", "--yes", "-o", "json")
    assert set(down.actions.values()) == {"deleted"}
    assert down.actions.keys() == up.actions.keys()
    assert account.listing() == before
    domain = outputs["hosted_ui_url"].rsplit("/", 1)[1]
    gone = account.cognito_idp.describe_user_pool_domain(Domain=domain)
    assert gone["DomainDescription"] == {}

    nothing = shell("down")
    assert (nothing.out, nothing.err) == ("", "nothing to delete\n")
    said = f"the stack {stack_name} does not exist yet: run `cgw --local up` first"
    nothing = shell("outputs")
    assert (nothing.out, nothing.err) == ("", f"  {said}\n")


def _calls(shell):
    """The right token opens the route, none does not, and the answer is told."""
    tokens = shell("token", "-o", "json").document
    assert tokens.keys() == {
        "id_token",
        "access_token",
        "refresh_token",
        "token_type",
        "expires_in",
    }
    assert shell("token", "--id").out == tokens["id_token"] + "\n"

    allowed = shell("call", "/transactions")
    assert allowed.out == '"Hello from Lambda!"\n'
    assert allowed.err == "200 OK  (token: id)\n"

    get, post, health = shell("explain").out.splitlines()
    assert get == "GET /transactions: 200 OK: nothing is wrong"
    assert post.startswith("POST /transactions: not sent: a token with ")
    assert health == "GET /health: 200 OK: nothing is wrong"
    routes = shell("explain", "-o", "json").document["routes"]
    route = {"route": "GET /transactions", "status": 200, "codes": []}
    assert (len(routes), routes[0]) == (3, route)

    refused = shell("call", "/transactions", "--token", "none", "-o", "json", code=4)
    answer = refused.document
    assert answer.keys() == {"status", "headers", "body", "token", "causes"}
    assert (answer["status"], answer["token"]) == (401, "none")
    assert json.loads(answer["body"]) == {"message": "Unauthorized"}
    assert [cause["code"] for cause in answer["causes"]] == ["no-token"]
    cause = {"code", "summary", "evidence", "fix"}
    assert all(each.keys() == cause for each in answer["causes"])


def test_the_ten_steps_give_what_up_gives(cgw, account, stack_name):
    """One after another on an empty account, and described to the last field."""
    by_up = account.description(cgw("up", "-o", "json").document["outputs"])
    cgw("down", "--yes")

    made = {}
    for step in STEPS:
        outcome = cgw(step, "-o", "json")
        made[step] = outcome.changed
        again = cgw(step, "-o", "json", "-v")
        assert (again.changed, again.writes) == ({}, []), step
    by_steps = account.description(cgw("outputs", "-o", "json").document)

    assert by_steps == by_up
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
    assert cgw("plan", "-o", "json").changed == {}
    cgw("down", "--yes")
