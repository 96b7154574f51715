"""The chart in docs/architecture.md matches the packages and their imports."""

from __future__ import annotations

import re

import architecture
import pytest

A_PATH = re.compile(r"`((?:\w+/)+\w*(?:\.\w+)?)`")


def test_the_chart_is_drawn_from_the_imports():
    """`python tests/architecture.py --write` regenerates it."""
    assert architecture.PAGE.read_text("utf-8") == architecture.page()


def test_no_two_packages_import_each_other():
    reached = architecture.reachable(architecture.imports())
    assert [name for name, targets in reached.items() if name in targets] == []


@pytest.mark.parametrize(
    ("graph", "arrows"),
    [
        ({"a": "bc", "b": "c", "c": ""}, {"a": "b", "b": "c", "c": ""}),
        ({"a": "bcd", "b": "d", "c": "d", "d": ""}, {"a": "bc", "b": "d", "c": "d"}),
        ({"a": "bc", "b": "ac", "c": ""}, {"a": "bc", "b": "ac"}),
    ],
    ids=["chain", "diamond", "circle"],
)
def test_an_arrow_that_follows_from_others_is_left_out(graph, arrows):
    """Except on a cycle, where each arrow would follow from others."""
    found = architecture.reduced({name: set(to) for name, to in graph.items()})
    assert found == {name: set(arrows.get(name, "")) for name in graph}


@pytest.mark.skipif(
    not (architecture.PACKAGE / "app").is_dir(), reason="the pages describe `app`"
)
@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_a_page_names_files_that_exist(page):
    """In cgw's package or in the root folder."""
    named = A_PATH.findall((architecture.ROOT / page).read_text("utf-8"))
    roots = (architecture.PACKAGE, architecture.ROOT)
    assert [n for n in named if not any((root / n).exists() for root in roots)] == []


@pytest.mark.skipif(
    not (architecture.PACKAGE / "app").is_dir(), reason="the page describes `app`"
)
def test_the_page_describes_every_package():
    page = architecture.PAGE.read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    packages = {p.parent.name for p in architecture.PACKAGE.glob("*/__init__.py")}
    assert packages <= set(rows)
