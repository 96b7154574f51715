"""The size of IAM policies, and how to keep within IAM's limit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Statement = dict[str, Any]
Document = dict[str, Any]

LIMIT = 6144  # characters of a managed policy


def size(document: Document) -> int:
    """Return the characters that IAM counts: all but white space."""
    return len("".join(json.dumps(document).split()))


def split(document: Document) -> list[Document]:
    """Return documents within the limit that allow the same together."""
    documents = [_with(document, [])]
    for statement in document["Statement"]:
        for piece in _pieces(document, statement):
            longer = _with(document, [*documents[-1]["Statement"], piece])
            if size(longer) <= LIMIT:
                documents[-1] = longer
            else:
                documents.append(_with(document, [piece]))
    return documents


def _pieces(document: Document, statement: Statement) -> Iterator[Statement]:
    """Yield the statement, or parts of it that each fit into a document."""
    arns = statement["Resource"]
    if size(_with(document, [statement])) <= LIMIT or len(arns) == 1:
        yield statement
        return
    middle = len(arns) // 2
    for number, part in enumerate((arns[:middle], arns[middle:]), 1):
        sid = f"{statement['Sid']}{number}"
        yield from _pieces(document, statement | {"Sid": sid, "Resource": part})


def _with(document: Document, statements: list[Statement]) -> Document:
    return document | {"Statement": statements}
