"""The REST API and its paths."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from cognito_gw.aws.responses import api_items, described
from cognito_gw.aws.tags import (
    MORE_THAN_ONE,
    concurrent_create,
    is_ours,
    refuse_foreign,
)
from cognito_gw.engine.resource import Change, Resource
from cognito_gw.errors import CgwError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.aws.clients import Account, Aws

Route = tuple[str, str]  # method and path


@dataclass(eq=False)
class RestApi(Resource):
    """The REST API, found by the stack's tag; routes not in the file are removed.

    `live["Resources"]` holds all its paths and their methods from one paged read, so
    that paths and methods need no calls to observe them.
    """

    kind = "rest api"
    command = "api"
    id_field = "id"
    removes: ClassVar[Mapping[str, str]] = {"UnlistedRoutes": "method"}

    stack: str
    name: str
    tags: dict[str, str]
    endpoint: str
    given_id: str | None
    routes: frozenset[Route]  # every method in the file, and those for CORS
    account: Account
    binary_media_types: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        return self.given_id or self.name

    @property
    def managed(self) -> bool:
        return self.given_id is None

    def desired(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "endpointConfiguration": {"types": [self.endpoint.upper()]},
            "binaryMediaTypes": self.binary_media_types,
            "tags": self.tags,
            "UnlistedRoutes": [],
        }

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        found = self._find(aws)
        return None if found is None else self._read(aws, found)

    def create(self, aws: Aws) -> dict[str, Any]:
        answer = aws.apigateway.create_rest_api(
            name=self.name,
            endpointConfiguration={"types": [self.endpoint.upper()]},
            binaryMediaTypes=self.binary_media_types,
            tags=self.tags,
        )
        made = described(answer)
        kept = concurrent_create(
            self,
            made,
            aws,
            id_field="id",
            created="createdDate",
            others=partial(self._others, aws, made),
            delete=lambda api: aws.apigateway.delete_rest_api(restApiId=api["id"]),
        )
        if kept is made and "rootResourceId" in made:  # the only resource so far
            return self._with(made, [{"id": made["rootResourceId"], "path": "/"}])
        return self._read(aws, kept)

    def _others(self, aws: Aws, made: dict[str, Any]) -> list[dict[str, Any]]:
        ours = self._ours(api_items(aws.apigateway, "get_rest_apis"))
        return [api for api in ours if api["id"] != made["id"]]

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        patch = []
        if "name" in changes:
            patch.append({"op": "replace", "path": "/name", "value": self.name})
        if "endpointConfiguration.types" in changes:
            old = self["endpointConfiguration"]["types"][0]
            path = f"/endpointConfiguration/types/{old}"
            patch.append(
                {"op": "replace", "path": path, "value": self.endpoint.upper()}
            )
        if "binaryMediaTypes" in changes:
            patch += self._binary_patch(self.live or {})
        if patch:
            aws.apigateway.update_rest_api(restApiId=self["id"], patchOperations=patch)
        if any(field.startswith("tags") for field in changes):
            aws.apigateway.tag_resource(resourceArn=self.arn, tags=self.tags)
        if "UnlistedRoutes" in changes:
            self._remove_unlisted(aws)
        return self.observe(aws) or {}

    def _binary_patch(self, live: dict[str, Any]) -> list[dict[str, str]]:
        has, wanted = {*live.get("binaryMediaTypes", ())}, {*self.binary_media_types}
        changes = [("add", media) for media in sorted(wanted - has)]
        changes += [("remove", media) for media in sorted(has - wanted)]
        return [
            {"op": op, "path": f"/binaryMediaTypes/{escaped(media)}"}
            for op, media in changes
        ]

    def delete(self, aws: Aws) -> None:
        aws.apigateway.delete_rest_api(restApiId=self["id"])

    @property
    def arn(self) -> str:
        """The ARN for tags: API Gateway's have no account number."""
        place = f"{self.account.partition}:apigateway:{self.account.region}"
        return f"arn:{place}::/restapis/{self['id']}"

    def read_resources(self, aws: Aws) -> list[dict[str, Any]]:
        """Read every path with its methods and their integrations."""
        return _read_resources(aws, self["id"])

    def _find(self, aws: Aws) -> dict[str, Any] | None:
        if self.given_id:
            return described(aws.apigateway.get_rest_api(restApiId=self.given_id))
        apis = api_items(aws.apigateway, "get_rest_apis")
        ours = self._ours(apis)
        if len(ours) > 1:
            ids = ", ".join(api["id"] for api in ours)
            raise CgwError(
                f"{self}: {len(ours)} REST APIs carry this stack's tag: {ids}",
                hint=MORE_THAN_ONE,
            )
        named = [api for api in apis if api["name"] == self.name]
        if named and not ours:
            refuse_foreign(self, named[0].get("tags"), self.stack)
        return ours[0] if ours else None

    def _ours(self, apis: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [api for api in apis if is_ours(api.get("tags"), self.stack)]

    def _read(self, aws: Aws, api: dict[str, Any]) -> dict[str, Any]:
        return self._with(api, _read_resources(aws, api["id"]))

    def _with(
        self, api: dict[str, Any], resources: list[dict[str, Any]]
    ) -> dict[str, Any]:
        return api | {
            "Resources": {item["path"]: item for item in resources},
            "UnlistedRoutes": [
                f"{verb} {path}" for verb, path in self._unlisted(resources)
            ],
        }

    def _unlisted(self, resources: list[dict[str, Any]]) -> list[Route]:
        return [
            (verb, item["path"])
            for item in resources
            for verb in item.get("resourceMethods", {})
            if (verb, item["path"]) not in self.routes
        ]

    def _remove_unlisted(self, aws: Aws) -> None:
        for verb, path in self._unlisted(list(self["Resources"].values())):
            aws.apigateway.delete_method(
                restApiId=self["id"],
                resourceId=self["Resources"][path]["id"],
                httpMethod=verb,
            )
        kept = {path for _, path in self.routes}
        gone = {
            path
            for path in self["Resources"]
            if path != "/" and not any(is_under(route, path) for route in kept)
        }
        for path in gone:
            if parent_of(path) not in gone:  # AWS deletes the paths below it, too
                aws.apigateway.delete_resource(
                    restApiId=self["id"], resourceId=self["Resources"][path]["id"]
                )


@dataclass(eq=False)
class Path(Resource):
    """One part of a path: API Gateway's "resource"."""

    kind = "resource"
    command = "resource"
    id_field = "id"

    api: RestApi
    path: str
    above: Path | None  # None: the root, which comes with the API

    @property
    def label(self) -> str:
        return self.path

    @property
    def parent(self) -> Resource | None:
        return self.api

    @property
    def is_known_absent(self) -> bool:
        return self.path != "/" and super().is_known_absent

    def desired(self) -> dict[str, Any]:
        return {"path": self.path}

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.api["Resources"].get(self.path)
        return found

    def refresh_source(self, aws: Aws) -> None:
        self.api.live = self.api.observe(aws)

    def create(self, aws: Aws) -> dict[str, Any]:
        above = self.above or self.api["Resources"]["/"]
        answer = aws.apigateway.create_resource(
            restApiId=self.api["id"],
            parentId=above["id"],
            pathPart=self.path.rsplit("/", 1)[1],
        )
        return described(answer)

    def delete(self, aws: Aws) -> None:
        aws.apigateway.delete_resource(restApiId=self.api["id"], resourceId=self["id"])


def escaped(name: str) -> str:
    """Return a name as one part of the path of a patch operation (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def is_under(path: str, top: str) -> bool:
    """Whether `path` is `top` or below it."""
    return path == top or path.startswith(f"{top.rstrip('/')}/")


def parent_of(path: str) -> str:
    """Return the path that holds this one."""
    return path.rsplit("/", 1)[0] or "/"


def _read_resources(aws: Aws, api_id: str) -> list[dict[str, Any]]:
    request = {"restApiId": api_id, "embed": ["methods"]}
    return api_items(aws.apigateway, "get_resources", **request)
