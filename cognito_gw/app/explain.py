"""What `cgw explain` examines: a call, or sign-ins."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from botocore.exceptions import BotoCoreError, ClientError

from cognito_gw.aws.endpoints import host_pattern
from cognito_gw.aws.errors import as_cgw_error
from cognito_gw.cli.options import without_tokens
from cognito_gw.cli.settings import fixes_shown
from cognito_gw.diagnosis.diagnose import Diagnosis, diagnose
from cognito_gw.diagnosis.refusals import named_by
from cognito_gw.diagnosis.rules import SIGN_IN_RULES, TOLD_RULES
from cognito_gw.diagnosis.sign_in_case import Attempt, SignInCase
from cognito_gw.errors import CgwError, Missing, UsageError
from cognito_gw.local.process import recorded_instance
from cognito_gw.oauth.errors import SignInRefused
from cognito_gw.oauth.flows import BY_API, BY_OAUTH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cognito_gw.app.api_client import Calling
    from cognito_gw.app.context import Session
    from cognito_gw.app.token_request import Wish
    from cognito_gw.resources.stack import Stack


_STRANGE = "no known cause matches this text"
_GOOD = "this is no refusal: it has tokens, so the sign-in worked"
_TOKENS = ("id_token=", "access_token=")


class Attempts:
    """Explains sign-ins to the user pool of the file."""

    def __init__(self, session: Session, wish: Wish) -> None:
        """Sign-ins as the `wish` says: who, by which app client, by which flow."""
        self._session = session
        self._wish = wish

    def refused(self, problem: CgwError) -> Diagnosis:
        """Return why cgw itself got no tokens."""
        attempt = self._attempt(f"{problem}")
        if isinstance(problem, SignInRefused):
            attempt = replace(attempt, told=f"{problem.code}: {problem}")
        return self._explained(attempt)

    def told(self, words: str) -> Diagnosis:
        """Return why an app was told these words; they are enough without a stack."""
        # What was told may hold a token, which must not be shown again.
        told = without_tokens(words)
        try:
            attempt, client_id = self._attempt_in(told)
            scene = self._scene(attempt, client_id)
        except (BotoCoreError, ClientError, CgwError) as problem:
            attempt = Attempt(user=self._wish.user, told=told)
            why = as_cgw_error(problem) or problem
            scene = SignInCase(f"{why}", "", None, attempt)
        diagnosis = diagnose(TOLD_RULES, scene)
        # A refusal of the password hides what else is wrong; other words say it all.
        is_hidden = attempt.names("wrong-password")
        causes = [
            each for each in diagnosis.causes if is_hidden or attempt.names(each.code)
        ]
        unknown = [each | {"codes": []} for each in diagnosis.unknown]
        if causes:
            return fixes_shown(replace(diagnosis, causes=causes, unknown=unknown))
        note = _GOOD if any(each in told for each in _TOKENS) else _STRANGE
        return Diagnosis(note=None if named_by(told) else note)

    def _attempt_in(self, told: str) -> tuple[Attempt, str | None]:
        """Return what words tell of an attempt, and its client if they name one."""
        session = self._session
        if session.is_local and recorded_instance(session.state) is None:
            raise Missing("the local AWS is not running")
        attempt = self._attempt(told)
        query = dict(parse_qsl(told.partition("?")[2])) if "://" in told else {}
        uri, client_id = query.get("redirect_uri"), query.get("client_id")
        attempt = replace(
            attempt,
            client=self._name_of(client_id) if client_id else attempt.client,
            redirect_uris=(uri,) if uri else (),
            routes=tuple(session.config.api.routes),
        )
        return attempt, client_id

    def asked(self, query: dict[str, str]) -> Diagnosis:
        """Return why the sign-in pages refuse a request with this query."""
        flow = {"code": "code", "token": "implicit"}.get(query.get("response_type", ""))
        uri = query.get("redirect_uri")
        name = self._name_of(query.get("client_id", ""))
        attempt = Attempt(
            client=name,
            is_of_file=name in self._session.config.app_clients,
            scopes=tuple(query.get("scope", "").split()),
            oauth_flows=(flow,) if flow else (),
            redirect_uris=(uri,) if uri else (),
            told=" ".join([query.get("error", ""), query.get("error_description", "")]),
        )
        return self._explained(attempt, query.get("client_id"))

    def in_file(self) -> Iterator[Diagnosis]:
        """Return what is wrong with each app client and each user of the file."""
        config = self._session.config
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
        """Return what the file calls an app client, or its id."""
        stack, settings = self._read_stack, self._session.config.app_clients
        ids = {key: each.id for key, each in settings.items()}
        ids |= {
            key: each.live["ClientId"]
            for key, each in stack.clients.items()
            if each.live
        }
        return next((key for key, id_ in ids.items() if id_ == client_id), client_id)

    @cached_property
    def _read_stack(self) -> Stack:
        """The stack, once its pool and app clients are read."""
        stack = self._session.stack
        self._session.look([stack.pool, *stack.clients.values()])
        return stack

    def _attempt(self, told: str, user: str | None = None) -> Attempt:
        wish, flow = self._wish, self._wish.flow
        try:
            key = wish.client_key(self._session)
        except UsageError:
            key = next(iter(self._session.config.app_clients), "")
        users = self._session.config.users
        first = users[0].username if users and flow in ("auto", *BY_API) else None
        return Attempt(
            client=key,
            user=user or wish.user or first,
            auth_flow=BY_API.get(flow),
            oauth_flows=(BY_OAUTH[flow],) if flow in BY_OAUTH else (),
            told=told,
        )

    def _explained(self, attempt: Attempt, client_id: str | None = None) -> Diagnosis:
        scene = self._scene(attempt, client_id)
        return fixes_shown(diagnose(SIGN_IN_RULES, scene))

    def _scene(self, attempt: Attempt, client_id: str | None = None) -> SignInCase:
        session, stack = self._session, self._read_stack
        pool, clients = stack.pool, session.config.app_clients
        if pool.id is None:
            raise Missing(f"{pool} does not exist yet", hint="run `cgw pool` first")
        if client_id is None and attempt.client in clients:
            live = stack.clients.get(attempt.client)
            known = live.live["ClientId"] if live and live.live else None
            client_id = clients[attempt.client].id or known
        return SignInCase(
            session.aws, pool.id, client_id, attempt, is_ours=pool.managed
        )


_AT_AWS = (  # before and after the end of AWS's hosts; in any case
    r"(?i)(?:https://)?(?P<api>[a-z0-9]+)\.execute-api\.(?P<region>[a-z0-9-]+)",
    r"(?::443)?/(?P<stage>[^/?#]+)(?P<path>[^#]*)(?:#.*)?",
)
_LOCAL = re.compile(
    r"https?://[^/]+/_aws/execute-api/(?P<api>[a-z0-9]+)/(?P<stage>[^/?#]+)"
    r"(?P<path>[^#]*)(?:#.*)?"
)


@dataclass(frozen=True)
class Question:
    """What is to be explained, as the command line spells it."""

    session: Session
    choice: str | None  # of the token
    wish: Wish
    stage: str | None
    api_id: str | None
    sends: bool
    is_exact: bool  # about the token that the method wants, and no other
    options: dict[str, Any] = field(repr=False)

    def calling(self) -> Calling:
        """Return the stage to call: of the API that is named, or of the file's."""
        from cognito_gw.app.api_client import Calling

        if self.api_id is None:
            return Calling.of_stack(self.session, self.stage)
        if self.stage is None:
            raise UsageError("--api-id needs --stage", hint="such as `--stage dev`")
        return Calling.of_api(self.session, self.api_id, self.stage)

    def without_file(self) -> Question:
        """Return it for an API that is named, for which no file is read."""
        from cognito_gw.config.model import Config

        config = Config(name=f"api-{self.api_id}"[:32])
        return replace(self, session=replace(self.session, given=config))


def at_address(question: Question, url: str) -> tuple[Question, str] | None:
    """Return the question about an address of an API, and the path in it."""
    session, at_aws = question.session, _at_aws(url)
    found = at_aws or _LOCAL.fullmatch(url)
    if found is None:
        return None
    _check_target(session, is_aws=at_aws is not None)
    parts = found.groupdict()
    named = replace(question, api_id=parts["api"].lower(), stage=parts["stage"])
    if region := parts.get("region"):
        settings = replace(session.settings, region=region.lower())
        named = replace(named, session=replace(session, settings=settings))
    return _own(named), parts["path"] or "/"


def address_in(text: str) -> str | None:
    """Return the address that was pasted, if it is one and no path."""
    bare = text.strip(" \t\r\n\"'`<>")
    is_address = "://" in bare.partition("?")[0] or _at_aws(bare)
    return bare if is_address else None


def _at_aws(url: str) -> re.Match[str] | None:
    return host_pattern(*_AT_AWS).fullmatch(url)


def place_of(url: str) -> str:
    """Return an address without what follows its path, which may hold secrets."""
    return re.split("[?#]", url, maxsplit=1)[0]


def _check_target(session: Session, *, is_aws: bool) -> None:
    """Refuse an address that is not of the target: another API would be called."""
    is_local = session.settings.is_local
    with suppress(CgwError):
        is_local = is_local or (session.has_file and session.is_local)
    if is_aws and is_local:
        raise UsageError(
            "the address is at AWS, and the target is the local AWS",
            hint="leave out `--local`, or take the address that `cgw outputs` prints",
        )
    is_elsewhere = is_local
    with suppress(CgwError):
        is_elsewhere = is_local or not session.aws.is_amazon
    if not is_aws and not is_elsewhere:
        raise UsageError(
            "the address is of the local AWS, and the target is AWS", hint="add --local"
        )


def _own(question: Question) -> Question:
    """Return the question with the file's knowledge, if it is the file's API."""
    from botocore.exceptions import BotoCoreError, ClientError

    from cognito_gw.aws.errors import as_cgw_error

    session = question.session
    if not session.has_file:
        return question
    try:
        session.look([session.stack.api])
    except (BotoCoreError, ClientError, CgwError) as problem:
        session.trace(f"the file's own API cannot be told: {as_cgw_error(problem)}")
        return question
    live = session.stack.api.live
    is_own = live is not None and live["id"] == question.api_id
    return replace(question, api_id=None) if is_own else question
