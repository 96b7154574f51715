"""OAuth 2.0 in Cognito's way: authorization requests, and grants for tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from cognito_gw.local.cognito import directory
from cognito_gw.local.cognito.checks import signed_in_user, user_of_claims
from cognito_gw.local.cognito.tokens import Grant, granted_attributes
from cognito_gw.local.errors import AwsFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.local.cognito.directory import AppClient, User
    from cognito_gw.local.cognito.tokens import Tokens

_CODE_SECONDS = 300
_FLOWS = {"code": "code", "token": "implicit"}
_OF_OPENID = {"email", "phone", "profile"}


class Unredirectable(Exception):
    """Raised for a request whose redirect URI may not belong to the app."""


class Redirected(Exception):
    """Raised for a request whose error is sent to the app, in the query."""

    def __init__(self, url: str) -> None:
        """Redirect the browser to `url`."""
        super().__init__(url)
        self.url = url


class OAuthError(Exception):
    """An error response of the token, revocation or user-info endpoint."""

    def __init__(self, error: str, status: int = 400) -> None:
        """Answer `error` with an HTTP `status`."""
        super().__init__(error)
        self.error = error
        self.status = status


@dataclass(frozen=True)
class AuthorizationRequest:
    """The request of an app that sends a browser to sign in."""

    client: AppClient
    redirect_uri: str
    response_type: str
    scope: str
    state: str | None = None
    nonce: str | None = None
    code_challenge: str | None = None

    def back(self, answer: dict[str, Any], mark: str = "?") -> str:
        """Return the app's URL, with an answer and the state after the `mark`."""
        state = {} if self.state is None else {"state": self.state}
        mark = "&" if mark in self.redirect_uri else mark
        return f"{self.redirect_uri}{mark}{urlencode(answer | state)}"


@dataclass(frozen=True)
class AuthorizationCode:
    """The request and sign-in of an authorization code, which works once."""

    request: AuthorizationRequest
    grant: Grant
    good_until: float = field(default_factory=lambda: time.time() + _CODE_SECONDS)


def read_request(domain: str, params: Mapping[str, str]) -> AuthorizationRequest:
    """Return a sign-in request. Raises Unredirectable or Redirected if invalid."""
    client = _client_of(domain, params)
    redirect_uri = _required(params, "redirect_uri")
    if redirect_uri not in (client.settings.get("CallbackURLs") or []):
        raise Unredirectable("redirect_mismatch")
    asked = AuthorizationRequest(
        client,
        redirect_uri,
        params.get("response_type", ""),
        params.get("scope") or " ".join(_allowed_scopes(client)),
        params.get("state"),
        params.get("nonce"),
        params.get("code_challenge"),
    )
    error = _error_in(asked, params)
    if error is not None:
        raise Redirected(asked.back(error))
    return asked


def _error_in(
    asked: AuthorizationRequest, params: Mapping[str, str]
) -> dict[str, str] | None:
    if asked.response_type not in _FLOWS:
        return {"error": "invalid_request"}
    if not _allows(asked.client, _FLOWS[asked.response_type]):
        return {"error": "unauthorized_client"}
    method = params.get("code_challenge_method")
    if method != (None if asked.code_challenge is None else "S256"):
        return {"error": "invalid_request"}
    providers = asked.client.settings.get("SupportedIdentityProviders") or ["COGNITO"]
    provider = params.get("identity_provider") or "COGNITO"
    if provider != "COGNITO" or provider not in providers:
        return {"error": "invalid_request", "error_description": "invalid_provider"}
    scopes = set(asked.scope.split())
    lacks_openid = scopes & _OF_OPENID and "openid" not in scopes
    if lacks_openid or not scopes <= set(_allowed_scopes(asked.client)):
        return {"error": "invalid_request", "error_description": "invalid_scope"}
    return None


@dataclass(frozen=True)
class Authorization:
    """Grants tokens: by code, by refresh token, to machines, or directly."""

    _tokens: Tokens
    _codes: dict[str, AuthorizationCode] = field(default_factory=dict)

    def granted(self, asked: AuthorizationRequest, user: User, auth_time: int) -> str:
        """Return the app's URL for a signed-in user, with a code or tokens."""
        grant = Grant(
            asked.client.pool_id,
            asked.client.id,
            user.username,
            user.stamp,
            scope=asked.scope,
            nonce=asked.nonce,
            by_oauth=True,
            auth_time=auth_time,
        )
        if asked.response_type == "code":
            code = str(uuid.uuid4())
            self._forget_old_codes()
            self._codes[code] = AuthorizationCode(asked, grant)
            return asked.back({"code": code})
        answer = _in_oauth(self._tokens.issue(asked.client, user, grant))
        del answer["refresh_token"]
        return asked.back(answer, "#")

    def token(
        self, domain: str, form: Mapping[str, str], authorization: str | None
    ) -> dict[str, Any]:
        """Answer the token endpoint."""
        grants = {
            "authorization_code": self._by_code,
            "refresh_token": self._by_refresh_token,
            "client_credentials": self._for_machine,
        }
        kind = form.get("grant_type")
        if not kind:
            raise OAuthError("invalid_request")
        if kind not in grants:
            raise OAuthError("unsupported_grant_type")
        client = _authenticated(domain, form, authorization)
        return _in_oauth(grants[kind](client, form))

    def revoke(
        self, domain: str, form: Mapping[str, str], authorization: str | None
    ) -> None:
        """Answer the revocation endpoint. An unknown token counts as revoked."""
        try:
            client = _authenticated(domain, form, authorization)
        except OAuthError as error:
            raise OAuthError(error.error, 401) from None
        token = form.get("token")
        if not token or not client.settings.get("EnableTokenRevocation", True):
            raise OAuthError("invalid_request")
        if token.count(".") == 2:  # noqa: PLR2004 - a JWT has three parts
            raise OAuthError("unsupported_token_type")
        self._tokens.revoke(token, client.id)

    def user_info(self, domain: str, token: str) -> dict[str, str]:
        """Answer the user-info endpoint."""
        try:
            claims = self._tokens.of_access_token(token, "openid")
            user = user_of_claims(claims)
        except AwsFault:
            raise OAuthError("invalid_token", 401) from None
        client = directory.client_of_domain(domain, claims["client_id"])
        if client is None:
            raise OAuthError("invalid_token", 401)
        attributes = granted_attributes(client, user, claims["scope"])
        return {"sub": user.sub, **attributes, "username": user.username}

    def _by_code(self, client: AppClient, form: Mapping[str, str]) -> dict[str, Any]:
        if not _allows(client, "code"):
            raise OAuthError("unauthorized_client")
        if not form.get("code") or not form.get("redirect_uri"):
            raise OAuthError("invalid_request")
        code = self._codes.pop(form["code"], None)
        if code is None or code.good_until < time.time():
            raise OAuthError("invalid_grant")
        if code.request.client.id != client.id:
            raise OAuthError("invalid_grant")
        if code.request.redirect_uri != form["redirect_uri"]:
            raise OAuthError("unauthorized_client")
        if not _verifies(code.request.code_challenge, form.get("code_verifier")):
            raise OAuthError("invalid_grant")
        return self._tokens.issue(client, _still_there(code.grant), code.grant)

    def _by_refresh_token(
        self, client: AppClient, form: Mapping[str, str]
    ) -> dict[str, Any]:
        token = form.get("refresh_token")
        if not token:
            raise OAuthError("invalid_request")
        try:
            grant = self._tokens.granted(client, token)
        except AwsFault:
            raise OAuthError("invalid_grant") from None
        user = _still_there(grant)
        return self._tokens.renewed(client, user, grant, token)

    def _for_machine(
        self, client: AppClient, form: Mapping[str, str]
    ) -> dict[str, Any]:
        if not _allows(client, "client_credentials") or client.secret is None:
            raise OAuthError("unauthorized_client")
        allowed = _allowed_scopes(client)
        scopes = (form.get("scope") or " ".join(allowed)).split()
        if not set(scopes) <= set(allowed):
            raise OAuthError("invalid_scope")
        return self._tokens.for_machine(client, " ".join(scopes))

    def _forget_old_codes(self) -> None:
        now = time.time()
        old = [code for code, sent in self._codes.items() if sent.good_until < now]
        for code in old:
            del self._codes[code]


def usual_request(client: AppClient) -> dict[str, str] | None:
    """Return the usual parameters of an app's sign-in request, if it has any."""
    flows = client.settings.get("AllowedOAuthFlows") or []
    urls = client.settings.get("CallbackURLs") or []
    types = [response_type for response_type, flow in _FLOWS.items() if flow in flows]
    if not types or not urls:
        return None
    return {
        "client_id": client.id,
        "response_type": types[0],
        "scope": " ".join(_allowed_scopes(client)),
        "redirect_uri": urls[0],
    }


def sign_out_url(domain: str, params: Mapping[str, str]) -> str | None:
    """Return the URL after a sign-out, or None to sign in again."""
    client = _client_of(domain, params)
    url = params.get("logout_uri")
    if url is None:
        read_request(domain, params)
        return None
    if url not in (client.settings.get("LogoutURLs") or []):
        raise Unredirectable("redirect_mismatch")
    return url


def _client_of(domain: str, params: Mapping[str, str]) -> AppClient:
    client_id = _required(params, "client_id")
    client = directory.client_of_domain(domain, client_id)
    if client is None:
        raise Unredirectable(f"Client {client_id} does not exist.")
    return client


def _required(params: Mapping[str, str], name: str) -> str:
    if not params.get(name):
        raise Unredirectable(f"Required String parameter '{name}' is not present")
    return params[name]


def _allowed_scopes(client: AppClient) -> list[str]:
    return list(client.settings.get("AllowedOAuthScopes") or [])


def _allows(client: AppClient, flow: str) -> bool:
    is_on = client.settings.get("AllowedOAuthFlowsUserPoolClient")
    return bool(is_on) and flow in (client.settings.get("AllowedOAuthFlows") or [])


def _authenticated(
    domain: str, form: Mapping[str, str], authorization: str | None
) -> AppClient:
    """Return the calling client, by Basic authentication or by the form."""
    client_id, secret = form.get("client_id"), form.get("client_secret")
    if authorization is not None:
        client_id, secret = _basic(authorization)
        if form.get("client_id", client_id) != client_id:
            raise OAuthError("invalid_client")
    if not client_id:
        raise OAuthError("invalid_request")
    client = directory.client_of_domain(domain, client_id)
    if client is None:
        raise OAuthError("invalid_client")
    expected, given = client.secret or "", secret or ""
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise OAuthError("invalid_client")
    return client


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, value = authorization.partition(" ")
    try:
        text = base64.b64decode(value, validate=True).decode()
    except ValueError:
        raise OAuthError("invalid_client") from None
    client_id, colon, secret = text.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise OAuthError("invalid_client")
    return client_id, secret


def _verifies(challenge: str | None, verifier: str | None) -> bool:
    """Whether the PKCE verifier matches the challenge, or both are missing."""
    if challenge is None or verifier is None:
        return challenge is None and not verifier
    digest = hashlib.sha256(verifier.encode()).digest()
    expected = base64.urlsafe_b64encode(digest).rstrip(b"=")
    return hmac.compare_digest(expected, challenge.encode())


def _still_there(grant: Grant) -> User:
    try:
        return signed_in_user(grant.pool_id, grant.username, grant.stamp)
    except AwsFault:
        raise OAuthError("invalid_grant") from None


def _in_oauth(result: dict[str, Any]) -> dict[str, Any]:
    """Return tokens under their names in OAuth."""
    names = {
        "IdToken": "id_token",
        "AccessToken": "access_token",
        "RefreshToken": "refresh_token",
        "ExpiresIn": "expires_in",
        "TokenType": "token_type",
    }
    return {names[key]: result[key] for key in names if key in result}
