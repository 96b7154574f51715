"""Whether the caller may do what `up` and `down` need, as IAM's simulator sees it.

The simulator judges the policies of the user or the role, permissions boundaries and
service control policies. Session policies and policies of resources it does not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cognito_gw.aws.faults import ABSENT, code_of
from cognito_gw.doctor.finding import CALL_FAILED, CannotTell, Finding, worded
from cognito_gw.doctor.simulation import Verdict, simulate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Policy = Mapping[str, Any]

_ACTION = "iam:SimulatePrincipalPolicy"
_COMPARE = "compare what it may do with `cgw policy`"
_ALLOW = f"allow it {_ACTION} on itself, or {_COMPARE}"


def permissions(policy: Policy, caller: str, iam: Any, region: str) -> Finding:
    """Hold the policy that the file needs against what the caller may do."""
    if caller.endswith(":root"):
        return Finding("ok", f"{caller} may do all in its account")
    principal = principal_of(caller, iam)
    try:
        verdict = simulate(policy["Statement"], principal, iam, region)
    except CALL_FAILED as error:
        raise _unknown(error, principal) from error
    return _judged(verdict, principal)


def principal_of(caller: str, iam: Any) -> str:
    """Return the user or the role that a caller is, by its ARN.

    A session's ARN has lost the path of its role: IAM is asked for it.
    """
    kind, _, name = caller.split(":", 5)[5].partition("/")
    if kind != "assumed-role":
        if kind == "user":
            return caller
        raise CannotTell(f"{caller} is no user or role: it cannot be simulated")
    role = name.split("/")[0]
    try:
        return str(iam.get_role(RoleName=role)["Role"]["Arn"])
    except ClientError:
        _, partition, _, _, account, _ = caller.split(":", 5)
        return f"arn:{partition}:iam::{account}:role/{role}"  # right if it has no path


def _unknown(error: Exception, principal: str) -> CannotTell:
    code = code_of(error) if isinstance(error, ClientError) else ""
    if code.startswith("AccessDenied"):
        return CannotTell(f"the caller may not do {_ACTION}: not known", fix=_ALLOW)
    if code in ABSENT:
        why = f"there is no {principal}: it may have a path, which iam:GetRole tells"
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
        return Finding("fail", found, "have the policy that `cgw policy` prints added")
    if verdict.open or verdict.unjudged:
        return Finding("warn", found, _COMPARE)
    return Finding("ok", found)


def _listed(title: str, actions: Iterable[str]) -> list[str]:
    names = ", ".join(sorted(actions))
    return [f"{title}: {names}"] if names else []
