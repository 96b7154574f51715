"""Sign-in errors of Cognito, each with advice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cognito_gw.aws.errors import code_of, message_of
from cognito_gw.errors import CgwError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_ADVICE = {
    "CodeMismatchException": "use the newest code of this user pool",
    "EnableSoftwareTokenMFAException": "check this machine's clock",
    "ExpiredCodeException": "each code works once, for a short time: use the next one",
    "InvalidParameterException": "is the sign-in flow enabled for this app client? "
    "`cgw client` applies the file",
    "InvalidPasswordException": "choose a password that meets the pool's policy",
    "NotAuthorizedException": "is the password current? `cgw up` never resets "
    "a password; `cgw user password` does",
    "PasswordResetRequiredException": "set a new password: `cgw user password`",
    "ResourceNotFoundException": "`cgw status` shows whether the app client exists",
    "UserNotConfirmedException": "confirm the sign-up with the code that was sent, or "
    "with `cgw user confirm`",
    "UserNotFoundException": "`cgw user` creates the users in the file",
}
# Other causes of NotAuthorizedException, by words in its message.
_ADVICE_ON_WORDS = {
    "disabled": "`cgw user enable` enables the user",
    "SECRET_HASH": "the app client has a secret: set CGW_CLIENT_SECRET to it",
    "secret hash": "is CGW_CLIENT_SECRET the secret of this app client?",
    "session": "the session expired or was used: start again",
    "Temporary password": "set a new one: `cgw user password`",
}


class SignInRefused(CgwError):
    """Raised when Cognito refuses a sign-in; `code` is its error code."""

    def __init__(self, user: str, error: ClientError) -> None:
        """Describe the error that Cognito returned for `user`."""
        self.code, words = code_of(error), message_of(error)
        special = [hint for word, hint in _ADVICE_ON_WORDS.items() if word in words]
        super().__init__(
            f"no tokens for {user}: {words} ({self.code})",
            hint=special[0] if special else _ADVICE.get(self.code),
        )
