"""The API keys that let a request into a stage, read from moto's objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cognito_gw.local import emulator

if TYPE_CHECKING:
    from cognito_gw.local.snapshot import Snapshot


class ApiKey(NamedTuple):
    """An API key, as the event of a method that requires one names it."""

    id: str
    value: str


def find_api_key(snapshot: Snapshot, stage: str, value: str) -> ApiKey | None:
    """Return the enabled key of that value in a usage plan of the stage.

    Keys and plans work at once, as on AWS: no deployment freezes them.
    """
    backend = emulator.backend("apigateway", snapshot.region)
    served = {"apiId": snapshot.api_id, "stage": stage}
    for plan in backend.usage_plans.values():
        places = [{name: each.get(name) for name in served} for each in plan.api_stages]
        if served not in places:
            continue
        for key_id in backend.usage_plan_keys.get(plan.id, {}):
            key = backend.keys.get(key_id)  # a deleted key may stay in its plan
            if key and key.enabled and key.value == value:
                return ApiKey(key.id, key.value)
    return None
