"""Causes of a failed sign-in: the user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw.diagnosis.rule import Finding, NotInQuestion, or_default, rule
from cognito_gw.text import guess

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.diagnosis.sign_in_case import SignInCase

_OTHER_USER = (
    "this user is not in that state now: name the user who signed in with "
    "`--user NAME`, or sign in again"
)
# States whose own cause explains "Incorrect username or password".
_NOT_YET = ("UNCONFIRMED", "RESET_REQUIRED", "FORCE_CHANGE_PASSWORD")


@rule(
    otherwise="the user exists",
    fix="`cgw user` creates the users in the file",
    elsewhere="sign the user up",
)
def user_missing(case: SignInCase) -> Finding | None:
    """The user does not exist in the user pool.

    Cognito hides this from clients: it says `Incorrect username or password`.
    """
    summary = "the user does not exist in the user pool"
    if told := _told(case, "user-missing", summary, lambda _: False):
        return told
    if case.named_user is not None:
        return None
    meant = guess(case.attempt.user or "", case.names)
    return Finding(
        f"the user pool has no user {case.attempt.user}" + (meant and f"; {meant}"),
        {"user": case.attempt.user, "user pool": case.pool_id},
    )


@rule(
    otherwise="the user is enabled",
    fix="`cgw user enable {user}`",
    elsewhere="`aws cognito-idp admin-enable-user --user-pool-id {pool_id} "
    "--username {user}`",
)
def user_disabled(case: SignInCase) -> Finding | None:
    """The user is disabled, and gets no tokens.

    Tokens already issued stay valid until they expire: API Gateway does not ask
    Cognito.
    """
    summary = "the user is disabled"
    if told := _told(case, "user-disabled", summary, lambda user: not _enabled(user)):
        return told
    user = case.named_user
    if user is None or _enabled(user):
        return None
    return Finding(summary, _about(case, Enabled=False))


@rule(
    otherwise="the user is confirmed",
    fix="`cgw user confirm {user}`",
    elsewhere="`aws cognito-idp admin-confirm-sign-up --user-pool-id {pool_id} "
    "--username {user}`",
)
def user_unconfirmed(case: SignInCase) -> Finding | None:
    """The user signed up, but did not enter the code that Cognito sent."""
    summary = "the user has not confirmed the sign-up"
    return _in_state(case, "user-unconfirmed", "UNCONFIRMED", summary)


@rule(
    otherwise="the user does not have to reset the password",
    fix="`cgw user password {user}`",
    elsewhere="`aws cognito-idp admin-set-user-password --permanent --user-pool-id "
    "{pool_id} --username {user} --password …`",
)
def password_reset_required(case: SignInCase) -> Finding | None:
    """An administrator reset the password: the user must choose a new one first."""
    summary = "the user must reset the password"
    return _in_state(case, "password-reset-required", "RESET_REQUIRED", summary)


@rule(
    otherwise="the user has chosen a password",
    fix="`cgw user password {user}` sets a permanent one",
    elsewhere="sign in at the sign-in pages once, or `aws cognito-idp "
    "admin-set-user-password --permanent …`",
)
def new_password_required(case: SignInCase) -> Finding | None:
    """The user's password is temporary, and the user must choose a new one.

    Until then, Cognito responds with the challenge NEW_PASSWORD_REQUIRED instead of
    tokens.
    """
    summary, status = "the user's password is temporary", "FORCE_CHANGE_PASSWORD"
    return _in_state(case, "new-password-required", status, summary)


@rule(
    otherwise="no second factor is required",
    fix="`cgw token --user {user} --code CODE`; in a terminal, cgw asks for the code",
    elsewhere="answer the challenge, as `cgw token` does in a terminal",
)
def mfa_required(case: SignInCase) -> Finding | None:
    """The user has a second factor, and its code was not entered.

    Cognito responds with a challenge (SOFTWARE_TOKEN_MFA, SMS_MFA, EMAIL_OTP,
    MFA_SETUP…) instead of tokens.
    """
    attempt = case.attempt
    if not attempt.names("mfa-required"):
        raise NotInQuestion
    user = _known(case) or {}
    pool = or_default(lambda: case.pool, {})
    factors = ", ".join(user.get("UserMFASettingList", []))
    known = {"pool": pool.get("MfaConfiguration"), "user's factors": factors}
    return Finding(
        "Cognito requires a second factor",
        {"told": attempt.told} | {key: value for key, value in known.items() if value},
    )


@rule(
    otherwise="the password is right",
    fix="`cgw user password {user}`; `cgw up` never changes a password",
    elsewhere="enter the right password",
)
def wrong_password(case: SignInCase) -> Finding | None:
    """The password is wrong. After several attempts Cognito makes the user wait."""
    if not case.attempt.names("wrong-password"):
        raise NotInQuestion
    summary = "the password is wrong, or the user does not exist"
    if case.attempt.user:
        user = or_default(lambda: case.user, {})
        summary = "the password is wrong" if user else summary
        is_otherwise = user is None or user.get("UserStatus") in _NOT_YET
        if is_otherwise or not _enabled(user or {}):
            return None  # another cause has the same message
    return Finding(summary, {"told": case.attempt.told})


def _in_state(case: SignInCase, code: str, status: str, summary: str) -> Finding | None:
    """Return the finding for a user in a state, or for Cognito's message of it."""
    if told := _told(case, code, summary, lambda user: user["UserStatus"] == status):
        return told
    return Finding(summary, _about(case)) if case.user_is(status) else None


def _told(
    case: SignInCase,
    code: str,
    summary: str,
    is_so: Callable[[dict[str, Any]], bool],
) -> Finding | None:
    """Return the finding for Cognito's message, with the state of this user."""
    if not case.attempt.names(code):
        return None
    user, name = _known(case), case.attempt.user
    shown: dict[str, Any] = {"told": case.attempt.told}
    if user:
        state = "enabled" if _enabled(user) else "disabled"
        shown["this stack"] = f"the user {name} is {user.get('UserStatus')}, {state}"
        if not is_so(user):
            return Finding(summary, shown, _OTHER_USER)
    elif name:
        shown["this stack"] = f"the user {name} does not exist, as far as cgw can read"
    return Finding(summary, shown)


def _enabled(user: dict[str, Any]) -> bool:
    return bool(user.get("Enabled", True))


def _known(case: SignInCase) -> dict[str, Any] | None:
    return or_default(lambda: case.user, None) if case.attempt.user else None


def _about(case: SignInCase, **more: Any) -> dict[str, Any]:
    status = (case.named_user or {}).get("UserStatus")
    return {"user": case.attempt.user, "UserStatus": status} | more
