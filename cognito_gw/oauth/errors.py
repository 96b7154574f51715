"""Cognito's refusals to give tokens, each with what can be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cognito_gw.aws.errors import code_of, message_of
from cognito_gw.errors import CgwError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_ADVICE = {
    "CodeMismatchException": "is it the newest code, and of this pool?",
    "EnableSoftwareTokenMFAException": "is this machine's clock right? codes need it",
    "ExpiredCodeException": "each code works once, and not for long: take the next one",
    "InvalidParameterException": "is the sign-in flow enabled for this app client? "
    "`cgw client` sets it as the file says",
    "InvalidPasswordException": "choose one that meets the pool's password policy",
    "NotAuthorizedException": "is the password still the user's? `cgw up` never "
    "resets one, `cgw user password` does",
    "PasswordResetRequiredException": "set a new password: `cgw user password`",
    "ResourceNotFoundException": "`cgw status` shows whether the app client exists",
    "UserNotConfirmedException": "confirm the sign-up with the code that was sent, or "
    "with `cgw user confirm`",
    "UserNotFoundException": "`cgw user` makes the users of the file",
}
# What NotAuthorizedException says besides that a password is wrong.
_ADVICE_ON_WORDS = {
    "disabled": "`cgw user enable` lets the user in again",
    "SECRET_HASH": "the app client has a secret: set CGW_CLIENT_SECRET to it",
    "secret hash": "is CGW_CLIENT_SECRET the secret of this app client?",
    "session": "it took too long, or was answered before: begin anew",
    "Temporary password": "give the user another: `cgw user password`",
}


class SignInRefused(CgwError):
    """Raised when Cognito does not give tokens: its code, and what can be done."""

    def __init__(self, user: str, error: ClientError) -> None:
        """Word what Cognito answered about `user`."""
        self.code, words = code_of(error), message_of(error)
        special = [hint for word, hint in _ADVICE_ON_WORDS.items() if word in words]
        super().__init__(
            f"no tokens for {user}: {words} ({self.code})",
            hint=special[0] if special else _ADVICE.get(self.code),
        )
