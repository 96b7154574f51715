"""Decodes tokens: claims, validity, and the routes that accept them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cognito_gw.app.auth import issuer_url
from cognito_gw.app.request_options import given_token
from cognito_gw.app.walks import look
from cognito_gw.aws.errors import as_cgw_error
from cognito_gw.diagnosis.api import Reach, reach_of
from cognito_gw.errors import AwsRefused, UsageError
from cognito_gw.oauth.app_client import discover, is_of_cognito
from cognito_gw.oauth.tokens import Flaw, Keys, claims_of, header_of

if TYPE_CHECKING:
    from cognito_gw.app.context import Context


@dataclass(frozen=True)
class Decoded:
    """One token, its flaw if it is not valid, and the routes that accept it."""

    token: str
    flaw: Flaw | None
    reach: list[Reach] | None  # None: not known

    @property
    def kind(self) -> str:
        """The token's `token_use`: id or access."""
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
            else [route.document() for route in self.reach],
        }


def given_jwt(choice: str) -> str:
    """Return the token that `choice` gives: itself, @FILE, or - for stdin.

    Raises UsageError for what is not an ID or access token.
    """
    words = given_token(choice).split()
    token = words[-1] if words else ""  # without `Bearer`, or a header's name
    if not header_of(token) or not claims_of(token):
        raise UsageError(
            "not an ID or access token: those are JWTs, three parts between dots",
            hint="only Cognito can read a refresh token: it is encrypted",
        )
    return token


class Decoder:
    """Decodes tokens, and verifies them with the keys of their pool."""

    def __init__(self, context: Context) -> None:
        """Make no call yet."""
        self._context = context
        self._keys_at: dict[str, Keys] = {}
        self._api: dict[str, Any] | None = None

    def decoded(self, token: str) -> Decoded:
        """Return a token with its flaw, or with the routes that accept it."""
        issuer = str(claims_of(token).get("iss"))
        pool_id = issuer.rpartition("/")[2]
        is_ours = pool_id == self._pool_id
        if not is_ours and not is_of_cognito(issuer):
            words = f"its issuer is {issuer}, not a known user pool"
            return Decoded(token, Flaw("wrong-pool", words), None)
        url = issuer_url(self._context, pool_id) if is_ours else issuer
        flaw = self._keys(url).flaw_of(token)
        if flaw or self._resources is None:
            return Decoded(token, flaw, None)
        reach = reach_of(claims_of(token), self._resources, is_ours=is_ours)
        return Decoded(token, None, reach)

    @cached_property
    def _pool_id(self) -> str | None:
        """The ID of the file's user pool, if it exists."""
        context = self._context
        if context.given is not None or not context.has_file:
            return context.given.user_pool.id if context.given else None
        try:
            look(context, [context.stack.pool, context.stack.api])
        except (AwsRefused, BotoCoreError, ClientError) as error:
            context.ui.tell(
                f"the routes that accept it are not known: {as_cgw_error(error)}"
            )
            return None
        self._api = context.stack.api.live
        return context.stack.pool.id

    @property
    def _resources(self) -> list[dict[str, Any]] | None:
        """The resources of the file's API, if it exists."""
        return list(self._api["Resources"].values()) if self._api else None

    def _keys(self, url: str) -> Keys:
        if url not in self._keys_at:
            trace = self._context.ui.trace
            self._keys_at[url] = Keys(discover(url, trace), trace)
        return self._keys_at[url]
