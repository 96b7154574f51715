"""The check of the file says what AWS would refuse, before any call."""

from __future__ import annotations

import pytest
from refusals import LONG, refusals

ROWS = refusals()


@pytest.fixture
def folder(tmp_path):
    """Return a folder with the code that the rows name."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").touch()
    (tmp_path / "empty").mkdir()
    return tmp_path


@pytest.mark.parametrize("row", ROWS, ids=[row["case"] for row in ROWS])
def test_the_file_is_refused(complaints, folder, row):
    text = row["file"].replace("FOLDER", str(folder)).replace("LONG", LONG)
    found = complaints(f"name: t\n{text}")
    wanted = row["says"].replace("FOLDER", str(folder))
    assert [each for each in found if each.startswith(wanted)], found
