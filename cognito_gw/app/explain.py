"""Explains why a call or a sign-in fails, and how to fix it."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from cognito_gw.app.api_client import ApiClient
from cognito_gw.app.request_options import given_body, without_tokens
from cognito_gw.app.walks import look
from cognito_gw.aws.endpoints import host_pattern
from cognito_gw.aws.errors import as_cgw_error
from cognito_gw.diagnosis.exchange import Answer
from cognito_gw.diagnosis.refusals import named_by
from cognito_gw.diagnosis.rule import Diagnosis, diagnose, merged
from cognito_gw.diagnosis.rules import SIGN_IN_RULES, TOLD_RULES
from cognito_gw.diagnosis.sign_in_case import Attempt, SignInCase
from cognito_gw.errors import CgwError, Missing, UsageError
from cognito_gw.gateway_rules import split_route
from cognito_gw.local.process import recorded_instance
from cognito_gw.oauth.flows import BY_API, BY_OAUTH
from cognito_gw.oauth.sign_in import SignInRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cognito_gw.app.context import Context
    from cognito_gw.app.request_options import RequestOptions
    from cognito_gw.app.token_request import TokenRequest
    from cognito_gw.resources.stack import Stack


_UNKNOWN = "no known cause matches this text"
_SUCCESS = "this text has tokens: the sign-in worked"
_TOKENS = ("id_token=", "access_token=")


class SignInExplainer:
    """Explains sign-ins to the user pool of the file."""

    def __init__(self, context: Context, request: TokenRequest) -> None:
        """Explain sign-ins of the request's user, by its app client and flow."""
        self._context = context
        self._request = request

    def refused(self, problem: CgwError) -> Diagnosis:
        """Return why cgw got no tokens; `problem` is what it raised."""
        attempt = self._attempt(f"{problem}")
        if isinstance(problem, SignInRefused):
            attempt = replace(attempt, told=f"{problem.code}: {problem}")
        return self._explained(attempt)

    def told(self, text: str) -> Diagnosis:
        """Return why an app got this error text; works without a stack."""
        told = without_tokens(text)  # parts of it are shown again
        try:
            attempt, client_id = self._attempt_in(told)
            scene = self._scene(attempt, client_id)
        except (BotoCoreError, ClientError, CgwError) as problem:
            attempt = Attempt(user=self._request.user, told=told)
            why = as_cgw_error(problem) or problem
            scene = SignInCase(f"{why}", "", None, attempt)
        diagnosis = diagnose(TOLD_RULES, scene)
        # Behind a wrong password there may be other causes; other errors say all.
        is_hidden = attempt.names("wrong-password")
        causes = [
            cause
            for cause in diagnosis.causes
            if is_hidden or attempt.names(cause.code)
        ]
        unknown = [fact | {"codes": []} for fact in diagnosis.unknown]
        if causes:
            return replace(diagnosis, causes=causes, unknown=unknown)
        note = _SUCCESS if any(name in told for name in _TOKENS) else _UNKNOWN
        return Diagnosis(note=None if named_by(told) else note)

    def _attempt_in(self, told: str) -> tuple[Attempt, str | None]:
        """Return the attempt that a text is about, and the client ID in it, if any."""
        context = self._context
        if context.is_local and recorded_instance(context.state) is None:
            raise Missing("the local AWS is not running")
        attempt = self._attempt(told)
        query = dict(parse_qsl(told.partition("?")[2])) if "://" in told else {}
        uri, client_id = query.get("redirect_uri"), query.get("client_id")
        attempt = replace(
            attempt,
            client=self._name_of(client_id) if client_id else attempt.client,
            redirect_uris=(uri,) if uri else (),
            routes=tuple(context.config.api.routes),
        )
        return attempt, client_id

    def page(self, query: dict[str, str]) -> Diagnosis:
        """Return why the sign-in pages refuse a request with this query."""
        flow = {"code": "code", "token": "implicit"}.get(query.get("response_type", ""))
        uri = query.get("redirect_uri")
        name = self._name_of(query.get("client_id", ""))
        attempt = Attempt(
            client=name,
            is_of_file=name in self._context.config.app_clients,
            scopes=tuple(query.get("scope", "").split()),
            oauth_flows=(flow,) if flow else (),
            redirect_uris=(uri,) if uri else (),
            told=" ".join([query.get("error", ""), query.get("error_description", "")]),
        )
        return self._explained(attempt, query.get("client_id"))

    def in_file(self) -> Iterator[Diagnosis]:
        """Return what is wrong with each app client and each user of the file."""
        config = self._context.config
        for key, settings in config.app_clients.items():
            attempt = Attempt(client=key)
            if settings.id is None:
                attempt = replace(
                    attempt,
                    oauth_flows=tuple(settings.oauth_flows),
                    redirect_uris=tuple(settings.callback_urls or ()),
                )
            yield self._explained(attempt)
        for user in config.users:
            yield self._explained(self._attempt("", user.username))

    def _name_of(self, client_id: str) -> str:
        """Return the key of an app client in the file, or its ID."""
        stack, settings = self._read_stack, self._context.config.app_clients
        ids = {key: client.id for key, client in settings.items()}
        ids |= {
            key: client.live["ClientId"]
            for key, client in stack.clients.items()
            if client.live
        }
        return next((key for key, id_ in ids.items() if id_ == client_id), client_id)

    @cached_property
    def _read_stack(self) -> Stack:
        """The stack, once its pool and app clients are read."""
        stack = self._context.stack
        look(self._context, [stack.pool, *stack.clients.values()])
        return stack

    def _attempt(self, told: str, user: str | None = None) -> Attempt:
        request, flow = self._request, self._request.flow
        try:
            key = request.client_key(self._context)
        except UsageError:
            key = next(iter(self._context.config.app_clients), "")
        users = self._context.config.users
        first = users[0].username if users and flow in ("auto", *BY_API) else None
        return Attempt(
            client=key,
            user=user or request.user or first,
            auth_flow=BY_API.get(flow),
            oauth_flows=(BY_OAUTH[flow],) if flow in BY_OAUTH else (),
            told=told,
        )

    def _explained(self, attempt: Attempt, client_id: str | None = None) -> Diagnosis:
        scene = self._scene(attempt, client_id)
        return diagnose(SIGN_IN_RULES, scene)

    def _scene(self, attempt: Attempt, client_id: str | None = None) -> SignInCase:
        context, stack = self._context, self._read_stack
        pool, clients = stack.pool, context.config.app_clients
        if pool.id is None:
            raise Missing(f"{pool} does not exist yet", hint="run `cgw pool` first")
        if client_id is None and attempt.client in clients:
            live = stack.clients.get(attempt.client)
            known = live.live["ClientId"] if live and live.live else None
            client_id = clients[attempt.client].id or known
        return SignInCase(
            context.aws, pool.id, client_id, attempt, is_ours=pool.managed
        )


NOTHING_WRONG = "nothing is wrong"
_SAFE = ("GET", "HEAD")
_VARIABLE = re.compile(r"\{[^}]+\}")
_AT_AWS = (  # before and after the end of AWS's hosts; in any case
    r"(?i)(?:https://)?(?P<api>[a-z0-9]+)\.execute-api\.(?P<region>[a-z0-9-]+)",
    r"(?::443)?/(?P<stage>[^/?#]+)(?P<path>[^#]*)(?:#.*)?",
)
_LOCAL = re.compile(
    r"https?://[^/]+/_aws/execute-api/(?P<api>[a-z0-9]+)/(?P<stage>[^/?#]+)"
    r"(?P<path>[^#]*)(?:#.*)?"
)


@dataclass(frozen=True)
class Explained:
    """A response, and why it came: of a call, a sign-in, or of all routes."""

    diagnosis: Diagnosis
    route: str | None = None
    status: int | None = None
    routes: tuple[Explained, ...] | None = None  # one each, if all were called

    def document(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        found: dict[str, Any] = {"status": self.status, "route": self.route}
        found |= self.diagnosis.document()
        if self.routes is not None:
            found["routes"] = [route.brief() for route in self.routes]
        return found

    def brief(self) -> dict[str, Any]:
        """Return the route, its status, and the codes of the causes."""
        codes = [cause.code for cause in self.diagnosis.causes]
        return {"route": self.route, "status": self.status, "codes": codes}

    @property
    def verdict(self) -> str:
        """What is wrong, on one line."""
        diagnosis = self.diagnosis
        if codes := [cause.code for cause in diagnosis.causes]:
            return ", ".join(codes)
        if diagnosis.note or diagnosis.unknown:
            return diagnosis.note or diagnosis.unknown[0]["why"]
        if self.status and self.status >= HTTPStatus.BAD_REQUEST:
            return "no cause found"
        verdicts = {route.verdict for route in self.routes or ()}
        return NOTHING_WRONG if verdicts <= {NOTHING_WRONG} else ""


@dataclass(frozen=True)
class ApiStage:
    """A stage of the file's API, or of the one with the ID `api_id`."""

    context: Context
    api_id: str | None = None
    name: str | None = None  # None: the file's stage

    def client(self) -> ApiClient:
        """Return its client; for an API with an ID, no file is read."""
        if self.api_id is None:
            return ApiClient.of_stack(self.context, self.name)
        if self.name is None:
            raise UsageError("--api-id needs --stage", hint="such as `--stage dev`")
        return ApiClient.of_api(self.context, self.api_id, self.name)


@dataclass(frozen=True)
class ExplainRequest:
    """The call to explain; `options` without its path."""

    stage: ApiStage
    tokens: TokenRequest
    options: RequestOptions
    choice: str | None = None  # of the token
    sends: bool = True
    is_exact: bool = False  # with the token that the method requires, and no other

    @property
    def sign_ins(self) -> SignInExplainer:
        """Explains sign-ins with the same user, client and flow."""
        return SignInExplainer(self.stage.context, self.tokens)


def explain(
    request: ExplainRequest, path: str | None = None, error: str | None = None
) -> Explained:
    """Explain an error text, or a call of a path or a URL; without them, everything.

    Changes nothing. Raises CgwError if the causes cannot be read.
    """
    if error is not None:
        return _of_error(request, error, path)
    if path is None:
        return _of_everything(request)
    address = address_in(path)
    if address is None:
        return _of_call(request, path)
    found = at_address(request.stage.context, address)
    if found is None:
        return _of_pages(request, address)
    stage, path = found
    return _of_call(replace(request, stage=stage), path)


def _of_call(request: ExplainRequest, path: str) -> Explained:
    """Explain one call; if there is no token for it, explain why."""
    options, client = request.options.at(path), request.stage.client()
    route = " ".join(options.route)
    try:
        token = client.credential(
            options, request.choice, request.tokens, is_exact=request.is_exact
        )
    except CgwError as problem:
        if not client.is_of_stack:
            raise
        refused = request.sign_ins.refused(problem)
        if not refused.causes:
            raise
        return Explained(refused, route)
    sent = client.sent(options, token)
    if not request.sends:
        return Explained(client.explained(sent, None), route)
    answer = Answer.of(client.send(sent, options.body))
    return Explained(client.explained(sent, answer), route, answer.status)


def _of_pages(request: ExplainRequest, url: str) -> Explained:
    parts = urlsplit(url)
    query = dict(parse_qsl(f"{parts.query}&{parts.fragment}"))
    if "client_id" not in query and "error" in query:
        return _of_error(request, url, None)
    if "client_id" not in query:
        raise UsageError(
            f"`{without_query(url)}` is neither the address of a REST API's stage nor "
            "one of the sign-in pages with its `client_id`",
            hint="pass an address with tokens to --token, and the path of a call",
        )
    return Explained(request.sign_ins.page(query))


def _of_error(request: ExplainRequest, text: str, path: str | None) -> Explained:
    if path is not None:
        raise UsageError("--error and PATH cannot be combined")
    told = (given_body(text) or b"").decode(errors="replace")
    return Explained(request.sign_ins.told(told))


def _of_everything(request: ExplainRequest) -> Explained:
    """Explain the sign-in and all routes; call those that only read."""
    if request.stage.api_id is not None:
        raise UsageError("--api-id needs PATH")
    found = [*request.sign_ins.in_file()]
    routes: tuple[Explained, ...] = ()
    if not any(diagnosis.causes for diagnosis in found):
        routes = tuple(_of_routes(request))
    whole = merged([*found, *(route.diagnosis for route in routes)])
    return Explained(whole, routes=routes)


def _of_routes(request: ExplainRequest) -> Iterator[Explained]:
    for route in request.stage.context.config.api.routes:
        verb, path = split_route(route)
        options = replace(request.options, verb=verb)
        one = replace(request, options=options, sends=request.sends and verb in _SAFE)
        try:
            explained = _of_call(one, _VARIABLE.sub("cgw-explain", path))
            yield replace(explained, route=route)
        except CgwError as problem:
            why = f"{problem}"
            unknown = [{"what": route, "why": why, "codes": list[str]()}]
            yield Explained(Diagnosis(unknown=unknown), route)


def at_address(context: Context, url: str) -> tuple[ApiStage, str] | None:
    """Return the stage at an invoke URL, and the path in it."""
    at_aws = _at_aws(url)
    found = at_aws or _LOCAL.fullmatch(url)
    if found is None:
        return None
    _check_target(context, is_aws=at_aws is not None)
    parts = found.groupdict()
    if region := parts.get("region"):
        options = replace(context.options, region=region.lower())
        context = replace(context, options=options)
    api_id = parts["api"].lower()
    is_own = context.has_file and api_id == _own_api_id(context)
    stage = ApiStage(context, None if is_own else api_id, parts["stage"])
    return stage, parts["path"] or "/"


def address_in(text: str) -> str | None:
    """Return the URL in a text, unless the text is a path."""
    bare = text.strip(" \t\r\n\"'`<>")
    is_address = "://" in bare.partition("?")[0] or _at_aws(bare)
    return bare if is_address else None


def _at_aws(url: str) -> re.Match[str] | None:
    return host_pattern(*_AT_AWS).fullmatch(url)


def without_query(url: str) -> str:
    """Return a URL without its query and fragment, which may contain secrets."""
    return re.split("[?#]", url, maxsplit=1)[0]


def _check_target(context: Context, *, is_aws: bool) -> None:
    """Raise for a URL that does not belong to the target."""
    is_local = context.options.is_local
    with suppress(CgwError):
        is_local = is_local or (context.has_file and context.is_local)
    if is_aws and is_local:
        raise UsageError(
            "the URL is on AWS, but the target is the local AWS",
            hint="remove `--local`, or use the URL that `cgw outputs` prints",
        )
    is_elsewhere = is_local
    with suppress(CgwError):
        is_elsewhere = is_local or not context.aws.is_amazon
    if not is_aws and not is_elsewhere:
        raise UsageError(
            "the URL is on the local AWS, but the target is AWS", hint="add `--local`"
        )


def _own_api_id(context: Context) -> str | None:
    """Return the ID of the file's API; None if it is not known."""
    try:
        look(context, [context.stack.api])
    except (BotoCoreError, ClientError, CgwError) as problem:
        context.ui.trace(
            f"the ID of the file's API is not known: {as_cgw_error(problem)}"
        )
        return None
    return context.stack.api.id
