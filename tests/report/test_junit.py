"""Cases as JUnit XML."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from cognito_gw.cli.checks import write_junit


def test_every_case_is_counted_as_what_it_is(tmp_path):
    """CI systems read the counts and show the failures."""
    file = tmp_path / "check.xml"
    usual = {"route": "GET /a", "case": "no token", "expected": "401", "got": "401"}
    cases = [
        usual | {"ok": True},
        usual | {"ok": True, "got": "not tried"},
        usual | {"ok": True, "got": "not tried"},
        usual | {"ok": False, "got": "200"},
    ]
    write_junit(file, "cgw check", cases)
    suite = ET.parse(file).getroot()  # noqa: S314 - we wrote it
    counts = [suite.get(name) for name in ("tests", "failures", "skipped")]
    assert counts == ["4", "1", "2"]
    [failure] = suite.iter("failure")
    assert failure.get("message") == "expected 401, got 200"
