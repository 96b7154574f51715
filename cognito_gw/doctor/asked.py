"""What the command line, the environment and the file ask for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cognito_gw.aws.clients import Tell
    from cognito_gw.config.load import Loaded
    from cognito_gw.config.schema import Config
    from cognito_gw.errors import CgwError


@dataclass(frozen=True)
class Asked:
    """The target, and the file: what it says, or why it says nothing."""

    file: Path
    loaded: Loaded | None = None
    problem: CgwError | None = None
    is_local: bool = False
    profile: str | None = None
    region: str | None = None  # as the command line has it
    environment: Mapping[str, str] = field(default_factory=dict)
    tell: Tell | None = None  # of each call

    @property
    def config(self) -> Config | None:
        """The file, if it can be meant."""
        return self.loaded.config if self.loaded else None

    @property
    def region_in_file(self) -> str | None:
        """The region that the file names."""
        return self.config.region if self.config else None
