"""What the console page shows: APIs, user pools, functions, and events."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from cognito_gw.gateway_rules import function_arn
from cognito_gw.local import moto_store
from cognito_gw.local.cognito import directory
from cognito_gw.local.cognito.oauth import usual_request
from cognito_gw.local.cognito.pages.request import BASE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cognito_gw.local.apigateway.snapshot import Snapshot, Stages
    from cognito_gw.local.events import Event


PUBLIC = "public"


@dataclass(frozen=True)
class Route:
    """A method of an API, the callers that it allows, and its integration."""

    path: str
    verb: str
    callers: str
    target: str

    @property
    def is_preflight(self) -> bool:
        """Whether it only answers the CORS preflights of its path."""
        return (self.verb, self.callers, self.target) == ("OPTIONS", PUBLIC, "mock")


@dataclass(frozen=True)
class Stage:
    """What a stage serves, and how the API has changed since."""

    name: str
    url: str
    routes: list[Route]
    preflights: list[Route]  # public OPTIONS, for browsers
    undeployed: list[Route]  # not live, or not in this form
    removed: list[Route]  # still live


@dataclass(frozen=True)
class Api:
    """A REST API with its stages."""

    id: str
    name: str
    region: str
    stages: list[Stage]


def apis(url: str, stages: Stages) -> list[Api]:
    """Return every REST API."""
    backends = moto_store.regional_backends("apigateway")
    return [_api(url, stages, api) for one in backends for api in one.apis.values()]


def _api(url: str, stages: Stages, api: Any) -> Api:
    found = (stages.find(api.id, name) for name in api.stages)
    deployed = [stage for stage in found if stage]
    return Api(
        api.id,
        api.name,
        api.region_name,
        [
            _stage(f"{url}/_aws/execute-api/{api.id}", stage.name, stage.snapshot, api)
            for stage in deployed
        ],
    )


def _stage(base: str, name: str, snapshot: Snapshot, api: Any) -> Stage:
    live = set(_routes(snapshot.resources))
    draft = set(_routes(resource.to_dict() for resource in api.resources.values()))
    return Stage(
        name=name,
        url=f"{base}/{name}",
        routes=_in_order({route for route in live if not route.is_preflight}),
        preflights=_in_order({route for route in live if route.is_preflight}),
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
    arn = function_arn(integration.get("uri") or "")
    if arn:
        return arn.rpartition(":function:")[2].partition(":")[0]
    return str(integration.get("type", "nothing")).lower()


MAX_USERS = 100


@dataclass(frozen=True)
class AppClient:
    """An app client, with the pages where its users sign in and sign up."""

    id: str
    name: str
    login: str | None
    signup: str | None


@dataclass(frozen=True)
class User:
    """A user of a pool."""

    name: str
    status: str
    groups: list[str]


@dataclass(frozen=True)
class UserPool:
    """A user pool with its app clients and users."""

    id: str
    name: str
    region: str
    clients: list[AppClient]
    users: list[User]  # the first of them
    more_users: int


def pools(url: str) -> list[UserPool]:
    """Return every user pool."""
    backends = moto_store.regional_backends("cognito-idp")
    return [_pool(url, pool) for one in backends for pool in one.user_pools.values()]


def _pool(url: str, pool: Any) -> UserPool:
    domain = directory.domain_of_pool(pool.id)
    base = f"{url}{BASE}/{domain}" if domain else None
    users = list(pool.users.values())
    return UserPool(
        pool.id,
        pool.name,
        pool.region,
        [_client(base, client) for client in directory.clients_of(pool.id)],
        [_user(user) for user in users[:MAX_USERS]],
        len(users[MAX_USERS:]),
    )


def _client(base: str | None, client: directory.AppClient) -> AppClient:
    usual = usual_request(client)
    query = urlencode(usual) if usual else None
    login = f"{base}/login?{query}" if base and query else None
    signup = f"{base}/signup?{query}" if login and client.is_open else None
    return AppClient(client.id, client.settings["ClientName"], login, signup)


def _user(user: Any) -> User:
    name = user.attribute_lookup.get("email") or user.username
    groups = sorted(group.group_name for group in user.groups)
    status = user.status.value if user.enabled else "disabled"
    return User(str(name), str(status), groups)


@dataclass(frozen=True)
class Function:
    """A function and its limits."""

    name: str
    runtime: str
    memory: int
    timeout: int


@dataclass(frozen=True)
class Overview:
    """Everything that is deployed."""

    apis: list[Api]
    pools: list[UserPool]
    functions: list[Function]


def overview(url: str, stages: Stages) -> Overview:
    """Return what is deployed; call it on the thread that owns moto's objects."""
    functions = [
        Function(one.function_name, one.run_time, one.memory_size, one.timeout)
        for backend in moto_store.regional_backends("lambda")
        for one in backend.list_functions()
    ]
    by_name = sorted(functions, key=lambda function: function.name)
    return Overview(apis(url, stages), pools(url), by_name)


ANSWERED = {  # reasons of requests that reached an integration
    "function": "the function answered",
    "mock": "the mock integration answered",
}
LET_IN, OWN, REFUSED, FAILED = DECISIONS = (
    "let in",
    "function's own",
    "refused",
    "failed",
)
MAX_CELL = 500  # characters: a function may print anything
CLIENT_ERROR, SERVER_ERROR = 400, 500


def cells(event: Event) -> dict[str, str]:
    """Return the texts of an event's row, by the names of their columns."""
    facts = {name: str(value)[:MAX_CELL] for name, value in event.facts.items()}
    at = datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds")
    if event.kind == "request":
        status, why = event.facts["status"], event.facts["why"]
        facts["decision"] = _decision(status, why)
        facts["why"] = ANSWERED.get(why, facts["why"])
        if facts["decision"] == OWN:
            facts["why"] = f"let in; the function itself returned {status}"
    return facts | {"at": at}


def sent(event: Event) -> bytes:
    """Return the event as a browser's EventSource reads it."""
    data = json.dumps(cells(event))  # on one line, as the format requires
    return f"id: {event.id}\nevent: {event.kind}\ndata: {data}\n\n".encode()


def _decision(status: int, why: str) -> str:
    if why == "function" and status >= CLIENT_ERROR:
        return OWN
    if why in ANSWERED:
        return LET_IN
    return REFUSED if status < SERVER_ERROR else FAILED
