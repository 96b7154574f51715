"""REST APIs, their resources, and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw import aws_rules
from cognito_gw.local.apigateway.patch import (
    LISTING,
    Field,
    Items,
    boolean,
    number,
    patched,
)
from cognito_gw.local.errors import bad_request, conflict, not_found
from cognito_gw.local.moto_store import ACCOUNT
from cognito_gw.local.operations import EVERY, apigateway

if TYPE_CHECKING:
    from cognito_gw.local.operations import Call


_compression_size = number(
    0,
    10_485_760,
    "Invalid minimum compression size, must be between 0 and 10485760",
)
API_FIELDS: dict[str, Field] = {
    "name": Field("name"),
    "description": Field("description"),
    "version": Field("version"),
    "apiKeySource": Field("api_key_source"),
    "binaryMediaTypes": Items("binaryMediaTypes", needs_key=True),
    "disableExecuteApiEndpoint": Field("disableExecuteApiEndpoint", boolean),
    "minimumCompressionSize": Field("minimum_compression_size", _compression_size),
    "policy": Field("policy"),
}
PAGE, MAX_PAGE = 25, 500


@apigateway.refuses(EVERY)
def absent_api(call: Call) -> None:
    """Refuse an API that does not exist: NotFoundException, 404; moto: KeyError."""
    api_id = call.get("restApiId")
    if api_id is None or api_id in call.backend.apis:
        return
    if call.operation == "CreateAuthorizer":
        raise conflict(
            "Unable to complete operation due to concurrent modification. "
            "Please try again later."
        )
    raise not_found(f"Invalid API identifier specified {ACCOUNT}:{api_id}")


@apigateway.refuses("CreateRestApi")
def empty_description(call: Call) -> None:
    """Refuse an empty description: BadRequestException."""
    if call.get("description") == "":
        raise bad_request("Description cannot be an empty string")


@apigateway.refuses("CreateRestApi")
def several_endpoints(call: Call) -> None:
    """Refuse more than one type of endpoint: BadRequestException."""
    if len(call.get("endpointConfiguration", {}).get("types", [])) > 1:
        raise bad_request("Cannot create a RestApi with multiple Endpoint Types.")


@apigateway.refuses("CreateRestApi")
def impossible_compression_size(call: Call) -> None:
    """Refuse an invalid size: BadRequestException."""
    _compression_size(str(call.get("minimumCompressionSize", 0)))


@apigateway.amends("CreateRestApi")
def given_settings(call: Call, answer: dict[str, Any]) -> None:
    """Keep the binary media types of a new API; omit a version that was not set."""
    api = call.backend.apis[answer["id"]]
    api.binaryMediaTypes = answer["binaryMediaTypes"] = call.get("binaryMediaTypes", [])
    api.version = call.get("version")
    if api.version is None:
        answer.pop("version", None)


@apigateway.amends("CreateRestApi", "GetRestApi", "GetRestApis", "UpdateRestApi")
def rest_api_fields(_: Call, answer: dict[str, Any]) -> None:
    """Return how the API is reached, which moto omits; omit empty lists."""
    for api in answer.get("items", [answer]):
        endpoint = {"ipAddressType": "ipv4"} | (api.get("endpointConfiguration") or {})
        api["endpointConfiguration"] = endpoint
        api.setdefault("securityPolicy", "TLS_1_0")
        if not api.get("binaryMediaTypes"):
            api.pop("binaryMediaTypes", None)


@apigateway.answers("UpdateRestApi")
def update_rest_api(call: Call) -> dict[str, Any]:
    """Apply every documented path; moto ignores most, and reads "false" as true."""
    operations = call.get("patchOperations", [])
    endpoint = [op for op in operations if "/endpointConfiguration" in op["path"]]
    api = call.backend.apis[call["restApiId"]]
    changed = patched(api, [op for op in operations if op not in endpoint], API_FIELDS)
    if endpoint:
        # The path is /endpointConfiguration/types/{old type}.
        types = [op["value"] for op in endpoint]
        changed.endpoint_configuration = api.endpoint_configuration | {"types": types}
    call.backend.apis[call["restApiId"]] = changed
    return call.ask("GetRestApi", restApiId=call["restApiId"])


@apigateway.answers("TagResource")
def tag_resource(call: Call) -> dict[str, Any]:
    """Tag REST APIs too; moto tags stages only."""
    taggable = _taggable(call)
    taggable.tags = (taggable.tags or {}) | call["tags"]
    return {}


@apigateway.answers("UntagResource")
def untag_resource(call: Call) -> dict[str, Any]:
    """Untag REST APIs too; moto untags stages only."""
    taggable = _taggable(call)
    removed = call["tagKeys"]
    tags = taggable.tags or {}
    taggable.tags = {key: tags[key] for key in tags if key not in removed}
    return {}


@apigateway.answers("GetTags")
def get_tags(call: Call) -> dict[str, Any]:
    """Read the tags of REST APIs too; moto reads those of stages only."""
    return {"tags": _taggable(call).tags or {}}


def _taggable(call: Call) -> Any:
    """Find a target by ARN: arn:aws:apigateway:REGION::/restapis/ID[/stages/NAME]."""
    _, _, path = call["resourceArn"].partition("::/")
    match path.split("/"):
        case ["restapis", api_id] if api_id in call.backend.apis:
            return call.backend.apis[api_id]
        case ["restapis", api_id, "stages", stage] if api_id in call.backend.apis:
            return call.backend.get_stage(api_id, stage)
    raise not_found("Invalid resource identifier specified")


@apigateway.amends(
    "GetAuthorizers",
    "GetDeployments",
    "GetGatewayResponses",
    "GetModels",
    "GetRequestValidators",
    "GetResources",
    "GetRestApis",
)
def one_page(call: Call, answer: dict[str, Any]) -> None:
    """Return `limit` items (25; at most 500) from `position`; moto returns all."""
    start = int(call.get("position", 0))
    end = start + min(call.get("limit", PAGE), MAX_PAGE)
    items = answer.get("items", [])
    answer["items"] = items[start:end]
    if end < len(items):
        answer["position"] = str(end)


RESOURCE_FIELDS: dict[str, Field] = {
    "parentId": Field("parent_id"),
    "pathPart": Field("path_part"),
}


def _require_path_part(part: str) -> None:
    if not aws_rules.is_path_part(part):
        raise bad_request(
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path "
            "variable and curly braces at the beginning and the end."
        )


@apigateway.refuses("CreateResource")
def impossible_resource(call: Call) -> None:
    """Refuse a malformed or duplicate path part, and a second variable."""
    _require_path_part(call["pathPart"])
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
    after = patched(before, call.get("patchOperations", []), RESOURCE_FIELDS, LISTING)
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
    top = call["resourceId"]
    below = [other for other in resources if top in _ancestors(resources, other)]
    for resource_id in below:  # `top` too
        del resources[resource_id]
    return {}


@apigateway.amends("GetResources", "GetResource")
def methods_when_embedded(call: Call, answer: dict[str, Any]) -> None:
    """Return only the names of methods without embed=methods; moto embeds them."""
    if "methods" in call.get("embed", []):
        return
    for resource in answer.get("items", [answer]):
        if "resourceMethods" in resource:
            resource["resourceMethods"] = {
                verb: {} for verb in resource["resourceMethods"]
            }
