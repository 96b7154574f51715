"""REST APIs and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw.local.corrections.apigateway.faults import (
    bad_request,
    conflict,
    not_found,
)
from cognito_gw.local.corrections.apigateway.patch import (
    Items,
    Value,
    boolean,
    number,
    patched,
)
from cognito_gw.local.corrections.call import EVERY
from cognito_gw.local.corrections.services import apigateway
from cognito_gw.local.emulator import ACCOUNT

if TYPE_CHECKING:
    from cognito_gw.local.corrections.apigateway.patch import Field
    from cognito_gw.local.corrections.call import Call

_compression_size = number(
    0,
    10_485_760,
    "Invalid minimum compression size, must be between 0 and 10485760",
)
FIELDS: dict[str, Field] = {
    "name": Value("name"),
    "description": Value("description"),
    "version": Value("version"),
    "apiKeySource": Value("api_key_source"),
    "binaryMediaTypes": Items("binaryMediaTypes", is_keyed=True),
    "disableExecuteApiEndpoint": Value("disableExecuteApiEndpoint", boolean),
    "minimumCompressionSize": Value("minimum_compression_size", _compression_size),
    "policy": Value("policy"),
}
PAGE, LARGEST_PAGE = 25, 500


@apigateway.refuses(EVERY)
def absent_api(call: Call) -> None:
    """Refuse to touch what is not there: NotFoundException, 404; moto: KeyError."""
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
    """Refuse what is no size: BadRequestException."""
    _compression_size(str(call.get("minimumCompressionSize", 0)))


@apigateway.amends("CreateRestApi")
def what_is_given(call: Call, answer: dict[str, Any]) -> None:
    """Keep the binary media types of a new API, and no version that nobody gave."""
    api = call.backend.apis[answer["id"]]
    api.binaryMediaTypes = answer["binaryMediaTypes"] = call.get("binaryMediaTypes", [])
    api.version = call.get("version")
    if api.version is None:
        answer.pop("version", None)


@apigateway.amends("CreateRestApi", "GetRestApi", "GetRestApis", "UpdateRestApi")
def rest_api_fields(_: Call, answer: dict[str, Any]) -> None:
    """Answer how the API is reached, which moto leaves out; leave out empty lists."""
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
    changed = patched(api, [op for op in operations if op not in endpoint], FIELDS)
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
    """Find by ARN: arn:aws:apigateway:REGION::/restapis/ID[/stages/NAME]."""
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
    """Answer `limit` items (25; at most 500) from `position`; moto answers all."""
    start = int(call.get("position", 0))
    end = start + min(call.get("limit", PAGE), LARGEST_PAGE)
    items = answer.get("items", [])
    answer["items"] = items[start:end]
    if end < len(items):
        answer["position"] = str(end)
