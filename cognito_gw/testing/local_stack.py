"""A stack on a private local AWS: its addresses, tokens, and responses."""

from __future__ import annotations

import ssl
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import click
import httpx

from cognito_gw.app.api_client import wanted_kind
from cognito_gw.app.context import Session
from cognito_gw.app.sign_in import raw_token
from cognito_gw.aws.clients import EndpointSession
from cognito_gw.cli.outputs import variables
from cognito_gw.cli.settings import Settings
from cognito_gw.config.load import load
from cognito_gw.config.model import Config, Endpoints, Password, UserConfig
from cognito_gw.engine import reconcile
from cognito_gw.engine.walk import forward
from cognito_gw.errors import CgwError
from cognito_gw.gateway_rules import Router
from cognito_gw.local import process
from cognito_gw.report.lines import step_lines
from cognito_gw.resources.outputs import outputs
from cognito_gw.resources.user import generate_password
from cognito_gw.testing.sign_ins import SignIns

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from pathlib import Path

    from cognito_gw.app.token_request import Wish


class RouteToken(httpx.Auth):
    """Asks for a token by method and path; what stands in the header already stays."""

    def __init__(
        self, url: str, header: str, token: Callable[[str, str], str | None]
    ) -> None:
        """Send tokens to the API at `url`, and to nobody else."""
        self._url = httpx.URL(url)
        self._header = header
        self._token = token

    def auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the request once, with its token."""
        path = self._path(request.url)
        if path is not None and self._header not in request.headers:
            token = self._token(request.method, path)
            if token is not None:
                request.headers[self._header] = token
        yield request

    def _path(self, url: httpx.URL) -> str | None:
        """Return the path as API Gateway routes it, or None at another address."""
        base = self._url.raw_path.decode()
        path = url.raw_path.decode().partition("?")[0]
        is_ours = url.netloc == self._url.netloc and path.startswith(f"{base}/")
        return path.removeprefix(base) if is_ours else None


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


@contextmanager
def local_stack(file: Path, folder: Path) -> Iterator[LocalStack]:
    """Bring the stack of a file up; the local AWS keeps its state in the folder."""
    config = _for_tests(load(file).config)
    settings = Settings(config=file, local=True, quiet=True)
    with process.private(folder):
        session = Session(settings, folder, given=config)
        bring_up(session)
        with closing(LocalStack(session)) as stack:
            yield stack


def _for_tests(config: Config) -> Config:
    """Return it with a password for every user, and no other AWS's addresses."""
    length = config.user_pool.password_policy.min_length
    users = [_with_password(user, length) for user in config.users]
    return config.model_copy(update={"users": users, "endpoints": Endpoints()})


def _with_password(user: UserConfig, length: int) -> UserConfig:
    """Make a password up where the file has none, or its variable is not set."""
    if user.password is not None and user.password.missing is None:
        return user
    made = Password(generate_password(length))
    return user.model_copy(update={"password": made})


def bring_up(session: Session) -> None:
    """Make the stack of a session; raise one error for all that failed."""
    resources = session.stack.resources
    visit = partial(reconcile.apply, aws=session.aws)
    steps = session.walk(visit, forward(resources), resources, silently=True)
    failed = [step for step in steps if step.word == "failed"]
    if failed:
        lines = [f"  {line}" for step in failed for line in step_lines(step)]
        what = f"{session.settings.config} cannot be brought up locally:"
        raise CgwError(click.unstyle("\n".join([what, *lines])))
    session.look([session.stack.api])  # its paths were made after it
