"""What a stage does besides serving a deployment: it limits calls, and logs them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cognito_gw.aws.errors import message_of
from cognito_gw.engine.resource import Change, Exactly, NotReady, Resource
from cognito_gw.errors import CgwError
from cognito_gw.gateway_rules import split_route
from cognito_gw.resources.function_parts import LogGroup
from cognito_gw.resources.rest_api import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cognito_gw.aws.clients import Aws
    from cognito_gw.config.model import Throttle
    from cognito_gw.resources.deployment import Stage

    Patch = list[dict[str, str]]


EVERY_ROUTE = "*/*"
_RATE, _BURST = "throttlingRateLimit", "throttlingBurstLimit"
# A setting of another kind, such as a log level, comes with the account's limits at
# that time: 10,000 a second and 5,000 at once, unless AWS raised them.
_ACCOUNTS = (10_000, 5_000)
_NONE = -1
_MOST = 80  # patch operations that UpdateStage takes at once


@dataclass(eq=False)
class StageSetting(Resource):
    """A setting of the stage, which is read with it."""

    command = "deploy"

    stage: Stage

    @property
    def label(self) -> str:
        return self.stage.name

    @property
    def parent(self) -> Resource | None:
        return self.stage

    def refresh_source(self, aws: Aws) -> None:
        self.stage.live = self.stage.observe(aws)

    def _of_stage(self) -> dict[str, Any]:
        """Return the stage; raise NotReady for one that will have another name."""
        if self.stage["stageName"] != self.stage.name:
            raise NotReady(f"{self.stage} does not exist yet")
        return self.stage.live or {}

    def _patch(self, aws: Aws, patch: Patch) -> None:
        key = {"restApiId": self.stage.api["id"], "stageName": self.stage.name}
        for start in range(0, len(patch), _MOST):
            some = patch[start : start + _MOST]
            aws.apigateway.update_stage(**key, patchOperations=some)
        self.refresh_source(aws)


@dataclass(eq=False)
class Throttling(StageSetting):
    """The limits of the routes; API Gateway keeps them in buckets of tokens.

    Source: API Gateway's guide, "Throttle requests to your REST APIs".
    """

    kind = "throttling"

    limits: dict[str, Throttle]  # by route; `*/*` is every route without its own

    @property
    def enabled(self) -> bool:
        return bool(self.limits)

    def desired(self) -> dict[str, Any]:
        """Return the limits; None for those that must go."""
        gone = dict.fromkeys((self.live or {}).get("limits", ()))
        wanted = {
            route: Exactly(rate=limit.rate, burst=limit.burst)
            for route, limit in self.limits.items()
        }
        return {"limits": gone | wanted}

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        found = dict(_limits(self._of_stage().get("methodSettings") or {}))
        keys = {route: key for route, (key, _) in found.items()}
        limits = {route: limit for route, (_, limit) in found.items()}
        return {"limits": limits, "keys": keys} if limits else None

    def create(self, aws: Aws) -> dict[str, Any]:
        self._patch(aws, list(self._set(self.limits)))
        return self.observe(aws) or {}

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        changed = [field.removeprefix("limits.") for field in changes]
        gone = [route for route in changed if route not in self.limits]
        kept = [route for route in changed if route in self.limits]
        self._patch(aws, [*self._unset(gone), *self._set(kept)])
        return self.observe(aws) or {}

    def delete(self, aws: Aws) -> None:
        self._patch(aws, list(self._unset(self["limits"])))

    def _set(self, routes: Iterable[str]) -> Iterator[dict[str, str]]:
        for route in routes:
            limit = self.limits[route]
            yield from _replaced(_key(route), limit.rate, limit.burst)

    def _unset(self, routes: Iterable[str]) -> Iterator[dict[str, str]]:
        """Yield the patches by which routes have the limits of the stage again.

        A route's settings replace all those of the stage, so they go as a whole. Those
        of the stage may have been made by the user: only the limits end.
        """
        for route in routes:
            key = self["keys"][route]
            if route == EVERY_ROUTE:
                yield from _replaced(key, _NONE, _NONE)
            else:
                yield {"op": "remove", "path": f"/{key}"}


def _replaced(key: str, rate: float, burst: int) -> Iterator[dict[str, str]]:
    for name, value in (("rateLimit", rate), ("burstLimit", burst)):
        path = f"/{key}/throttling/{name}"
        yield {"op": "replace", "path": path, "value": str(value)}


def _limits(
    settings: Mapping[str, Mapping[str, Any]],
) -> Iterator[tuple[str, tuple[str, dict[str, Any]]]]:
    """Yield the routes that have limits, with their key and the limits."""
    for key, setting in settings.items():
        limits = setting.get(_RATE, _NONE), setting.get(_BURST, _NONE)
        if _NONE not in limits and limits != _ACCOUNTS:
            rate, burst = limits
            yield _route(key), (key, {"rate": rate, "burst": burst})


def _key(route: str) -> str:
    """Return the key of a route's settings: `GET /x` is `~1x/GET`."""
    if route == EVERY_ROUTE:
        return route
    verb, path = split_route(route)
    return f"{escaped(path)}/{verb}"


def _route(key: str) -> str:
    """Return the route of a key; the first slash of the path may be left out."""
    if key == EVERY_ROUTE:
        return key
    path, _, verb = key.rpartition("/")
    return f"{verb} /{path.replace('~1', '/').replace('~0', '~').lstrip('/')}"


# Each is a `$context` variable. There is no user agent: it is the caller's own text,
# and AWS does not document how it is escaped.
_LOGGED = {
    "requestId": "requestId",
    "requestTime": "requestTime",
    "ip": "identity.sourceIp",
    "httpMethod": "httpMethod",
    "path": "path",
    "resourcePath": "resourcePath",
    "status": "status",
    "responseLength": "responseLength",
    "responseLatency": "responseLatency",
    "sub": "authorizer.claims.sub",
    "error": "error.message",
    "authorizerError": "authorizer.error",
    "integrationError": "integrationErrorMessage",
}
FORMAT = json.dumps({key: f"$context.{name}" for key, name in _LOGGED.items()})
_NO_ROLE = "CloudWatch Logs role ARN"
_ROLE_HINT = (
    "API Gateway needs a role to write logs, one for the account and Region. cgw does "
    "not set it, as it is not the stack's: see docs/configuration.md, Access log; then "
    "run `cgw up` again. Or remove `api.access_log`"
)


class AccessLogGroup(LogGroup):
    """The log group of the access log."""

    command = "deploy"


@dataclass(eq=False)
class AccessLog(StageSetting):
    """One JSON line for each request, in a log group of the stack.

    Without `group` in the file, a log that goes elsewhere stays. Source: API Gateway's
    guide, "Set up CloudWatch logging for REST APIs".
    """

    kind = "access log"

    group: LogGroup | None
    destination: str  # the ARN of the stack's own log group

    @property
    def enabled(self) -> bool:
        return self.group is not None

    def desired(self) -> dict[str, Any]:
        return {"destinationArn": self.destination, "format": FORMAT}

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        found: dict[str, Any] = self._of_stage().get("accessLogSettings") or {}
        arn = found.get("destinationArn", "").removesuffix(":*")
        if not arn or (not self.enabled and arn != self.destination):
            return None
        return dict(found) | {"destinationArn": arn}

    def create(self, aws: Aws) -> dict[str, Any]:
        patch = [
            {"op": "replace", "path": f"/accessLogSettings/{name}", "value": value}
            for name, value in self.desired().items()
        ]
        try:
            self._patch(aws, patch)
        except ClientError as error:
            if _NO_ROLE not in message_of(error):
                raise
            what = f"{self}: AWS refused: {message_of(error)}"
            raise CgwError(what, hint=_ROLE_HINT) from error
        return self.observe(aws) or {}

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        return self.create(aws)

    def delete(self, aws: Aws) -> None:
        self._patch(aws, [{"op": "remove", "path": "/accessLogSettings"}])
