"""The account's usage of AWS quotas.

Lambda and IAM report the account's own quotas. For user pools and REST APIs these are
AWS's documented defaults: an account may have higher ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from cognito_gw.doctor.finding import CALL_FAILED, CannotTell, Finding, worded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cognito_gw.aws.clients import Aws

    Count = Callable[[], Iterable["Usage"]]

_NEAR = 0.8
_USER_POOLS = 1000
_REST_APIS = {"REGIONAL": 600, "EDGE": 120}
_MIB = 1024 * 1024
_FIX = "delete unused resources, or request an increase in Service Quotas"


@dataclass(frozen=True)
class Usage:
    """How many of something exist, and the quota."""

    what: str
    used: int
    allowed: int
    is_default: bool = False

    @property
    def is_near(self) -> bool:
        """Whether the quota is nearly used up."""
        return self.used >= _NEAR * self.allowed

    def __str__(self) -> str:
        """Return `3 of 1000 user pools`."""
        default = " (by default)" if self.is_default else ""
        return f"{self.used} of {self.allowed} {self.what}{default}"


def counts_of(aws: Aws, endpoint: str) -> list[Count]:
    """Return the functions that count; REST APIs count by endpoint type."""
    return [
        partial(user_pools, aws.cognito),
        partial(rest_apis, aws.apigateway, endpoint.upper() or "REGIONAL"),
        partial(functions, aws.functions),
        partial(roles, aws.iam),
    ]


def quotas(counts: Iterable[Count]) -> Finding:
    """Count everything, and name what the caller may not count."""
    usages: list[Usage] = []
    unknown: list[str] = []
    for count in counts:
        try:
            usages += count()
        except CALL_FAILED as error:
            unknown.append(worded(error).what)
    if not usages:
        raise CannotTell("\n".join(unknown))
    near = [usage for usage in usages if usage.is_near]
    lines = [", ".join(map(str, near or usages))]
    lines += [f"not counted: {each}" for each in unknown]
    if near:
        return Finding("warn", "\n".join(lines), _FIX)
    return Finding("ok", "\n".join(lines))


def user_pools(cognito: Any) -> Iterator[Usage]:
    """Count the Region's user pools, up to the default quota."""
    pages = cognito.get_paginator("list_user_pools").paginate(
        PaginationConfig={"MaxItems": _USER_POOLS, "PageSize": 60}
    )
    used = sum(len(page["UserPools"]) for page in pages)
    yield Usage("user pools", used, _USER_POOLS, is_default=True)


def rest_apis(apigateway: Any, endpoint: str) -> Iterator[Usage]:
    """Count the Region's REST APIs of one endpoint type: each type has its quota."""
    pages = apigateway.get_paginator("get_rest_apis").paginate(
        PaginationConfig={"PageSize": 500}
    )
    types = [
        api.get("endpointConfiguration", {}).get("types") or ["EDGE"]
        for page in pages
        for api in page["items"]
    ]
    what = f"{endpoint.lower()} REST APIs"
    used = sum(endpoint in each for each in types)
    yield Usage(what, used, _REST_APIS[endpoint], is_default=True)


def functions(client: Any) -> Iterator[Usage]:
    """Report code size and reserved concurrency: functions share what is unreserved."""
    settings = client.get_account_settings()
    limit, used = settings["AccountLimit"], settings["AccountUsage"]
    code = used["TotalCodeSize"] // _MIB, limit["TotalCodeSize"] // _MIB
    yield Usage("MiB of function code", *code)
    total = limit["ConcurrentExecutions"]
    reserved = total - limit["UnreservedConcurrentExecutions"]
    yield Usage("concurrent executions reserved", reserved, total)


def roles(iam: Any) -> Iterator[Usage]:
    """Count the account's roles."""
    summary = iam.get_account_summary()["SummaryMap"]
    if "Roles" in summary and "RolesQuota" in summary:
        yield Usage("roles", summary["Roles"], summary["RolesQuota"])
