"""Which method of a REST API answers a request, as API Gateway chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


def match(
    resources: Iterable[dict[str, Any]], verb: str, path: str
) -> dict[str, Any] | None:
    """Return the method, as GetResources describes it; None where there is none.

    A literal path part wins over a `{variable}`, and that over a `{greedy+}` one.
    """
    wanted = path.partition("?")[0].strip("/").split("/")
    fitting = [item for item in resources if _fits(item["path"], wanted)]
    for item in sorted(fitting, key=lambda item: _rank(item["path"])):
        methods: dict[str, Any] = item.get("resourceMethods", {})
        if found := methods.get(verb) or methods.get("ANY"):
            return dict(found) | {"path": item["path"]}
    return None


def _fits(template: str, wanted: list[str]) -> bool:
    parts = template.strip("/").split("/")
    for index, part in enumerate(parts):
        if part.endswith("+}"):
            return len(wanted) > index
        if index >= len(wanted):
            return False
        if not part.startswith("{") and part != wanted[index]:
            return False
    return len(parts) == len(wanted)


def _rank(template: str) -> list[int]:
    return [
        2 if part.endswith("+}") else int(part.startswith("{"))
        for part in template.strip("/").split("/")
    ]
