"""Resources: the tree of path parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw import aws_rules
from cognito_gw.local.corrections.apigateway.faults import (
    bad_request,
    conflict,
    not_found,
)
from cognito_gw.local.corrections.services import apigateway

if TYPE_CHECKING:
    from cognito_gw.local.corrections.call import Call


@apigateway.refuses("CreateResource")
def impossible_path_part(call: Call) -> None:
    """Refuse characters that paths do not have: BadRequestException."""
    if not aws_rules.is_path_part(call["pathPart"]):
        raise bad_request(
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path "
            "variable and curly braces at the beginning and the end."
        )


@apigateway.refuses("CreateResource")
def sibling_resource(call: Call) -> None:
    """Refuse a path part twice (ConflictException) and two variable ones."""
    resources = call.backend.apis[call["restApiId"]].resources
    if call["parentId"] not in resources:
        raise not_found("Invalid Resource identifier specified")
    part = call["pathPart"]
    siblings = [
        resource.path_part
        for resource in resources.values()
        if resource.parent_id == call["parentId"]
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
    resources = call.backend.apis[call["restApiId"]].resources
    if call["resourceId"] not in resources:
        raise not_found("Invalid Resource identifier specified")
    doomed = {call["resourceId"]}
    # A child is always made after its parent, and dicts keep that order.
    for resource in resources.values():
        if resource.parent_id in doomed:
            doomed.add(resource.id)
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
