"""What other programs must know of a stack: its routes, and how to sign in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cognito_gw.app.stack_state import identifier, outputs, plain
from cognito_gw.app.token_request import TokenRequest
from cognito_gw.app.walks import look
from cognito_gw.errors import Missing
from cognito_gw.gateway_rules import ANY, COGNITO, METHODS, OPEN, token_use

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cognito_gw.app.context import Context
    from cognito_gw.diagnosis.api import Method, Version

_VARIABLE = re.compile(r"\{([^}+]+)\+?\}")
WITH_BODY = ("POST", "PUT", "PATCH")
WRITTEN = "Written by `cgw export`"  # marks our files


@dataclass(frozen=True)
class SignIn:
    """An app client from which a program gets tokens."""

    key: str
    client_id: str
    scopes: tuple[str, ...]
    redirects: tuple[str, ...]
    sign_outs: tuple[str, ...]
    has_pages: bool  # it allows the authorization code flow
    is_machine: bool
    has_secret: bool

    @classmethod
    def of(cls, key: str, client: Mapping[str, Any]) -> SignIn:
        """Create one from a client's key and description."""
        flows = client.get("AllowedOAuthFlows") or []
        return cls(
            key,
            client["ClientId"],
            tuple(client.get("AllowedOAuthScopes") or ()),
            tuple(client.get("CallbackURLs") or ()),
            tuple(client.get("LogoutURLs") or ()),
            "code" in flows and bool(client.get("CallbackURLs")),
            "client_credentials" in flows,
            "ClientSecret" in client,
        )


@dataclass(frozen=True)
class Operation:
    """A method of the API, and the token that it requires."""

    verb: str
    path: str  # with its variables in braces
    kind: str  # of the token that it requires: none, id or access
    scopes: tuple[str, ...]
    header: str  # for the token
    needs_key: bool
    sign_in: SignIn | None = None  # the app client whose tokens it accepts

    @property
    def name(self) -> str:
        """The method and the path."""
        return f"{self.verb} {self.path}"

    @property
    def sent_verb(self) -> str:
        """The method to send."""
        return "GET" if self.verb == ANY else self.verb

    @property
    def has_body(self) -> bool:
        """Whether a request usually has a body."""
        return self.sent_verb in WITH_BODY

    @property
    def variables(self) -> list[str]:
        """The names of the path's variables."""
        return _VARIABLE.findall(self.path)

    def spelled(self, form: str) -> str:
        """Return the path with each variable as in `form`, such as `:{}`."""
        return _VARIABLE.sub(lambda found: form.format(found[1]), self.path)


@dataclass(frozen=True)
class ExportedApi:
    """The routes of an API, its outputs, and the app clients."""

    name: str
    values: dict[str, str]  # the outputs as variables, such as `invoke_url`
    operations: list[Operation]
    main: SignIn | None  # the app client of people
    tokens: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def url(self) -> str:
        """The invoke URL."""
        return self.values["invoke_url"]

    @property
    def pages(self) -> str | None:
        """The URL of the sign-in pages, if there are any."""
        return self.values.get("hosted_ui_url")

    @property
    def secured(self) -> list[Operation]:
        """The operations that require a token."""
        return [operation for operation in self.operations if operation.kind != "none"]

    @property
    def variables(self) -> dict[str, str]:
        """All variables of the requests; those that the user fills in are empty."""
        blank = {self.token_variable(operation): "" for operation in self.secured}
        for operation in self.secured:
            if operation.sign_in and operation.sign_in.has_secret:
                blank[f"client_secret_{identifier(operation.sign_in.key)}"] = ""
        if any(operation.needs_key for operation in self.operations):
            blank["api_key"] = ""
        return self.values | blank | self.tokens

    def token_variable(self, operation: Operation) -> str:
        """Return the name of the variable that holds the token of an operation."""
        other = operation.sign_in if operation.sign_in != self.main else None
        suffix = f"_{identifier(other.key)}" if other else ""
        return f"{operation.kind}_token{suffix}"


def find_clients(context: Context) -> None:
    """Read the API, the user pool, its domain and its app clients."""
    stack = context.stack
    domain = [stack.domain] if stack.pool.managed else []
    look(context, [stack.api, stack.pool, *domain, *stack.clients.values()])


def sign_ins(context: Context) -> dict[str, SignIn]:
    """Return the app clients of a stack that was read; those for people first."""
    found = [
        SignIn.of(key, client.live)
        for key, client in context.stack.clients.items()
        if client.live
    ]
    found.sort(
        key=lambda client: (client.is_machine, client.has_secret, not client.has_pages)
    )
    return {client.key: client for client in found}


def main_client(context: Context, key: str | None = None) -> SignIn | None:
    """Return the app client of front ends: the named one, or the one that fits best."""
    clients = sign_ins(context)
    if key is not None:
        key = TokenRequest(client=key).client_key(context)  # raises for other names
        return clients.get(key)
    people = [client for client in clients.values() if not client.is_machine]
    return people[0] if people else None


def read(context: Context, client: str | None = None) -> ExportedApi:
    """Read the file's API as its draft is, which `up` has deployed."""
    from cognito_gw.diagnosis.api import drafted
    from cognito_gw.resources.method import read_authorizers

    find_clients(context)
    stack = context.stack
    if stack.api.live is None:
        raise Missing(f"{stack.api} does not exist yet", hint="run `cgw up` first")
    draft = drafted(
        stack.api["Resources"].values(), read_authorizers(context.aws, stack.api["id"])
    )
    main, clients = main_client(context, client), sign_ins(context)
    return ExportedApi(
        stack.config.name,
        plain(outputs(context)),
        [*_operations(draft, context, main, clients)],
        main,
    )


def _operations(
    draft: Version, context: Context, main: SignIn | None, clients: dict[str, SignIn]
) -> Iterator[Operation]:
    header = context.config.api.authorizer.identity_source
    for method in draft.methods:
        if method.verb == "OPTIONS" and method.function is None:
            continue  # for browsers
        if method.authorization_type not in (COGNITO, OPEN):
            context.ui.warn(f"left out: {method.route}, {method.described}")
            continue
        is_secured = method.authorization_type == COGNITO
        kind = token_use(method.scopes) if is_secured else "none"
        yield Operation(
            method.verb,
            method.path,
            kind,
            method.scopes,
            method.authorizer.header if method.authorizer else header,
            method.needs_key,
            _giving(method, main, clients) if is_secured else None,
        )


def _giving(
    method: Method, main: SignIn | None, clients: dict[str, SignIn]
) -> SignIn | None:
    """Return the app client whose tokens have one of the method's scopes."""
    ordered = [*filter(None, [main]), *clients.values()]
    fitting = [client for client in ordered if {*method.scopes} & {*client.scopes}]
    return fitting[0] if method.scopes and fitting else main


def each_verb(operations: list[Operation]) -> Iterator[tuple[str, Operation]]:
    """Yield every HTTP method with the operation that answers it."""
    own = {(operation.verb, operation.path) for operation in operations}
    for operation in operations:
        verbs = METHODS if operation.verb == ANY else (operation.verb,)
        for verb in verbs:
            if verb == operation.verb or (verb, operation.path) not in own:
                yield verb, operation
