"""An authorizer that differs from the file, in the draft or in the stage."""

from __future__ import annotations

from e2e.catalogue.case import Case

READ = "GET /transactions"
HEADER = "identitySource"
PATTERN = "identityValidationExpression"
API_SCOPE = "aws.cognito.signin.user.admin"  # the scope of a password sign-in


def another_header(site):
    """Deploy an authorizer that reads the token in X-Auth."""
    before, after = (
        "method.request.header.Authorization",
        "method.request.header.X-Auth",
    )
    site.patch_authorizer({HEADER: before}, {HEADER: after})
    site.deploy()


def other_clients_only(site):
    """Deploy an authorizer that accepts only tokens of other app clients."""
    site.patch_authorizer({PATTERN: None}, {PATTERN: "other-.*"})
    site.deploy()


def open_when_deployed(site):
    """Secure the draft after an open deployment."""
    site.guard(READ)
    site.deploy()
    site.guard(READ, now="NONE", then="COGNITO_USER_POOLS")


def other_pool_when_deployed(site):
    """Let the draft trust our pool after a deployment that trusts another."""
    _, arn = site.other_pool()
    site.trust(arn)
    site.deploy()
    site.trust(site.arn, now=arn)


def scope_not_deployed(site):
    """In the draft, also accept a scope that a password sign-in gets."""
    site.ask_for("POST /transactions", API_SCOPE)


def other_pool(site):
    """Deploy an authorizer that trusts another pool."""
    site.trust(site.other_pool()[1])
    site.deploy()


def deleted_pool(site):
    """Deploy an authorizer that trusts a deleted pool."""
    pool_id, arn = site.other_pool()
    site.trust(arn)
    site.deploy()
    site.delete_pool(pool_id)


def no_authorizer(site):
    """Delete the authorizer, and open all routes that it secured."""
    site.callback(site.rebuild)
    opened = [{"op": "replace", "path": "/authorizationType", "value": "NONE"}]
    for route in (READ, "POST /transactions"):
        key = site.method(route)
        site.gateway.update_method(**key, patchOperations=opened)
    site.gateway.delete_authorizer(**site.authorizer)
    site.deploy()


def shut(site):
    """Deploy a method that requires signed requests."""
    site.guard(READ, then="AWS_IAM")
    site.deploy()


CASES = [
    Case(
        "the authorizer reads another header",
        "wrong-header",
        "/transactions --token none",
        401,
        another_header,
        more=("-H", "Authorization: {site.id_token}"),
    ),
    Case(
        "the authorizer takes other clients only",
        "wrong-client",
        "/transactions",
        401,
        other_clients_only,
    ),
    Case(
        "secured but deployed open",
        "authorizer-not-deployed",
        "/transactions",
        200,
        open_when_deployed,
        also=("unauthenticated-route",),
    ),
    Case(
        "deployed open, and nobody sends a token",
        "authorizer-not-deployed",
        "/transactions --token none",
        200,
        open_when_deployed,
        also=("unauthenticated-route",),
    ),
    Case(
        "the right pool is not deployed",
        "authorizer-not-deployed",
        "/transactions",
        401,
        other_pool_when_deployed,
    ),
    Case(
        "a scope is not deployed",
        "authorizer-not-deployed",
        "/transactions -X POST --flow password --token access",
        401,
        scope_not_deployed,
        also=("insufficient-scope",),
    ),
    Case(
        "the authorizer trusts another pool",
        "authorizer-wrong-pool",
        "/transactions",
        401,
        other_pool,
    ),
    Case(
        "the authorizer trusts a deleted pool",
        "authorizer-wrong-pool",
        "/transactions",
        500,
        deleted_pool,
    ),
    Case(
        "no authorizer and all is open",
        "authorizer-missing",
        "/transactions",
        200,
        no_authorizer,
        also=("unauthenticated-route",),
    ),
    Case(
        "a method is shut for want of an authorizer",
        "authorizer-missing",
        "/transactions",
        403,
        shut,
    ),
    Case(
        "open where no file says that it may be",
        "unauthenticated-route",
        "/health --token none --api-id {site.outputs[api_id]} --stage dev",
        200,
    ),
]
