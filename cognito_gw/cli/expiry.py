"""Tokens that a user pool signed and that have expired, for `cgw check` to try."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cognito_gw.errors import CgwError
from cognito_gw.oauth.request import send
from cognito_gw.oauth.tokens import claims_of

if TYPE_CHECKING:
    from cognito_gw.cli.session import Session
    from cognito_gw.oauth.tokens import Tokens


def expired_token(session: Session, token: str, old: Tokens | None) -> str | None:
    """Return a token like this one that has expired; None where there is none.

    The local AWS signs one. On AWS, only time makes them: the tokens that were kept
    before this sign-in may have expired.
    """
    if session.is_local:
        return _signed_locally(session, token)
    kept = (old.id_token, old.access_token) if old else ()
    return next((each for each in kept if each and _is_expired(each, token)), None)


def _is_expired(old: str, token: str) -> bool:
    """Whether a token has expired, and differs from the other in nothing else."""
    before, now = claims_of(old), claims_of(token)
    names = ("iss", "token_use", "aud", "client_id", "sub", "scope")
    is_like = all(before.get(name) == now.get(name) for name in names)
    return is_like and before.get("exp", time.time()) < time.time()


def _signed_locally(session: Session, token: str) -> str:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    url = f"{session.server.url}/_cgw/expired-token"
    request = AWSRequest("POST", url, data=token)
    key = session.server.access_key
    SigV4Auth(Credentials(key.id, key.secret), "cgw", "local").add_auth(request)
    response = send("POST", url, [*request.headers.items()], [], token.encode())
    if response.is_error:
        raise CgwError(f"the local AWS did not issue an expired token: {response.text}")
    return response.text
