"""Causes of a failed sign-in: the app client or the domain."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from cognito_gw.diagnosis.rule import Finding, NotInQuestion, or_default, rule
from cognito_gw.oauth.app_client import AppClient

if TYPE_CHECKING:
    from cognito_gw.diagnosis.sign_in_case import SignInCase

_NO_PROOF = "the app client has a secret, and the request did not prove it"
_OTHER_CLIENT = (
    "this app client allows it: compare the client ID of the request with the one that "
    "`cgw outputs` prints"
)
_GRANT_FIX = (
    "add the grant to `app_clients.NAME.oauth_flows`, then `cgw client`; if it is "
    "there, send the token endpoint exactly the same `redirect_uri` as the sign-in "
    "page: Cognito refuses another one with the same message"
)
_API_FLOW_FIX = (
    "name it in `app_clients.NAME.auth_flows` (srp, password, choice), then `cgw "
    "client`; for an app client created elsewhere, run "
    "`aws cognito-idp update-user-pool-client --explicit-auth-flows …` with all its "
    "settings"
)


@rule(
    otherwise="the app client exists",
    fix="`cgw client`",
    elsewhere="`aws cognito-idp list-user-pool-clients --user-pool-id {pool_id}` lists "
    "the existing ones",
)
def client_missing(case: SignInCase) -> Finding | None:
    """The app client does not exist in this user pool.

    It was deleted or created again, or its ID is from another user pool.
    """
    name, is_told = case.place["client"], case.attempt.names("client-missing")
    if _read(case, is_told=is_told) is not None:
        if not is_told:
            return None
        shown = {"this stack": f"{name}: {case.client_id}"} if case.client_id else {}
        return Finding(
            "the app client of the request does not exist in its user pool",
            {"told": case.attempt.told} | shown,
            "use the ID that `cgw outputs` prints, and the Region of its user pool",
        )
    fix = None if case.attempt.is_of_file else "use the ID that `cgw outputs` prints"
    return Finding(
        f"the user pool has no app client {name}",
        {"user pool": case.pool_id, "app client": name},
        fix,
    )


@rule(
    otherwise="the user pool has a domain",
    fix="`cgw domain`",
    elsewhere="`aws cognito-idp create-user-pool-domain --user-pool-id {pool_id} "
    "--domain PREFIX`",
)
def domain_missing(case: SignInCase) -> Finding | None:
    """The user pool has no domain, and so no sign-in pages and OAuth endpoints.

    A sign-in through the API does not require one.
    """
    is_told = case.attempt.names("domain-missing")
    if not (case.attempt.uses_pages or is_told):
        raise NotInQuestion
    pool = or_default(lambda: case.pool, {}) if is_told else case.pool
    domain = pool.get("CustomDomain") or pool.get("Domain")
    if is_told:
        return Finding(
            "the domain of the sign-in pages does not exist",
            {"told": case.attempt.told} | ({"this stack": domain} if domain else {}),
            "`cgw outputs` prints the address; a new domain takes a while to resolve",
        )
    if domain:
        return None
    return Finding(
        "the user pool has no domain, and so no sign-in pages",
        {"user pool": case.pool_id, "Domain": None},
    )


@rule(
    otherwise="the app client allows the flow",
    fix="name the flow in `app_clients.{client}.oauth_flows` of the file where it is "
    "one of OAuth, then `cgw client`",
    elsewhere="allow the flow in the app client's settings",
)
def flow_not_enabled(case: SignInCase) -> Finding | None:
    """The app client does not allow this sign-in flow.

    The API says `USER_PASSWORD_AUTH flow not enabled for this client`, which means the
    app client's *authentication flows*. The sign-in pages say `unauthorized_client`,
    which means its *OAuth grant types*. The implicit grant is `response_type=token`.
    """
    attempt = case.attempt
    is_told = attempt.names("flow-not-enabled")
    client = _client(case, is_told=is_told)
    refused = [flow for flow in attempt.oauth_flows if not client.grants(flow)]
    if refused:
        return _flow(refused[0], client.setting("AllowedOAuthFlows"))
    flow = attempt.auth_flow
    if flow and not client.allows(flow):
        return _flow(flow, client.setting("ExplicitAuthFlows"), _API_FLOW_FIX)
    if not is_told:
        return None
    allowed = [*_listed(client, "ExplicitAuthFlows", "AllowedOAuthFlows")]
    fix = _GRANT_FIX if "unauthorized_client" in attempt.told.lower() else None
    shown = {"told": attempt.told} | _allowed(client, ", ".join(allowed))
    named = re.search(r"\b\w+_AUTH\b", attempt.told.upper())
    if named and client.settings is not None:
        is_allowed = client.allows(named[0])
        verb = "allows" if is_allowed else "does not allow"
        shown["this stack"] = f"the app client {verb} {named[0]}"
        fix = _OTHER_CLIENT if is_allowed else _API_FLOW_FIX
    return Finding("the app client does not allow this sign-in flow", shown, fix)


@rule(
    otherwise="the app client allows the scopes",
    fix="add the scope to `app_clients.{client}.oauth_scopes` in the file, then "
    "`cgw client`; or request scopes that are allowed",
    elsewhere="allow the scope in the app client's settings, or request another one",
)
def scope_not_allowed(case: SignInCase) -> Finding | None:
    """The request includes a scope that the app client does not allow: `invalid_scope`.

    The name of a custom scope begins with its resource server's identifier:
    `transactions/read`.
    """
    attempt = case.attempt
    if not (attempt.scopes or attempt.told):
        raise NotInQuestion
    is_told = attempt.names("scope-not-allowed")
    client = _client(case, is_told=is_told)
    refused = [scope for scope in attempt.scopes if scope not in client.scopes]
    if not refused and not is_told:
        return None
    return Finding(
        "the app client does not allow the scope",
        ({"told": attempt.told} if is_told else {})
        | ({"asked for": " ".join(refused)} if refused else {})
        | _allowed(client, " ".join(client.scopes)),
    )


@rule(
    otherwise="the app client's secret is not the problem",
    fix="if you cannot read the secret, set CGW_CLIENT_SECRET to it; in your app, send "
    "SECRET_HASH, or the secret to the token endpoint; for browsers, use an app client "
    "with `secret: false`",
)
def client_secret_required(case: SignInCase) -> Finding | None:
    """The app client has a secret, and the request does not prove it.

    The proof is `SECRET_HASH` in the API, and HTTP basic authentication or
    `client_secret` in the body at the token endpoint. Whether an app client has a
    secret is fixed at creation: an app that cannot keep a secret needs an app client
    without one.
    """
    attempt = case.attempt
    if not attempt.names("client-secret-required"):
        raise NotInQuestion
    client = _client(case, is_told=True)
    shown = {"told": attempt.told}
    if client.settings is None:
        return Finding(_NO_PROOF, shown)
    if client.secret:
        return Finding(_NO_PROOF, shown | {"app client": "has a secret"})
    return Finding(
        "the request is for another app client, or proves a secret that does not exist",
        shown | {"this stack": f"the app client {attempt.client} has no secret"},
        "send no secret and no SECRET_HASH for this app client, and use the ID that "
        "`cgw outputs` prints",
    )


@rule(
    otherwise="the callback URL is registered",
    fix="add the exact URL to `app_clients.{client}.callback_urls` in the file, then "
    "`cgw client`",
    elsewhere="register the exact URL with the app client",
)
def callback_mismatch(case: SignInCase) -> Finding | None:
    """The request's `redirect_uri` is not one of the app client's callback URLs.

    They must match exactly: scheme, host, port, path, and the slash at the end.
    `http://localhost` and `http://127.0.0.1` are two URLs. The sign-in pages say
    `redirect_mismatch`.
    """
    attempt = case.attempt
    if not (attempt.redirect_uris or attempt.told):
        raise NotInQuestion
    is_told = attempt.names("callback-mismatch")
    client = _client(case, is_told=is_told)
    registered = client.callback_urls
    strange = [uri for uri in attempt.redirect_uris if uri not in registered]
    if not strange and not is_told:
        return None
    sent = next(iter((*strange, *attempt.redirect_uris)), "not told")
    near = difflib.get_close_matches(sent, registered, n=1, cutoff=0.0)
    shown = {"told": attempt.told} if is_told else {}
    if client.settings is not None:
        shown |= {"sent": sent, "nearest": near[0] if near else "none"}
        shown |= {"registered": ", ".join(registered) or "none"}
    is_registered = not strange and bool(attempt.redirect_uris)
    return Finding(
        "the app's callback URL is not registered with the app client",
        shown,
        _OTHER_CLIENT if is_registered else None,
    )


def _client(case: SignInCase, *, is_told: bool) -> AppClient:
    """Return the app client; without its settings, where the error is enough."""
    client = _read(case, is_told=is_told)
    if client is None:
        raise NotInQuestion
    return client


def _read(case: SignInCase, *, is_told: bool) -> AppClient | None:
    unread = AppClient(case.pool_id, case.client_id or "", settings=None)
    return or_default(lambda: case.client, unread) if is_told else case.client


def _allowed(client: AppClient, listed: str) -> dict[str, str]:
    """Return what an app client allows, if that could be read."""
    return {} if client.settings is None else {"allowed": listed or "none"}


def _flow(flow: str, allowed: list[str], fix: str | None = None) -> Finding:
    return Finding(
        f"the app client does not allow the flow {flow}",
        {"flow": flow, "allowed": ", ".join(allowed) or "none"},
        fix,
    )


def _listed(client: AppClient, *names: str) -> list[str]:
    return [value for name in names for value in client.setting(name)]
