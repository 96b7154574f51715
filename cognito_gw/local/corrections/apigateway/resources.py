"""Resources: the tree of path parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw import aws_rules
from cognito_gw.local.corrections.apigateway.faults import (
    bad_request,
    conflict,
    not_found,
)
from cognito_gw.local.corrections.apigateway.patch import LISTING, Value, patched
from cognito_gw.local.corrections.services import apigateway

if TYPE_CHECKING:
    from cognito_gw.local.corrections.apigateway.patch import Field
    from cognito_gw.local.corrections.call import Call

FIELDS: dict[str, Field] = {
    "parentId": Value("parent_id"),
    "pathPart": Value("path_part"),
}


@apigateway.refuses("CreateResource")
def impossible_path_part(call: Call) -> None:
    """Refuse characters that paths do not have: BadRequestException."""
    _require_path_part(call["pathPart"])


def _require_path_part(part: str) -> None:
    if not aws_rules.is_path_part(part):
        raise bad_request(
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path "
            "variable and curly braces at the beginning and the end."
        )


@apigateway.refuses("CreateResource")
def sibling_resource(call: Call) -> None:
    """Refuse a path part twice (ConflictException) and two variable ones."""
    _require_free_place(call, call["parentId"], call["pathPart"])


@apigateway.answers("UpdateResource")
def update_resource(call: Call) -> dict[str, Any]:
    """Rename or move a resource; moto has no UpdateResource."""
    resources, resource_id = _resources(call), call["resourceId"]
    if resource_id not in resources:
        raise not_found("Invalid Resource identifier specified")
    before = resources[resource_id]
    if before.parent_id is None:
        raise bad_request("Root resource cannot be updated.")
    after = patched(before, call.get("patchOperations", []), FIELDS, LISTING)
    _require_path_part(after.path_part)
    _require_free_place(call, after.parent_id, after.path_part, but=resource_id)
    if resource_id in _ancestors(resources, after.parent_id):
        raise bad_request("Resources cannot be cyclical.")
    resources[resource_id] = after
    return call.ask("GetResource", restApiId=call["restApiId"], resourceId=resource_id)


def _resources(call: Call) -> Any:
    return call.backend.apis[call["restApiId"]].resources


def _ancestors(resources: Any, resource_id: str | None) -> set[str]:
    """Return a resource's id and those of the resources above it."""
    found: set[str] = set()
    while resource_id is not None and resource_id not in found:
        found.add(resource_id)
        resource_id = resources[resource_id].parent_id
    return found


def _require_free_place(call: Call, parent_id: str, part: str, but: str = "") -> None:
    resources = _resources(call)
    if parent_id not in resources:
        raise not_found("Invalid Resource identifier specified")
    if (above := resources[parent_id].get_path()).endswith("+}"):
        raise bad_request(
            f"Cannot create a child of a resource with a greedy path variable: {above}"
        )
    siblings = [
        resource.path_part
        for resource in resources.values()
        if resource.parent_id == parent_id and resource.id != but
    ]
    if part in siblings:
        raise conflict(
            f"Another resource with the same parent already has this name: {part}"
        )
    variable = next((sibling for sibling in siblings if sibling[0] == "{"), None)
    if part.startswith("{") and variable:
        raise bad_request(
            f"A sibling ({variable}) of this resource already has a variable path "
            "part -- only one is allowed"
        )


@apigateway.answers("DeleteResource")
def delete_resource(call: Call) -> dict[str, Any]:
    """Delete the resources below too; moto leaves them, and then fails to list."""
    resources = _resources(call)
    if call["resourceId"] not in resources:
        raise not_found("Invalid Resource identifier specified")
    doomed = {call["resourceId"]}
    doomed |= {each for each in resources if doomed & _ancestors(resources, each)}
    for resource_id in doomed:
        del resources[resource_id]
    return {}


@apigateway.amends("GetResources", "GetResource")
def methods_when_embedded(call: Call, answer: dict[str, Any]) -> None:
    """Name the methods only, without embed=methods; moto always embeds them."""
    if "methods" in call.get("embed", []):
        return
    for resource in answer.get("items", [answer]):
        if "resourceMethods" in resource:
            resource["resourceMethods"] = {
                verb: {} for verb in resource["resourceMethods"]
            }
