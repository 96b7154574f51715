"""Sign-in through Cognito's API, from a user name through the challenges to tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cognito_gw.aws.errors import code_of, message_of
from cognito_gw.errors import CgwError, Missing
from cognito_gw.oauth.srp import Exchange, SrpError
from cognito_gw.oauth.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cognito_gw.oauth.app_client import AppClient
    from cognito_gw.oauth.flows import Questions

    Answer = Mapping[str, Any]
    Responses = dict[str, str]


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


_ATTRIBUTE = "userAttributes."  # how responses spell attributes
_MOST_TRIES = 3
# Errors after which Cognito still accepts an answer to the same challenge.
_ASKED_AGAIN = frozenset(
    {
        "CodeMismatchException",
        "EnableSoftwareTokenMFAException",
        "ExpiredCodeException",  # a one-time password that was already used
        "InvalidPasswordException",
        "PasswordHistoryPolicyViolationException",
    }
)
_SENT_BY = {"EMAIL_OTP": "email", "SMS_MFA": "text message", "SMS_OTP": "text message"}
_BY_PASSWORD = ("PASSWORD", "PASSWORD_SRP")
_BY_PAGES = "sign in through the hosted UI: `cgw token --flow browser`"


@dataclass(frozen=True)
class Challenge:
    """One challenge of Cognito; its session lasts some minutes."""

    name: str
    user: str  # the name that was entered
    internal: str  # the user name in Cognito
    session: str | None = field(repr=False)
    parameters: Mapping[str, str] = field(repr=False, default_factory=dict)
    available: tuple[str, ...] = ()  # of SELECT_CHALLENGE

    @property
    def is_sent(self) -> bool:
        """Whether a code was sent, so that a later run can answer it."""
        return self.name in _SENT_BY

    def listed(self, parameter: str) -> list[str]:
        """Return the items of a parameter that is a JSON list."""
        return list(map(str, json.loads(self.parameters.get(parameter) or "[]")))


class Responder:
    """Answers the challenges of one sign-in with the answers of `questions`."""

    def __init__(self, cognito: Any, client: AppClient, questions: Questions) -> None:
        """Answer for users of `client`; `cognito` registers authenticator apps."""
        self._cognito = cognito
        self._client = client
        self._questions = questions
        self._exchange: Exchange | None = None
        self._by_name: dict[str, Callable[[Challenge], Responses]] = {
            "EMAIL_OTP": self._sent_code,
            "MFA_SETUP": self._set_up,
            "NEW_PASSWORD_REQUIRED": self._new_password,
            "PASSWORD": lambda challenge: self.password(challenge.user),
            "PASSWORD_SRP": lambda challenge: self.opening(challenge.user),
            "PASSWORD_VERIFIER": self._proof,
            "SELECT_CHALLENGE": self._first_factor,
            "SELECT_MFA_TYPE": self._second_factor,
            "SMS_MFA": self._sent_code,
            "SMS_OTP": self._sent_code,
            "SOFTWARE_TOKEN_MFA": self._app_code,
        }

    def require_known(self, challenge: Challenge) -> None:
        """Raise Missing for a challenge that only the sign-in page can answer."""
        if challenge.name not in self._by_name:
            raise Missing(
                f"no tokens for {challenge.user}: Cognito asks for {challenge.name}, "
                "which cgw does not support",
                hint=_BY_PAGES,
            )

    def to(self, challenge: Challenge) -> Responses:
        """Return the responses to a challenge; `SESSION` replaces the challenge's."""
        return self._by_name[challenge.name](challenge)

    def password(self, user: str) -> Responses:
        """Return the password as a parameter."""
        return {"PASSWORD": self._questions.password(user)}

    def opening(self, user: str) -> Responses:
        """Return the parameter that starts an SRP exchange."""
        password = self._questions.password(user)
        self._exchange = Exchange(self._client.pool_id, password)
        return self._exchange.opening

    def insist(self, user: str, attempt: Callable[[], Answer]) -> Answer:
        """Repeat an attempt until Cognito accepts it or there is no other answer."""
        tries = 1
        while True:
            try:
                return attempt()
            except ClientError as error:
                refused = SignInRefused(user, error)
                code, words = code_of(error), message_of(error)
                may_ask = code in _ASKED_AGAIN and tries < _MOST_TRIES
                if not may_ask or not self._questions.again(code, words):
                    raise refused from None
            tries += 1

    def _proof(self, challenge: Challenge) -> Responses:
        if self._exchange is None:
            raise CgwError("Cognito requested the password proof out of order")
        try:
            return self._exchange.answer(challenge.parameters)
        except (SrpError, KeyError, ValueError) as error:
            raise CgwError(f"Cognito sent invalid SRP values: {error}") from None

    def _new_password(self, challenge: Challenge) -> Responses:
        user = challenge.user
        responses = {"NEW_PASSWORD": self._questions.new_password(user)}
        for spelled in challenge.listed("requiredAttributes"):
            name = spelled.removeprefix(_ATTRIBUTE)
            responses[_ATTRIBUTE + name] = self._questions.attribute(user, name)
        return responses

    def _first_factor(self, challenge: Challenge) -> Responses:
        known = [factor for factor in challenge.available if factor in self._by_name]
        if not known:
            offered = ", ".join(challenge.available) or "nothing"
            raise Missing(
                f"no tokens for {challenge.user}: Cognito offers {offered} for "
                "sign-in, which cgw does not support",
                hint=_BY_PAGES,
            )
        factor = self._questions.choice(challenge.user, known)
        more = self._by_name[factor](challenge) if factor in _BY_PASSWORD else {}
        return {"ANSWER": factor} | more

    def _second_factor(self, challenge: Challenge) -> Responses:
        factors = challenge.listed("MFAS_CAN_CHOOSE")
        return {"ANSWER": self._questions.choice(challenge.user, factors)}

    def _sent_code(self, challenge: Challenge) -> Responses:
        to = challenge.parameters.get("CODE_DELIVERY_DESTINATION", "you")
        source = f"the {_SENT_BY[challenge.name]} that Cognito sent to {to}"
        code = self._questions.sent_code(challenge.user, source)
        return {f"{challenge.name}_CODE": code}

    def _app_code(self, challenge: Challenge) -> Responses:
        code = self._questions.app_code(challenge.user)
        return {"SOFTWARE_TOKEN_MFA_CODE": code}

    def _set_up(self, challenge: Challenge) -> Responses:
        """Register an authenticator app; the last call returns the next session."""
        offered = challenge.listed("MFAS_CAN_SETUP")
        if offered and "SOFTWARE_TOKEN_MFA" not in offered:
            raise Missing(
                f"no tokens for {challenge.user}: the pool requires a second factor, "
                f"one of {', '.join(offered)}, and the user has none",
                hint="add the email address or phone number to which codes are sent",
            )
        try:
            begun = self._cognito.associate_software_token(Session=challenge.session)
        except ClientError as error:
            raise SignInRefused(challenge.user, error) from None

        def verify() -> Answer:
            code = self._questions.set_up_app(challenge.user, begun["SecretCode"])
            answer: Answer = self._cognito.verify_software_token(
                Session=begun["Session"], UserCode=code
            )
            return answer

        return {"SESSION": self.insist(challenge.user, verify)["Session"]}


class SignIn:
    """Signs in to one app client; `cognito` is a client without credentials."""

    def __init__(self, cognito: Any, client: AppClient, questions: Questions) -> None:
        """Ask `questions` for the password and for answers to challenges."""
        self.unanswered: Challenge | None = None
        self._cognito = cognito
        self._client = client
        self._responder = Responder(cognito, client, questions)

    def with_password(self, user: str) -> Tokens:
        """Return tokens; the password goes to Cognito."""
        return self._begin("USER_PASSWORD_AUTH", user, self._responder.password(user))

    def with_srp(self, user: str) -> Tokens:
        """Return tokens; the password is proven without being sent."""
        return self._begin("USER_SRP_AUTH", user, self._responder.opening(user))

    def with_choice(self, user: str) -> Tokens:
        """Return tokens; the user chooses one of the factors that Cognito offers."""
        return self._begin("USER_AUTH", user, {})

    def go_on(self, challenge: Challenge) -> Tokens:
        """Answer this challenge and those that follow; return tokens."""
        self._responder.require_known(challenge)
        self.unanswered = challenge
        answer = self._responder.insist(
            challenge.user, lambda: self._respond(challenge)
        )
        self.unanswered = None
        return self._next(challenge.user, challenge.internal, answer)

    def _begin(self, flow: str, user: str, parameters: dict[str, str]) -> Tokens:
        try:
            answer = self._cognito.initiate_auth(
                ClientId=self._client.client_id,
                AuthFlow=flow,
                AuthParameters={"USERNAME": user}
                | parameters
                | self._client.proof(user),
            )
        except ClientError as error:
            raise SignInRefused(user, error) from None
        return self._next(user, user, answer)

    def _next(self, user: str, internal: str, answer: Answer) -> Tokens:
        if not answer.get("ChallengeName"):
            return tokens_of(answer["AuthenticationResult"])
        parameters = answer.get("ChallengeParameters", {})
        challenge = Challenge(
            answer["ChallengeName"],
            user,
            parameters.get("USER_ID_FOR_SRP", internal),
            answer.get("Session"),
            parameters,
            tuple(answer.get("AvailableChallenges", ())),
        )
        return self.go_on(challenge)

    def _respond(self, challenge: Challenge) -> Answer:
        responses = self._responder.to(challenge)
        session = responses.pop("SESSION", challenge.session)
        answer: Answer = self._cognito.respond_to_auth_challenge(
            ClientId=self._client.client_id,
            ChallengeName=challenge.name,
            ChallengeResponses={"USERNAME": challenge.internal}
            | responses
            | self._client.proof(challenge.internal),
            **({"Session": session} if session else {}),
        )
        return answer


def tokens_of(result: Answer, refresh_token: str | None = None) -> Tokens:
    """Return the tokens of an `AuthenticationResult`."""
    return Tokens.lasting(
        result["ExpiresIn"],
        access_token=result["AccessToken"],
        id_token=result.get("IdToken"),
        refresh_token=result.get("RefreshToken", refresh_token),
        token_type=result.get("TokenType", "Bearer"),
    )
