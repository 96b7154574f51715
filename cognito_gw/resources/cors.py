"""What browsers need: OPTIONS on every path, and CORS headers on refusals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cognito_gw.engine.resource import Change, Exactly, Resource
from cognito_gw.resources.method import PathMethod

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.aws.clients import Aws
    from cognito_gw.config.model import Cors
    from cognito_gw.resources.rest_api import RestApi

_ALLOW = "Access-Control-Allow-"
_SENT_BY_CLIENTS = [
    *("Authorization", "Content-Type", "X-Amz-Date", "X-Amz-Security-Token"),
    "X-Api-Key",
]
_ON_RESPONSES = (
    f"gatewayresponse.header.{_ALLOW}Origin",
    f"gatewayresponse.header.{_ALLOW}Credentials",
    "gatewayresponse.header.Access-Control-Expose-Headers",
)
_RESPONSE_ORIGIN = _ON_RESPONSES[0]


@dataclass(eq=False)
class Preflight(PathMethod):
    """OPTIONS of one path, answered by a mock; public, as preflights have no token."""

    cors: Cors
    verbs: list[str]
    identity_source: str

    def desired(self) -> dict[str, Any]:
        headers = self._headers()
        names = {f"method.response.header.{name}": True for name in headers}
        values = {f"method.response.header.{k}": f"'{v}'" for k, v in headers.items()}
        return {
            "authorizationType": "NONE",
            "methodResponses": {"200": {"responseParameters": Exactly(names)}},
            "methodIntegration": {
                "type": "MOCK",
                "requestTemplates": {"application/json": '{"statusCode": 200}'},
                "integrationResponses": {
                    "200": {
                        "responseParameters": Exactly(values),
                        "responseTemplates": Exactly(self._templates()),
                    }
                },
            },
        }

    def create(self, aws: Aws) -> dict[str, Any]:
        aws.apigateway.put_method(**self._key(), authorizationType="NONE")
        return self._complete(aws, {})

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        if all(change.before is None for change in changes.values()):
            return self._complete(aws, self.live or {})
        # Recreate it: the stage serves its snapshot until the next deployment.
        self.delete(aws)
        return self.create(aws)

    def _complete(self, aws: Aws, live: dict[str, Any]) -> dict[str, Any]:
        """Create the missing parts, also after an interrupted creation."""
        wanted = self.desired()
        key = self._key()
        response = {"statusCode": "200"}
        integration = wanted["methodIntegration"]
        has = live.get("methodIntegration", {})
        if not live.get("methodResponses"):
            aws.apigateway.put_method_response(
                **key, **response, **wanted["methodResponses"]["200"]
            )
        if not has:
            aws.apigateway.put_integration(
                **key, type="MOCK", requestTemplates=integration["requestTemplates"]
            )
        if not has.get("integrationResponses"):
            aws.apigateway.put_integration_response(
                **key, **response, **integration["integrationResponses"]["200"]
            )
        return self._read(aws)

    def _headers(self) -> dict[str, str]:
        cors = self.cors
        sent = _SENT_BY_CLIENTS if cors.headers is None else cors.headers
        if self.identity_source.lower() not in map(str.lower, sent):
            sent = [*sent, self.identity_source]
        verbs = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"]
        if "ANY" not in self.verbs:
            verbs = sorted(self.verbs)
        headers = {
            f"{_ALLOW}Origin": cors.origins[0],
            f"{_ALLOW}Methods": ",".join([*verbs, "OPTIONS"]),
            f"{_ALLOW}Headers": ",".join(sent),
        }
        if cors.credentials:
            headers[f"{_ALLOW}Credentials"] = "true"
        if cors.max_age is not None:
            headers["Access-Control-Max-Age"] = str(cors.max_age)
        return headers

    def _templates(self) -> dict[str, str]:
        """With several origins, return the request's origin if it is one of them."""
        origins = self.cors.origins
        if len(origins) == 1:
            return {}
        tests = " || ".join(f'$origin == "{origin}"' for origin in origins)
        return {
            "application/json": (
                '#set($origin = $input.params().header.get("Origin"))\n'
                '#if(!$origin || $origin == "")'
                '#set($origin = $input.params().header.get("origin"))#end\n'
                f"#if({tests})"
                f"#set($context.responseOverride.header.{_ALLOW}Origin = $origin)#end"
            )
        }


@dataclass(eq=False)
class GatewayResponse(Resource):
    """CORS headers on API Gateway's own responses, such as 401 and 403."""

    kind = "gateway response"
    command = "api"
    id_field = "responseType"

    api: RestApi
    response_type: str
    cors: Cors | None

    @property
    def label(self) -> str:
        return self.response_type

    @property
    def enabled(self) -> bool:
        return self.cors is not None

    @property
    def parent(self) -> Resource | None:
        return self.api

    def desired(self) -> dict[str, Any]:
        """Return the CORS headers; None for those that have left the file."""
        live = (self.live or {}).get("responseParameters", {})
        gone = {name: None for name in _ON_RESPONSES if name in live}
        return {"responseParameters": gone | self._headers()}

    def _headers(self) -> dict[str, str]:
        cors = self.cors
        if cors is None:
            return {}
        # These responses hold no data: with several origins, any origin may read them.
        origin = f"'{cors.origins[0]}'"
        if len(cors.origins) > 1:
            origin = "method.request.header.Origin"
        values = (
            origin,
            "'true'" if cors.credentials else None,
            f"'{','.join(cors.expose)}'" if cors.expose else None,
        )
        named = zip(_ON_RESPONSES, values, strict=True)
        return {name: value for name, value in named if value}

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        answer = aws.apigateway.get_gateway_response(**self._key())
        # Without CORS headers it is AWS's default or foreign: ignored.
        is_cors = _RESPONSE_ORIGIN in answer.get("responseParameters", {})
        return dict(answer) if is_cors else None

    def create(self, aws: Aws) -> dict[str, Any]:
        answer = aws.apigateway.put_gateway_response(
            **self._key(), responseParameters=self._headers()
        )
        return dict(answer)

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        return self.create(aws)

    def delete(self, aws: Aws) -> None:
        aws.apigateway.delete_gateway_response(**self._key())

    def _key(self) -> dict[str, str]:
        return {"restApiId": self.api["id"], "responseType": self.response_type}
