"""The control plane against unmodified moto, as any AWS-compatible endpoint."""

from __future__ import annotations

import pytest
from account import Account
from commandline import QuickTerminal, brought_up


@pytest.fixture
def cgw(tmp_path, variables, moto_url, environment):
    """A shell whose AWS is a separate moto_server."""
    for name, value in (variables | {"AWS_ENDPOINT_URL": moto_url}).items():
        environment.setenv(name, value)
    environment.chdir(tmp_path)
    return QuickTerminal(tmp_path)


def test_the_control_plane_from_nothing_and_back(cgw, moto_url, edited):
    """Create, refuse an update, and delete.

    The file gives the addresses of its APIs and sign-in pages, which are not AWS's.
    """
    account = Account(moto_url)
    before = account.listing()
    cgw.write(edited(_small))
    outputs = cgw("up", "-o", "json").document["outputs"]
    assert outputs["invoke_url"] == f"https://here/{outputs['api_id']}/dev"
    an_update_that_the_endpoint_lacks_says_so(cgw, edited, _small)
    cgw("down", "--yes")
    assert account.listing() == before


@pytest.mark.nightly  # tests/resources run on the same moto
def test_everything_on_the_control_plane(cgw, edited):
    """Create, repeat, run by steps, plan, change, show, and delete."""
    cgw.write(edited(_links))
    outputs = brought_up(cgw).document["outputs"]
    assert cgw("outputs", "-o", "json").document == outputs
    assert outputs["invoke_url"] == f"https://here/{outputs['api_id']}/dev"
    assert outputs["hosted_ui_url"].startswith("https://here/s")

    cgw.write(edited(_change))
    changed = cgw("up", "-o", "json").changed
    assert {key.split(" s")[0] for key in changed} == {
        "app client web",
        "group writers",
        "function",
        "method PUT /transactions",
        "deployment",
        "stage dev",
        "user bob@example.com",
    }
    cgw("plan", "--detailed-exitcode")
    an_update_that_the_endpoint_lacks_says_so(cgw, edited, _change)
    cgw("down", "--yes")
    assert cgw("down").err == "nothing to delete\n"


def _links(data):
    data["endpoints"] = {
        "invoke": "https://here/{api_id}/{stage}",
        "hosted_ui": "https://here/{domain}",
    }


def _small(data):
    _links(data)
    for key in ("domain", "resource_servers", "users", "user_pool", "app_clients"):
        data.pop(key, None)
    del data["api"]["routes"]["POST /transactions"]


def _change(data):
    _links(data)
    # Not the pool: moto's UpdateUserPool loses the sign-in attributes.
    data["user_pool"]["groups"].append("writers")
    data["app_clients"]["web"]["validity"]["id"] = "30m"
    data["users"].append({"username": "bob@example.com"})
    data["functions"]["hello"]["timeout"] = 5
    data["api"]["routes"]["PUT /transactions"] = {"function": "hello"}


def an_update_that_the_endpoint_lacks_says_so(cgw, edited, change):
    """Only the method fails, and the message is not an HTML page."""

    def make_public(data):
        change(data)
        data["api"]["routes"]["GET /transactions"]["auth"] = "none"

    cgw.write(edited(make_public))
    outcome = cgw("up", "-o", "json", code=1)
    failed = [step for step in outcome.document["steps"] if step["action"] == "failed"]
    assert [step["name"] for step in failed] == ["GET /transactions"]
    assert "UpdateMethod" in failed[0]["error"]
    assert "<" not in failed[0]["error"]
