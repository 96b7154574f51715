"""What is deployed, read from the control plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cognito_gw.local import emulator
from cognito_gw.local.console.apis import Api, apis
from cognito_gw.local.console.pools import UserPool, pools

if TYPE_CHECKING:
    from cognito_gw.local.stages import Stages


@dataclass(frozen=True)
class Function:
    """A function and its limits."""

    name: str
    runtime: str
    memory: int
    timeout: int


@dataclass(frozen=True)
class Overview:
    """All that is deployed."""

    apis: list[Api]
    pools: list[UserPool]
    functions: list[Function]


def overview(url: str, stages: Stages) -> Overview:
    """Return what is deployed; to be called where moto's objects are safe to touch."""
    functions = [
        Function(each.function_name, each.run_time, each.memory_size, each.timeout)
        for backend in emulator.regional_backends("lambda")
        for each in backend.list_functions()
    ]
    by_name = sorted(functions, key=lambda function: function.name)
    return Overview(apis(url, stages), pools(url), by_name)
