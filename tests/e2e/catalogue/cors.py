"""Responses that browsers reject although the API answers."""

from __future__ import annotations

from e2e.catalogue.case import Case

OURS = "https://app.example.com"
FROM_APP = ("-H", f"Origin: {OURS}")
PREFLIGHT = "/transactions -X OPTIONS --token none"


def guarded_preflight(site):
    """Deploy an OPTIONS that requires a token, which no preflight has."""
    guard = {"authorizationType": "COGNITO_USER_POOLS"}
    guard["authorizerId"] = site.outputs["authorizer_id"]
    site.put_method("OPTIONS /transactions", **guard)
    site.deploy()


def for_one_origin(site):
    """Allow one web app in the file."""
    site.change(("api", "cors"), {"origins": [OURS]})


def silent_refusals(site):
    """Remove the CORS headers from the gateway's own responses."""
    for_one_origin(site)
    site.gateway.delete_gateway_response(**site.api, responseType="DEFAULT_4XX")
    site.deploy()


CASES = [
    Case("no preflight", "cors-preflight-blocked", PREFLIGHT, 403),
    Case(
        "no preflight for an app",
        "cors-preflight-blocked",
        PREFLIGHT,
        403,
        more=FROM_APP,
    ),
    Case(
        "a preflight that asks for a token",
        "cors-preflight-blocked",
        PREFLIGHT,
        401,
        guarded_preflight,
        more=FROM_APP,
        also=("no-token",),
    ),
    Case(
        "a call that a preflight goes before",
        "cors-preflight-blocked",
        "/transactions",
        200,
        more=FROM_APP,
        also=("cors-headers-missing",),
    ),
    Case(
        "a call from another app",
        "cors-preflight-blocked",
        "/transactions",
        200,
        for_one_origin,
        more=("-H", "Origin: https://other.example.com"),
        also=("cors-headers-missing",),
    ),
    Case(
        "an answer that the app may not read",
        "cors-headers-missing",
        "/transactions",
        200,
        for_one_origin,
        more=FROM_APP,
    ),
    Case(
        "a refusal that the app may not read",
        "no-token",
        "/transactions --token none",
        401,
        silent_refusals,
        more=FROM_APP,
        also=("cors-headers-missing",),
    ),
]
