"""The docstrings beneath a class's fields, which Python itself does not keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator


def docstrings(of: type) -> dict[str, str]:
    """Return what the source says of each field; nothing where there is no source."""
    import ast
    import inspect

    try:
        source = inspect.getsource(of)
    except OSError:
        return {}
    body = ast.parse(source).body[0]
    return dict(_beneath(body)) if isinstance(body, ast.ClassDef) else {}


def _beneath(body: ast.ClassDef) -> Iterator[tuple[str, str]]:
    import ast
    from inspect import cleandoc
    from itertools import pairwise

    for above, below in pairwise(body.body):
        match above, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, cleandoc(text)
