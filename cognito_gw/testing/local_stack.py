"""A stack on a private local AWS: its addresses, tokens, and responses."""

from __future__ import annotations

import ssl
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import httpx

from cognito_gw.app.auth import raw_token
from cognito_gw.app.context import Context, Options
from cognito_gw.app.stack_state import outputs, variables
from cognito_gw.app.walks import look, walk
from cognito_gw.aws.clients import EndpointSession
from cognito_gw.config.load import load
from cognito_gw.config.variables import Password
from cognito_gw.engine import reconcile
from cognito_gw.engine.walk import forward
from cognito_gw.errors import CgwError
from cognito_gw.gateway_rules import Router, required_token
from cognito_gw.local import process
from cognito_gw.resources.user import generate_password
from cognito_gw.testing.sign_ins import SignIns
from cognito_gw.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from pathlib import Path

    from cognito_gw.app.token_request import TokenRequest
    from cognito_gw.config.model import Config, UserConfig


class RouteToken(httpx.Auth):
    """Adds the token that a route requires; keeps a header that is already set."""

    def __init__(
        self, url: str, header: str, token: Callable[[str, str], str | None]
    ) -> None:
        """Send tokens only to the API at `url`."""
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
        """Return the path as API Gateway routes it, or None for another address."""
        base = self._url.raw_path.decode()
        path = url.raw_path.decode().partition("?")[0]
        is_ours = url.netloc == self._url.netloc and path.startswith(f"{base}/")
        return path.removeprefix(base) if is_ours else None


_SECONDS = 35.0  # API Gateway gives up after 29


class LocalStack:
    """A deployed stack on a private local AWS."""

    def __init__(self, context: Context) -> None:
        """Represent the deployed stack of a context."""
        self._access_key = context.server.access_key
        self.outputs: dict[str, Any] = outputs(context)
        self.invoke_url: str = self.outputs["invoke_url"]
        self.endpoint_url: str = context.aws.endpoint_url or ""
        self._header = context.config.api.authorizer.identity_source
        self._router = Router(context.stack.api["Resources"].values())
        self._sign_ins = SignIns(context)
        self._clients: list[httpx.Client] = []
        self._client = self.client()

    def __repr__(self) -> str:
        """Show its address."""
        return f"<LocalStack {self.invoke_url}>"

    @property
    def users(self) -> list[str]:
        """The user names in the file, in order."""
        return list(self._sign_ins.passwords)

    def password(self, user: str) -> str:
        """Return a user's password: from the file, or the generated one."""
        return self._sign_ins.password(user)

    def token(
        self,
        user: str | None = None,
        kind: Literal["id", "access", "refresh"] | None = None,
        *,
        scopes: Sequence[str] = (),
        app_client: str | None = None,
    ) -> str:
        """Return a token of a user (default: the first in the file) or of a machine.

        By default the ID token, or with `scopes` the access token.
        """
        request = self._sign_ins.request(user, app_client, scopes)
        kind = kind or ("access" if scopes or not request.user else "id")
        return raw_token(self._sign_ins.tokens(request), f"{kind}_token")

    def client(
        self,
        user: str | None = None,
        *,
        app_client: str | None = None,
        token: str | None = None,
    ) -> httpx.Client:
        """Return an HTTP client of the API that sends the token each route requires.

        Without a user, a machine's app client, or a `token`, it sends none. The stack
        closes it at its end.
        """
        client = httpx.Client(
            base_url=self.invoke_url,
            auth=self._auth(user, app_client, token),
            timeout=_SECONDS,
            trust_env=False,  # a proxy cannot reach this machine
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # loads no certificates
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
        """Call the API with the options of httpx; see `client` for the token."""
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
        """Environment variables with which a process uses this stack instead of AWS."""
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
        """Close all HTTP clients."""
        for client in self._clients:
            client.close()

    def _auth(
        self, user: str | None, app_client: str | None, token: str | None
    ) -> RouteToken | None:
        if token is not None:
            return RouteToken(self.invoke_url, self._header, lambda *_: token)
        if user is None and app_client is None:
            return None
        request = self._sign_ins.request(user, app_client)
        token_of = partial(self._required_token, request)
        return RouteToken(self.invoke_url, self._header, token_of)

    def _required_token(
        self, request: TokenRequest, verb: str, path: str
    ) -> str | None:
        """Return the token that a route requires, or None."""
        found = self._router.match(verb, path)
        kind = required_token(found.method if found else None)
        if found is None or kind == "none":
            return None
        scopes = found.method.get("authorizationScopes") or []
        fitting = request.for_method(self._sign_ins.context, scopes)
        return raw_token(self._sign_ins.tokens(fitting), f"{kind}_token")


@contextmanager
def local_stack(
    file: Path, folder: Path, env: str | None = None
) -> Iterator[LocalStack]:
    """Deploy the stack of a file; the local AWS keeps its state in the folder.

    `env` is an environment of the file; by default, that of CGW_ENV.
    """
    settings = Options(config=file, local=True, quiet=True, env=env)
    config = _for_tests(load(file, env=settings.chosen_env).config)
    with process.private(folder):
        context = Context(settings, folder, given=config)
        bring_up(context)
        with closing(LocalStack(context)) as stack:
            yield stack


def _for_tests(config: Config) -> Config:
    """Return it with a password for every user."""
    length = config.user_pool.password_policy.min_length
    users = [_with_password(user, length) for user in config.users]
    return config.model_copy(update={"users": users})


def _with_password(user: UserConfig, length: int) -> UserConfig:
    """Generate a password if the file has none or its variable is not set."""
    if user.password is not None and user.password.missing is None:
        return user
    made = Password(generate_password(length))
    return user.model_copy(update={"password": made})


def bring_up(context: Context) -> None:
    """Deploy the stack; raise one CgwError for everything that failed."""
    resources = context.stack.resources
    visit = partial(reconcile.apply, aws=context.aws)
    steps = walk(context, visit, forward(resources), resources, report="none")
    failed = [step for step in steps if step.word == "failed"]
    if failed:
        lines = [f"{context.options.config} cannot be brought up locally:"]
        for step in failed:
            lines.append(f"  failed  {step.resource.kind}  {step.resource.label}")
            lines.append(f"    {step.error}")
            if step.error and step.error.hint:
                lines.append(f"    hint: {step.error.hint}")
        raise CgwError("\n".join(map(one_line, lines)))
    look(context, [context.stack.api])  # its paths were created after it
