"""Which region is meant, who says so, and whether it has what a stack needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw.doctor.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEEDED = {"cognito-idp": "Cognito", "apigateway": "API Gateway", "lambda": "Lambda"}
_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


def origin(
    asked: str | None, in_file: str | None, environment: Mapping[str, str]
) -> str:
    """Say where the region comes from, in the order in which it is looked for."""
    if asked:
        return "--region"
    if in_file:
        return "the file"
    named = [name for name in _VARIABLES if environment.get(name)]
    return named[0] if named else "the profile"


def region(session: Any, source: str) -> Finding:
    """Look the session's region up among those that botocore knows."""
    name = session.region_name
    lacking = [
        title for service, title in _NEEDED.items() if not _has(session, service, name)
    ]
    found = f"{name}, from {source}"
    if not lacking:
        return Finding("ok", f"{found}; it has {', '.join(_NEEDED.values())}")
    return Finding(
        "warn",
        f"{found}; as far as botocore knows, it has no {', no '.join(lacking)}",
        "is it spelled right? one that is new needs a newer boto3",
    )


def _has(session: Any, service: str, name: str) -> bool:
    return any(
        name in session.get_available_regions(service, partition_name=partition)
        for partition in session.get_available_partitions()
    )
