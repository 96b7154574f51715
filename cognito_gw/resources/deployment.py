"""The deployment, the stage, and the fingerprint of what a deployment contains."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from cognito_gw.aws.errors import code_of, message_of
from cognito_gw.aws.responses import api_items, described, is_empty
from cognito_gw.aws.tags import STACK_TAG, is_ours
from cognito_gw.aws.waits import settle
from cognito_gw.engine.resource import KNOWN_AFTER_APPLY, Change, Resource
from cognito_gw.errors import Missing
from cognito_gw.resources.method import Method, read_authorizers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from botocore.exceptions import ClientError

    from cognito_gw.aws.clients import Account, Aws
    from cognito_gw.resources.rest_api import RestApi

    Things = Iterable[Mapping[str, Any]]


# The fields that a deployment contains, separated by spaces.
_API = (
    "apiKeySource binaryMediaTypes disableExecuteApiEndpoint minimumCompressionSize "
    "policy"
)
_METHOD = (
    "apiKeyRequired authorizationScopes authorizationType authorizerId requestModels "
    "requestParameters requestValidatorId"
)
_METHOD_RESPONSE = "responseModels responseParameters"
_INTEGRATION = (
    "cacheKeyParameters connectionId connectionType contentHandling credentials "
    "httpMethod integrationTarget passthroughBehavior requestParameters "
    "requestTemplates responseTransferMode timeoutInMillis tlsConfig type uri"
)
_INTEGRATION_RESPONSE = (
    "contentHandling responseParameters responseTemplates selectionPattern"
)
_AUTHORIZER = (
    "authorizerCredentials authorizerResultTtlInSeconds authorizerUri identitySource "
    "identityValidationExpression providerARNs type"
)
_GATEWAY_RESPONSE = "responseParameters responseTemplates statusCode"
_DEFAULTS = {
    "apiKeyRequired": False,
    "apiKeySource": "HEADER",
    "authorizerResultTtlInSeconds": 300,
    "connectionType": "INTERNET",
    "disableExecuteApiEndpoint": False,
    "passthroughBehavior": "WHEN_NO_MATCH",
    "responseTransferMode": "BUFFERED",
    "timeoutInMillis": 29000,
}


def frozen(
    api: Mapping[str, Any], resources: Things, authorizers: Things, responses: Things
) -> list[Any]:
    """Return the fields that a deployment contains, in a stable order."""
    return [
        _named(api, _API),
        {item["path"]: _methods(item) for item in resources},
        {item["id"]: _named(item, _AUTHORIZER) for item in authorizers},
        {item["responseType"]: _named(item, _GATEWAY_RESPONSE) for item in responses},
    ]


def _methods(resource: Mapping[str, Any]) -> dict[str, Any]:
    methods = resource.get("resourceMethods") or {}
    return {verb: _method(method) for verb, method in methods.items()}


def _method(method: Mapping[str, Any]) -> dict[str, Any]:
    integration = method.get("methodIntegration") or {}
    return _named(method, _METHOD) | {
        "responses": _each(method.get("methodResponses"), _METHOD_RESPONSE),
        "integration": _named(integration, _INTEGRATION)
        | {
            "responses": _each(
                integration.get("integrationResponses"), _INTEGRATION_RESPONSE
            )
        },
    }


def _each(things: Mapping[str, Any] | None, fields: str) -> dict[str, Any]:
    return {key: _named(thing, fields) for key, thing in (things or {}).items()}


def _named(thing: Mapping[str, Any], fields: str) -> dict[str, Any]:
    kept = {field: _in_order(thing.get(field)) for field in fields.split()}
    return {
        field: value
        for field, value in kept.items()
        if not is_empty(value) and value != _DEFAULTS.get(field)
    }


def _in_order(value: Any) -> Any:
    if isinstance(value, list):
        return sorted(value, key=lambda item: json.dumps(item, sort_keys=True))
    return value


_MARK = "cgw "


@dataclass(eq=False)
class Deployment(Resource):
    """A deployment of the API after all its other resources are applied."""

    kind = "deployment"
    command = "deploy"
    id_field = "id"

    api: RestApi
    parts: tuple[Resource, ...]  # that it contains
    permissions: tuple[Resource, ...]  # not contained, but callers need them
    _description: str | None = field(default=None, init=False)  # of the draft

    @property
    def label(self) -> str:
        return self.api.label

    @property
    def parent(self) -> Resource | None:
        return self.api

    def desired(self) -> dict[str, Any]:
        """Return nothing: the fingerprint identifies it. Refuse unsecured methods."""
        unsecured = [
            part.label
            for part in self.parts
            if isinstance(part, Method) and part.is_unsecured
        ]
        if unsecured and self.live is None:
            raise Missing(
                f"not secured yet, so not deployed: {', '.join(unsecured)}",
                hint="run `cgw authorizer` first, or add `--with-deps`",
            )
        return {}

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        if any(part.pending for part in self.parts) or self._loses_routes:
            return None  # the draft to deploy does not exist yet
        deployed = {"restApiId": self.api["id"]}
        self._description, deployments = aws.gather(
            partial(self._described, aws),
            partial(api_items, aws.apigateway, "get_deployments", **deployed),
        )
        for deployment in deployments:
            if deployment.get("description") == self._description:
                return dict(deployment)
        return None

    def create(self, aws: Aws) -> dict[str, Any]:
        description = self._description or self._described(aws)
        answer = aws.apigateway.create_deployment(
            restApiId=self.api["id"], description=description
        )
        return described(answer)

    def delete(self, aws: Aws) -> None:
        aws.apigateway.delete_deployment(
            restApiId=self.api["id"], deploymentId=self["id"]
        )

    @property
    def _loses_routes(self) -> bool:
        step = self.api.step
        return (
            self.api.pending and step is not None and "UnlistedRoutes" in step.changes
        )

    def _described(self, aws: Aws) -> str:
        return _MARK + fingerprint(self._draft(aws))

    def _draft(self, aws: Aws) -> list[Any]:
        """Return what a deployment would contain now, as AWS describes it."""
        resources, authorizers, responses = aws.gather(
            partial(self._resources, aws),
            partial(read_authorizers, aws, self.api["id"]),
            partial(aws.apigateway.get_gateway_responses, restApiId=self.api["id"]),
        )
        customised = [
            item for item in responses["items"] if not item.get("defaultResponse")
        ]
        return frozen(self.api.live or {}, resources, authorizers, customised)

    def _resources(self, aws: Aws) -> list[dict[str, Any]]:
        if any(part.changed for part in (self.api, *self.parts)):
            return self.api.read_resources(aws)
        return list(self.api["Resources"].values())


@dataclass(eq=False)
class Stage(Resource):
    """The stage, which serves one deployment."""

    kind = "stage"
    command = "deploy"
    id_field = "stageName"
    removes: ClassVar[Mapping[str, str]] = {"OtherStages": "stage"}
    replaced: ClassVar[Mapping[str, str]] = {
        "stageName": "the old address of the API stops: callers need the new one"
    }

    api: RestApi
    deployment: Deployment
    name: str
    tags: dict[str, str]
    account: Account

    @property
    def label(self) -> str:
        return self.name

    @property
    def parent(self) -> Resource | None:
        return self.api

    def desired(self) -> dict[str, Any]:
        return {
            "stageName": self.name,
            "deploymentId": self.deployment.get("id", KNOWN_AFTER_APPLY),
            "tags": self.tags,
            "OtherStages": [],
        }

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        """Find it by name, or by the stack's tag after a rename in the file."""
        answer = aws.apigateway.get_stages(restApiId=self.api["id"])
        stages = {stage["stageName"]: stage for stage in answer["item"]}
        ours = [
            name
            for name, stage in stages.items()
            if name == self.name or is_ours(stage.get("tags"), self.tags[STACK_TAG])
        ]
        if not ours:
            return None
        found = self.name if self.name in ours else ours[0]
        others = [name for name in ours if name != found]
        return dict(stages[found]) | {"OtherStages": others}

    def create(self, aws: Aws) -> dict[str, Any]:
        answer = self._once_known(
            aws,
            lambda: aws.apigateway.create_stage(
                **self._key(), deploymentId=self.deployment["id"], tags=self.tags
            ),
        )
        return described(answer) | {"OtherStages": []}

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        before = [self["stageName"], *self["OtherStages"]]
        if "stageName" in changes:
            self.create(aws)
        else:
            self._update_in_place(aws, changes)
        for name in before:
            if name != self.name:  # or it would keep serving its deployment
                aws.apigateway.delete_stage(restApiId=self.api["id"], stageName=name)
        return self.observe(aws) or {}

    def delete(self, aws: Aws) -> None:
        aws.apigateway.delete_stage(**self._key())

    def _update_in_place(self, aws: Aws, changes: Mapping[str, Change]) -> None:
        if any(field.startswith("tags") for field in changes):
            arn = f"{self.api.arn}/stages/{self.name}"
            aws.apigateway.tag_resource(resourceArn=arn, tags=self.tags)
        if "deploymentId" in changes:
            target = {"path": "/deploymentId", "value": self.deployment["id"]}
            self._once_known(
                aws,
                lambda: aws.apigateway.update_stage(
                    **self._key(), patchOperations=[{"op": "replace", **target}]
                ),
            )

    def _once_known(self, aws: Aws, call: Callable[[], Any]) -> Any:
        """Retry until API Gateway knows the new deployment everywhere."""
        until = f"API Gateway knows deployment {self.deployment.id}"
        return settle(call, aws, passing=_is_too_new, until=until)

    def _key(self) -> dict[str, str]:
        return {"restApiId": self.api["id"], "stageName": self.name}


def _is_too_new(error: ClientError) -> bool:
    is_absent = code_of(error) in ("BadRequestException", "NotFoundException")
    return is_absent and "deployment" in message_of(error).lower()


def fingerprint(content: Any) -> str:
    """Return a short hash of JSON-like data; the order of keys does not matter."""
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
