"""What each stage serves: moto's stage joined with what its deployment froze."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cognito_gw.local import emulator
from cognito_gw.local.snapshot import DeployedStage

if TYPE_CHECKING:
    from cognito_gw.local.snapshot import Snapshots


@dataclass(frozen=True)
class Stages:
    """Finds stages in every region, as an invoke address names none."""

    snapshots: Snapshots

    def find(self, api_id: str, name: str) -> DeployedStage | None:
        """Return the stage with its snapshot, or None when it serves nothing."""
        for regional in emulator.regional_backends("apigateway"):
            api = regional.apis.get(api_id)
            stage = api.stages.get(name) if api else None
            if stage:
                return self._deployed(api_id, stage)
        return None

    def _deployed(self, api_id: str, stage: Any) -> DeployedStage | None:
        snapshot = self.snapshots.of(api_id, stage.deployment_id)
        if snapshot is None:
            return None
        return DeployedStage(
            stage.name, stage.deployment_id, dict(stage.variables), snapshot
        )
