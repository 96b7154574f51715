"""Problems between the token and the authorizer, or with the authorizer."""

from __future__ import annotations

from dataclasses import replace

from diagnosis.call import HEALTHY, NOT_SIGNED, Call, access, issuer_of
from diagnosis.world import CLIENT, COGNITO, IAM, OPEN, OTHER, POOL, pool_arn, pools

WRITE = {"verb": "POST"}
SCOPES = "transactions/write transactions/admin"
OF_POOL = f"Cognito: header Authorization, pool {POOL}, no scopes"
ELSEWHERE = f"Cognito: header Authorization, pool {OTHER}, no scopes"
BROKEN = {"status": 500, "error": "AuthorizerConfigurationException"}
ANSWERED = {"status": 200, "error": ""}


def guarded(guard, **changes):
    """Return the API with another authorization type for `GET /transactions`."""
    routes = HEALTHY.routes | {"GET /transactions": guard}
    return replace(HEALTHY, routes=routes, **changes)


OPENED, SHUT, LOST = guarded(OPEN), guarded(IAM), replace(HEALTHY, authorizer=False)
FOREIGN = replace(HEALTHY, arns=(pool_arn(OTHER),))

# Problem: the first code, the evidence, and the call.
CASES = {
    "secured, and deployed open": (
        "authorizer-not-deployed",
        {"deployed": "open to everyone", "API": OF_POOL},
        Call(**ANSWERED, live=OPENED, draft=HEALTHY),
    ),
    "secured, and deployed shut": (
        "authorizer-not-deployed",
        {"deployed": f"secured by {IAM}", "API": OF_POOL},
        Call(**NOT_SIGNED, live=SHUT, draft=HEALTHY),
    ),
    "another pool is deployed": (
        "authorizer-not-deployed",
        {"deployed": ELSEWHERE, "API": OF_POOL},
        Call(live=FOREIGN, draft=HEALTHY),
    ),
    "the right scope is not deployed": (
        "authorizer-not-deployed",
        {"deployed": OF_POOL},
        Call(access(scope="a"), draft=guarded(("a", "b"))),
    ),
    "only signed requests": (
        "authorizer-missing",
        {"wanted": "a Cognito authorizer", "deployed": f"secured by {IAM}"},
        Call(**NOT_SIGNED, live=SHUT),
    ),
    "open to everyone": (
        "authorizer-missing",
        {"wanted": "a Cognito authorizer", "deployed": "open to everyone"},
        Call(**ANSWERED, live=OPENED, target={"wants": COGNITO}),
    ),
    "an authorizer that was deleted": (
        "authorizer-missing",
        {"deployed": "secured by an authorizer that does not exist"},
        Call(**BROKEN, live=LOST),
    ),
    "an authorizer that was deleted since": (
        "authorizer-missing",
        {
            "deployed": OF_POOL,
            "API": "secured by an authorizer that does not exist",
        },
        Call(**BROKEN, draft=LOST),
    ),
    "the authorizer trusts another pool": (
        "authorizer-wrong-pool",
        {"authorizer's pool": OTHER, "token's pool": POOL},
        Call(live=FOREIGN, target={"pool_id": POOL}),
    ),
    "the pool was deleted": (
        "authorizer-wrong-pool",
        {"authorizer's pool": OTHER, "exists": False, "token's pool": POOL},
        Call(**BROKEN, live=FOREIGN, answers={"describe_user_pool": pools(POOL)}),
    ),
    "another app client": (
        "wrong-client",
        {"expression": "machine-.*", "aud": CLIENT},
        Call(live=replace(HEALTHY, pattern="machine-.*")),
    ),
    "an app client of which only the beginning fits": (
        "wrong-client",
        {"expression": CLIENT[:-1], "aud": CLIENT},
        Call(live=replace(HEALTHY, pattern=CLIENT[:-1])),
    ),
    "an access token, which names no app client": (
        "wrong-client",
        {"expression": f"{CLIENT}|other", "aud": None},
        Call(access(), live=replace(HEALTHY, pattern=f"{CLIENT}|other")),
    ),
    "an expression that is none": (
        "wrong-client",
        {"expression": "(", "aud": CLIENT},
        Call(live=replace(HEALTHY, pattern="(")),
    ),
    "an access token where no scopes are": (
        "access-token-without-scopes",
        {"token_use": "access", "wanted": "id", "method's scopes": "none"},
        Call(access(scope="transactions/write")),
    ),
    "an ID token where scopes are": (
        "id-token-with-scopes",
        {"token_use": "id", "wanted": "access", "method's scopes": SCOPES},
        Call(**WRITE),
    ),
    "other scopes": (
        "insufficient-scope",
        {"token": "transactions/read", "method": SCOPES},
        Call(access(scope="transactions/read"), **WRITE),
    ),
    "a scope that only begins alike": (
        "insufficient-scope",
        {"token": "transactions/writer", "method": SCOPES},
        Call(access(scope="transactions/writer"), **WRITE),
    ),
    "no scope": (
        "insufficient-scope",
        {"token": "none", "method": SCOPES},
        Call(access(), **WRITE),
    ),
    "open, and nobody said so": (
        "unauthenticated-route",
        {"deployed": "open to everyone", "wanted": "not known"},
        Call(None, **ANSWERED, path="/health", target={"wants": None}),
    ),
    "another issuer of another pool": (
        "wrong-pool",
        {"token's pool": "", "authorizer's pool": POOL},
        Call({"iss": issuer_of("")}),
    ),
}
