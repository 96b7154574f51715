"""The local Amazon Cognito, which its operations, pages and OAuth endpoints share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cognito_gw.local.cognito.challenges import Challenges, Lockout
from cognito_gw.local.cognito.codes import Codes
from cognito_gw.local.cognito.oauth import Authorization
from cognito_gw.local.cognito.sign_in import SignIn
from cognito_gw.local.cognito.sign_up import SignUp
from cognito_gw.local.cognito.tokens import Tokens

if TYPE_CHECKING:
    from cognito_gw.local.cognito.tokens import Keys
    from cognito_gw.local.events import Activity


class Cognito:
    """The parts of one local Cognito. Use it only on the thread that moto runs on."""

    def __init__(
        self, keys: Keys, url: str, activity: Activity, lockout: Lockout | None = None
    ) -> None:
        """Sign with `keys`; issuers live under `url`; `activity` shows the mail."""
        self.lockout = lockout or Lockout()
        self.codes = Codes(activity)
        self.challenges = Challenges()
        self.tokens = Tokens(keys, url)
        self.sign_in = SignIn(self.challenges, self.codes, self.tokens, self.lockout)
        self.sign_up = SignUp(self.codes)
        self.authorization = Authorization(self.tokens)
