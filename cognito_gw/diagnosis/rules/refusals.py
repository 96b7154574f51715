"""Causes that Cognito's or API Gateway's words name, documented in `refusals.yaml`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw.diagnosis.refusals import refusals
from cognito_gw.diagnosis.rule import Finding, NotInQuestion, Rule, or_default

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cognito_gw.diagnosis.call_case import CallCase
    from cognito_gw.diagnosis.sign_in_case import SignInCase

    Shown = dict[str, Any]

_STACK = "this stack"
_NAMES = ("AWS", "Cognito")  # which keep their capitals within a sentence
_CALL_FIX = "`cgw explain PATH` sends the call, and shows whether this is the cause"
_OF_ROUTES = ("route-not-found", "method-not-deployed")


def told_rules() -> Iterator[Rule[SignInCase]]:
    """Yield a rule for each refusal that no other rule documents."""
    for code, refusal in refusals().items():
        if refusal.summary:
            shows = _SHOWS[refusal.shows] if refusal.shows else _nothing
            text = f"{refusal.summary}.\n\n{refusal.details}".rstrip()
            yield _rule(code, text, refusal.fix, shows)


def told_of_calls(rules: Iterable[Rule[CallCase]]) -> Iterator[Rule[SignInCase]]:
    """Yield a rule for each cause of a call that words alone can name."""
    by_code = {rule.code: rule for rule in rules}
    for code, refusal in refusals().items():
        if code in by_code and not refusal.summary:
            shows = _routes if code in _OF_ROUTES else _nothing
            yield _rule(code, by_code[code].text, _CALL_FIX, shows)


def _rule(
    code: str, text: str, fix: str, shows: Callable[[SignInCase], Shown]
) -> Rule[SignInCase]:
    """Return a rule for words that name a cause; `shows` reads the stack's state."""

    def find(case: SignInCase) -> Finding:
        if not case.attempt.names(code):
            raise NotInQuestion  # what is not said is not ruled out
        summary = text.partition("\n")[0].rstrip(".")
        if not summary.startswith(_NAMES):
            summary = summary[:1].lower() + summary[1:]
        shown = {"told": case.attempt.told} | or_default(lambda: shows(case), {})
        return Finding(summary, shown)

    find.__doc__ = text
    return Rule(code, (), "Cognito did not say so", fix, None, find)


def _nothing(_: SignInCase) -> Shown:
    return {}


def _routes(case: SignInCase) -> Shown:
    routes = ", ".join(case.attempt.routes)
    return {_STACK: f"routes: {routes}"} if routes else {}


def _pool(case: SignInCase) -> Shown:
    name = case.pool.get("Name", case.pool_id)
    return {_STACK: f"the user pool {name} exists: {case.pool_id}"}


def _sign_up(case: SignInCase) -> Shown:
    settings = case.pool.get("AdminCreateUserConfig") or {}
    is_closed = settings.get("AllowAdminCreateUserOnly", False)
    return {_STACK: "sign-up is closed" if is_closed else "sign-up is open"}


def _policy(case: SignInCase) -> Shown:
    policy = (case.pool.get("Policies") or {}).get("PasswordPolicy") or {}
    wanted = [
        name.removeprefix("Require").lower()
        for name, value in policy.items()
        if name.startswith("Require") and value
    ]
    length = f"at least {policy.get('MinimumLength', 8)} characters"
    return {"password policy": ", ".join([length, *wanted])}


def _attributes(case: SignInCase) -> Shown:
    schema = case.pool.get("SchemaAttributes") or []
    needed = [attribute["Name"] for attribute in schema if attribute.get("Required")]
    names = case.pool.get("UsernameAttributes") or []
    return {
        "required attributes": ", ".join(needed) or "none",
        "sign-in names": ", ".join(names) or "any username",
    }


def _writable(case: SignInCase) -> Shown:
    client = case.client
    allowed = client.setting("WriteAttributes") if client else []
    return {"app client may write": ", ".join(allowed) or "every standard attribute"}


def _triggers(case: SignInCase) -> Shown:
    triggers = case.pool.get("LambdaConfig") or {}
    return {_STACK: f"triggers: {', '.join(sorted(triggers)) or 'none'}"}


def _user(case: SignInCase) -> Shown:
    if not case.attempt.user or case.user is None:
        return {}
    status = case.user.get("UserStatus")
    return {_STACK: f"the user {case.attempt.user} is {status}"}


def _factors(case: SignInCase) -> Shown:
    return {_STACK: f"MFA is {case.pool.get('MfaConfiguration', 'OFF')}"}


def _providers(case: SignInCase) -> Shown:
    client = case.client
    names = client.setting("SupportedIdentityProviders") if client else []
    return {"app client's identity providers": ", ".join(names) or "none"}


_SHOWS = {
    "pool": _pool,
    "sign_up": _sign_up,
    "policy": _policy,
    "attributes": _attributes,
    "writable": _writable,
    "triggers": _triggers,
    "user": _user,
    "factors": _factors,
    "providers": _providers,
}
