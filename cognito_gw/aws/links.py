"""Where the data plane answers: on AWS, on the local AWS, or where the file says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.partitions import dns_suffix, sign_in_host

if TYPE_CHECKING:
    from collections.abc import Mapping

_RESPONSE_TYPES = {"code": "code", "implicit": "token"}  # by OAuth flow


@dataclass(frozen=True)
class Links:
    """URL templates; `{api_id}`, `{stage}`, `{region}`, `{domain}`… are filled in."""

    invoke: str
    hosted_ui: str
    issuer: str

    def overridden(self, given: Mapping[str, str]) -> Links:
        """Return them with those that the file gives in their places."""
        return replace(self, **given)


def sign_in_query(client: Mapping[str, Any]) -> dict[str, str] | None:
    """Return how an app client asks for the sign-in page; None if it does not use it.

    The client is as DescribeUserPoolClient has it.
    """
    flows, urls = client.get("AllowedOAuthFlows") or [], client.get("CallbackURLs")
    types = [each for flow, each in _RESPONSE_TYPES.items() if flow in flows]
    if not types or not urls:
        return None
    return {
        "client_id": client["ClientId"],
        "response_type": types[0],
        "scope": " ".join(client.get("AllowedOAuthScopes") or []),
        "redirect_uri": urls[0],
    }


def aws_links(region: str) -> Links:
    """Return AWS's own addresses in a region."""
    suffix = dns_suffix(region)
    return Links(
        invoke=f"https://{{api_id}}.execute-api.{{region}}.{suffix}/{{stage}}",
        hosted_ui=f"https://{{domain}}.{sign_in_host(region)}",
        issuer=f"https://cognito-idp.{{region}}.{suffix}/{{user_pool_id}}",
    )


def local_links(url: str) -> Links:
    """Return the addresses of an embedded local AWS at `url`."""
    return Links(
        invoke=f"{url}/_aws/execute-api/{{api_id}}/{{stage}}",
        hosted_ui=f"{url}/_aws/cognito/{{domain}}",
        issuer=f"{url}/{{user_pool_id}}",
    )


def filled(template: str, place: Mapping[str, str | None]) -> str | None:
    """Fill a URL template; None while something that it names does not exist."""
    if any(f"{{{key}}}" in template and not value for key, value in place.items()):
        return None
    return template.format(**place)
