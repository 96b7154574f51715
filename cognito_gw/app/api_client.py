"""Calls the deployed API with the token that its method requires."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from cognito_gw.app.auth import issuer_url, raw_token, tokens_for
from cognito_gw.app.request_options import given_token
from cognito_gw.app.token_request import NeedsPerson
from cognito_gw.app.walks import look
from cognito_gw.aws.endpoints import aws_links, filled
from cognito_gw.config.model import Config
from cognito_gw.diagnosis.call_case import CallCase
from cognito_gw.diagnosis.exchange import Answer, Pools, Sent, Target
from cognito_gw.diagnosis.rule import Diagnosis, diagnose
from cognito_gw.diagnosis.rules import CALL_RULES
from cognito_gw.errors import Missing
from cognito_gw.gateway_rules import COGNITO, OPEN, Router, required_token
from cognito_gw.oauth.request import send

if TYPE_CHECKING:
    import httpx

    from cognito_gw.app.context import Context
    from cognito_gw.app.request_options import RequestOptions
    from cognito_gw.app.token_request import TokenRequest
    from cognito_gw.oauth.tokens import Tokens


@dataclass(frozen=True)
class Credential:
    """A token to send, and where it comes from."""

    kind: str  # id, access, none or given
    value: str | None

    def __repr__(self) -> str:
        """Show where the token comes from, not the token."""
        return f"Credential({self.kind})"


def credential(
    context: Context,
    choice: str | None,
    method: dict[str, Any] | None,
    request: TokenRequest,
    *,
    is_exact: bool = False,
) -> Credential:
    """Return the token that `choice` gives; without one, the token that is required.

    The method is as API Gateway describes it. If its scopes need a browser sign-in and
    there is no terminal, the token has no scopes, unless it must be `is_exact`.
    """
    kind = required_token(method) if choice is None else choice.strip()
    if kind == "none":
        return Credential("none", None)
    if kind not in ("id", "access"):
        return Credential("given", given_token(kind, required_token(method)))
    scopes = (method or {}).get("authorizationScopes") or []
    requested = scopes if kind == "access" else []
    tokens = _tokens(context, request, requested, is_exact=is_exact)
    return Credential(kind, raw_token(tokens, f"{kind}_token"))


def _tokens(
    context: Context, request: TokenRequest, scopes: list[str], *, is_exact: bool
) -> Tokens:
    """Return tokens with one of the method's scopes, if possible."""
    fitting = request.for_method(context, scopes)
    try:
        return tokens_for(context, fitting)
    except NeedsPerson as problem:
        if is_exact:
            raise
        context.ui.tell(f"{problem}: sending a token without these scopes")
        return tokens_for(context, request)


_OWN = "API Gateway allowed the call: this response comes from the function"
_AUTH = {"cognito": COGNITO, "none": OPEN}


@dataclass
class ApiClient:
    """Calls one stage of one REST API: that of the file, or any other."""

    context: Context
    target: Target
    _before: CallCase | None = field(default=None, init=False)

    @classmethod
    def of_stack(cls, context: Context, stage: str | None = None) -> ApiClient:
        """Return a client of the file's API, at its stage or another."""
        stack, settings = context.stack, context.config.api
        look(context, [stack.api, stack.pool])
        if stack.api.live is None:
            raise Missing(f"{stack.api} does not exist yet", hint="run `cgw up` first")
        api_id, stage = stack.api["id"], stage or settings.stage
        return cls(
            context,
            Target(
                api_id,
                stage,
                invoke_url(context, api_id, stage),
                pool_id=stack.pool.id,
                header=settings.authorizer.identity_source,
                origins=tuple(settings.cors.origins) if settings.cors else (),
                is_ours=stack.api.managed,
                permissions={
                    function.name: _permissions_of(context, key)
                    for key, function in stack.functions.items()
                    if stack.api.managed and function.role.managed
                },
            ),
        )

    @classmethod
    def of_api(cls, context: Context, api_id: str, stage: str) -> ApiClient:
        """Return a client of any API; no file is read."""
        context = replace(context, given=Config(name=f"api-{api_id}"[:32]))
        url = invoke_url(context, api_id, stage)
        return cls(context, Target(api_id, stage, url))

    def credential(
        self,
        options: RequestOptions,
        choice: str | None,
        request: TokenRequest,
        *,
        is_exact: bool = False,
    ) -> Credential:
        """Return the token to send, as the draft of the file's API requires."""
        if not self.is_of_stack:
            return credential(self.context, choice or "none", None, request)
        found = self._router.match(*options.route)
        method = found.method if found else None
        return credential(self.context, choice, method, request, is_exact=is_exact)

    @property
    def is_of_stack(self) -> bool:
        """Whether it is the file's API."""
        return self.context.given is None

    def sent(self, options: RequestOptions, token: Credential) -> Sent:
        """Return the request to send, with its token."""
        headers = options.headers
        if token.value is not None:
            # The file names the header; for another API, read its authorizer.
            bare = Sent(options.verb, options.path, tuple(headers))
            self._before = self._scene(bare, None)
            name = self.target.header or self._before.header
            headers = [(name, token.value), *headers]
        return Sent(options.verb, options.whole_path, tuple(headers))

    def send(self, sent: Sent, body: bytes | None) -> httpx.Response:
        """Send a request."""
        url = f"{self.target.url}{sent.path}"
        return send(sent.verb, url, sent.headers, body)

    def explained(self, sent: Sent, answer: Answer | None) -> Diagnosis:
        """Return why the API responded so; without a response, why it would refuse."""
        scene = self._scene(sent, answer)
        diagnosis = diagnose(CALL_RULES, scene)
        note = scene.contradiction
        if scene.is_functions_own and not diagnosis.causes:
            note = _OWN
        return replace(diagnosis, note=note)

    def _scene(self, sent: Sent, answer: Answer | None) -> CallCase:
        pools = Pools(partial(_issuer, self.context), self.context.ui.trace)
        target = replace(self.target, wants=self._configured(sent))
        scene = CallCase(self.context.aws, pools, target, sent, answer)
        if self._before:
            scene.share(self._before, "stages", "served", "draft")
        return scene

    def _configured(self, sent: Sent) -> str | None:
        """Return the route's authorization type in the file, if the file has it."""
        if not self.is_of_stack:
            return None
        router = file_router(self.context)
        found = router.match(sent.verb, sent.bare_path)
        return _AUTH[found.method["auth"]] if found else None

    @cached_property
    def _router(self) -> Router:
        return Router(self.context.stack.api["Resources"].values())


def file_router(context: Context) -> Router:
    """Return a router for the file's routes; the methods found have their `auth`."""
    routes = context.config.api.routes
    return Router.of_routes(
        {name: {"auth": settings.auth} for name, settings in routes.items()}
    )


def invoke_url(context: Context, api_id: str, stage: str) -> str:
    """Return the invoke URL of a stage."""
    place = {
        "region": context.aws.region,
        "user_pool_id": None,
        "domain": None,
        "api_id": api_id,
        "stage": stage,
    }
    url = filled(context.links.invoke, place)
    if url is None:
        raise Missing(
            f"endpoints.invoke `{context.links.invoke}` has an unknown placeholder"
        )
    return url


def _issuer(context: Context, pool_id: str) -> str:
    """Return the issuer URL of a pool in any Region."""
    region = pool_id.partition("_")[0]
    if context.is_local or region == context.aws.region:
        return issuer_url(context, pool_id)
    template = aws_links(region).issuer
    return template.format(region=region, user_pool_id=pool_id)


def _permissions_of(context: Context, function: str) -> str:
    """Return the key of a function's permissions, with its line if the file has it."""
    where = context.loaded.where(("functions", function, "permissions"))
    key = f"`functions.{function}.permissions`"
    return f"{key} ({where})" if where else key
