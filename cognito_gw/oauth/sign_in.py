"""Sign-in by Cognito's API, from a user's name through the challenges to the tokens.

Shapes and names are those of InitiateAuth and RespondToAuthChallenge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cognito_gw.oauth.challenges import Challenge, Responder
from cognito_gw.oauth.refusal import SignInRefused
from cognito_gw.oauth.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.oauth.client import AppClient
    from cognito_gw.oauth.questions import Questions

    Answer = Mapping[str, Any]


class SignIn:
    """Signs in to one app client; `cognito` is a client without credentials."""

    def __init__(self, cognito: Any, client: AppClient, questions: Questions) -> None:
        """Ask `questions` for the password and for what Cognito demands besides."""
        self.unanswered: Challenge | None = None
        self._cognito = cognito
        self._client = client
        self._responder = Responder(cognito, client, questions)

    def with_password(self, user: str) -> Tokens:
        """Return tokens; the password goes to Cognito."""
        return self._begin("USER_PASSWORD_AUTH", user, self._responder.password(user))

    def with_srp(self, user: str) -> Tokens:
        """Return tokens; the password is proved, and never sent."""
        return self._begin("USER_SRP_AUTH", user, self._responder.opening(user))

    def with_choice(self, user: str) -> Tokens:
        """Return tokens; the user chooses among the ways that Cognito offers."""
        return self._begin("USER_AUTH", user, {})

    def go_on(self, challenge: Challenge) -> Tokens:
        """Return tokens for who answers this challenge, and those that follow."""
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
