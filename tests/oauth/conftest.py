"""Tokens with the shape of a JWT."""

from __future__ import annotations

import base64
import json

import pytest


@pytest.fixture
def jwt():
    """Return a function that makes unsigned JWTs with given claims."""

    def make(**claims):
        parts = [{"alg": "RS256", "kid": "one"}, claims]
        encoded = [
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
            for part in parts
        ]
        return b".".join([*encoded, b"c2lnbmF0dXJl"]).decode()

    return make
