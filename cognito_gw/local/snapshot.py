"""What a stage serves: a frozen copy of the API, taken when it was deployed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Snapshot:
    """One REST API as data, in the shapes that the control plane answers with."""

    account: str
    region: str
    api_id: str
    rest_api: dict[str, Any]  # as GetRestApi
    resources: list[dict[str, Any]]  # as GetResources(embed=["methods"])
    authorizers: dict[str, dict[str, Any]]  # authorizer id: as GetAuthorizer
    gateway_responses: dict[str, dict[str, Any]]  # response type: as GetGatewayResponse


@dataclass(frozen=True)
class DeployedStage:
    """A stage and the snapshot that its current deployment froze."""

    name: str
    deployment_id: str
    variables: dict[str, str]
    snapshot: Snapshot


@dataclass
class Snapshots:
    """Every deployment's snapshot, by (API id, deployment id)."""

    _frozen: dict[tuple[str, str], Snapshot] = field(default_factory=dict)

    def keep(self, deployment_id: str, snapshot: Snapshot) -> None:
        """Remember what `deployment_id` froze."""
        self._frozen[snapshot.api_id, deployment_id] = snapshot

    def of(self, api_id: str, deployment_id: str) -> Snapshot | None:
        """Return what a deployment froze, or None when there is no such one."""
        return self._frozen.get((api_id, deployment_id))
