"""Answers to what a sign-in asks: preset, or typed at a terminal."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cognito_gw.errors import Missing, UsageError
from cognito_gw.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cognito_gw.app.context import Context
    from cognito_gw.config.variables import Password

PASSWORD = "CGW_PASSWORD"  # noqa: S105 - the variable's name
NEW_PASSWORD = "CGW_NEW_PASSWORD"  # noqa: S105 - likewise
_PERIOD = 30  # seconds that a one-time password is valid
_FACTORS = {
    "EMAIL_OTP": "code by email",
    "PASSWORD": "password",
    "PASSWORD_SRP": "password, verified without sending it",
    "SMS_MFA": "code by text message",
    "SMS_OTP": "code by text message",
    "SOFTWARE_TOKEN_MFA": "authenticator app",
}


@dataclass(frozen=True)
class PresetAnswers:
    """Answers that the command line gives in advance."""

    code: str | None = field(default=None, repr=False)
    factors: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    totp_secret: Path | None = None  # file of an authenticator app's secret


class Prompter:
    """Answers the questions of one sign-in: preset answers first, then the user."""

    def __init__(
        self, context: Context, preset: PresetAnswers, password: Password | None
    ) -> None:
        """Use `preset` answers, and the user's `password` from the file."""
        self._context = context
        self._ui = context.ui
        self._preset = preset
        self._file_password = password
        self._code = preset.code  # for one answer only
        self._shown: str | None = None  # the secret that the user sees already

    def password(self, user: str) -> str:
        """Return the password of the file, of CGW_PASSWORD, or the user's answer."""
        if self._file_password is not None:
            return self._file_password.reveal()
        if PASSWORD in os.environ:
            return os.environ[PASSWORD]
        advice = f"set {PASSWORD}, or run in a terminal"
        if self._context.given is None:
            advice = f"add `password: ${{A_VARIABLE}}` to the user, {advice}"
        where = "given" if self._context.given else "in the file"
        self._require_user(f"no password for {user} is {where}", advice)
        return self._ui.ask(f"Password of {user}", hidden=True)

    def new_password(self, user: str) -> str:
        """Return CGW_NEW_PASSWORD, or the user's answer, typed twice."""
        if NEW_PASSWORD in os.environ:
            return os.environ[NEW_PASSWORD]
        question = f"Cognito requires a new password for {user}"
        self._require_user(question, f"run in a terminal, or set {NEW_PASSWORD}")
        return self._ui.ask(question, hidden=True, twice=True)

    def attribute(self, user: str, name: str) -> str:
        """Return the value of `--attribute`, or the user's answer."""
        if name in self._preset.attributes:
            return self._preset.attributes[name]
        self._require_user(
            f"Cognito requires the attribute {name} of {user}",
            f"run in a terminal, or use `--attribute {name}=…`",
        )
        return self._ui.ask(f"{name} of {user}")

    def sent_code(self, user: str, source: str) -> str:
        """Return the value of `--code`, or the user's answer."""
        if self._code is not None:
            return self._preset_code()
        self._require_user(
            f"Cognito requires the code of {user} from {source}",
            "use `--code CODE` within three minutes",
        )
        return self._ui.ask(f"Code from {source}")

    def app_code(self, user: str) -> str:
        """Return the value of `--code`, the secret's code, or the user's answer."""
        if self._code is not None:
            return self._preset_code()
        if self._preset.totp_secret:
            return self._computed(_read_secret(self._preset.totp_secret))
        self._require_user(
            f"Cognito requires a code from the authenticator app of {user}",
            "use `--code CODE`, or `--totp-secret FILE`, which computes it",
        )
        return self._ui.ask("Code from your authenticator app")

    def choice(self, user: str, options: Sequence[str]) -> str:
        """Return the value of `--factor`, the only option, or the user's answer."""
        chosen = [factor for factor in self._preset.factors if factor in options]
        if chosen or len(options) == 1:
            return [*chosen, *options][0]
        if self._preset.factors:
            given, there = ", ".join(self._preset.factors), ", ".join(options)
            raise UsageError(f"{user} cannot sign in by {given}; available: {there}")
        self._require_user(
            f"{user} can sign in by {', '.join(options)}",
            "choose with `--factor`, or run in a terminal",
        )
        for option in options:
            self._ui.show(f"  {one_line(option):<20}{_FACTORS.get(option, '')}")
        return self._ui.ask("Sign in by", options=options)

    def set_up_app(self, user: str, secret: str) -> str:
        """Write the secret to `--totp-secret`, or show it; return the app's code."""
        if self._preset.totp_secret:
            _write_secret(self._preset.totp_secret, secret)
            return self._computed(secret)
        self._require_user(
            f"the pool requires {user} to set up an authenticator app",
            "run in a terminal, or name a file for its secret with `--totp-secret`",
        )
        if secret != self._shown:
            from pyotp import TOTP

            stack = self._context.config.name
            uri = TOTP(secret).provisioning_uri(name=user, issuer_name=stack)
            self._ui.show_secret(secret, uri)
            self._shown = secret
        return self._ui.ask("Code that the app shows")

    def again(self, code: str, words: str) -> bool:
        """Return whether to ask again after a refusal, which is shown to the user.

        A computed code that was used before: wait for the next one.
        """
        if code == "ExpiredCodeException" and self._preset.totp_secret:
            return self._waited_for_the_next_code()
        if self._ui.is_interactive:
            self._ui.show(words)
        return self._ui.is_interactive

    def _preset_code(self) -> str:
        code, self._code = self._code or "", None
        return code

    def _computed(self, secret: str) -> str:
        from pyotp import TOTP

        try:
            return TOTP(secret).now()
        except ValueError:
            raise UsageError(
                f"{self._preset.totp_secret} is not the secret of an authenticator app",
                hint="the secret is the base32 text shown beside the QR code",
            ) from None

    def _waited_for_the_next_code(self) -> bool:
        wait = _PERIOD - time.time() % _PERIOD
        self._ui.tell(f"waiting {wait:.0f} s for the next code: each works once")
        self._context.aws.sleep(wait)
        return True

    def _require_user(self, what: str, hint: str) -> None:
        if not self._ui.is_interactive:
            raise Missing(what, hint=hint)


def _read_secret(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from None


def _write_secret(file: Path, secret: str) -> None:
    """Write the secret with mode 0600; never over another one."""
    if file.exists() and _read_secret(file) == secret:
        return
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(
            f"{file} already exists, and Cognito requires a new authenticator app",
            hint="remove the file if you no longer need its secret",
        ) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            opened.write(f"{secret}\n")
    except OSError as error:  # an empty file would block the next run
        file.unlink()
        raise OSError(error.errno, error.strerror, str(file)) from None
