"""All cases, in the order of the rules' files."""

from __future__ import annotations

from functools import cache

import pytest
from diagnosis.cases import authorizers, browsers, functions, routes, sign_in, tokens

CALLS = {
    f"{module.__name__.rpartition('.')[2]}: {name}": case
    for module in (routes, tokens, authorizers, functions, browsers)
    for name, case in module.CASES.items()
}
SIGN_INS = {f"sign_in: {name}": case for name, case in sign_in.CASES.items()}
BOTH = CALLS | SIGN_INS


@cache
def diagnosed(name, *, is_ours=True):
    """Return a case's diagnosis, made once for all tests, and the account it read."""
    *_, case = BOTH[name]
    world = case.world()
    return case.diagnosed(world, is_ours=is_ours), world


each_name = pytest.mark.parametrize("name", BOTH)
each_call = pytest.mark.parametrize("call", [c for *_, c in CALLS.values()], ids=CALLS)
each_case = pytest.mark.parametrize(
    ("code", "evidence", "case"), BOTH.values(), ids=BOTH
)
each_attempt = pytest.mark.parametrize(
    "attempt", [case for *_, case in BOTH.values()], ids=BOTH
)
anybodys = pytest.mark.parametrize("is_ours", [True, False], ids=["ours", "another's"])
