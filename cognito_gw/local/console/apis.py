"""The REST APIs as their stages serve them, and how they have changed since."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cognito_gw.local import emulator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cognito_gw.local.snapshot import Snapshot
    from cognito_gw.local.stages import Stages

PUBLIC = "public"
FUNCTION = re.compile(r":function:([^/:]+)")


@dataclass(frozen=True)
class Route:
    """A method of an API: who may call it, and what answers."""

    path: str
    verb: str
    callers: str
    target: str

    @property
    def is_preflight(self) -> bool:
        """Whether it answers the CORS preflights of its path, and no more."""
        return (self.verb, self.callers, self.target) == ("OPTIONS", PUBLIC, "mock")


@dataclass(frozen=True)
class Stage:
    """What a stage serves, and how the API has changed since."""

    name: str
    url: str
    routes: list[Route]
    preflights: list[Route]  # OPTIONS that anyone may call, for browsers
    undeployed: list[Route]  # they are not live, or not in this way
    removed: list[Route]  # they are live still


@dataclass(frozen=True)
class Api:
    """A REST API with its stages."""

    id: str
    name: str
    region: str
    stages: list[Stage]


def apis(url: str, stages: Stages) -> list[Api]:
    """Return every REST API."""
    backends = emulator.regional_backends("apigateway")
    return [_api(url, stages, api) for each in backends for api in each.apis.values()]


def _api(url: str, stages: Stages, api: Any) -> Api:
    found = (stages.find(api.id, name) for name in api.stages)
    deployed = [stage for stage in found if stage]
    return Api(
        api.id,
        api.name,
        api.region_name,
        [
            _stage(f"{url}/_aws/execute-api/{api.id}", each.name, each.snapshot, api)
            for each in deployed
        ],
    )


def _stage(base: str, name: str, snapshot: Snapshot, api: Any) -> Stage:
    live = set(_routes(snapshot.resources))
    draft = set(_routes(resource.to_dict() for resource in api.resources.values()))
    return Stage(
        name=name,
        url=f"{base}/{name}",
        routes=_in_order({each for each in live if not each.is_preflight}),
        preflights=_in_order({each for each in live if each.is_preflight}),
        undeployed=_in_order(draft - live),
        removed=_in_order(live - draft),
    )


def _routes(resources: Iterable[dict[str, Any]]) -> Iterator[Route]:
    for resource in resources:
        for verb, method in resource.get("resourceMethods", {}).items():
            target = _target(method.get("methodIntegration") or {})
            yield Route(resource["path"], verb, _callers(method), target)


def _in_order(routes: set[Route]) -> list[Route]:
    return sorted(routes, key=lambda route: (route.path, route.verb))


def _callers(method: dict[str, Any]) -> str:
    match method["authorizationType"]:
        case "NONE":
            return PUBLIC
        case "AWS_IAM":
            return "signed (IAM)"
        case "COGNITO_USER_POOLS":
            scopes = " or ".join(method.get("authorizationScopes") or [])
            return f"access token with scope {scopes}" if scopes else "ID token"
        case other:
            return f"authorizer of type {other}"


def _target(integration: dict[str, Any]) -> str:
    function = FUNCTION.search(integration.get("uri") or "")
    return function[1] if function else str(integration.get("type", "nothing")).lower()
