"""What Cognito says when it refuses."""

from __future__ import annotations

from cognito_gw.local.errors import AwsFault


def invalid_parameter(message: str) -> AwsFault:
    """Return the refusal of a parameter."""
    return AwsFault("InvalidParameterException", message)


def not_authorized(message: str) -> AwsFault:
    """Return the refusal of a password, a token, or an action that is not allowed."""
    return AwsFault("NotAuthorizedException", message)


def not_found(message: str) -> AwsFault:
    """Return the refusal for what does not exist; Cognito answers 400, not 404."""
    return AwsFault("ResourceNotFoundException", message)


def user_not_found() -> AwsFault:
    """Return the refusal for a user who does not exist."""
    return AwsFault("UserNotFoundException", "User does not exist.")
