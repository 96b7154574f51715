"""Control-plane operations of REST APIs, and the errors that they raise."""

from __future__ import annotations

from http import HTTPStatus

from cognito_gw.local.errors import AwsFault


def bad_request(message: str) -> AwsFault:
    """Return the error for an invalid request (400)."""
    return AwsFault("BadRequestException", message)


def conflict(message: str) -> AwsFault:
    """Return the error for something that exists already or is in use (409)."""
    return AwsFault("ConflictException", message, HTTPStatus.CONFLICT)


def not_found(message: str) -> AwsFault:
    """Return the error for something that does not exist (404)."""
    return AwsFault("NotFoundException", message, HTTPStatus.NOT_FOUND)
