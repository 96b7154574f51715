"""Steps as reports tell of them: what an update deletes is a step by itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cognito_gw.engine.resource import Action, Change, Resource, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cognito_gw.aws.clients import Aws


def told(steps: Iterable[Step]) -> list[Step]:
    """Return the steps, each deletion that is part of an update after its step."""
    return [part for step in steps for part in _parts(step)]


def _parts(step: Step) -> list[Step]:
    fields = [each for each in step.resource.removes if each in step.changes]
    if step.action is not Action.UPDATE or not fields:
        return [step]
    rest = {key: each for key, each in step.changes.items() if key not in fields}
    own = replace(step, changes=rest, action=Action.UPDATE if rest else Action.KEEP)
    return [
        own,
        *(
            Step(
                Removed(step.resource.removes[each], name),
                Action.DELETE,
                done=step.done,
            )
            for each in fields
            for name in step.changes[each].before or ()
        ),
    ]


@dataclass(eq=False)
class Removed(Resource):
    """Something that the file does not name, in what the file does."""

    kind: str  # type: ignore[misc] # each has another
    name: str

    @property
    def label(self) -> str:
        return self.name

    @property
    def wanted(self) -> bool:
        return False

    def desired(self) -> dict[str, Any]:
        raise NotImplementedError  # what it is in sees to it

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        raise NotImplementedError

    def create(self, aws: Aws) -> dict[str, Any]:
        raise NotImplementedError

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        raise NotImplementedError

    def delete(self, aws: Aws) -> None:
        raise NotImplementedError
