"""APIs, stages, paths, and methods that do not exist or are not deployed yet."""

from __future__ import annotations

from e2e.catalogue.case import Case

NOBODYS = "a1b2c3d4e5"


def no_stage(site):
    """Delete the stage."""
    live = site.gateway.get_stage(**site.stage)
    kept = {name: live[name] for name in ("deploymentId", "tags")}
    site.gateway.delete_stage(**site.stage)
    site.callback(site.gateway.create_stage, **site.stage, **kept)


def new_method(site):
    """Add a method without deploying it."""
    site.put_method("PUT /transactions")


CASES = [
    Case("another stage", "stage-not-found", "/transactions --stage prod", 403),
    Case("a deleted stage", "stage-not-found", "/transactions", 403, no_stage),
    Case(
        "a whole URL with another stage",
        "stage-not-found",
        "{site.other_stage_url}/transactions",
        403,
    ),
    Case(
        "another API",
        "api-not-found",
        f"/transactions --api-id {NOBODYS} --stage dev --token none",
    ),
    Case("another path", "route-not-found", "/nothing", 403),
    Case("a path spelled large", "route-not-found", "/Transactions", 403),
    Case("a path below", "route-not-found", "/transactions/more", 403),
    Case("the stage in the path", "route-not-found", "/dev/transactions", 403),
    Case(
        "a whole URL with another path",
        "route-not-found",
        "{site.outputs[invoke_url]}/nothing",
        403,
    ),
    Case("another method", "route-not-found", "/transactions -X DELETE", 403),
    Case(
        "a method that is not deployed",
        "method-not-deployed",
        "/transactions -X PUT",
        403,
        new_method,
    ),
]
