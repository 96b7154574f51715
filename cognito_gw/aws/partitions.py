"""AWS's partitions and the names that end their hosts, as botocore knows them.

A partition is a set of regions of its own kind: China, GovCloud, the European
Sovereign Cloud. Each has its own domains and its own word in ARNs.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

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
