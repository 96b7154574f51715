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


def over(cases):
    """Check all cases in one test, which is much quicker; a failure names its case."""

    def decorate(check):
        def run():
            for case in cases:
                arguments = case if isinstance(case, tuple) else (case,)
                try:
                    check(*arguments)
                except BaseException as error:
                    error.add_note(f"the case: {arguments}"[:500])
                    raise

        run.__name__, run.__doc__ = check.__name__, check.__doc__
        return run

    return decorate


OURS_OR_NOT = (True, False)
anybodys = pytest.mark.parametrize("is_ours", OURS_OR_NOT, ids=["ours", "another's"])
