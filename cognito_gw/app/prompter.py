"""Answers to what a sign-in asks: preset, or typed at a terminal."""

from __future__ import annotations

import io
import os
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from cognito_gw.errors import Missing, UsageError
from cognito_gw.report.say import ask, say, styled
from cognito_gw.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cognito_gw.app.context import Session
    from cognito_gw.config.model import Password

PASSWORD = "CGW_PASSWORD"  # noqa: S105 - the variable's name
NEW_PASSWORD = "CGW_NEW_PASSWORD"  # noqa: S105 - likewise
_SECONDS = 30  # that a one-time password lasts
_WORDS = {
    "EMAIL_OTP": "code by email",
    "PASSWORD": "password",
    "PASSWORD_SRP": "password, proved and not sent",
    "SMS_MFA": "code by text message",
    "SMS_OTP": "code by text message",
    "SOFTWARE_TOKEN_MFA": "authenticator app",
}


@dataclass(frozen=True)
class Prepared:
    """What the command line gives in advance."""

    code: str | None = field(default=None, repr=False)
    factors: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    totp_secret: Path | None = None  # a file with an authenticator app's secret


class Answers:
    """Answers the questions of one sign-in."""

    def __init__(
        self, session: Session, prepared: Prepared, password: Password | None
    ) -> None:
        """Give what is `prepared`, and the user's `password` in the file."""
        self._session = session
        self._prepared = prepared
        self._file_password = password
        self._code = prepared.code  # good for one answer
        self._shown: str | None = None  # the secret that stands on the terminal

    def password(self, user: str) -> str:
        """Return the password in the file, in CGW_PASSWORD, or that is typed."""
        if self._file_password is not None:
            return self._file_password.reveal()
        if PASSWORD in os.environ:
            return os.environ[PASSWORD]
        advice = f"set {PASSWORD}, or run in a terminal"
        if self._session.given is None:
            advice = f"add `password: ${{A_VARIABLE}}` to the user, {advice}"
        where = "given" if self._session.given else "in the file"
        _require_terminal(f"the password of {user} is not {where}", advice)
        return _ask(f"Password of {user}", hidden=True)

    def new_password(self, user: str) -> str:
        """Return CGW_NEW_PASSWORD, or what is typed twice."""
        if NEW_PASSWORD in os.environ:
            return os.environ[NEW_PASSWORD]
        question = f"Cognito wants {user} to choose a new password"
        _require_terminal(question, f"run in a terminal, or set {NEW_PASSWORD}")
        return _ask(question, hidden=True, twice=True)

    def attribute(self, user: str, name: str) -> str:
        """Return what `--attribute` gives, or what is typed."""
        if name in self._prepared.attributes:
            return self._prepared.attributes[name]
        _require_terminal(
            f"Cognito wants the attribute {name} of {user}",
            f"run in a terminal, or give it with `--attribute {name}=…`",
        )
        return _ask(f"{name} of {user}")

    def sent_code(self, user: str, source: str) -> str:
        """Return what `--code` gives, or what is typed."""
        if self._code is not None:
            return self._prepared_code()
        _require_terminal(
            f"Cognito wants the code of {user} from {source}",
            "give it with `--code CODE`, within three minutes",
        )
        return _ask(f"Code from {source}")

    def app_code(self, user: str) -> str:
        """Return what `--code` gives, what the secret makes, or what is typed."""
        if self._code is not None:
            return self._prepared_code()
        if self._prepared.totp_secret:
            return self._computed(_read_secret(self._prepared.totp_secret))
        _require_terminal(
            f"Cognito wants the code that the authenticator app of {user} shows",
            "give it with `--code CODE`, or let `--totp-secret FILE` compute it",
        )
        return _ask("Code from your authenticator app")

    def choice(self, user: str, options: Sequence[str]) -> str:
        """Return what `--factor` gives, the only option, or what is typed."""
        wanted = [each for each in self._prepared.factors if each in options]
        if wanted or len(options) == 1:
            return [*wanted, *options][0]
        if self._prepared.factors:
            given, there = ", ".join(self._prepared.factors), ", ".join(options)
            raise UsageError(f"{user} cannot sign in by {given}; there is: {there}")
        _require_terminal(
            f"{user} can sign in by {', '.join(options)}",
            "choose with `--factor`, or run in a terminal",
        )
        for option in options:
            say(f"  {one_line(option):<20}{_WORDS.get(option, '')}", err=True)
        kinds = click.Choice(list(options))
        return str(ask("Sign in by", type=kinds, show_choices=False))

    def set_up_app(self, user: str, secret: str) -> str:
        """Put the secret into `--totp-secret`, or show it and ask for the code."""
        if self._prepared.totp_secret:
            _write_secret(self._prepared.totp_secret, secret)
            return self._computed(secret)
        _require_terminal(
            f"the pool wants {user} to set up an authenticator app",
            "run in a terminal, or name a file for the app's secret: `--totp-secret`",
        )
        if secret != self._shown:
            _show_secret(self._session.config.name, user, secret)
            self._shown = secret
        return _ask("Code that the app shows")

    def again(self, code: str, words: str) -> bool:
        """Tell why an answer was refused; wait for the next code if one is computed."""
        if code == "ExpiredCodeException" and self._prepared.totp_secret:
            return self._waited_for_the_next_code()
        if not is_terminal():
            return False
        say(words, err=True)
        return True

    def _prepared_code(self) -> str:
        code, self._code = self._code or "", None
        return code

    def _computed(self, secret: str) -> str:
        from pyotp import TOTP

        try:
            return TOTP(secret).now()
        except ValueError:
            raise UsageError(
                f"{self._prepared.totp_secret} holds no secret of an authenticator app",
                hint="it is the text in base 32 that stands beside the QR code",
            ) from None

    def _waited_for_the_next_code(self) -> bool:
        wait = _SECONDS - time.time() % _SECONDS
        self._session.tell(f"waiting {wait:.0f} s for the next code: each works once")
        self._session.aws.sleep(wait)
        return True


def is_terminal() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty()


def _require_terminal(what: str, hint: str) -> None:
    if not is_terminal():
        raise Missing(what, hint=hint)


def _ask(question: str, *, hidden: bool = False, twice: bool = False) -> str:
    return str(ask(question, hide_input=hidden, confirmation_prompt=twice))


def _read_secret(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from None


def _write_secret(file: Path, secret: str) -> None:
    """Write the secret for this user alone; never over another."""
    if file.exists() and _read_secret(file) == secret:
        return
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(
            f"{file} is there already, and Cognito asks to set up a new app",
            hint="remove the file if its secret is of no use any more",
        ) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            opened.write(f"{secret}\n")
    except OSError as error:  # an empty file would stand in the way next time
        file.unlink()
        raise OSError(error.errno, error.strerror, str(file)) from None


def _show_secret(stack: str, user: str, secret: str) -> None:
    import segno
    from pyotp import TOTP

    uri = TOTP(secret).provisioning_uri(name=user, issuer_name=stack)
    picture = io.StringIO()
    segno.make(uri, micro=False).terminal(out=picture, compact=True)
    say("Scan this with an authenticator app, or type the secret:", err=True)
    for row in picture.getvalue().splitlines():
        # Not the terminal's own colours: on a light one they would be the wrong way.
        say(styled(row, fg="bright_white", bg="black"), err=True)
    say(f"secret: {secret}", err=True)
