"""The MOCK integration, as far as a CORS preflight needs it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from cognito_gw.local.apigw.proxy_response import Outgoing

if TYPE_CHECKING:
    from cognito_gw.local.apigw.request import Incoming

_OVERRIDE = re.compile(
    r"#if\((?P<tests>[^)]*==[^)]*)\)\s*"
    r"#set\(\$context\.responseOverride\.header\.(?P<name>[\w-]+)\s*=\s*\$origin\)"
)
_ORIGIN = re.compile(r'\$origin\s*==\s*"([^"]*)"')


def mock_response(integration: dict[str, Any], request: Incoming) -> Outgoing | None:
    """Return what the mock answers, or None when its set-up answers nothing."""
    template = (integration.get("requestTemplates") or {}).get("application/json", "{}")
    try:
        status = str(json.loads(template)["statusCode"])
        response = integration["integrationResponses"][status]
    except (KeyError, TypeError, ValueError):
        return None
    headers = {
        name.rpartition(".")[2]: value.strip("'")
        for name, value in (response.get("responseParameters") or {}).items()
    }
    templates = response.get("responseTemplates") or {}
    headers |= _overrides(templates.get("application/json") or "", request)
    fields = {"Content-Type": "application/json"} | headers
    return Outgoing(int(status), b"", list(fields.items()))


def _overrides(template: str, request: Incoming) -> dict[str, str]:
    """Return the header that the usual template for several origins sets."""
    found = _OVERRIDE.search(template)
    origin = request.header("Origin")
    if found and origin in _ORIGIN.findall(found["tests"]):
        return {found["name"]: str(origin)}
    return {}
