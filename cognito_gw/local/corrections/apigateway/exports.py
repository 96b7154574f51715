"""Exports: what a stage serves, as an OpenAPI document, though without models."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

import yaml

from cognito_gw.local.corrections.apigateway import openapi
from cognito_gw.local.corrections.apigateway.faults import bad_request, not_found
from cognito_gw.local.corrections.apigateway.openapi import AWS, given
from cognito_gw.local.corrections.services import apigateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cognito_gw.local.corrections.call import Call
    from cognito_gw.local.snapshot import Snapshot

PATH_VARIABLE = re.compile(r"\{([^}+]+)\+?\}")
PLACES = {"querystring": "query", "header": "header"}


@apigateway.refuses("GetExport")
def absent_stage(call: Call) -> None:
    """Refuse a stage that is not there: NotFoundException, 404; moto needs none."""
    if _served(call) is None:
        raise not_found("Invalid stage identifier specified")


@apigateway.refuses("GetExport")
def unknown_format(call: Call) -> None:
    """Refuse what is neither OpenAPI 3.0 nor 2.0: BadRequestException."""
    kind = call["exportType"]
    if kind not in ("oas30", "swagger"):
        raise bad_request(f"No API exporter for type '{kind}'")


@apigateway.answers("GetExport")
def get_export(call: Call) -> dict[str, Any]:
    """Export what the stage serves, and how it is secured; moto outlines the draft."""
    kind, asked = call["exportType"], call.get("parameters", {}).get("extensions", "")
    export = Export(_served(call), kind == "swagger", frozenset(asked.split(",")))
    document = export.document(call["stageName"])
    text, suffix = json.dumps(document, indent=2), "json"
    if call.get("accepts") == "application/yaml":
        text, suffix = yaml.safe_dump(document, sort_keys=False), "yaml"
    file = f"{kind}_{document['info']['version']}.{suffix}"
    return {
        "contentType": "application/octet-stream",
        "contentDisposition": f'attachment; filename="{file}"',
        "body": text.encode(),
    }


def _served(call: Call) -> Any:
    stage = call.backend.apis[call["restApiId"]].stages.get(call["stageName"])
    return stage and call.snapshots.of(call["restApiId"], stage.deployment_id)


@dataclass(frozen=True)
class Export:
    """A snapshot, to be spelt as OpenAPI 3.0, or as 2.0, which is called Swagger."""

    snapshot: Snapshot
    is_swagger: bool
    extensions: frozenset[str]

    def document(self, stage: str) -> dict[str, Any]:
        """Return the whole document."""
        snapshot, methods = self.snapshot, [method for *_, method in self._methods()]
        found = openapi.schemes(
            snapshot, methods, in_full=self._asks_for("authorizers")
        )
        host = f"{snapshot.api_id}.execute-api.{snapshot.region}.amazonaws.com"
        body = {"info": self._info(), "paths": self._paths()}
        if self.is_swagger:
            place = {"host": host, "basePath": f"/{stage}", "schemes": ["https"]}
            return {"swagger": "2.0"} | body | place | given(securityDefinitions=found)
        variables = {"basePath": {"default": stage}}
        servers = [{"url": f"https://{host}/{{basePath}}", "variables": variables}]
        end = {"servers": servers, "components": given(securitySchemes=found)}
        return {"openapi": "3.0.1"} | body | end

    def _info(self) -> dict[str, Any]:
        """Return what the API is called; without a version, it is known by its date."""
        api = self.snapshot.rest_api
        made = f"{api['createdDate'].astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        named = given(title=api["name"], description=api.get("description"))
        return named | {"version": api.get("version") or made}

    def _methods(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for resource in self.snapshot.resources:
            for verb, method in resource.get("resourceMethods", {}).items():
                yield resource["path"], verb, method

    def _paths(self) -> dict[str, Any]:
        paths: dict[str, Any] = {}
        for path, verb, method in self._methods():
            name = f"{AWS}-any-method" if verb == "ANY" else verb.lower()
            paths.setdefault(path, {})[name] = self._operation(path, method)
        return paths

    def _operation(self, path: str, method: dict[str, Any]) -> dict[str, Any]:
        responses = self._responses(method)
        operation = given(
            operationId=method.get("operationName"),
            parameters=self._parameters(path, method),
            responses=responses,
            security=openapi.security(self.snapshot, method),
        )
        if self.is_swagger:  # which asks for them, be they none
            operation["responses"] = responses
        if self._asks_for("integrations"):
            integration = openapi.integration(method["methodIntegration"])
            operation[f"{AWS}-integration"] = integration
        return operation

    def _parameters(self, path: str, method: dict[str, Any]) -> list[dict[str, Any]]:
        found = [("path", name, True) for name in PATH_VARIABLE.findall(path)]
        for source, is_required in method.get("requestParameters", {}).items():
            _, _, place, name = source.split(".", 3)
            if place in PLACES:
                found.append((PLACES[place], name, is_required))
        return [
            {"name": name, "in": place, "required": is_required} | self._text
            for place, name, is_required in found
        ]

    def _responses(self, method: dict[str, Any]) -> dict[str, Any]:
        found = {}
        for status, response in method.get("methodResponses", {}).items():
            sources = response.get("responseParameters", {})
            headers = {source.split(".", 3)[3]: self._text for source in sources}
            found[status] = given(description=f"{status} response", headers=headers)
            if not self.is_swagger:
                found[status]["content"] = {}
        return found

    def _asks_for(self, extension: str) -> bool:
        return not self.extensions.isdisjoint({extension, "apigateway"})

    @property
    def _text(self) -> dict[str, Any]:
        text = {"type": "string"}
        return text if self.is_swagger else {"schema": text}
