"""The selected region, and whether it has all services for a stack."""

from __future__ import annotations

import pytest

from cognito_gw.aws.clients import local_session
from cognito_gw.aws.endpoints import AccessKey
from cognito_gw.doctor.caller import origin, region

KEY = AccessKey.create()
BOTH = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}


@pytest.mark.parametrize(
    ("asked", "in_file", "environment", "source"),
    [
        ("eu-west-3", "us-east-1", BOTH, "--region"),
        (None, "us-east-1", BOTH, "the file"),
        (None, None, BOTH, "AWS_REGION"),
        (None, None, {"AWS_REGION": ""} | BOTH, "AWS_REGION"),
        (None, None, {"AWS_DEFAULT_REGION": "eu-west-2"}, "AWS_DEFAULT_REGION"),
        (None, None, {}, "the profile"),
    ],
)
def test_the_source_of_the_region_is_named(asked, in_file, environment, source):
    """The most specific source takes precedence."""
    assert origin(asked, in_file, environment) == source


@pytest.mark.parametrize("name", ["eu-west-1", "us-gov-west-1"])
def test_a_region_has_what_is_needed(name):
    """In each of AWS's partitions."""
    finding = region(local_session(name, KEY), "--region")
    assert finding.state == "ok"
    assert finding.found.startswith(f"{name}, from --region; it has Cognito")


def test_an_unknown_region_is_a_warning():
    """It may be a typo, or newer than botocore."""
    finding = region(local_session("us-esat-1", KEY), "the file")
    assert finding.state == "warn"
    assert "Cognito, API Gateway, Lambda there" in finding.found
    assert "check the spelling" in finding.fix
