"""Installed versions are compared with the package's requirements."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError

import pytest

from cognito_gw.doctor.machine import judged, versions

REQUIREMENTS = [
    "boto3>=1.40",
    "pyjwt[crypto]>=2.10",
    "moto[apigateway,cognitoidp]<5.3,>=5.2.5; extra == 'local'",
    'pytest>=8.3; extra == "dev"',
]


def among(**there):
    """Return a function that looks up these versions."""

    def installed(name):
        if name not in there:
            raise PackageNotFoundError(name)
        return there[name]

    return installed


GOOD = {"boto3": "1.44.8", "botocore": "1.44.8", "pyjwt": "2.10.0", "moto": "5.2.10"}


@pytest.mark.parametrize("is_local", [False, True])
def test_this_environment_is_right(is_local):
    """It was installed from the package's metadata."""
    finding = versions(is_local=is_local)
    assert finding.state == "ok"
    assert f"Python {platform.python_version()}, boto3 1." in finding.found
    assert (", moto 5." in finding.found) is is_local


@pytest.mark.parametrize(
    ("change", "is_local", "complaint"),
    [
        ({}, True, None),
        ({"boto3": "1.40"}, True, None),
        ({"pyjwt": "2.10"}, True, None),
        ({"boto3": "1.9.200"}, False, "boto3 1.9.200 is not >=1.40"),
        ({"pyjwt": "2.9.0"}, False, "pyjwt 2.9.0 is not >=2.10"),
        ({"pyjwt": None}, False, "pyjwt is not installed"),
        ({"moto": None}, False, None),
        ({"moto": None}, True, "moto is not installed"),
        ({"moto": "5.2.4"}, True, "moto 5.2.4 is not <5.3,>=5.2.5"),
        ({"moto": "5.3.0"}, True, "moto 5.3.0 is not <5.3,>=5.2.5"),
    ],
)
def test_what_is_too_old_or_too_new_is_named(change, is_local, complaint):
    """Requirements of the local AWS count only if it is the target."""
    there = {name: version for name, version in (GOOD | change).items() if version}
    finding = judged(REQUIREMENTS, ">=3.11", among(**there), is_local=is_local)
    assert finding.state == ("fail" if complaint else "ok")
    assert complaint is None or finding.found.endswith(f"; {complaint}")
    assert (finding.fix or "pip install").startswith("pip install")


def test_python_has_a_bound_too():
    """A future version of Python is required here."""
    finding = judged([], ">=4", among(**GOOD), is_local=False)
    assert finding.state == "fail"
    assert "is not >=4" in finding.found
