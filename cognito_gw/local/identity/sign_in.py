"""Signing in: a first factor, then challenge by challenge, until there are tokens."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from typing import TYPE_CHECKING, Any

from cognito_gw.local.faults import AwsFault
from cognito_gw.local.identity import codes, directory, mfa, totp
from cognito_gw.local.identity.challenges import Challenge, Challenges
from cognito_gw.local.identity.checks import (
    ATTRIBUTE,
    answered_attributes,
    authenticated,
    check_policy,
    check_secret_hash,
    check_state,
    client_of,
    client_of_pool,
    hides_users,
    known_user,
    missing_attributes,
    require_flow,
    required,
    signed_in_user,
    wrong_password,
)
from cognito_gw.local.identity.directory import User
from cognito_gw.local.identity.srp import Exchange, public_number
from cognito_gw.srp import SrpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.local.identity.challenges import Pending
    from cognito_gw.local.identity.codes import Codes
    from cognito_gw.local.identity.directory import AppClient
    from cognito_gw.local.identity.sessions import Sessions

Request = dict[str, Any]
Answer = dict[str, Any]
Outcome = Challenge | User

_SALT_KEY = secrets.token_bytes(32)
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


class SignIn:
    """Takes users from a password or a code to tokens."""

    def __init__(
        self, challenges: Challenges, sent_codes: Codes, sessions: Sessions
    ) -> None:
        """Ask `challenges`, send codes, and open `sessions` for who answers them."""
        self._challenges = challenges
        self._codes = sent_codes
        self._sessions = sessions
        self._answered_by: dict[
            str, Callable[[AppClient, Pending, dict[str, str]], User | Challenge]
        ] = {
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
        self.operations: dict[str, Callable[[Request], Answer]] = {
            "InitiateAuth": lambda request: self._initiate(client_of(request), request),
            "AdminInitiateAuth": lambda request: self._initiate(
                client_of_pool(request), request, is_admin=True
            ),
            "RespondToAuthChallenge": lambda request: self._respond(
                client_of(request), request
            ),
            "AdminRespondToAuthChallenge": lambda request: self._respond(
                client_of_pool(request), request
            ),
        }

    def with_password(self, client: AppClient, name: str, password: str) -> Outcome:
        """Return who signs in with name and password, or the challenge to answer."""
        return self._next(client, authenticated(client, name, password))

    def answer(
        self, client: AppClient, name: str, session: str, responses: dict[str, str]
    ) -> Outcome:
        """Return who answered a challenge, or the next challenge."""
        pending = self._challenges.find(client, name, session)
        outcome = self._answered_by[name](client, pending, responses)
        self._challenges.spend(session)
        return outcome

    def _initiate(
        self, client: AppClient, request: Request, *, is_admin: bool = False
    ) -> Answer:
        flow = request.get("AuthFlow", "")
        parameters = request.get("AuthParameters", {})
        if flow in _REFRESH_FLOWS:
            return self._sessions.refresh(client, parameters)
        if flow not in _ALLOWED_BY or (flow in _ADMIN_ONLY and not is_admin):
            message = f"Initiate Auth method not supported: {flow}."
            raise AwsFault("InvalidParameterException", message)
        require_flow(client, _ALLOWED_BY[flow], flow)
        name = required(parameters, "USERNAME")
        check_secret_hash(client, name, parameters)
        if flow == "USER_AUTH":
            return self._answer(client, self._choose(client, name, parameters))
        factor = "PASSWORD_SRP" if flow == "USER_SRP_AUTH" else "PASSWORD"
        return self._answer(
            client, self._first_factor(client, name, factor, parameters)
        )

    def _respond(self, client: AppClient, request: Request) -> Answer:
        name = required(request, "ChallengeName")
        responses = request.get("ChallengeResponses", {})
        session = request.get("Session") or responses.get("PASSWORD_CLAIM_SECRET_BLOCK")
        if name == "PASSWORD_VERIFIER":
            session = required(responses, "PASSWORD_CLAIM_SECRET_BLOCK")
        if name not in self._answered_by:
            message = f"The local AWS does not ask {name}"
            raise AwsFault("InvalidParameterException", message)
        pending = self._challenges.find(client, name, session)
        username = required(responses, "USERNAME")
        check_secret_hash(client, username, responses)
        if not _is_same_user(client.pool_id, username, pending.username or ""):
            raise AwsFault("NotAuthorizedException", "Invalid session for the user.")
        return self._answer(client, self.answer(client, name, str(session), responses))

    def _answer(self, client: AppClient, outcome: Outcome) -> Answer:
        if isinstance(outcome, User):
            return self._sessions.open(client, outcome)
        answer: Answer = {
            "ChallengeName": outcome.name,
            "Session": outcome.session,
            "ChallengeParameters": outcome.parameters,
        }
        if outcome.available is not None:
            answer["AvailableChallenges"] = outcome.available
        return answer

    def _choose(
        self, client: AppClient, name: str, parameters: dict[str, str]
    ) -> Outcome:
        """Let the user choose the first factor, or take the one that is preferred."""
        user = known_user(client, name)
        available = _first_factors(client, user)
        preferred = parameters.get("PREFERRED_CHALLENGE")
        if preferred in available:
            return self._first_factor(client, name, preferred, parameters)
        return self._challenges.ask(client, name, "SELECT_CHALLENGE", {}, available)

    def _first_factor(
        self, client: AppClient, name: str, factor: str, parameters: dict[str, str]
    ) -> Outcome:
        if factor == "PASSWORD":
            password = required(parameters, "PASSWORD")
            return self.with_password(client, name, password)
        user = known_user(client, name)
        if factor == "PASSWORD_SRP":
            exchange = _exchange(client, name, user, required(parameters, "SRP_A"))
            username = user.username if user else None
            return self._challenges.ask_proof(client, username, exchange)
        if user is None:
            raise wrong_password()
        check_state(client, user)
        return self._ask(client, user, factor, {})

    def _next(self, client: AppClient, user: User) -> Outcome:
        """Return what stands between a right password and tokens, if anything does."""
        if user.status == "FORCE_CHANGE_PASSWORD":
            shown = {
                name: value for name, value in user.attributes.items() if name != "sub"
            }
            parameters = {
                "requiredAttributes": json.dumps(
                    [ATTRIBUTE + name for name in missing_attributes(client, user)]
                ),
                "userAttributes": json.dumps(shown),
            }
            return self._ask(client, user, "NEW_PASSWORD_REQUIRED", parameters)
        challenge = mfa.next_challenge(client, user)
        return self._ask(client, user, *challenge) if challenge else user

    def _ask(
        self, client: AppClient, user: User, name: str, parameters: dict[str, str]
    ) -> Challenge:
        if name in mfa.BY_MESSAGE:
            parameters = mfa.send_code(self._codes, user, name)
        parameters = {"USER_ID_FOR_SRP": user.username, **parameters}
        return self._challenges.ask(client, user.username, name, parameters)

    def _proof(
        self, client: AppClient, pending: Pending, responses: dict[str, str]
    ) -> Outcome:
        timestamp = required(responses, "TIMESTAMP")
        signature = required(responses, "PASSWORD_CLAIM_SIGNATURE")
        try:
            proves = pending.exchange and pending.exchange.proves(timestamp, signature)
        except SrpError as error:
            raise AwsFault("InvalidParameterException", str(error)) from None
        user = directory.find_user(client.pool_id, pending.username or "")
        if user is None or not user.password or not proves:
            raise wrong_password()
        check_state(client, user)
        return self._next(client, user)

    def _new_password(
        self, client: AppClient, pending: Pending, responses: dict[str, str]
    ) -> Outcome:
        user = _user_of(client, pending)
        password = required(responses, "NEW_PASSWORD")
        check_policy(client, password)
        attributes = answered_attributes(client, responses)
        missing = set(missing_attributes(client, user)) - attributes.keys()
        if missing:
            message = f"Invalid user attributes: {', '.join(sorted(missing))}"
            raise AwsFault("InvalidParameterException", message)
        user.confirm_with(password)
        user.set_attributes(attributes)
        return self._next(client, user)

    def _one_time_password(
        self, client: AppClient, pending: Pending, responses: dict[str, str]
    ) -> Outcome:
        user = _user_of(client, pending)
        totp.check(user, required(responses, "SOFTWARE_TOKEN_MFA_CODE"))
        return user

    def _message_code(
        self, client: AppClient, pending: Pending, responses: dict[str, str]
    ) -> Outcome:
        user = _user_of(client, pending)
        given = required(responses, f"{pending.challenge}_CODE")
        self._codes.take(user, codes.SIGN_IN, given)
        return user

    def _mfa_set_up(
        self, client: AppClient, pending: Pending, _: dict[str, str]
    ) -> Outcome:
        user = _user_of(client, pending)
        if not user.mfa.has_verified_totp:
            message = "User has not set up software token mfa"
            raise AwsFault("InvalidParameterException", message)
        user.mfa.enabled = [totp.SOFTWARE_TOKEN]
        return user

    def _mfa_selected(
        self, client: AppClient, pending: Pending, responses: dict[str, str]
    ) -> Outcome:
        user, answer = _user_of(client, pending), required(responses, "ANSWER")
        if answer not in user.mfa.enabled:
            raise AwsFault("InvalidParameterException", f"Invalid MFA type: {answer}")
        return self._ask(client, user, answer, {})

    def _challenge_selected(
        self, client: AppClient, pending: Pending, responses: dict[str, str]
    ) -> Outcome:
        name, answer = str(pending.username), required(responses, "ANSWER")
        if answer not in _first_factors(client, known_user(client, name)):
            raise AwsFault("InvalidParameterException", f"Invalid challenge: {answer}")
        return self._first_factor(client, name, answer, responses)


def _is_same_user(pool_id: str, one: str, other: str) -> bool:
    """Whether two names are of one user: by user name, sub or address; or of none."""
    users = directory.find_user(pool_id, one), directory.find_user(pool_id, other)
    first, second = (user and user.username for user in users)
    return first == second


def _user_of(client: AppClient, pending: Pending) -> User:
    return signed_in_user(client.pool_id, str(pending.username))


def _exchange(
    client: AppClient, name: str, user: User | None, client_public: str
) -> Exchange:
    """Begin SRP; for a user who does not exist, so that nobody sees that."""
    user_id = user.username if user else name
    try:
        return Exchange(
            pool_name=client.pool_id.partition("_")[2],
            user_id=user_id,
            password=(user and user.password) or secrets.token_hex(),
            client_public=public_number(client_public),
            salt=_salt(client, user_id),
        )
    except SrpError as error:
        raise AwsFault("InvalidParameterException", str(error)) from None


def _salt(client: AppClient, user_id: str) -> int:
    """Return the same salt for the same name each time, as if it were stored."""
    message = f"{client.pool_id}/{user_id}".encode()
    return int.from_bytes(hmac.digest(_SALT_KEY, message, hashlib.sha256)[:16])


def _first_factors(client: AppClient, user: User | None) -> list[str]:
    policy = client.pool.get("Policies", {}).get("SignInPolicy", {})
    allowed = policy.get("AllowedFirstAuthFactors") or ["PASSWORD"]
    messages = [
        factor
        for factor in ("EMAIL_OTP", "SMS_OTP")
        if factor in allowed
        and (mfa.has_address(user, factor) if user else hides_users(client))
    ]
    return (["PASSWORD", "PASSWORD_SRP"] if "PASSWORD" in allowed else []) + messages
