"""Steps as JSON for scripts."""

from __future__ import annotations

from cognito_gw.cli.results import changes_document
from cognito_gw.engine.resource import Change


def test_a_change_is_from_what_aws_has_to_what_the_file_wants():
    """In this order."""
    changes = {"Name": Change("old", "new"), "ttl": Change(None, 0)}
    assert changes_document(changes) == {
        "Name": {"from": "old", "to": "new"},
        "ttl": {"from": None, "to": 0},
    }
