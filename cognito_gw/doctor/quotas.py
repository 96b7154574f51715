"""What there is of everything that AWS counts, against what it allows.

Lambda and IAM tell the account's own quotas. For user pools and REST APIs these are
AWS's documented defaults: an account may have been granted more.
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
_FIX = "delete what nobody uses, or ask for more: see Service Quotas"


@dataclass(frozen=True)
class Usage:
    """How many there are of something, and how many there may be."""

    what: str
    used: int
    allowed: int
    is_default: bool = False

    @property
    def is_near(self) -> bool:
        """Whether the next ones may be refused."""
        return self.used >= _NEAR * self.allowed

    def __str__(self) -> str:
        """Spell it out."""
        default = " (by default)" if self.is_default else ""
        return f"{self.used} of {self.allowed} {self.what}{default}"


def counts_of(aws: Aws, endpoint: str) -> list[Count]:
    """Return what counts: REST APIs are counted by their endpoint type."""
    return [
        partial(user_pools, aws.cognito),
        partial(rest_apis, aws.apigateway, endpoint.upper() or "REGIONAL"),
        partial(functions, aws.functions),
        partial(roles, aws.iam),
    ]


def quotas(counts: Iterable[Count]) -> Finding:
    """Count everything; what may not be counted is named."""
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
    """Count the user pools of the region, as far as the default quota goes."""
    pages = cognito.get_paginator("list_user_pools").paginate(
        PaginationConfig={"MaxItems": _USER_POOLS, "PageSize": 60}
    )
    used = sum(len(page["UserPools"]) for page in pages)
    yield Usage("user pools", used, _USER_POOLS, is_default=True)


def rest_apis(apigateway: Any, endpoint: str) -> Iterator[Usage]:
    """Count the region's REST APIs of one endpoint type: each type has a quota."""
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
    """Ask Lambda about code and concurrency: ours run in what is not reserved."""
    settings = client.get_account_settings()
    limit, used = settings["AccountLimit"], settings["AccountUsage"]
    code = used["TotalCodeSize"] // _MIB, limit["TotalCodeSize"] // _MIB
    yield Usage("MiB of function code", *code)
    total = limit["ConcurrentExecutions"]
    reserved = total - limit["UnreservedConcurrentExecutions"]
    yield Usage("concurrent executions reserved", reserved, total)


def roles(iam: Any) -> Iterator[Usage]:
    """Ask IAM how many roles there are."""
    summary = iam.get_account_summary()["SummaryMap"]
    if "Roles" in summary and "RolesQuota" in summary:
        yield Usage("roles", summary["Roles"], summary["RolesQuota"])
