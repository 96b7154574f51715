"""What Cognito says when it refuses."""

from __future__ import annotations

from cognito_gw.local.errors import AwsFault


def invalid_parameter(message: str) -> AwsFault:
    """Return a refusal of what is asked."""
    return AwsFault("InvalidParameterException", message)


def not_found(message: str) -> AwsFault:
    """Return a refusal for what does not exist; Cognito answers 400, not 404."""
    return AwsFault("ResourceNotFoundException", message)
