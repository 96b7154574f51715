"""Sign-in: a first factor, then one challenge after another, until tokens."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cognito_gw.local.cognito import checks, codes, directory, user_attributes
from cognito_gw.local.cognito.challenges import (
    Challenge,
    Challenges,
    Exchange,
    Subject,
    not_for_this_user,
    public_number,
)
from cognito_gw.local.cognito.checks import (
    check_policy,
    check_secret_hash,
    check_state,
    hides_users,
    known_user,
    require_active,
    require_flow,
    required,
    signed_in_user,
    wrong_password,
)
from cognito_gw.local.cognito.directory import User
from cognito_gw.local.errors import AwsFault, invalid_parameter
from cognito_gw.oauth.srp import SrpError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cognito_gw.local.cognito.challenges import Lockout, Pending
    from cognito_gw.local.cognito.codes import Codes
    from cognito_gw.local.cognito.directory import AppClient
    from cognito_gw.local.cognito.tokens import Tokens

Request = dict[str, Any]
Answer = dict[str, Any]
Outcome = Challenge | User
Check = Callable[["AppClient", "Pending", dict[str, str]], Outcome]

_FAILURES = ("NotAuthorizedException", "CodeMismatchException")
_REFRESH_FLOWS = ("REFRESH_TOKEN_AUTH", "REFRESH_TOKEN")
_ADMIN_ONLY = ("ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH")
# Flow: the setting of the app client that allows it.
_ALLOWED_BY = {
    "USER_PASSWORD_AUTH": "ALLOW_USER_PASSWORD_AUTH",
    "USER_SRP_AUTH": "ALLOW_USER_SRP_AUTH",
    "USER_AUTH": "ALLOW_USER_AUTH",
    "ADMIN_USER_PASSWORD_AUTH": "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ADMIN_NO_SRP_AUTH": "ALLOW_ADMIN_USER_PASSWORD_AUTH",
}


@dataclass
class SignIn:
    """Authenticates users by a password or a code, and issues tokens."""

    challenges: Challenges
    codes: Codes
    tokens: Tokens
    lockout: Lockout  # slows down guessing of passwords and codes

    def __post_init__(self) -> None:
        """Map each challenge to the method that checks its answer."""
        self._checks: dict[str, Check] = {
            "PASSWORD_VERIFIER": self._proof,
            "NEW_PASSWORD_REQUIRED": self._new_password,
            "SOFTWARE_TOKEN_MFA": self._one_time_password,
            "EMAIL_OTP": self._message_code,
            "SMS_MFA": self._message_code,
            "SMS_OTP": self._message_code,
            "MFA_SETUP": self._mfa_set_up,
            "SELECT_MFA_TYPE": self._mfa_selected,
            "SELECT_CHALLENGE": self._challenge_selected,
        }

    def with_password(self, client: AppClient, name: str, password: str) -> Outcome:
        """Return the user with this name and password, or the challenge to answer."""
        user = known_user(client, name)
        subject = _subject(client, name, user)
        with self._attempt(client, subject):
            if user is None or not user.has_password(password):
                raise wrong_password()
        check_state(client, user)
        return self._ended(client, self._next(client, user))

    def answer(
        self, client: AppClient, name: str, session: str, responses: dict[str, str]
    ) -> Outcome:
        """Return the user who answered a challenge, or the next challenge."""
        pending = self.challenges.find(client, name, session)
        outcome = self._checks[name](client, pending, responses)
        self.challenges.spend(session)
        return self._ended(client, outcome)

    @contextmanager
    def _attempt(self, client: AppClient, subject: Subject) -> Iterator[None]:
        """Count a failed attempt in the block; refuse the attempt during a lockout."""
        key = f"{client.pool_id}/{subject.username}"
        self.lockout.check(key)
        try:
            yield
        except AwsFault as fault:
            if fault.code in _FAILURES:
                self.lockout.failed(key)
            raise

    def _ended(self, client: AppClient, outcome: Outcome) -> Outcome:
        if isinstance(outcome, User):
            self.lockout.succeeded(f"{client.pool_id}/{outcome.username}")
        return outcome

    def initiate(
        self, client: AppClient, request: Request, *, is_admin: bool = False
    ) -> Answer:
        """Return the tokens or the first challenge, as InitiateAuth does."""
        flow = request.get("AuthFlow", "")
        parameters = request.get("AuthParameters", {})
        if flow in _REFRESH_FLOWS:
            return self._refresh(client, parameters)
        if flow == "CUSTOM_AUTH":
            require_flow(client, "ALLOW_CUSTOM_AUTH", flow)
            raise invalid_parameter(
                "Custom auth lambda trigger is not configured for the user pool."
            )
        if flow not in _ALLOWED_BY or (flow in _ADMIN_ONLY and not is_admin):
            raise invalid_parameter(f"Initiate Auth method not supported: {flow}.")
        require_flow(client, _ALLOWED_BY[flow], flow)
        name = required(parameters, "USERNAME")
        check_secret_hash(client, name, parameters)
        if flow == "USER_AUTH":
            return self._answer(client, self._choose(client, name, parameters))
        factor = "PASSWORD_SRP" if flow == "USER_SRP_AUTH" else "PASSWORD"
        outcome = self._first_factor(client, name, factor, parameters)
        return self._answer(client, outcome)

    def respond(self, client: AppClient, request: Request) -> Answer:
        """Return the tokens or the next challenge, as RespondToAuthChallenge does."""
        name = required(request, "ChallengeName")
        responses = request.get("ChallengeResponses", {})
        session = request.get("Session") or responses.get("PASSWORD_CLAIM_SECRET_BLOCK")
        if name == "PASSWORD_VERIFIER":
            session = required(responses, "PASSWORD_CLAIM_SECRET_BLOCK")
        if name not in self._checks:
            raise invalid_parameter(f"The local AWS does not ask {name}")
        pending = self.challenges.look(client, name, session)
        username = required(responses, "USERNAME")
        check_secret_hash(client, username, responses)
        if _subject(client, username).username != pending.subject.username:
            raise not_for_this_user()
        return self._answer(client, self.answer(client, name, str(session), responses))

    def _answer(self, client: AppClient, outcome: Outcome) -> Answer:
        if isinstance(outcome, User):
            return auth_result(self.tokens.issue(client, outcome))
        answer: Answer = {
            "ChallengeName": outcome.name,
            "Session": outcome.session,
            "ChallengeParameters": outcome.parameters,
        }
        if outcome.available is not None:
            answer["AvailableChallenges"] = outcome.available
        return answer

    def _refresh(self, client: AppClient, parameters: dict[str, str]) -> Answer:
        require_flow(client, "ALLOW_REFRESH_TOKEN_AUTH", "REFRESH_TOKEN_AUTH")
        if client.settings.get("RefreshTokenRotation", {}).get("Feature") == "ENABLED":
            raise invalid_parameter(
                "Refresh token rotation is enabled: use GetTokensFromRefreshToken"
            )
        grant = self.tokens.granted(client, required(parameters, "REFRESH_TOKEN"))
        check_secret_hash(client, grant.username, parameters)
        user = signed_in_user(client.pool_id, grant.username, grant.stamp)
        return auth_result(self.tokens.refreshed(client, user, grant))

    def _choose(
        self, client: AppClient, name: str, parameters: dict[str, str]
    ) -> Outcome:
        """Let the user choose the first factor, or use the preferred one."""
        available = _first_factors(client, known_user(client, name))
        preferred = parameters.get("PREFERRED_CHALLENGE")
        if preferred in available:
            return self._first_factor(client, name, preferred, parameters)
        subject = _subject(client, name)
        return self.challenges.ask(client, subject, "SELECT_CHALLENGE", {}, available)

    def _first_factor(
        self, client: AppClient, name: str, factor: str, parameters: dict[str, str]
    ) -> Outcome:
        if factor == "PASSWORD":
            password = required(parameters, "PASSWORD")
            return self.with_password(client, name, password)
        user = known_user(client, name)
        subject = _subject(client, name, user)
        if factor == "PASSWORD_SRP":
            exchange = _exchange(client, subject, user, required(parameters, "SRP_A"))
            return self.challenges.ask_proof(client, subject, exchange)
        if user and not hides_users(client):
            check_state(client, user)
        if user and _may_sign_in(client, user):
            return self._ask(client, subject, user, factor, {})
        attribute = codes.BY_MESSAGE[factor]
        sent = self.codes.pretend(
            subject.username,
            codes.SIGN_IN[attribute],
            attribute,
            checks.address(client, name, attribute),
        )
        parameters = {"USER_ID_FOR_SRP": subject.username, **codes.code_delivery(sent)}
        unknown = replace(subject, stamp=None)
        return self.challenges.ask(client, unknown, factor, parameters)

    def _next(self, client: AppClient, user: User) -> Outcome:
        """Return the challenge that follows a right password, or the user."""
        if user.status == "FORCE_CHANGE_PASSWORD":
            missing = user_attributes.missing(client, user)
            prefixed = [user_attributes.PREFIX + name for name in missing]
            known = user.attributes
            known.pop("sub", None)
            parameters = {
                "requiredAttributes": json.dumps(prefixed),
                "userAttributes": json.dumps(known),
            }
            return self._ask_more(client, user, "NEW_PASSWORD_REQUIRED", parameters)
        challenge = codes.next_challenge(client, user)
        return self._ask_more(client, user, *challenge) if challenge else user

    def _ask_more(
        self, client: AppClient, user: User, name: str, parameters: dict[str, str]
    ) -> Challenge:
        """Return a challenge that follows a right password."""
        subject = _subject(client, user.username, user)
        subject = replace(subject, has_shown_password=True)
        return self._ask(client, subject, user, name, parameters)

    def _ask(
        self,
        client: AppClient,
        subject: Subject,
        user: User,
        name: str,
        parameters: dict[str, str],
    ) -> Challenge:
        if name in codes.BY_MESSAGE:
            attribute = codes.BY_MESSAGE[name]
            sent = self.codes.send(user, codes.SIGN_IN[attribute], attribute)
            parameters = codes.code_delivery(sent)
        parameters = {"USER_ID_FOR_SRP": user.username, **parameters}
        return self.challenges.ask(client, subject, name, parameters)

    def _proof(
        self, client: AppClient, pending: Pending, responses: dict[str, str]
    ) -> Outcome:
        timestamp = required(responses, "TIMESTAMP")
        signature = required(responses, "PASSWORD_CLAIM_SIGNATURE")
        user = pending_user(client, pending)
        exchange = pending.exchange
        try:
            proves = exchange and exchange.proves(timestamp, signature)
        except SrpError as error:
            raise invalid_parameter(str(error)) from None
        with self._attempt(client, pending.subject):
            # The password may have changed since the exchange began.
            is_own = user and exchange and user.has_password(exchange.password)
            if user is None or not is_own or not proves:
                raise wrong_password()
        check_state(client, user)
        return self._next(client, user)

    def _new_password(
        self, client: AppClient, pending: Pending, responses: dict[str, str]
    ) -> Outcome:
        user = _user_of(client, pending)
        if user.status != "FORCE_CHANGE_PASSWORD":  # it has been changed already
            raise not_for_this_user()
        password = required(responses, "NEW_PASSWORD")
        check_policy(client, password)
        attributes = user_attributes.answered(client, responses)
        missing = set(user_attributes.missing(client, user)) - attributes.keys()
        if missing:
            raise invalid_parameter(
                f"Invalid user attributes: {', '.join(sorted(missing))}"
            )
        attributes = user_attributes.changes(client.pool_id, user, attributes)
        user.confirm_with(password)
        user.set_attributes(attributes)
        return self._next(client, user)

    def _one_time_password(
        self, client: AppClient, pending: Pending, responses: dict[str, str]
    ) -> Outcome:
        user = _user_of(client, pending)
        with self._attempt(client, pending.subject):
            codes.check_totp(user, required(responses, "SOFTWARE_TOKEN_MFA_CODE"))
        return user

    def _message_code(
        self, client: AppClient, pending: Pending, responses: dict[str, str]
    ) -> Outcome:
        given = required(responses, f"{pending.challenge}_CODE")
        purpose = codes.SIGN_IN[codes.BY_MESSAGE[pending.challenge]]
        subject = pending.subject
        user = None if subject.stamp is None else _user_of(client, pending)
        if user and codes.needs_mfa(client, user) and not subject.has_shown_password:
            raise not_for_this_user()
        with self._attempt(client, subject):
            if user is None:
                raise self.codes.mistake(subject.username, purpose)
            self.codes.take(user, purpose, given)
        return user

    def _mfa_set_up(
        self, client: AppClient, pending: Pending, _: dict[str, str]
    ) -> Outcome:
        user = _user_of(client, pending)
        if not user.mfa.has_verified_totp:
            raise invalid_parameter("User has not set up software token mfa")
        user.mfa.enabled = [codes.SOFTWARE_TOKEN]
        return user

    def _mfa_selected(
        self, client: AppClient, pending: Pending, responses: dict[str, str]
    ) -> Outcome:
        user, answer = _user_of(client, pending), required(responses, "ANSWER")
        if answer not in user.mfa.enabled:
            raise invalid_parameter(f"Invalid MFA type: {answer}")
        return self._ask_more(client, user, answer, {})

    def _challenge_selected(
        self, client: AppClient, pending: Pending, responses: dict[str, str]
    ) -> Outcome:
        name, answer = pending.subject.typed, required(responses, "ANSWER")
        if answer not in _first_factors(client, known_user(client, name)):
            raise invalid_parameter(f"Invalid challenge: {answer}")
        return self._first_factor(client, name, answer, responses)


def auth_result(tokens: dict[str, Any]) -> Answer:
    """Return the answer of an operation that signs a user in."""
    return {"ChallengeParameters": {}, "AuthenticationResult": tokens}


def _subject(client: AppClient, name: str, user: User | None = None) -> Subject:
    """Return the subject for a name, with or without a user of that name."""
    user = user or directory.find_user(client.pool_id, name)
    if user is None:
        return Subject(checks.user_id(client, name), typed=name)
    return Subject(user.username, user.stamp, name)


def pending_user(client: AppClient, pending: Pending) -> User | None:
    """Return the user who started a sign-in, not a later user of the same name."""
    user = directory.find_user(client.pool_id, pending.subject.username)
    return user if user and user.stamp == pending.subject.stamp else None


def _user_of(client: AppClient, pending: Pending) -> User:
    user = pending_user(client, pending)
    if user is None:
        raise not_for_this_user()
    require_active(user)
    return user


def _may_sign_in(client: AppClient, user: User) -> bool:
    try:
        check_state(client, user)
    except AwsFault:
        return False
    return True


def _exchange(
    client: AppClient, subject: Subject, user: User | None, client_public: str
) -> Exchange:
    """Start SRP, in the same way for a user who does not exist."""
    try:
        return Exchange(
            pool_name=client.pool_id.partition("_")[2],
            user_id=subject.username,
            password=(user and user.password) or secrets.token_hex(),
            client_public=public_number(client_public),
            salt=checks.salt(client, subject.username),
        )
    except SrpError as error:
        raise invalid_parameter(str(error)) from None


def _first_factors(client: AppClient, user: User | None) -> list[str]:
    policy = client.pool.get("Policies", {}).get("SignInPolicy", {})
    allowed = policy.get("AllowedFirstAuthFactors") or ["PASSWORD"]
    has_mfa = codes.needs_mfa(client, user)
    messages = [
        factor
        for factor in ("EMAIL_OTP", "SMS_OTP")
        if factor in allowed
        and not has_mfa
        and (codes.has_address(user, factor) if user else hides_users(client))
    ]
    return (["PASSWORD", "PASSWORD_SRP"] if "PASSWORD" in allowed else []) + messages
