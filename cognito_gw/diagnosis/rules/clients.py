"""Why there is no token: what is wrong with the app client, or with the domain."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from cognito_gw.diagnosis.rule import Finding, NotInQuestion, or_default, rule
from cognito_gw.oauth.app_client import AppClient

if TYPE_CHECKING:
    from cognito_gw.diagnosis.sign_in_case import SignInCase

_NO_PROOF = "the app client has a secret, and it was not sent, or is another"
_OTHER_CLIENT = (
    "this app client allows it: compare the client ID of the request with the one that "
    "`cgw outputs` prints"
)
_GRANT_FIX = (
    "name the grant in `app_clients.NAME.oauth_flows`, then `cgw client`; if it is "
    "there, send the token endpoint the same `redirect_uri` as the sign-in page, to "
    "the letter: another one is refused in these words, too"
)
_API_FLOW_FIX = (
    "`cgw client` allows it again; of an app client made elsewhere, "
    "`aws cognito-idp update-user-pool-client --explicit-auth-flows …` with all its "
    "settings"
)


@rule(
    otherwise="the app client exists",
    fix="`cgw client`",
    elsewhere="`aws cognito-idp list-user-pool-clients --user-pool-id {pool_id}` lists "
    "those that are there",
)
def client_missing(case: SignInCase) -> Finding | None:
    """The app client does not exist in this user pool.

    It was deleted or made anew, or its id is of another pool.
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
    fix = None if case.attempt.is_of_file else "use the id that `cgw outputs` prints"
    return Finding(
        f"the user pool has no such app client: {name}",
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

    Signing in by the API works without one.
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
    """The app client does not allow this way of signing in.

    By the API: `USER_PASSWORD_AUTH flow not enabled for this client`; its
    *authentication flows* are meant. By the pages: `unauthorized_client`; its *OAuth
    grant types* are. The implicit grant is `response_type=token`.
    """
    attempt = case.attempt
    is_told = attempt.names("flow-not-enabled")
    client = _client(case, is_told=is_told)
    refused = [each for each in attempt.oauth_flows if not client.grants(each)]
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
    return Finding("the app client does not allow this way of signing in", shown, fix)


@rule(
    otherwise="the app client allows the scopes",
    fix="name the scope in `app_clients.{client}.oauth_scopes` of the file, then "
    "`cgw client`; or ask for those that are allowed",
    elsewhere="allow the scope in the app client's settings, or ask for another",
)
def scope_not_allowed(case: SignInCase) -> Finding | None:
    """The request names a scope that the app client may not have: `invalid_scope`.

    A custom scope has the resource server's identifier before it:
    `transactions/read`.
    """
    attempt = case.attempt
    if not (attempt.scopes or attempt.told):
        raise NotInQuestion
    is_told = attempt.names("scope-not-allowed")
    client = _client(case, is_told=is_told)
    refused = [each for each in attempt.scopes if each not in client.scopes]
    if not refused and not is_told:
        return None
    return Finding(
        "the app client does not allow the scope",
        ({"told": attempt.told} if is_told else {})
        | ({"asked for": " ".join(refused)} if refused else {})
        | _allowed(client, " ".join(client.scopes)),
    )


@rule(
    otherwise="the app client's secret is no hindrance",
    fix="set CGW_CLIENT_SECRET to the secret for who may not read it; your app sends "
    "SECRET_HASH, or the secret to the token endpoint; an app client for browsers has "
    "`secret: false`",
)
def client_secret_required(case: SignInCase) -> Finding | None:
    """The app client has a secret, and the request does not prove that it is known.

    By the API, `SECRET_HASH` is the proof; at the token endpoint, HTTP basic
    authentication, or `client_secret` in the body. Whether an app client has a secret
    is fixed when it is made: apps that cannot keep one want an app client without.
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
        "the request names another app client, or proves a secret that there is not",
        shown | {"this stack": f"the app client {attempt.client} has no secret"},
        "send no secret and no SECRET_HASH for this app client, and use the ID that "
        "`cgw outputs` prints",
    )


@rule(
    otherwise="the callback URL is registered",
    fix="add the URL to `app_clients.{client}.callback_urls` in the file, to the "
    "letter, then `cgw client`",
    elsewhere="register the URL with the app client, to the letter",
)
def callback_mismatch(case: SignInCase) -> Finding | None:
    """The `redirect_uri` of the request is none of the app client's callback URLs.

    They are compared to the letter: scheme, host, port, path, and the slash at the end.
    `http://localhost` and `http://127.0.0.1` are two. The pages say
    `redirect_mismatch`.
    """
    attempt = case.attempt
    if not (attempt.redirect_uris or attempt.told):
        raise NotInQuestion
    is_told = attempt.names("callback-mismatch")
    client = _client(case, is_told=is_told)
    registered = client.callback_urls
    strange = [each for each in attempt.redirect_uris if each not in registered]
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
    """Return the app client; where its words are enough, perhaps one of no settings."""
    client = _read(case, is_told=is_told)
    if client is None:
        raise NotInQuestion
    return client


def _read(case: SignInCase, *, is_told: bool) -> AppClient | None:
    unread = AppClient(case.pool_id, case.client_id or "", settings=None)
    return or_default(lambda: case.client, unread) if is_told else case.client


def _allowed(client: AppClient, listed: str) -> dict[str, str]:
    """Return what an app client allows, unless that could not be read."""
    return {} if client.settings is None else {"allowed": listed or "none"}


def _flow(flow: str, allowed: list[str], fix: str | None = None) -> Finding:
    return Finding(
        f"the app client does not allow the flow {flow}",
        {"flow": flow, "allowed": ", ".join(allowed) or "none"},
        fix,
    )


def _listed(client: AppClient, *names: str) -> list[str]:
    return [each for name in names for each in client.setting(name)]
