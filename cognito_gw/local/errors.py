"""The errors with which the local AWS refuses a control-plane call."""

from __future__ import annotations

from http import HTTPStatus


class AwsFault(Exception):
    """An error response of AWS: its code, message and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        """Answer with a `code`, a `message` and an HTTP `status`."""
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def bad_request(message: str) -> AwsFault:
    """Return API Gateway's error for an invalid request."""
    return AwsFault("BadRequestException", message)


def conflict(message: str) -> AwsFault:
    """Return API Gateway's error for what exists already or is in use."""
    return AwsFault("ConflictException", message, HTTPStatus.CONFLICT)


def not_found(message: str) -> AwsFault:
    """Return API Gateway's error for what does not exist."""
    return AwsFault("NotFoundException", message, HTTPStatus.NOT_FOUND)


def invalid_parameter(message: str) -> AwsFault:
    """Return the refusal of a parameter, by Cognito and CloudWatch Logs."""
    return AwsFault("InvalidParameterException", message)


def not_authorized(message: str) -> AwsFault:
    """Return the refusal of a password, a token, or an action that is not allowed."""
    return AwsFault("NotAuthorizedException", message)


def resource_not_found(message: str) -> AwsFault:
    """Return the refusal for what does not exist; Cognito answers 400, not 404."""
    return AwsFault("ResourceNotFoundException", message)


def user_not_found() -> AwsFault:
    """Return the refusal for a user who does not exist."""
    return AwsFault("UserNotFoundException", "User does not exist.")
