"""What API Gateway says when it refuses."""

from __future__ import annotations

from http import HTTPStatus

from cognito_gw.local.errors import AwsFault


def bad_request(message: str) -> AwsFault:
    """Return a refusal of what is asked."""
    return AwsFault("BadRequestException", message)


def conflict(message: str) -> AwsFault:
    """Return a refusal for what exists already or is in use."""
    return AwsFault("ConflictException", message, HTTPStatus.CONFLICT)


def not_found(message: str) -> AwsFault:
    """Return a refusal for what does not exist."""
    return AwsFault("NotFoundException", message, HTTPStatus.NOT_FOUND)
