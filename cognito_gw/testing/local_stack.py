"""A stack that is up, as tests see it: its addresses, its tokens, its answers."""

from __future__ import annotations

import ssl
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import httpx

from cognito_gw.aws.endpoint_session import EndpointSession
from cognito_gw.cli.credential import wanted_kind
from cognito_gw.cli.outputs import variables
from cognito_gw.cli.signing_in import raw_token
from cognito_gw.resources.outputs import outputs
from cognito_gw.routing import Router
from cognito_gw.testing.route_token import RouteToken
from cognito_gw.testing.sign_ins import SignIns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cognito_gw.cli.session import Session
    from cognito_gw.cli.wish import Wish

_SECONDS = 35.0  # API Gateway gives up after 29


class LocalStack:
    """A stack on a local AWS of its own."""

    def __init__(self, session: Session) -> None:
        """Show the stack of a `session`, which is up."""
        self._access_key = session.server.access_key
        self.outputs: dict[str, Any] = outputs(session.stack, session.links)
        self.invoke_url: str = self.outputs["invoke_url"]
        self.endpoint_url: str = session.aws.endpoint_url or ""
        self._header = session.config.api.authorizer.identity_source
        self._router = Router(session.stack.api["Resources"].values())
        self._sign_ins = SignIns(session)
        self._clients: list[httpx.Client] = []
        self._client = self.client()

    def __repr__(self) -> str:
        """Show where it is."""
        return f"<LocalStack {self.invoke_url}>"

    @property
    def users(self) -> list[str]:
        """The users of the file, in its order."""
        return list(self._sign_ins.passwords)

    def password(self, user: str) -> str:
        """Return a user's password: the file's, or the one that was made up."""
        return self._sign_ins.password(user)

    def token(
        self,
        user: str | None = None,
        kind: Literal["id", "access", "refresh"] | None = None,
        *,
        scopes: Sequence[str] = (),
        app_client: str | None = None,
    ) -> str:
        """Return a token of a user (the file's first), or of a machine's app client.

        It is the ID token, and with `scopes` the access token, unless `kind` says so.
        """
        wish = self._sign_ins.wish(user, app_client, scopes)
        kind = kind or ("access" if scopes or not wish.user else "id")
        return raw_token(self._sign_ins.tokens(wish), f"{kind}_token")

    def client(
        self,
        user: str | None = None,
        *,
        app_client: str | None = None,
        token: str | None = None,
    ) -> httpx.Client:
        """Return a client of the API that sends the token which each route wants.

        Without a user, a machine's app client or a `token` it sends none. It is closed
        with the stack, if not before.
        """
        client = httpx.Client(
            base_url=self.invoke_url,
            auth=self._auth(user, app_client, token),
            timeout=_SECONDS,
            trust_env=False,  # no proxy leads to this machine itself
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # reading all takes a while
        )
        self._clients.append(client)
        return client

    def request(
        self,
        method: str,
        path: str,
        *,
        user: str | None = None,
        app_client: str | None = None,
        token: str | None = None,
        **options: Any,
    ) -> httpx.Response:
        """Call the API, with the options of httpx; see `client` for who calls."""
        auth = self._auth(user, app_client, token)
        return self._client.request(method, path, auth=auth, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Call the API; see `request`."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        """Call the API; see `request`."""
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> httpx.Response:
        """Call the API; see `request`."""
        return self.request("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> httpx.Response:
        """Call the API; see `request`."""
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        """Call the API; see `request`."""
        return self.request("DELETE", path, **options)

    @property
    def environment(self) -> dict[str, str]:
        """Variables for a process that is to use this stack, and not AWS."""
        region = self.outputs["region"]
        return variables(self.outputs) | {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            **self._access_key.variables,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
        }

    def boto3_session(self) -> EndpointSession:
        """Return a boto3 session whose clients call this local AWS."""
        return EndpointSession(
            self.endpoint_url, self.outputs["region"], self._access_key
        )

    def close(self) -> None:
        """Close what calls the API."""
        for client in self._clients:
            client.close()

    def _auth(
        self, user: str | None, app_client: str | None, token: str | None
    ) -> RouteToken | None:
        if token is not None:
            return RouteToken(self.invoke_url, self._header, lambda *_: token)
        if user is None and app_client is None:
            return None
        wish = self._sign_ins.wish(user, app_client)
        wanted = partial(self._wanted, wish)
        return RouteToken(self.invoke_url, self._header, wanted)

    def _wanted(self, wish: Wish, verb: str, path: str) -> str | None:
        """Return the token that a route wants; None where it wants none."""
        found = self._router.match(verb, path)
        kind = wanted_kind(found.method if found else None)
        if found is None or kind == "none":
            return None
        scopes = found.method.get("authorizationScopes") or []
        fitting = wish.for_method(self._sign_ins.session, scopes)
        return raw_token(self._sign_ins.tokens(fitting), f"{kind}_token")
