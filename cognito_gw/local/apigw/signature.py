"""Refuses what is not deployed, in AWS's words: those for a request without SigV4."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from cognito_gw.local.apigw.gateway_response import NO_ROUTE, NOT_SIGNED, respond

if TYPE_CHECKING:
    from cognito_gw.local.apigw.context import Context
    from cognito_gw.local.apigw.proxy_response import Outgoing

_HASHED = "ashed with SHA-256 and encoded with Base64)"
_INCOMPLETE = (
    "Authorization header requires 'Credential' parameter. "
    "Authorization header requires 'Signature' parameter. "
    "Authorization header requires 'SignedHeaders' parameter. "
    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' "
    "header. "
)


def ask_for_signature(context: Context) -> Outgoing:
    """Return the refusal; a token in the header is taken for a bad signature."""
    sent = context.request.header("Authorization")
    if not sent:
        return respond(NO_ROUTE, context)
    octets = hashlib.sha256(sent.encode("utf-8", "surrogateescape")).digest()
    digest = base64.b64encode(octets).decode()
    if "=" in sent:
        message = f"{_INCOMPLETE}(H{_HASHED} Authorization={digest}"
    else:
        message = (
            "Invalid key=value pair (missing equal-sign) in Authorization header "
            f"(h{_HASHED}: '{digest}'."
        )
    return respond(NOT_SIGNED, context, message)
