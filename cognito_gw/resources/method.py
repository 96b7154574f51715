"""A method of a path and its integration: who may call, and what answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.responses import described, without_empty
from cognito_gw.engine.resource import Change, Resource
from cognito_gw.gateway_rules import COGNITO, IAM, OPEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.aws.clients import Account, Aws
    from cognito_gw.resources.authorizer import Authorizer
    from cognito_gw.resources.function import Function
    from cognito_gw.resources.rest_api import Path


@dataclass(eq=False)
class Method(Resource):
    """A method that a function answers, closed unless the file says `auth: none`."""

    kind = "method"
    command = "method"

    path: Path
    verb: str
    function: Function
    authorizer: Authorizer | None  # None: a public route
    scopes: list[str]
    account: Account

    @property
    def label(self) -> str:
        return f"{self.verb} {self.path.path}"

    @property
    def inside(self) -> Resource | None:
        return self.path.api

    @property
    def is_unsecured(self) -> bool:
        """Whether it exists without the authorizer that the file wants it to have."""
        if self.authorizer is None or self.live is None or self.pending:
            return False
        return self.live["authorizationType"] != COGNITO or (
            self.authorizer.live is None
            or self.live.get("authorizerId") != self.authorizer["id"]
        )

    def desired(self) -> dict[str, Any]:
        region = self.account.region
        partition = self.account.partition
        return self._authorization() | {
            "apiKeyRequired": False,
            "methodIntegration": {
                "type": "AWS_PROXY",
                "httpMethod": "POST",  # whatever the method: it is the call to Lambda
                "uri": f"arn:{partition}:apigateway:{region}:lambda:path/2015-03-31"
                f"/functions/{self.function['FunctionArn']}/invocations",
            },
        }

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        return observed(self.path, self.verb)

    def refresh(self, aws: Aws) -> None:
        refresh(self.path, aws)

    def create(self, aws: Aws) -> dict[str, Any]:
        wanted = self.desired()
        integration = wanted.pop("methodIntegration")
        made = aws.apigateway.put_method(**self._key(), **without_empty(wanted))
        answer = self._put_integration(aws, integration)
        return described(made) | {"methodIntegration": described(answer)}

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        if patch := self._patch(changes):
            aws.apigateway.update_method(**self._key(), patchOperations=patch)
        if any(field.startswith("methodIntegration") for field in changes):
            self._put_integration(aws, self.desired()["methodIntegration"])
        return self._read(aws)

    def delete(self, aws: Aws) -> None:
        aws.apigateway.delete_method(**self._key())

    def _authorization(self) -> dict[str, Any]:
        if self.authorizer is None:
            return {"authorizationType": OPEN}
        if self.authorizer.live is None and not self.authorizer.pending:
            return {"authorizationType": IAM}  # closed until there is one
        return {
            "authorizationType": COGNITO,
            "authorizerId": self.authorizer["id"],
            "authorizationScopes": self.scopes,
        }

    def _patch(self, changes: Mapping[str, Change]) -> list[dict[str, str]]:
        """Word the changes as one call, so that the method is never half changed."""
        patch = []
        for field in ("authorizationType", "authorizerId", "apiKeyRequired"):
            if field in changes:
                value = changes[field].after
                text = str(value).lower() if isinstance(value, bool) else str(value)
                patch.append({"op": "replace", "path": f"/{field}", "value": text})
        if "authorizationScopes" in changes:
            has = set(changes["authorizationScopes"].before or [])
            wants = set(self.scopes)
            patch += [_scope("add", scope) for scope in sorted(wants - has)]
            patch += [_scope("remove", scope) for scope in sorted(has - wants)]
        return patch

    def _put_integration(self, aws: Aws, integration: dict[str, Any]) -> dict[str, Any]:
        # PutIntegration replaces, so it makes and mends alike.
        answer: dict[str, Any] = aws.apigateway.put_integration(
            **self._key(),
            type=integration["type"],
            integrationHttpMethod=integration["httpMethod"],
            uri=integration["uri"],
        )
        return answer

    def _read(self, aws: Aws) -> dict[str, Any]:
        answer = aws.apigateway.get_method(**self._key())
        return described(answer)

    def _key(self) -> dict[str, str]:
        return method_key(self.path, self.verb)


def observed(path: Path, verb: str) -> dict[str, Any] | None:
    """Return a method as the read of the whole API answered it."""
    path["id"]  # a method of an absent path is not known to be absent, but not ready
    found: dict[str, Any] | None = (
        (path.live or {}).get("resourceMethods", {}).get(verb)
    )
    return found


def refresh(path: Path, aws: Aws) -> None:
    """Read a path's methods anew."""
    path.refresh(aws)
    path.live = path.observe(aws)


def method_key(path: Path, verb: str) -> dict[str, str]:
    """Return what names a method in every call."""
    return {"restApiId": path.api["id"], "resourceId": path["id"], "httpMethod": verb}


def _scope(op: str, scope: str) -> dict[str, str]:
    return {"op": op, "path": "/authorizationScopes", "value": scope}
