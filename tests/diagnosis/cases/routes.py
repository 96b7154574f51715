"""Missing or undeployed resources."""

from __future__ import annotations

from dataclasses import replace

from diagnosis.call import HEALTHY, NOT_SIGNED, Call
from diagnosis.world import ABSENT, API, REGION

NEWER = replace(HEALTHY, routes=HEALTHY.routes | {"PUT /transactions": ()})
GONE = dict.fromkeys(
    ("get_stages", "get_export", "get_resources", "get_authorizers"), ABSENT
)
CLOSED = {"status": 403, "error": "ForbiddenException", "message": "Forbidden"}

KEYED = replace(HEALTHY, keyed=("GET /transactions",))

# Problem: the first code, the evidence, and the call.
CASES = {
    "no API": (
        "api-not-found",
        {"api": API, "region": REGION},
        Call(**CLOSED, answers=GONE),
    ),
    "no stage": (
        "stage-not-found",
        {"called": "prod", "there is": "dev"},
        Call(**CLOSED, target={"stage": "prod"}, answers={"get_export": ABSENT}),
    ),
    "no stage at all": (
        "stage-not-found",
        {"called": "dev", "there is": "none"},
        Call(**CLOSED, answers={"get_export": ABSENT, "get_stages": {"item": []}}),
    ),
    "no path": (
        "route-not-found",
        {"called": "GET /nothing", "there is": "GET /health, GET /orders/{id}"},
        Call(**NOT_SIGNED, path="/nothing"),
    ),
    "no path, and a token": (
        "route-not-found",
        {
            "called": "GET /transaction",
            "there is": "GET /transactions, POST /transactions, GET /health",
        },
        Call(
            status=403,
            error="IncompleteSignatureException",
            message="Invalid key=value pair (missing equal-sign) in Authorization",
            path="/transaction?page=2",
        ),
    ),
    "another case": (
        "route-not-found",
        {"called": "GET /Transactions"},
        Call(**NOT_SIGNED, path="/Transactions"),
    ),
    "the stage in the path": (
        "route-not-found",
        {"called": "GET /dev/transactions"},
        Call(**NOT_SIGNED, path="/dev/transactions"),
    ),
    "no method": (
        "route-not-found",
        {"called": "DELETE", "there is": "GET, POST"},
        Call(**NOT_SIGNED, verb="DELETE"),
    ),
    "a method that is not deployed": (
        "method-not-deployed",
        {"API": "PUT /transactions", "stage": "no such route"},
        Call(**NOT_SIGNED, verb="PUT", draft=NEWER),
    ),
    "no API key": (
        "api-key-missing",
        {"x-api-key": "not sent", "required": True},
        Call(status=403, error="ForbiddenException", live=KEYED),
    ),
    "a wrong API key": (
        "api-key-missing",
        {"x-api-key": "sent"},
        Call(
            status=403,
            error="ForbiddenException",
            live=KEYED,
            headers=(("X-Api-Key", "wrong"),),
        ),
    ),
}
