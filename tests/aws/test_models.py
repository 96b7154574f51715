"""Where the service models are found."""

from __future__ import annotations

import gzip
import json

import pytest
from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.session import Session

from cognito_gw.aws.botocore_files import read_quickly

OWN = {"version": "2.0", "metadata": {"serviceId": "Own"}, "operations": {}}


@pytest.fixture
def described(tmp_path, monkeypatch):
    """Return a session whose AWS_DATA_PATH is an empty folder, and the folder."""
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    return read_quickly(Session()), tmp_path


@pytest.mark.parametrize(("suffix", "opened"), [("", open), (".gz", gzip.open)])
def test_own_descriptions(described, suffix, opened):
    """A service that exists only in AWS_DATA_PATH is found, compressed or not."""
    session, folder = described
    path = folder / "own" / "2020-01-01"
    path.mkdir(parents=True)
    with opened(path / f"service-2.json{suffix}", "wt") as file:
        json.dump(OWN, file)
    assert session.get_service_model("own").metadata == OWN["metadata"]


def test_unknown_service(described):
    """The error for an unknown service contains its name."""
    session, _ = described
    with pytest.raises(UnknownServiceError, match="'nothing'"):
        session.get_service_model("nothing")


def test_what_a_service_lacks(described):
    """A known service may lack other files, such as waiters."""
    session, _ = described
    with pytest.raises(DataNotFoundError):
        session.get_waiter_model("resourcegroupstaggingapi")


def test_like_botocore(described):
    """The result is the same as botocore's."""
    session, _ = described
    ours, theirs = (each.get_component("data_loader") for each in (session, Session()))
    for kind in ("service-2", "paginators-1"):
        read = ours.load_service_model("cognito-idp", kind)
        assert read == theirs.load_service_model("cognito-idp", kind)
