"""The local Cognito as a whole: its parts, and the operations that they answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from cognito_gw.local.faults import AwsFault
from cognito_gw.local.identity.authorization import Authorization
from cognito_gw.local.identity.challenges import Challenges
from cognito_gw.local.identity.codes import Codes
from cognito_gw.local.identity.lockout import Lockout
from cognito_gw.local.identity.profile import Profile
from cognito_gw.local.identity.sessions import Sessions
from cognito_gw.local.identity.sign_in import SignIn
from cognito_gw.local.identity.sign_up import SignUp
from cognito_gw.local.identity.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.local.activity import Activity
    from cognito_gw.local.identity.keys import Keys

# Moto would answer these by its own key, whose private half is published.
_NOT_HERE = (
    "CompleteWebAuthnRegistration ConfirmDevice DeleteWebAuthnCredential ForgetDevice "
    "GetDevice ListDevices ListUserSessions ListWebAuthnCredentials RevokeUserSession "
    "SetUserSettings StartWebAuthnRegistration UpdateDeviceStatus"
)


class Cognito:
    """Signs people in: by API here, by pages and OAuth through its parts.

    All of it belongs to the thread that owns moto's objects.
    """

    def __init__(
        self, keys: Keys, url: str, activity: Activity, lockout: Lockout | None = None
    ) -> None:
        """Sign with `keys`; issuers live under `url`; `activity` shows the mail."""
        lockout = lockout or Lockout()
        self.codes = Codes(activity)
        self.challenges = Challenges()
        self.tokens = Tokens(keys, url)
        sessions = Sessions(self.tokens)
        self.sign_in = SignIn(self.challenges, self.codes, sessions, lockout)
        self.sign_up = SignUp(self.codes)
        self.profile = Profile(self.tokens, self.challenges, self.codes, lockout)
        self.authorization = Authorization(self.tokens, sessions)
        self.operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            **dict.fromkeys(_NOT_HERE.split(), _not_here),
            **sessions.operations,
            **self.sign_in.operations,
            **self.sign_up.operations,
            **self.profile.operations,
        }


def _not_here(_: dict[str, Any]) -> NoReturn:
    raise AwsFault(
        "InvalidParameterException", "The local AWS does not have this operation yet"
    )
