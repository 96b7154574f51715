"""What a stage serves: a frozen copy of the API, and its API keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cognito_gw.local import moto_store


@dataclass(frozen=True)
class Snapshot:
    """One REST API as data, in the shapes that the control plane returns."""

    account: str
    region: str
    api_id: str
    rest_api: dict[str, Any]  # as GetRestApi
    resources: list[dict[str, Any]]  # as GetResources(embed=["methods"])
    authorizers: dict[str, dict[str, Any]]  # authorizer id: as GetAuthorizer
    gateway_responses: dict[str, dict[str, Any]]  # response type: as GetGatewayResponse


@dataclass(frozen=True)
class DeployedStage:
    """A stage and the snapshot of its current deployment."""

    name: str
    deployment_id: str
    variables: dict[str, str]
    snapshot: Snapshot


@dataclass
class Snapshots:
    """Every deployment's snapshot, by (API id, deployment id)."""

    _frozen: dict[tuple[str, str], Snapshot] = field(default_factory=dict)

    def keep(self, deployment_id: str, snapshot: Snapshot) -> None:
        """Store the snapshot of a deployment."""
        self._frozen[snapshot.api_id, deployment_id] = snapshot

    def of(self, api_id: str, deployment_id: str) -> Snapshot | None:
        """Return the snapshot of a deployment, or None."""
        return self._frozen.get((api_id, deployment_id))

    def stage(self, api_id: str, name: str) -> DeployedStage | None:
        """Return a stage with its snapshot, or None if nothing is deployed.

        It may be in any region, as invoke URLs do not name one.
        """
        for backend in moto_store.regional_backends("apigateway"):
            api = backend.apis.get(api_id)
            stage = api.stages.get(name) if api else None
            if stage and (snapshot := self.of(api_id, stage.deployment_id)):
                variables = dict(stage.variables)
                return DeployedStage(name, stage.deployment_id, variables, snapshot)
        return None


class ApiKey(NamedTuple):
    """An API key, as the event of a method that requires one names it."""

    id: str
    value: str


def find_api_key(snapshot: Snapshot, stage: str, value: str) -> ApiKey | None:
    """Return the enabled key of that value in a usage plan of the stage.

    Keys and plans work at once, as on AWS: no deployment freezes them.
    """
    backend = moto_store.backend("apigateway", snapshot.region)
    served = {"apiId": snapshot.api_id, "stage": stage}
    for plan in backend.usage_plans.values():
        if not any(served.items() <= stage.items() for stage in plan.api_stages):
            continue
        for key_id in backend.usage_plan_keys.get(plan.id, {}):
            key = backend.keys.get(key_id)  # a deleted key may stay in its plan
            if key and key.enabled and key.value == value:
                return ApiKey(key.id, key.value)
    return None
