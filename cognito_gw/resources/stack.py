"""The stack: the file as resources, in the tutorial's order, and its outputs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from cognito_gw.aws.endpoints import filled, sign_in_query
from cognito_gw.aws.tags import STACK_TAG
from cognito_gw.gateway_rules import split_route
from cognito_gw.resources.app_client import AppClient
from cognito_gw.resources.concurrency import ReservedConcurrency
from cognito_gw.resources.cors import GatewayResponse, Preflight
from cognito_gw.resources.deployment import Deployment, Stage
from cognito_gw.resources.domain import Domain, ManagedLoginBranding, default_prefix
from cognito_gw.resources.function import Function, InvokePermission
from cognito_gw.resources.function_parts import ExecutionRole, LogGroup
from cognito_gw.resources.method import Authorizer, Method
from cognito_gw.resources.pool_parts import Group, MfaSetting, ResourceServer
from cognito_gw.resources.rest_api import Path, RestApi, parent_of
from cognito_gw.resources.stage_settings import (
    EVERY_ROUTE,
    AccessLog,
    AccessLogGroup,
    Throttling,
)
from cognito_gw.resources.user import User, with_verification
from cognito_gw.resources.user_pool import UserPool

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cognito_gw.aws.clients import Account
    from cognito_gw.aws.endpoints import Links
    from cognito_gw.config import model
    from cognito_gw.config.model import Config, FunctionConfig
    from cognito_gw.engine.resource import Resource


STEPS = (
    "pool",
    "client",
    "domain",
    "user",
    "lambda",
    "api",
    "resource",
    "method",
    "authorizer",
    "deploy",
)
_IAM_NAME_LIMIT = 64


@dataclass
class Stack:
    """Every resource of one file, those of the user pool first."""

    config: Config
    account: Account
    resources: list[Resource] = field(default_factory=list)

    def of(self, step: str) -> list[Resource]:
        """Return the resources of one step of the tutorial."""
        return [resource for resource in self.resources if resource.command == step]

    @cached_property
    def tags(self) -> dict[str, str]:
        """The tags of everything that can be tagged; the first marks it as ours."""
        return {STACK_TAG: self.config.name, **self.config.tags}

    @cached_property
    def pool(self) -> UserPool:
        config = self.config.user_pool
        return UserPool(
            self.config.name, config.name or self.config.name, self.tags, config
        )

    @cached_property
    def clients(self) -> dict[str, AppClient]:
        return {
            key: AppClient(
                self.pool,
                key,
                client.name or f"{self.config.name}-{key}",
                client,
                tuple(self.resource_servers),
            )
            for key, client in self.config.app_clients.items()
            if client.id or self.pool.managed
        }

    @cached_property
    def groups(self) -> dict[str, Group]:
        names = self.config.user_pool.groups
        return {name: Group(self.pool, name) for name in names}

    @cached_property
    def resource_servers(self) -> list[ResourceServer]:
        servers = self.config.resource_servers
        return [
            ResourceServer(self.pool, key, server) for key, server in servers.items()
        ]

    @cached_property
    def domain(self) -> Domain:
        config = self.config.domain
        prefix = config.prefix or default_prefix(self.config.name, self.account)
        return Domain(self.pool, prefix, config.login, tuple(self.brandings))

    @cached_property
    def brandings(self) -> list[ManagedLoginBranding]:
        if self.config.domain.login == "classic":
            return []
        return [ManagedLoginBranding(client) for client in self.clients.values()]

    @cached_property
    def users(self) -> list[User]:
        return [
            User(
                self.pool,
                user.username,
                user.groups,
                tuple(self.groups[name] for name in user.groups or []),
                self.config.user_pool.password_policy,
                user.password,
                with_verification(user.attributes),
                place=("users", index),
            )
            for index, user in enumerate(self.config.users)
        ]

    @cached_property
    def functions(self) -> dict[str, Function]:
        return {
            key: self.function(config.name or f"{self.config.name}-{key}", config)
            for key, config in self.config.functions.items()
        }

    def ignore(self, paths: Iterable[Sequence[str | int]]) -> None:
        """Leave out of the comparison what the file could not say of functions."""
        for path in paths:
            if path[0] == "functions":
                self.functions[str(path[1])].ignored.add(str(path[2]))

    def function(self, name: str, config: FunctionConfig) -> Function:
        """Wire up one function with its role and its log group."""
        stack = self.config.name
        group = LogGroup(
            stack,
            f"/aws/lambda/{name}",
            self.tags,
            self.account,
            config.log_retention,
        )
        # IAM is global: the region keeps the roles of two regions apart.
        role_name = _fitting(f"{name}-{self.account.region}", _IAM_NAME_LIMIT)
        boundary = self.config.iam.permissions_boundary
        place = self.account, group.name
        role = ExecutionRole(stack, role_name, self.tags, *place, boundary)
        return Function(stack, name, self.tags, config, role, group)

    @cached_property
    def api(self) -> RestApi:
        config = self.config.api
        routes = {(verb, path) for verb, path, _ in self.routes}
        if config.cors:
            routes |= {("OPTIONS", path) for _, path, _ in self.routes}
        return RestApi(
            self.config.name,
            config.name or self.config.name,
            self.tags,
            config.endpoint,
            config.id,
            frozenset(routes),
            self.account,
            config.binary_media_types,
        )

    @cached_property
    def gateway_responses(self) -> list[GatewayResponse]:
        cors, kinds = self.config.api.cors, ("DEFAULT_4XX", "DEFAULT_5XX")
        return [GatewayResponse(self.api, kind, cors) for kind in kinds]

    @cached_property
    def routes(self) -> list[tuple[str, str, model.Route]]:
        """Method, path and settings of every route."""
        return [
            (*split_route(key), route) for key, route in self.config.api.routes.items()
        ]

    @cached_property
    def paths(self) -> dict[str, Path]:
        paths: dict[str, Path] = {}

        def path_at(path: str) -> Path:
            if path not in paths:
                above = parent_of(path)
                parent = path_at(above) if above != "/" else None
                paths[path] = Path(self.api, path, parent)
            return paths[path]

        for _, path, _ in self.routes:
            path_at(path)
        return paths

    @cached_property
    def authorizer(self) -> Authorizer:
        return Authorizer(self.api, self.pool, self.config.api.authorizer)

    @cached_property
    def methods(self) -> list[Method]:
        only = next(iter(self.functions), "")
        return [
            Method(
                self.paths[path],
                verb,
                self.functions[route.function or only],
                self.authorizer if route.auth == "cognito" else None,
                list(route.scopes),
                self.account,
                route.timeout,
            )
            for verb, path, route in self.routes
        ]

    @cached_property
    def permissions(self) -> list[InvokePermission]:
        called = dict.fromkeys(method.function for method in self.methods)
        name = self.config.name
        return [
            InvokePermission(name, function, self.api, self.account)
            for function in called
        ]

    @cached_property
    def preflights(self) -> list[Preflight]:
        cors = self.config.api.cors
        verbs: dict[str, list[str]] = {}
        for verb, path, _ in self.routes:
            verbs.setdefault(path, []).append(verb)
        if cors is None:
            return []
        header = self.config.api.authorizer.identity_source
        return [
            Preflight(self.paths[path], "OPTIONS", cors, its, header)
            for path, its in verbs.items()
            if "OPTIONS" not in its
        ]

    @cached_property
    def deployment(self) -> Deployment:
        parts = (
            *self.paths.values(),
            self.authorizer,
            *self.methods,
            *self.preflights,
            *self.gateway_responses,
        )
        return Deployment(self.api, parts, tuple(self.permissions))

    @cached_property
    def stage(self) -> Stage:
        name = self.config.api.stage
        return Stage(self.api, self.deployment, name, self.tags, self.account)

    @cached_property
    def throttling(self) -> Throttling:
        config = self.config.api
        limits = {EVERY_ROUTE: config.throttle} if config.throttle else {}
        limits |= {
            k: route.throttle for k, route in config.routes.items() if route.throttle
        }
        return Throttling(self.stage, limits)

    @cached_property
    def access_log_group(self) -> AccessLogGroup:
        """The log group of the access log, whether the file has one or not."""
        config = self.config.api.access_log
        name = f"/aws/apigateway/{self.config.name}/access"
        retention = config.retention if config else 0
        return AccessLogGroup(
            self.config.name, name, self.tags, self.account, retention
        )

    @cached_property
    def access_log(self) -> AccessLog:
        group = self.access_log_group
        arn = self.account.arn("logs", f"log-group:{group.name}")
        return AccessLog(self.stage, group if self.config.api.access_log else None, arn)


def build(config: Config, account: Account) -> Stack:
    """Build the stack of a file; reads like the tutorial, from top to bottom."""
    stack = Stack(config, account)
    stack.resources = [stack.pool]
    if stack.pool.managed:
        stack.resources += [
            *stack.groups.values(),
            *stack.resource_servers,
            MfaSetting(stack.pool, config.user_pool.mfa),
            *stack.clients.values(),
            *stack.brandings,
            stack.domain,
            *stack.users,
        ]
    else:
        stack.resources += stack.clients.values()
    if not stack.api.managed:
        stack.resources += [stack.api]
        return stack
    for function in stack.functions.values():
        stack.resources += [function.log_group, function.role, function]
        stack.resources += [ReservedConcurrency(function, function.config.concurrency)]
    stack.resources += [
        stack.api,
        *stack.gateway_responses,
        *stack.paths.values(),
        stack.authorizer,
        *stack.methods,
        *stack.preflights,
        *stack.permissions,
        stack.deployment,
        stack.stage,
        stack.throttling,
        *([stack.access_log_group] if config.api.access_log else []),
        stack.access_log,
    ]
    return stack


def _fitting(name: str, limit: int) -> str:
    """Return the name, shortened to the limit and still unique."""
    if len(name) <= limit:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: limit - 9]}-{mark}"


def outputs(stack: Stack, links: Links) -> dict[str, Any]:
    """Return the IDs and URLs of a refreshed stack; None for what does not exist."""
    clients = {key: _id(client, "ClientId") for key, client in stack.clients.items()}
    place = {
        "region": stack.account.region,
        "user_pool_id": _id(stack.pool, "Id"),
        "domain": _domain(stack),
        "api_id": _id(stack.api, "id"),
        "stage": stack.config.api.stage,
    }
    hosted_ui_url = filled(links.hosted_ui, place)
    return {
        "region": place["region"],
        "user_pool_id": place["user_pool_id"],
        "app_client_id": next(iter(clients.values()), None),
        "app_clients": clients,
        "hosted_ui_url": hosted_ui_url,
        "sign_in_url": _sign_in_url(stack, hosted_ui_url),
        "issuer": filled(links.issuer, place),
        "api_id": place["api_id"],
        "authorizer_id": _id(stack.authorizer, "id"),
        "stage": place["stage"],
        "invoke_url": filled(links.invoke, place),
        "functions": {
            key: _id(function, "FunctionArn")
            for key, function in stack.functions.items()
        },
    }


def _sign_in_url(stack: Stack, hosted_ui_url: str | None) -> str | None:
    """Return the link to the sign-in page of the first app client that uses it."""
    queries = [sign_in_query(client.live or {}) for client in stack.clients.values()]
    query = next(filter(None, queries), None)
    return (
        f"{hosted_ui_url}/login?{urlencode(query)}" if hosted_ui_url and query else None
    )


def _domain(stack: Stack) -> str | None:
    if stack.pool.managed:
        return _id(stack.domain, "Domain")
    return (stack.pool.live or {}).get("Domain")


def _id(resource: Resource, key: str) -> str | None:
    return resource[key] if resource.live else None
