"""`cgw token --decode`: what tokens say, and whether they are valid."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cognito_gw.app.sign_in import issuer_url
from cognito_gw.aws.errors import as_cgw_error
from cognito_gw.cli.options import given_token
from cognito_gw.cli.results import show_json
from cognito_gw.diagnosis.api import Reach, reach_of
from cognito_gw.errors import AwsRefused, ExitCode, UsageError
from cognito_gw.oauth.app_client import discover, is_of_cognito
from cognito_gw.oauth.tokens import Flaw, Keys, claims_of, header_of, in_words
from cognito_gw.report.say import say, styled
from cognito_gw.text import one_line

if TYPE_CHECKING:
    from cognito_gw.app.context import Session
    from cognito_gw.oauth.tokens import Tokens


_TITLES = {"id": "ID token", "access": "access token"}


@dataclass(frozen=True)
class Decoded:
    """One token, its flaw if it has one, and the routes that take it."""

    token: str
    flaw: Flaw | None
    reach: list[Reach] | None  # None: there is no API to ask about

    @property
    def kind(self) -> str:
        """Which token it says it is: id or access."""
        return str(claims_of(self.token).get("token_use", "token"))

    def document(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return {
            "header": header_of(self.token),
            "claims": claims_of(self.token),
            "valid": self.flaw is None,
            "problem": vars(self.flaw) if self.flaw else None,
            "good_for": None
            if self.reach is None
            else [each.document() for each in self.reach],
        }


def show_kept(session: Session, tokens: Tokens) -> None:
    """Decode the tokens of a sign-in."""
    both = {"id_token": tokens.id_token, "access_token": tokens.access_token}
    judge = Judge(session)
    decoded = {name: judge.decoded(token) for name, token in both.items() if token}
    if session.settings.as_json:
        show_json({name: each.document() for name, each in decoded.items()})
    else:
        for each in decoded.values():
            _show(each)
    _finish(*decoded.values())


def show_given(session: Session, choice: str) -> None:
    """Decode a token from stdin, from a file, or as it is given."""
    words = given_token(choice).split()
    token = words[-1] if words else ""  # without `Bearer`, or a header's name
    if not header_of(token) or not claims_of(token):
        raise UsageError(
            "what was given is no ID or access token: these are JWTs, three parts "
            "between dots",
            hint="a refresh token is encrypted: only Cognito can read it",
        )
    decoded = Judge(session).decoded(token)
    if session.settings.as_json:
        show_json(decoded.document())
    else:
        _show(decoded)
    _finish(decoded)


class Judge:
    """Judges tokens by the keys of their pool, and by our API if it is our pool's."""

    def __init__(self, session: Session) -> None:
        """Ask what the session's target publishes, once it is needed."""
        self._session = session
        self._keys_at: dict[str, Keys] = {}
        self._api: dict[str, Any] | None = None

    def decoded(self, token: str) -> Decoded:
        """Return a token with what is wrong with it, or with what it opens."""
        issuer = str(claims_of(token).get("iss"))
        pool_id = issuer.rpartition("/")[2]
        is_ours = pool_id == self._pool_id
        if not is_ours and not is_of_cognito(issuer):
            words = f"it is of {issuer}, which is no user pool that is known here"
            return Decoded(token, Flaw("wrong-pool", words), None)
        url = issuer_url(self._session, pool_id) if is_ours else issuer
        flaw = self._keys(url).flaw_of(token)
        if flaw or self._resources is None:
            return Decoded(token, flaw, None)
        reach = reach_of(claims_of(token), self._resources, is_ours=is_ours)
        return Decoded(token, None, reach)

    @cached_property
    def _pool_id(self) -> str | None:
        """The id of our own user pool, if there is one."""
        session = self._session
        if session.given is not None or not session.has_file:
            return session.given.user_pool.id if session.given else None
        try:
            session.look([session.stack.pool, session.stack.api])
        except (AwsRefused, BotoCoreError, ClientError) as error:
            session.tell(f"what it opens cannot be told: {as_cgw_error(error)}")
            return None
        self._api = session.stack.api.live
        return session.stack.pool.id

    @property
    def _resources(self) -> list[dict[str, Any]] | None:
        """Our API's resources, if there is one."""
        return list(self._api["Resources"].values()) if self._api else None

    def _keys(self, url: str) -> Keys:
        if url not in self._keys_at:
            trace = self._session.trace
            self._keys_at[url] = Keys(discover(url, trace), trace)
        return self._keys_at[url]


def _finish(*decoded: Decoded) -> None:
    if any(each.flaw for each in decoded):
        raise SystemExit(ExitCode.FAILED)


def _show(decoded: Decoded) -> None:
    title = _TITLES.get(decoded.kind, decoded.kind)
    say(styled(title, bold=True))
    if decoded.flaw:
        words = f"not valid: {decoded.flaw.words} ({decoded.flaw.code})"
        say(styled(f"  {words}", fg="red"))
    else:
        say(styled("  valid: its pool signed it, and it has not expired", fg="green"))
    _show_fields("header", header_of(decoded.token))
    _show_fields("claims", claims_of(decoded.token))
    for each in decoded.reach or []:
        mark = styled("yes", fg="green") if each.is_open else "no "
        say("  ", mark, f"  {each.route}: {each.why}")
    say()


def _show_fields(title: str, fields: dict[str, Any]) -> None:
    say(f"  {title}")
    for name, value in fields.items():
        say(f"    {one_line(name):<20}{spelled(name, value, from_now=True)}")


_TIMES = ("auth_time", "iat", "nbf", "exp")
_YEAR_9999 = 253_402_300_800  # from here on there is no calendar


def spelled(claim: str, content: object, *, from_now: bool = False) -> str:
    """Spell a claim for people: moments as dates, and how far off they are."""
    if claim in _TIMES and isinstance(content, int) and 0 <= content < _YEAR_9999:
        moment = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(content))
        return f"{content}  ({moment}{_distance(content) if from_now else ''})"
    if isinstance(content, bool):
        return str(content).lower()
    return ", ".join(map(str, content)) if isinstance(content, list) else str(content)


def _distance(moment: int) -> str:
    ahead = moment - time.time()
    words = in_words(abs(ahead))
    return f", in {words}" if ahead > 0 else f", {words} ago"
