"""`python tests/benchmarks` (or `python -m tests.benchmarks`), from the checkout."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])  # as in pytest

from benchmarks.command import benchmarks  # noqa: E402 - found by the line above

benchmarks(prog_name="benchmarks")
