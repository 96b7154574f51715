"""Checks of the account: the caller's permissions, and the usage of quotas.

IAM's policy simulator judges the permissions. Lambda and IAM report the account's own
quotas. For user pools and REST APIs these are AWS's documented defaults: an account may
have higher ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cognito_gw.aws.errors import ABSENT, code_of, message_of
from cognito_gw.doctor.finding import CALL_FAILED, CannotTell, Finding, worded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from cognito_gw.aws.clients import Aws

    Statement = Mapping[str, Any]
    Policy = Mapping[str, Any]
    Count = Callable[[], Iterable["Usage"]]


_AT_ONCE = 100  # actions, and evaluations to a page
_WHOLE_GROUP = ":*"  # the same log group, as other actions spell it


@dataclass
class Verdict:
    """The simulator's decision on each action."""

    allowed: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)  # a condition's value is unknown
    unjudged: set[str] = field(default_factory=set)  # not simulated
    keys: set[str] = field(default_factory=set)  # condition keys without a value

    @property
    def count(self) -> int:
        """The number of actions."""
        return len(self.allowed | self.denied | self.open | self.unjudged)

    def settle(self) -> Verdict:
        """Keep each action in its worst state: it must be allowed on all resources."""
        self.open -= self.denied
        self.unjudged -= self.denied | self.open
        self.allowed -= self.denied | self.open | self.unjudged
        return self


def simulate(
    statements: Iterable[Statement], principal: str, iam: Any, region: str
) -> Verdict:
    """Simulate whether the principal may do all that the statements allow."""
    verdict = Verdict()
    for statement in statements:
        for actions, circumstances in _questions(statement, region):
            request = {"PolicySourceArn": principal, **circumstances}
            while actions:
                _ask(iam, request, actions[:_AT_ONCE], verdict)
                del actions[:_AT_ONCE]
    return verdict.settle()


def _questions(
    statement: Statement, region: str
) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Yield actions with the parameters of their simulation.

    These are the resources of the actions' service, and the values that the
    statement's conditions require.
    """
    resources = statement["Resource"]
    arns = [resources] if isinstance(resources, str) else list(resources)
    equals = statement.get("Condition", {}).get("StringEquals", {})
    if arns == ["*"]:  # the simulator takes no resources then
        yield list(statement["Action"]), _context(equals, region)
        return
    for service in dict.fromkeys(_service(action) for action in statement["Action"]):
        actions = [
            action for action in statement["Action"] if _service(action) == service
        ]
        # In a policy, `${*}` is a literal asterisk.
        own = [arn.replace("${*}", "*") for arn in arns if arn.split(":")[2] == service]
        # IAM is global.
        context = _context(equals, None if service == "iam" else region)
        yield actions, {"ResourceArns": own, **context}


def _service(action: str) -> str:
    return action.partition(":")[0]


def _context(equals: Mapping[str, str], region: str | None) -> dict[str, Any]:
    # Organizations often deny all other Regions.
    given = dict(equals) | ({"aws:RequestedRegion": region} if region else {})
    entries = [
        {"ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": [value]}
        for key, value in given.items()
    ]
    return {"ContextEntries": entries} if entries else {}


def _ask(
    iam: Any, request: dict[str, Any], actions: list[str], verdict: Verdict
) -> None:
    """Simulate some actions; in halves, where IAM does not accept them together.

    IAM refuses actions that "require different authorization information", and does not
    document which ones.
    """
    try:
        answer = iam.get_paginator("simulate_principal_policy").paginate(
            **request, ActionNames=actions, PaginationConfig={"PageSize": _AT_ONCE}
        )
        _sort(answer.build_full_result()["EvaluationResults"], verdict)
    except ClientError as error:
        if code_of(error) != "InvalidInput" or "Action" not in message_of(error):
            raise
        if len(actions) == 1:
            verdict.unjudged.update(actions)
            return
        middle = len(actions) // 2
        _ask(iam, request, actions[:middle], verdict)
        _ask(iam, request, actions[middle:], verdict)


def _sort(results: list[dict[str, Any]], verdict: Verdict) -> None:
    """Sort actions by the decision for each of their resources."""
    judged = [decision for result in results for decision in _decisions(result)]
    allowed = {
        (action, resource) for action, resource, how, _ in judged if how == "allowed"
    }
    verdict.allowed |= {action for action, _ in allowed}
    for action, resource, how, keys in judged:
        if (action, resource) in allowed:
            continue
        if how == "implicitDeny" and keys:
            verdict.open.add(action)
            verdict.keys.update(keys)
        else:
            verdict.denied.add(action)


def _decisions(result: dict[str, Any]) -> Iterator[tuple[str, str, str, list[str]]]:
    """Yield action, resource, decision, and condition keys without a value."""
    name = result["EvalActionName"]
    whole = {
        "EvalResourceName": result.get("EvalResourceName", "*"),
        "EvalResourceDecision": result["EvalDecision"],
        "MissingContextValues": result.get("MissingContextValues"),
    }
    for part in result.get("ResourceSpecificResults") or [whole]:
        resource = part["EvalResourceName"].removesuffix(_WHOLE_GROUP)
        keys = part.get("MissingContextValues") or []
        yield name, resource, part["EvalResourceDecision"], keys


_ACTION = "iam:SimulatePrincipalPolicy"
_COMPARE = "compare what it may do with `cgw policy`"
_ALLOW = f"allow it {_ACTION} on itself, or {_COMPARE}"


def permissions(policy: Policy, caller: str, iam: Any, region: str) -> Finding:
    """Check that the caller has the permissions that the file requires."""
    if caller.endswith(":root"):
        return Finding("ok", f"{caller} may do everything in its account")
    principal = principal_of(caller, iam)
    try:
        verdict = simulate(policy["Statement"], principal, iam, region)
    except CALL_FAILED as error:
        raise _unknown(error, principal) from error
    return _judged(verdict, principal)


def principal_of(caller: str, iam: Any) -> str:
    """Return the ARN of the caller's user or role.

    A session's ARN lacks the path of its role, so this calls GetRole.
    """
    kind, _, name = caller.split(":", 5)[5].partition("/")
    if kind != "assumed-role":
        if kind == "user":
            return caller
        raise CannotTell(f"{caller} is not a user or role, so it cannot be simulated")
    role = name.split("/")[0]
    try:
        return str(iam.get_role(RoleName=role)["Role"]["Arn"])
    except ClientError:
        _, partition, _, _, account, _ = caller.split(":", 5)
        return f"arn:{partition}:iam::{account}:role/{role}"  # right if it has no path


def _unknown(error: Exception, principal: str) -> CannotTell:
    code = code_of(error) if isinstance(error, ClientError) else ""
    if code.startswith("AccessDenied"):
        return CannotTell(f"the caller may not do {_ACTION}", fix=_ALLOW)
    if code in ABSENT:
        why = f"{principal} does not exist: its path is unknown without iam:GetRole"
        return CannotTell(why, fix=f"allow it iam:GetRole on itself, or {_COMPARE}")
    return CannotTell(worded(error).what, fix=_COMPARE)


def _judged(verdict: Verdict, principal: str) -> Finding:
    about = f"{len(verdict.allowed)} of {verdict.count} actions allowed to {principal}"
    lines = [f"{about}, as IAM simulates it"]
    lines += _listed("missing", verdict.denied)
    unknown = f"depend on {', '.join(sorted(verdict.keys))}, unknown to the simulation"
    lines += _listed(unknown, verdict.open)
    lines += _listed("not simulated", verdict.unjudged)
    found = "\n".join(lines)
    if verdict.denied:
        return Finding("fail", found, "ask for the policy that `cgw policy` prints")
    if verdict.open or verdict.unjudged:
        return Finding("warn", found, _COMPARE)
    return Finding("ok", found)


def _listed(title: str, actions: Iterable[str]) -> list[str]:
    names = ", ".join(sorted(actions))
    return [f"{title}: {names}"] if names else []


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
    lines += [f"not counted: {reason}" for reason in unknown]
    if near:
        return Finding("warn", "\n".join(lines), _FIX)
    return Finding("ok", "\n".join(lines))


def user_pools(cognito: Any) -> Iterator[Usage]:
    """Count the Region's user pools, up to the default quota."""
    pages = cognito.get_paginator("list_user_pools").paginate(
        PaginationConfig={"MaxItems": _USER_POOLS, "PageSize": 60}
    )
    used = len(pages.build_full_result()["UserPools"])
    yield Usage("user pools", used, _USER_POOLS, is_default=True)


def rest_apis(apigateway: Any, endpoint: str) -> Iterator[Usage]:
    """Count the Region's REST APIs of one endpoint type: each type has its quota."""
    pages = apigateway.get_paginator("get_rest_apis").paginate(
        PaginationConfig={"PageSize": 500}
    )
    types = [
        api.get("endpointConfiguration", {}).get("types") or ["EDGE"]
        for api in pages.build_full_result()["items"]
    ]
    what = f"{endpoint.lower()} REST APIs"
    used = sum(endpoint in kinds for kinds in types)
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
