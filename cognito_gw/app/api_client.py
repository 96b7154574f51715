"""Calls the deployed API with the token that its method requires."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.app.sign_in import issuer_url, raw_token, tokens_for
from cognito_gw.app.token_request import NeedsPerson
from cognito_gw.aws.endpoints import aws_links, filled
from cognito_gw.cli import completions
from cognito_gw.cli.options import given_token
from cognito_gw.cli.settings import fixes_shown
from cognito_gw.diagnosis.call_case import CallCase
from cognito_gw.diagnosis.diagnose import Diagnosis, diagnose
from cognito_gw.diagnosis.exchange import Answer, Pools, Sent, Target
from cognito_gw.diagnosis.rules import CALL_RULES
from cognito_gw.errors import Missing
from cognito_gw.gateway_rules import COGNITO, OPEN, Router, required_token
from cognito_gw.oauth.request import send

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from cognito_gw.app.context import Session
    from cognito_gw.app.token_request import Wish
    from cognito_gw.cli.request_options import Requested
    from cognito_gw.oauth.tokens import Tokens


@dataclass(frozen=True)
class Credential:
    """What is sent as the token, and how it was come by."""

    kind: str  # id, access, none or given
    value: str | None

    def __repr__(self) -> str:
        """Show how it was come by, not what it is."""
        return f"Credential({self.kind})"


def token_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add the option that chooses the token."""
    option = click.option(
        "--token",
        "choice",
        metavar="TOKEN",
        shell_complete=completions.words("id", "access", "none"),
        help="id, access, none, the token itself, the callback address or JSON answer "
        "that contains it, @FILE, or - for stdin. "
        "Default: the one that the method wants.",
    )
    return option(command)


def credential(
    session: Session,
    choice: str | None,
    method: dict[str, Any] | None,
    wish: Wish,
    *,
    is_exact: bool = False,
) -> Credential:
    """Return the token of a `choice`; without one, what the method wants.

    The method is as API Gateway describes it. Where nobody is there to sign in for its
    scopes, it is a token without them, unless it must be `is_exact`.
    """
    kind = required_token(method) if choice is None else choice.strip()
    if kind == "none":
        return Credential("none", None)
    if kind not in ("id", "access"):
        return Credential("given", given_token(kind, required_token(method)))
    scopes = (method or {}).get("authorizationScopes") or []
    wanted = scopes if kind == "access" else []
    tokens = _tokens(session, wish, wanted, is_exact=is_exact)
    return Credential(kind, raw_token(tokens, f"{kind}_token"))


def _tokens(
    session: Session, wish: Wish, scopes: list[str], *, is_exact: bool
) -> Tokens:
    """Return tokens with a scope that the method wants, where they are to be had."""
    fitting = wish.for_method(session, scopes)
    try:
        return tokens_for(session, fitting)
    except NeedsPerson as problem:
        if is_exact:
            raise
        session.tell(f"{problem}: this call goes with one without")
        return tokens_for(session, wish)


_OWN = "API Gateway let the call through: this answer is the function's own"
_AUTH = {"cognito": COGNITO, "none": OPEN}


@dataclass
class Calling:
    """Calls one stage of one API: the file's, or one that is named."""

    session: Session
    target: Target
    _before: CallCase | None = field(default=None, init=False)

    @classmethod
    def of_stack(cls, session: Session, stage: str | None = None) -> Calling:
        """Return it for the file's API, at its stage or another."""
        stack, settings = session.stack, session.config.api
        session.look([stack.api, stack.pool])
        if stack.api.live is None:
            raise Missing(f"{stack.api} does not exist yet", hint="run `cgw up` first")
        api_id, stage = stack.api["id"], stage or settings.stage
        return cls(
            session,
            Target(
                api_id,
                stage,
                invoke_url(session, api_id, stage),
                pool_id=stack.pool.id,
                header=settings.authorizer.identity_source,
                origins=tuple(settings.cors.origins) if settings.cors else (),
                is_ours=stack.api.managed,
            ),
        )

    @classmethod
    def of_api(cls, session: Session, api_id: str, stage: str) -> Calling:
        """Return it for any API."""
        url = invoke_url(session, api_id, stage)
        return cls(session, Target(api_id, stage, url))

    def credential(
        self,
        asked: Requested,
        choice: str | None,
        wish: Wish,
        *,
        is_exact: bool = False,
    ) -> Credential:
        """Return the token to send, by what the draft of the file's API asks for."""
        if not self.is_of_stack:
            return credential(self.session, choice or "none", None, wish)
        found = self._router.match(*asked.route)
        method = found.method if found else None
        return credential(self.session, choice, method, wish, is_exact=is_exact)

    @property
    def is_of_stack(self) -> bool:
        """Whether it is the file's API."""
        return self.session.given is None

    def sent(self, asked: Requested, token: Credential) -> Sent:
        """Return the request as it goes out."""
        headers = asked.headers
        if token.value is not None:
            # The file names the header; of another API the authorizer has to.
            bare = Sent(asked.verb, asked.path, tuple(headers))
            self._before = self._scene(bare, None)
            name = self.target.header or self._before.header
            headers = [(name, token.value), *headers]
        return Sent(asked.verb, asked.whole_path, tuple(headers))

    def send(self, sent: Sent, body: bytes | None) -> httpx.Response:
        """Send it."""
        url = f"{self.target.url}{sent.path}"
        return send(sent.verb, url, [*sent.headers], [], body)

    def explained(self, sent: Sent, answer: Answer | None) -> Diagnosis:
        """Return why it was answered so, or would not be let in."""
        scene = self._scene(sent, answer)
        diagnosis = diagnose(CALL_RULES, scene)
        note = scene.contradiction
        if scene.is_functions_own and not diagnosis.causes:
            note = _OWN
        return fixes_shown(replace(diagnosis, note=note))

    def _scene(self, sent: Sent, answer: Answer | None) -> CallCase:
        pools = Pools(partial(_issuer, self.session), self.session.trace)
        target = replace(self.target, wants=self._wanted(sent))
        scene = CallCase(self.session.aws, pools, target, sent, answer)
        if self._before:
            scene.share(self._before, "stages", "served", "draft")
        return scene

    def _wanted(self, sent: Sent) -> str | None:
        """Return how the file guards the route, if it knows it."""
        if not self.is_of_stack:
            return None
        routes = self.session.config.api.routes
        router = Router.of_routes(
            {name: {"auth": settings.auth} for name, settings in routes.items()}
        )
        found = router.match(sent.verb, sent.bare_path)
        return _AUTH[found.method["auth"]] if found else None

    @cached_property
    def _router(self) -> Router:
        return Router(self.session.stack.api["Resources"].values())


def invoke_url(session: Session, api_id: str, stage: str) -> str:
    """Return the address of a stage."""
    place = {
        "region": session.aws.region,
        "user_pool_id": None,
        "domain": None,
        "api_id": api_id,
        "stage": stage,
    }
    url = filled(session.links.invoke, place)
    if url is None:
        raise Missing(f"endpoints.invoke `{session.links.invoke}` cannot be filled")
    return url


def _issuer(session: Session, pool_id: str) -> str:
    """Return the address of a pool's documents, in whichever region it is."""
    region = pool_id.partition("_")[0]
    if session.is_local or region == session.aws.region:
        return issuer_url(session, pool_id)
    template = aws_links(region).issuer
    return template.format(region=region, user_pool_id=pool_id)
