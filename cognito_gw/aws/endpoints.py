"""Addresses of the data plane, and the partitions of AWS."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

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


_USUAL = "aws"
# The sign-in pages, of which botocore knows nothing. GovCloud: its user guide on
# Amazon Cognito; the European Sovereign Cloud: the Public Suffix List.
_SIGN_IN = {
    "aws-cn": "auth.{region}.amazoncognito.com.cn",
    "aws-us-gov": "auth-fips.{region}.amazoncognito.com",
    "aws-eusc": "auth.cognito-idp.{region}.on.amazonwebservices.eu",
}
_SIGN_IN_USUAL = "auth.{region}.amazoncognito.com"


def partition_of(region: str) -> str | None:
    """Return the partition of a region, be the region new; None for another name."""
    for each in _partitions():
        if region in each["regions"] or re.match(each["regionRegex"], region):
            return str(each["id"])
    return None


def dns_suffix(region: str) -> str:
    """Return what the hosts of AWS's services in a region end with."""
    wanted = partition_of(region) or _USUAL
    found = next(each for each in _partitions() if each["id"] == wanted)
    return str(found["outputs"]["dnsSuffix"])


def sign_in_host(region: str) -> str:
    """Return what the hosts of sign-in pages end with, with `{region}` to fill in."""
    return _SIGN_IN.get(partition_of(region) or _USUAL, _SIGN_IN_USUAL)


@cache
def host_suffixes() -> tuple[str, ...]:
    """Return what AWS's own hosts end with, in every partition."""
    kinds = ("dnsSuffix", "dualStackDnsSuffix")
    found = {each["outputs"][kind] for each in _partitions() for kind in kinds}
    return tuple(f".{each}" for each in sorted(found))


@cache
def host_pattern(before: str, after: str) -> re.Pattern[str]:
    """Return the pattern of an address on AWS, by what is around the host's end."""
    ends = "|".join(map(re.escape, host_suffixes()))
    return re.compile(f"{before}(?:{ends}){after}")


@cache
def _partitions() -> list[dict[str, Any]]:
    from botocore.loaders import create_loader  # what needs no Region starts faster

    return list(create_loader().load_data("partitions")["partitions"])
