"""Reads one REST API: its stages, what one of them serves, and the draft."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.faults import absent_is_none

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.aws.clients import Aws

STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")


def read_stages(aws: Aws, api_id: str) -> dict[str, dict[str, Any]] | None:
    """Return the stages by name; None where there is no such API."""
    with absent_is_none():
        answer = aws.apigateway.get_stages(restApiId=api_id)
        return {stage["stageName"]: stage for stage in answer.get("item", [])}
    return None


def read_export(aws: Aws, api_id: str, stage: str) -> str | None:
    """Return what a stage serves, as OpenAPI in JSON; None where there is none."""
    with absent_is_none():
        answer = aws.apigateway.get_export(
            restApiId=api_id,
            stageName=stage,
            exportType="oas30",
            parameters={"extensions": "integrations,authorizers"},
            accepts="application/json",
        )
        return str(answer["body"].read().decode())
    return None


def read_draft(aws: Aws, api_id: str) -> str | None:
    """Return resources and authorizers as they are now, in JSON; None without API."""
    with absent_is_none():
        resources = _pages(aws, "get_resources", restApiId=api_id, embed=["methods"])
        authorizers = _pages(aws, "get_authorizers", restApiId=api_id)
        return json.dumps([resources, authorizers], default=str)
    return None


def filled(text: str, variables: Mapping[str, str]) -> str:
    """Put a stage's variables into their places; those that it lacks stay."""
    return STAGE_VARIABLE.sub(lambda name: variables.get(name[1], name[0]), text)


def _pages(aws: Aws, operation: str, **parameters: Any) -> list[dict[str, Any]]:
    pages = aws.apigateway.get_paginator(operation).paginate(
        **parameters, PaginationConfig={"PageSize": 500}
    )
    return [item for page in pages for item in page.get("items", [])]
