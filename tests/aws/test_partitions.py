"""AWS's partitions: URLs, ARNs and the hosts that belong to AWS."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from cognito_gw.aws.clients import _is_of_aws, named_account
from cognito_gw.aws.endpoints import aws_links, filled
from cognito_gw.errors import UsageError

# By region: partition, suffix, and the sign-in pages' domain. Sources: botocore's
# partitions.json; "Amazon Cognito in AWS GovCloud (US)", user guide; the Public
# Suffix List's `auth.cognito-idp.eusc-de-east-1.on.amazonwebservices.eu`.
KNOWN = {
    "eu-west-1": ("aws", "amazonaws.com", "auth.eu-west-1.amazoncognito.com"),
    "us-gov-west-1": (
        "aws-us-gov",
        "amazonaws.com",
        "auth-fips.us-gov-west-1.amazoncognito.com",
    ),
    "us-gov-east-1": (
        "aws-us-gov",
        "amazonaws.com",
        "auth-fips.us-gov-east-1.amazoncognito.com",
    ),
    "cn-north-1": (
        "aws-cn",
        "amazonaws.com.cn",
        "auth.cn-north-1.amazoncognito.com.cn",
    ),
    "eusc-de-east-1": (
        "aws-eusc",
        "amazonaws.eu",
        "auth.cognito-idp.eusc-de-east-1.on.amazonwebservices.eu",
    ),
    "eu-east-9": ("aws", "amazonaws.com", "auth.eu-east-9.amazoncognito.com"),
}


@pytest.mark.parametrize("region", KNOWN)
def test_addresses(region):
    """Each partition has its own, also for regions unknown to botocore."""
    partition, suffix, pages = KNOWN[region]
    links, place = aws_links(region), {"region": region, "api_id": "a1", "stage": "dev"}
    place |= {"user_pool_id": f"{region}_x", "domain": "shop"}
    assert named_account("1", region).partition == partition
    assert (
        filled(links.invoke, place) == f"https://a1.execute-api.{region}.{suffix}/dev"
    )
    assert filled(links.hosted_ui, place) == f"https://shop.{pages}"
    assert (
        filled(links.issuer, place)
        == f"https://cognito-idp.{region}.{suffix}/{region}_x"
    )


@pytest.mark.parametrize("region", KNOWN)
def test_hosts_of_aws(region):
    """Calls are paced in every partition, but not for emulators."""
    _, suffix, _ = KNOWN[region]
    url = f"https://apigateway.{region}.{suffix}"
    assert _is_of_aws(SimpleNamespace(meta=SimpleNamespace(endpoint_url=url)))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:4566",
        "https://amazonaws.com.evil.example",
        "https://evilamazonaws.com",
    ],
)
def test_foreign_hosts(url):
    """A host that only resembles an AWS host does not count."""
    assert not _is_of_aws(SimpleNamespace(meta=SimpleNamespace(endpoint_url=url)))


def test_not_a_region():
    """An invalid region name is refused."""
    with pytest.raises(UsageError, match="`moon` is not an AWS region"):
        named_account("1", "moon")
