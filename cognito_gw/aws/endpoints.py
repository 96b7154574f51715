"""URLs of deployed APIs, sign-in pages and issuers; partitions; local access keys."""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


_RESPONSE_TYPES = {"code": "code", "implicit": "token"}  # by OAuth flow


@dataclass(frozen=True)
class Links:
    """URL templates with `{api_id}`, `{stage}`, `{region}`, `{domain}` and so on."""

    invoke: str
    hosted_ui: str
    issuer: str

    def overridden(self, given: Mapping[str, str]) -> Links:
        """Return the templates, those in the file in place of the others."""
        return replace(self, **given)


def sign_in_query(client: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the query of an app client's sign-in page; None if it does not use one.

    The client is as in DescribeUserPoolClient.
    """
    flows, urls = client.get("AllowedOAuthFlows") or [], client.get("CallbackURLs")
    types = [kind for flow, kind in _RESPONSE_TYPES.items() if flow in flows]
    if not types or not urls:
        return None
    return {
        "client_id": client["ClientId"],
        "response_type": types[0],
        "scope": " ".join(client.get("AllowedOAuthScopes") or []),
        "redirect_uri": urls[0],
    }


def aws_links(region: str) -> Links:
    """Return the URLs of AWS in a Region."""
    suffix = dns_suffix(region)
    return Links(
        invoke=f"https://{{api_id}}.execute-api.{{region}}.{suffix}/{{stage}}",
        hosted_ui=f"https://{{domain}}.{sign_in_host(region)}",
        issuer=f"https://cognito-idp.{{region}}.{suffix}/{{user_pool_id}}",
    )


def local_links(url: str) -> Links:
    """Return the URLs of an embedded local AWS at `url`."""
    return Links(
        invoke=f"{url}/_aws/execute-api/{{api_id}}/{{stage}}",
        hosted_ui=f"{url}/_aws/cognito/{{domain}}",
        issuer=f"{url}/{{user_pool_id}}",
    )


def filled(template: str, place: Mapping[str, str | None]) -> str | None:
    """Fill in a URL template; return None while a value is missing."""
    if any(f"{{{key}}}" in template and not value for key, value in place.items()):
        return None
    return template.format(**place)


_USUAL = "aws"
# Hosts of sign-in pages, which botocore does not have. GovCloud: its user guide on
# Amazon Cognito; the European Sovereign Cloud: the Public Suffix List.
_SIGN_IN = {
    "aws-cn": "auth.{region}.amazoncognito.com.cn",
    "aws-us-gov": "auth-fips.{region}.amazoncognito.com",
    "aws-eusc": "auth.cognito-idp.{region}.on.amazonwebservices.eu",
}
_SIGN_IN_USUAL = "auth.{region}.amazoncognito.com"


def partition_of(region: str) -> str | None:
    """Return the partition of a Region, also of a new one; None for another name."""
    for partition in _partitions():
        if region in partition["regions"] or re.match(partition["regionRegex"], region):
            return str(partition["id"])
    return None


def dns_suffix(region: str) -> str:
    """Return the suffix of the hosts of AWS services in a Region."""
    wanted = partition_of(region) or _USUAL
    found = next(partition for partition in _partitions() if partition["id"] == wanted)
    return str(found["outputs"]["dnsSuffix"])


def sign_in_host(region: str) -> str:
    """Return the suffix of the hosts of sign-in pages, with `{region}` to fill in."""
    return _SIGN_IN.get(partition_of(region) or _USUAL, _SIGN_IN_USUAL)


@cache
def host_suffixes() -> tuple[str, ...]:
    """Return the suffixes of AWS hosts in all partitions."""
    kinds = ("dnsSuffix", "dualStackDnsSuffix")
    found = {
        partition["outputs"][kind] for partition in _partitions() for kind in kinds
    }
    return tuple(f".{partition}" for partition in sorted(found))


@cache
def host_pattern(before: str, after: str) -> re.Pattern[str]:
    """Return the pattern of a URL on AWS, with the patterns around the host suffix."""
    ends = "|".join(map(re.escape, host_suffixes()))
    return re.compile(f"{before}(?:{ends}){after}")


@cache
def _partitions() -> list[dict[str, Any]]:
    from botocore.loaders import create_loader  # not for each command

    return list(create_loader().load_data("partitions")["partitions"])


_ID_BYTES = 20  # random: the local AWS checks the ID alone, so it is a secret too
_SECRET_BYTES = 30


@dataclass(frozen=True)
class AccessKey:
    """An access key ID, which has only letters and digits as on AWS, and its secret."""

    id: str = field(repr=False)
    secret: str = field(repr=False)

    @classmethod
    def create(cls) -> AccessKey:
        """Return a random key."""
        name = base64.b32encode(secrets.token_bytes(_ID_BYTES)).decode()
        return cls(f"LOCAL{name}", secrets.token_urlsafe(_SECRET_BYTES))

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables by which AWS's clients find it."""
        return {"AWS_ACCESS_KEY_ID": self.id, "AWS_SECRET_ACCESS_KEY": self.secret}
