"""Deployments, which freeze the API, and the stages that serve them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cognito_gw.local.apigateway.context import Snapshot, Snapshots
from cognito_gw.local.apigateway.operations.authorizers import gateway_responses
from cognito_gw.local.apigateway.patch import Field, patched
from cognito_gw.local.errors import bad_request, not_found
from cognito_gw.local.moto_store import ACCOUNT
from cognito_gw.local.operations import apigateway

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.local.operations import Call

STAGE_NAME = re.compile(r"[A-Za-z0-9_-]+")  # hyphens too, despite AWS's message
STAGE_PATHS = (
    "/deploymentId",
    "/description",
    "/cacheClusterEnabled",
    "/cacheClusterSize",
    "/clientCertificateId",
    "/accessLogSettings",
    "/accessLogSettings/destinationArn",
    "/accessLogSettings/format",
    "/variables/{variable_name}",
    "/tracingEnabled",
)
METHOD_SETTINGS = (
    "metrics/enabled|logging/(dataTrace|loglevel)|throttling/(burst|rate)Limit|"
    "caching/(enabled|ttlInSeconds|dataEncrypted|requireAuthorizationForCacheControl|"
    "unauthorizedCacheControlHeaderStrategy)"
)
STAGE_PATH = re.compile(
    f"{'|'.join(STAGE_PATHS).replace('{variable_name}', '[^/]+')}|"
    f"/documentationVersion|/canarySettings/.+|/[^/]+/[^/]+/({METHOD_SETTINGS})"
)
# The key of a method's settings, such as `~1pets/GET`, or `*/*`, which is all.
_METHOD_KEY = re.compile(rf"/((?:~1|\*)[^/]*/[^/]+)(?:/({METHOD_SETTINGS}))?$")
_LIMITS: dict[str, Callable[[str], float]] = {"rateLimit": float, "burstLimit": int}
# What a method has when one of its settings is made, as CLI's get-stage shows it.
_SETTINGS: dict[str, Any] = {
    "metricsEnabled": False,
    "dataTraceEnabled": False,
    "throttlingBurstLimit": 5000,
    "throttlingRateLimit": 10000.0,
    "cachingEnabled": False,
    "cacheTtlInSeconds": 300,
    "cacheDataEncrypted": False,
    "requireAuthorizationForCacheControl": True,
    "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
}
DESCRIPTION = Field("description")
STAGE_DEFAULTS = {
    "cacheClusterEnabled": False,
    "cacheClusterStatus": "NOT_AVAILABLE",
    "tracingEnabled": False,
}


def draft(call: Call) -> Snapshot:
    """Return the API as it is now, which a deployment would freeze."""
    api = {"restApiId": call["restApiId"]}
    authorizers = call.ask("GetAuthorizers", **api).get("items", [])
    return Snapshot(
        account=ACCOUNT,
        region=call.region,
        api_id=call["restApiId"],
        rest_api=call.ask("GetRestApi", **api),
        resources=call.ask("GetResources", **api, embed=["methods"])["items"],
        authorizers={authorizer["id"]: authorizer for authorizer in authorizers},
        gateway_responses=gateway_responses(call),
    )


@apigateway.refuses("CreateDeployment")
def nothing_to_deploy(call: Call) -> None:
    """Refuse an API without methods, or a method without integration."""
    methods = [
        method
        for resource in call.backend.apis[call["restApiId"]].resources.values()
        for method in resource.resource_methods.values()
    ]
    if not methods:
        raise bad_request("The REST API doesn't contain any methods")
    if not all(method.method_integration for method in methods):
        raise bad_request("No integration defined for method")


@apigateway.refuses("CreateDeployment", "CreateStage")
def impossible_stage_name(call: Call) -> None:
    """Refuse other than letters, numbers, _ and -: BadRequestException."""
    name = call.get("stageName")
    if name and not STAGE_NAME.fullmatch(name):
        raise bad_request("Stage name only allows a-zA-Z0-9_")


@apigateway.answers("CreateDeployment")
def create_deployment(call: Call) -> dict[str, Any]:
    """Freeze the API, and update an existing stage; moto replaces the stage."""
    names = call.params.keys() & {"restApiId", "description"}
    answer = call.ask("CreateDeployment", **{name: call[name] for name in names})
    call.part(Snapshots).keep(answer["id"], draft(call))
    if call.get("stageName"):
        _point_stage(call, answer["id"])
    return answer


def _point_stage(call: Call, deployment_id: str) -> None:
    api_id, name = call["restApiId"], call["stageName"]
    stages = call.backend.apis[api_id].stages
    if name not in stages:
        call.ask(
            "CreateStage",
            restApiId=api_id,
            stageName=name,
            deploymentId=deployment_id,
            description=call.get("stageDescription", ""),
        )
    stages[name].deployment_id = deployment_id
    stages[name].variables = stages[name].variables | call.get("variables", {})
    _touch(stages[name])


@apigateway.refuses("GetDeployment", "UpdateDeployment", "DeleteDeployment")
def absent_deployment(call: Call) -> None:
    """Refuse a deployment that is not there: NotFoundException, 404; moto: KeyError."""
    if call["deploymentId"] not in call.backend.apis[call["restApiId"]].deployments:
        raise not_found("Invalid Deployment identifier specified")


@apigateway.answers("UpdateDeployment")
def update_deployment(call: Call) -> dict[str, Any]:
    """Change the description; moto has no UpdateDeployment."""
    api_id, deployment_id = call["restApiId"], call["deploymentId"]
    deployments = call.backend.apis[api_id].deployments
    operations, fields = call.get("patchOperations", []), {"description": DESCRIPTION}
    after = patched(deployments[deployment_id], operations, fields)
    deployments[deployment_id] = after
    return call.ask("GetDeployment", restApiId=api_id, deploymentId=deployment_id)


@apigateway.amends("GetDeployment")
def api_summary(call: Call, answer: dict[str, Any]) -> None:
    """Return what a deployment froze if `embed` asks for it; moto does not."""
    snapshot = call.part(Snapshots).of(call["restApiId"], call["deploymentId"])
    if snapshot and "apisummary" in call.get("embed", []):
        answer["apiSummary"] = {
            resource["path"]: resource["resourceMethods"]
            for resource in snapshot.resources
            if "resourceMethods" in resource
        }


@apigateway.refuses("DeleteDeployment")
def deployment_in_use(call: Call) -> None:
    """Refuse while a stage serves it: BadRequestException; moto deletes it."""
    stages = call.backend.apis[call["restApiId"]].stages.values()
    if any(stage.deployment_id == call["deploymentId"] for stage in stages):
        raise bad_request(
            "Active stages pointing to this deployment must be moved or deleted"
        )


@apigateway.answers("DeleteDeployment")
def delete_deployment(call: Call) -> dict[str, Any]:
    """Delete every unused deployment; moto refuses if a stage name was deployed."""
    del call.backend.apis[call["restApiId"]].deployments[call["deploymentId"]]
    return {}


@apigateway.refuses("CreateStage", "UpdateStage")
def stage_on_absent_deployment(call: Call) -> None:
    """Refuse a deployment that does not exist: BadRequestException."""
    deployment_ids = [
        operation.get("value")
        for operation in call.get("patchOperations", [])
        if operation["path"] == "/deploymentId"
    ]
    deployment_ids += [call["deploymentId"]] if "deploymentId" in call.params else []
    deployments = call.backend.apis[call["restApiId"]].deployments
    if not all(deployment_id in deployments for deployment_id in deployment_ids):
        raise bad_request("Deployment id does not exist")


@apigateway.refuses("UpdateStage")
def unknown_stage_path(call: Call) -> None:
    """Refuse what a stage does not have: BadRequestException; moto is silent.

    Recorded on AWS 2024-03-05, localstack: TestStages.test_create_update_stages.
    """
    for operation in call.get("patchOperations", []):
        path = operation["path"]
        if operation["op"] != "remove" and not STAGE_PATH.fullmatch(path):
            raise bad_request(
                f"Invalid method setting path: {path}. "
                f"Must be one of: [{', '.join(STAGE_PATHS)}]"
            )


@apigateway.refuses("UpdateStage")
def impossible_limit(call: Call) -> None:
    """Refuse a limit that is no number: BadRequestException."""
    for operation in call.get("patchOperations", []):
        name = operation["path"].rpartition("/throttling/")[2]
        value = operation.get("value", "")
        if operation["op"] == "replace" and name in _LIMITS:
            try:
                _LIMITS[name](value)
            except ValueError:
                raise bad_request(f"Invalid value for {name}: {value}") from None


@apigateway.answers("UpdateStage")
def update_stage(call: Call) -> dict[str, Any]:
    """Add stage variables too, and remove a method's settings; moto does not."""
    settings = call.backend.get_stage(call["restApiId"], call["stageName"])
    for operation in call.get("patchOperations", []):
        if found := _METHOD_KEY.match(operation["path"]):
            _change_settings(settings.method_settings, operation["op"], found[1])
    return call.forward(
        patchOperations=[
            operation | {"op": "replace"} if operation["op"] == "add" else operation
            for operation in call.get("patchOperations", [])
        ]
    )


@apigateway.amends("CreateStage", "UpdateStage")
def stage_changed(call: Call, _: dict[str, Any]) -> None:
    """Record when a stage was created and changed; moto does not."""
    _touch(call.backend.get_stage(call["restApiId"], call["stageName"]))


@apigateway.amends("CreateStage", "GetStage", "GetStages", "UpdateStage")
def stage_fields(call: Call, answer: dict[str, Any]) -> None:
    """Return the dates and defaults of a stage, which moto omits."""
    for stage in answer.get("item", [answer]):
        known = call.backend.get_stage(call["restApiId"], stage["stageName"])
        stage.update(
            STAGE_DEFAULTS | stage,
            createdDate=known.created_date,
            lastUpdatedDate=known.last_updated_date,
        )
        for name in ("description", "variables"):
            if not stage.get(name):
                stage.pop(name, None)


@apigateway.amends("GetStages")
def stages_of_deployment(call: Call, answer: dict[str, Any]) -> None:
    """List only those that serve the deployment asked for; moto lists all."""
    deployment_id = call.get("deploymentId")
    if deployment_id is not None:
        stages = answer.get("item", [])
        answer["item"] = [
            stage for stage in stages if stage["deploymentId"] == deployment_id
        ]


def _change_settings(settings: dict[str, Any], op: str, key: str) -> None:
    """Remove the settings of a method, or make them with the account's limits."""
    if op != "remove":
        settings.setdefault(key, dict(_SETTINGS))
    elif settings.pop(key, None) is None:
        raise bad_request(
            f"Cannot remove method setting {key} because there is no method setting "
            "for this method"
        )


def _touch(stage: Any) -> None:
    stage.last_updated_date = datetime.now(UTC)
    stage.created_date = getattr(stage, "created_date", stage.last_updated_date)
