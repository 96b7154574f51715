"""The Cognito authorizer of the REST API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.responses import described
from cognito_gw.engine.resource import KNOWN_AFTER_APPLY, Change, Resource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.aws.clients import Aws
    from cognito_gw.config.model import AuthorizerConfig
    from cognito_gw.resources.rest_api import RestApi
    from cognito_gw.resources.user_pool import UserPool

_TTL = "authorizerResultTtlInSeconds"


@dataclass(eq=False)
class Authorizer(Resource):
    """Accepts tokens of the user pool; found by its name in the API."""

    kind = "authorizer"
    command = "authorizer"
    id_field = "id"
    optional = True  # the tutorial creates methods first; they are closed until then

    api: RestApi
    pool: UserPool
    config: AuthorizerConfig

    @property
    def label(self) -> str:
        return self.config.name

    @property
    def parent(self) -> Resource | None:
        return self.api

    def desired(self) -> dict[str, Any]:
        wanted = self._settings()
        if self.live is not None and _TTL not in self.live:
            del wanted[_TTL]  # AWS takes it of Cognito authorizers, and does not tell
        return wanted

    def _settings(self) -> dict[str, Any]:
        return {
            "type": "COGNITO_USER_POOLS",
            "providerARNs": [self.pool.get("Arn", KNOWN_AFTER_APPLY)],
            "identitySource": f"method.request.header.{self.config.identity_source}",
            _TTL: self.config.ttl,
        }

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        for authorizer in read_authorizers(aws, self.api["id"]):
            if authorizer["name"] == self.config.name:
                return authorizer
        return None

    def create(self, aws: Aws) -> dict[str, Any]:
        answer = aws.apigateway.create_authorizer(
            restApiId=self.api["id"], name=self.config.name, **self._settings()
        )
        return described(answer)

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        patch = [
            {"op": "replace", "path": f"/{field}", "value": str(change.after)}
            for field, change in changes.items()
            if field != "providerARNs"
        ]
        if "providerARNs" in changes:
            has, wants = set(self["providerARNs"]), {self.pool["Arn"]}
            # The new ones first: an authorizer is never without a pool.
            patch += [_provider("add", arn) for arn in sorted(wants - has)]
            patch += [_provider("remove", arn) for arn in sorted(has - wants)]
        if self.live is not None and _TTL not in self.live:
            ttl = str(self.config.ttl)
            patch.append({"op": "replace", "path": f"/{_TTL}", "value": ttl})
        aws.apigateway.update_authorizer(
            restApiId=self.api["id"], authorizerId=self["id"], patchOperations=patch
        )
        return self.observe(aws) or {}

    def delete(self, aws: Aws) -> None:
        aws.apigateway.delete_authorizer(
            restApiId=self.api["id"], authorizerId=self["id"]
        )


def read_authorizers(aws: Aws, api_id: str) -> list[dict[str, Any]]:
    """Read every authorizer of an API."""
    pages = aws.apigateway.get_paginator("get_authorizers").paginate(
        restApiId=api_id, PaginationConfig={"PageSize": 500}
    )
    return [item for page in pages for item in page["items"]]


def _provider(op: str, arn: str) -> dict[str, str]:
    return {"op": op, "path": "/providerARNs", "value": arn}
