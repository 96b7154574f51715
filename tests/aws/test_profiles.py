"""The AWS configuration files, as read by completion and `cgw init`."""

from __future__ import annotations

import pytest

from cognito_gw.aws.botocore_files import profile_regions, region_around

CONFIG = """\
[default]
region = eu-west-3
[profile "two words"]
region = eu-north-1
[profile bare]
[services s3]
region = us-west-2
"""


@pytest.fixture
def around(tmp_path):
    """Return an environment that refers to both files."""
    (tmp_path / "config").write_text(CONFIG)
    (tmp_path / "credentials").write_text("[old]\naws_access_key_id = x\n[bare]\n")
    return {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }


def test_profiles_of_both_files(around):
    """Sections of other kinds are ignored."""
    assert profile_regions(around) == {
        "default": "eu-west-3",
        "two words": "eu-north-1",
        "bare": None,
        "old": None,
    }


@pytest.mark.parametrize(
    ("variables", "profile", "region"),
    [
        ({}, None, "eu-west-3"),
        ({}, "two words", "eu-north-1"),
        ({}, "bare", None),
        ({}, "nobody", None),
        ({"AWS_PROFILE": "two words"}, None, "eu-north-1"),
        ({"AWS_REGION": "sa-east-1"}, "two words", "sa-east-1"),
        ({"AWS_DEFAULT_REGION": "sa-east-1"}, None, "sa-east-1"),
    ],
)
def test_the_region_is_that_of_a_stack_without_one(around, variables, profile, region):
    """Variables take precedence over the profile, as in `up`."""
    assert region_around(around | variables, profile) == region


@pytest.mark.parametrize("content", [b"\xff", b"no section", b"[", b"[a]\n[a]\nx"])
def test_a_file_that_cannot_be_read_has_no_profiles(tmp_path, content):
    """A missing file has none either."""
    (tmp_path / "config").write_bytes(content)
    nowhere = str(tmp_path / "nowhere")
    files = {"AWS_SHARED_CREDENTIALS_FILE": nowhere}
    assert profile_regions(files | {"AWS_CONFIG_FILE": str(tmp_path / "config")}) == {}
    assert profile_regions(files | {"AWS_CONFIG_FILE": nowhere}) == {}
