"""One call of the deployed API, sent and, where it failed, explained."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from cognito_gw.aws.links import aws_links, filled
from cognito_gw.cli.app_clients import issuer_url
from cognito_gw.cli.credential import Credential, credential
from cognito_gw.cli.shown import fixes_shown
from cognito_gw.diagnosis.api import COGNITO, OPEN
from cognito_gw.diagnosis.call_scene import CallScene
from cognito_gw.diagnosis.diagnose import Diagnosis, diagnose
from cognito_gw.diagnosis.exchange import Answer, Sent
from cognito_gw.diagnosis.rules import CALL_RULES
from cognito_gw.diagnosis.target import Pools, Target
from cognito_gw.errors import Missing
from cognito_gw.oauth.request import send
from cognito_gw.routing import Router

if TYPE_CHECKING:
    import httpx

    from cognito_gw.cli.requested import Requested
    from cognito_gw.cli.session import Session
    from cognito_gw.cli.wish import Wish

_OWN = "API Gateway let the call through: this answer is the function's own"
_AUTH = {"cognito": COGNITO, "none": OPEN}


@dataclass
class Calling:
    """Calls one stage of one API: the file's, or one that is named."""

    session: Session
    target: Target
    _before: CallScene | None = field(default=None, init=False)

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

    def _scene(self, sent: Sent, answer: Answer | None) -> CallScene:
        pools = Pools(partial(_issuer, self.session), self.session.trace)
        target = replace(self.target, wants=self._wanted(sent))
        scene = CallScene(self.session.aws, pools, target, sent, answer)
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
