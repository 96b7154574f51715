"""The methods of a path, and the authorizer: who may call, and what answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.responses import api_items, described, without_empty
from cognito_gw.engine.resource import KNOWN_AFTER_APPLY, Change, Resource
from cognito_gw.gateway_rules import COGNITO, IAM, INTEGRATION_TIMEOUT, OPEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.aws.clients import Account, Aws
    from cognito_gw.config.model import AuthorizerConfig
    from cognito_gw.resources.function import Function
    from cognito_gw.resources.rest_api import Path, RestApi
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
            del wanted[_TTL]  # AWS accepts it, but does not always return it
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
            has = self["providerARNs"]
            patch += _set_patch("/providerARNs", has, [self.pool["Arn"]])
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
    return api_items(aws.apigateway, "get_authorizers", restApiId=api_id)


def _set_patch(path: str, has: list[str], wanted: list[str]) -> list[dict[str, str]]:
    """Return the patch of a set; it adds first, so that the set is never empty."""
    added = [("add", value) for value in sorted({*wanted} - {*has})]
    removed = [("remove", value) for value in sorted({*has} - {*wanted})]
    return [{"op": op, "path": path, "value": value} for op, value in added + removed]


@dataclass(eq=False)
class PathMethod(Resource):
    """A method of a path; it is read with the whole API."""

    kind = "method"
    command = "method"

    path: Path
    verb: str

    @property
    def label(self) -> str:
        return f"{self.verb} {self.path.path}"

    @property
    def parent(self) -> Resource | None:
        return self.path.api

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        self.path["id"]  # raises if the path is absent
        methods = (self.path.live or {}).get("resourceMethods", {})
        found: dict[str, Any] | None = methods.get(self.verb)
        return found

    def refresh_source(self, aws: Aws) -> None:
        self.path.refresh_source(aws)
        self.path.live = self.path.observe(aws)

    def delete(self, aws: Aws) -> None:
        aws.apigateway.delete_method(**self._key())

    def _read(self, aws: Aws) -> dict[str, Any]:
        return described(aws.apigateway.get_method(**self._key()))

    def _key(self) -> dict[str, str]:
        return {
            "restApiId": self.path.api["id"],
            "resourceId": self.path["id"],
            "httpMethod": self.verb,
        }


@dataclass(eq=False)
class Method(PathMethod):
    """A method with a Lambda function behind it; public only with `auth: none`."""

    function: Function
    authorizer: Authorizer | None  # None: a public route
    scopes: list[str]
    account: Account
    timeout: float | None = None  # seconds; None: AWS's default

    @property
    def is_unsecured(self) -> bool:
        """Whether it exists without the authorizer that the file requires."""
        if self.authorizer is None or self.live is None or self.pending:
            return False
        return self.live["authorizationType"] != COGNITO or (
            self.authorizer.live is None
            or self.live.get("authorizerId") != self.authorizer["id"]
        )

    def desired(self) -> dict[str, Any]:
        region, partition = self.account.region, self.account.partition
        function = self.function.get("FunctionArn", KNOWN_AFTER_APPLY)
        return self._authorization() | {
            "apiKeyRequired": False,
            "methodIntegration": {
                "type": "AWS_PROXY",
                "httpMethod": "POST",  # of the call to Lambda, for every method
                "uri": f"arn:{partition}:apigateway:{region}:lambda:path/2015-03-31"
                f"/functions/{function}/invocations",
            }
            | self._time_limit(),
        }

    def _time_limit(self) -> dict[str, int]:
        """Return the limit; without one in the file, a longer one of the user stays.

        The file cannot name that: AWS has it only in accounts with a raised quota.
        """
        if self.timeout is not None:
            return {"timeoutInMillis": round(self.timeout * 1000)}
        live = (self.live or {}).get("methodIntegration") or {}
        is_short = (
            live.get("timeoutInMillis", INTEGRATION_TIMEOUT) < INTEGRATION_TIMEOUT
        )
        return {"timeoutInMillis": INTEGRATION_TIMEOUT} if is_short else {}

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

    def _authorization(self) -> dict[str, Any]:
        if self.authorizer is None:
            return {"authorizationType": OPEN}
        if self.authorizer.live is None and not self.authorizer.pending:
            return {"authorizationType": IAM}  # closed until it exists
        return {
            "authorizationType": COGNITO,
            "authorizerId": self.authorizer.get("id", KNOWN_AFTER_APPLY),
            "authorizationScopes": self.scopes,
        }

    def _patch(self, changes: Mapping[str, Change]) -> list[dict[str, str]]:
        """Return the changes as one patch, so that the method is never half changed."""
        patch = []
        for field in ("authorizationType", "authorizerId", "apiKeyRequired"):
            if field in changes:
                value = changes[field].after
                text = str(value).lower() if isinstance(value, bool) else str(value)
                patch.append({"op": "replace", "path": f"/{field}", "value": text})
        if "authorizationScopes" in changes:
            has = changes["authorizationScopes"].before or []
            patch += _set_patch("/authorizationScopes", has, self.scopes)
        return patch

    def _put_integration(self, aws: Aws, integration: dict[str, Any]) -> dict[str, Any]:
        # PutIntegration replaces, so it creates and updates alike.
        answer: dict[str, Any] = aws.apigateway.put_integration(
            **self._key(),
            type=integration["type"],
            integrationHttpMethod=integration["httpMethod"],
            uri=integration["uri"],
            **{
                key: integration[key]
                for key in ("timeoutInMillis",)
                if key in integration
            },
        )
        return answer
