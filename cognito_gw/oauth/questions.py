"""What a sign-in may ask whoever signs in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Questions(Protocol):
    """Answers from a terminal, from options, from the environment.

    Each raises `Missing` when there is nobody to ask and no answer is prepared.
    """

    def password(self, user: str) -> str:
        """Return the user's password."""

    def new_password(self, user: str) -> str:
        """Return the password that the user wants from now on."""

    def attribute(self, user: str, name: str) -> str:
        """Return an attribute of the user that the pool requires."""

    def sent_code(self, user: str, source: str) -> str:
        """Return the code that was sent to the user; `source` says how, and where."""

    def app_code(self, user: str) -> str:
        """Return the code that the user's authenticator app shows."""

    def choice(self, user: str, options: Sequence[str]) -> str:
        """Return the way to sign in that the user chooses, in Cognito's word for it."""

    def set_up_app(self, user: str, secret: str) -> str:
        """Put the secret into an authenticator app, and return the code it shows."""

    def again(self, code: str, words: str) -> bool:
        """Tell AWS's error code and words for a refused answer; whether to ask anew."""
