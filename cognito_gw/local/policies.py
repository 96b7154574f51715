"""The decision of IAM: whether the policies of a role allow an action on a resource.

moto has such a decision, but it knows neither `?` nor NotResource, compares actions by
case, and takes a period in an ARN for any character. Conditions are not evaluated: a
statement that allows something under a condition allows it, and one that denies
something under a condition is left out.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cognito_gw.local import moto_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Statement = dict[str, Any]


@dataclass(frozen=True)
class Need:
    """An action that a call needs, on a resource."""

    action: str  # such as dynamodb:GetItem
    resource: str  # an ARN, or `*` for an action without resources
    is_known: bool = True  # whether the resource was derived; if not, any ARN counts
    shown: str = ""  # how the service names the resource in a refusal, if differently


@dataclass(frozen=True)
class Role:
    """The statements of a role's policies, and those of its permissions boundary."""

    statements: Sequence[Statement] = ()
    boundary: Sequence[Statement] | None = None  # None: it has none

    def refusal(self, need: Need) -> str | None:
        """Return why the role does not allow it, in AWS's words; None if it does.

        Source: IAM guide, "Troubleshoot access denied error messages".
        """
        kinds = [(self.statements, "identity-based policy")]
        if self.boundary is not None:
            kinds.append((self.boundary, "permissions boundary"))
        article = {"identity-based policy": "an", "permissions boundary": "a"}
        effects = [(_effects(statements, need), kind) for statements, kind in kinds]
        for found, kind in effects:
            if "Deny" in found:
                return f"with an explicit deny in {article[kind]} {kind}"
        for found, kind in effects:
            if "Allow" not in found:
                return f"because no {kind} allows the {{action}} action"
        return None


def read_role(arn: str) -> Role:
    """Return the role with this ARN; one that does not exist allows nothing.

    A boundary that does not exist here is not enforced: it is usually the account's.
    """
    backend = moto_store.backend("iam", "aws")
    role = next((role for role in backend.roles.values() if role.arn == arn), None)
    if role is None:
        return Role()
    documents = [*role.policies.values()]
    documents += [_default(policy) for policy in role.managed_policies.values()]
    limit = backend.managed_policies.get(role.permissions_boundary_arn)
    return Role(
        [statement for document in documents for statement in _statements(document)],
        [*_statements(_default(limit))] if limit else None,
    )


def _default(policy: Any) -> str:
    return next(
        str(version.document) for version in policy.versions if version.is_default
    )


def _statements(document: str) -> Iterator[Statement]:
    yield from _listed(json.loads(document)["Statement"])


def _effects(statements: Sequence[Statement], need: Need) -> set[str]:
    return {
        str(statement["Effect"])
        for statement in statements
        if not (statement["Effect"] == "Deny" and statement.get("Condition"))
        and _has(statement, "Action", need.action.lower(), str.lower)
        and _is_on(statement, need)
    }


def _is_on(statement: Statement, need: Need) -> bool:
    if need.is_known:
        return _has(statement, "Resource", need.resource, str)
    service = need.action.partition(":")[0]
    patterns = _listed(statement.get("Resource", "*"))
    of_services = (f"{pattern}::::".split(":")[2] or "*" for pattern in patterns)
    return any(is_like(pattern, service) for pattern in of_services)


def _has(statement: Statement, element: str, value: str, spelled: Any) -> bool:
    """Whether an element, or its NotElement, applies to a value."""
    if element in statement:
        patterns, is_among = statement[element], True
    else:
        patterns, is_among = statement.get(f"Not{element}", []), False
    found = any(is_like(spelled(pattern), value) for pattern in _listed(patterns))
    return found is is_among


def is_like(pattern: str, text: str) -> bool:
    """Whether a text matches a pattern, in which `*` and `?` are wildcards."""
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*+|\?)", pattern)
    spelled = {"*": ".*", "?": "."}
    return re.compile(
        "".join(spelled.get(part[:1], re.escape(part)) for part in parts), re.DOTALL
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
