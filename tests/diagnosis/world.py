"""An account with one API, one user pool and one function, as AWS describes it."""

from __future__ import annotations

import io
import json
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ParamValidationError
from fakes import refusal

from cognito_gw.aws.clients import Account

if TYPE_CHECKING:
    from collections.abc import Mapping

REGION, NUMBER = "eu-west-1", "123456789012"
API, CLIENT, SECRET = "a1b2c3d4e5", "web-client-id", "not-to-be-shown"
POOL, OTHER = f"{REGION}_Pool", f"{REGION}_Other"
FUNCTION = f"arn:aws:lambda:{REGION}:{NUMBER}:function:hello"
GROUP = "/aws/lambda/hello"
SOURCE = f"arn:aws:execute-api:{REGION}:{NUMBER}:{API}/dev/GET/transactions"
EVERYWHERE = f"arn:aws:execute-api:{REGION}:{NUMBER}:{API}/*/*"
ALICE = "alice@example.com"
COGNITO, IAM, OPEN = "COGNITO_USER_POOLS", "AWS_IAM", "NONE"
ABSENT = refusal("NotFoundException", "it is not there", status=404)


def pool_arn(pool_id, account=NUMBER):
    """Return the ARN of a user pool."""
    return f"arn:aws:cognito-idp:{REGION}:{account}:userpool/{pool_id}"


def invocation_of(function):
    """Return the URI with which an integration calls a function."""
    place = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31"
    return f"{place}/functions/{function}/invocations"


def statement(source):
    """Allow API Gateway's calls from a source."""
    return {
        "Effect": "Allow",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Condition": {"ArnLike": {"AWS:SourceArn": source}},
    }


@dataclass(frozen=True)
class Version:
    """One version of an API, which AWS describes in two ways."""

    # Route: its scopes, or an authorization type other than a Cognito authorizer.
    routes: Mapping[str, Any] = field(
        default_factory=lambda: {
            "GET /transactions": (),
            "POST /transactions": ("transactions/write", "transactions/admin"),
            "GET /orders/{id}": (),
            "GET /health": OPEN,
        }
    )
    arns: tuple[str, ...] = (pool_arn(POOL),)
    header: str = "Authorization"
    pattern: str | None = None
    authorizer: bool = True
    uri: str = invocation_of(FUNCTION)
    more: Mapping[str, Any] = field(default_factory=dict)  # of every integration
    keyed: tuple[str, ...] = ()  # routes that require an API key

    def document(self):
        """Return it as an export describes it."""
        paths = {}
        for route, guard in self.routes.items():
            verb, path = route.split(" ")
            name = {"ANY": "x-amazon-apigateway-any-method"}.get(verb, verb.lower())
            integration = {"type": "aws_proxy", "uri": self.uri, **self.more}
            operation = {"x-amazon-apigateway-integration": integration}
            key = [{"api_key": []}] if route in self.keyed else []
            if security := _security(guard) + key:
                operation["security"] = security
            paths.setdefault(path, {})[name] = operation
        components = {"securitySchemes": self._schemes()}
        return {"openapi": "3.0.1", "paths": paths, "components": components}

    def resources(self):
        """Return it as GetResources describes it."""
        paths = {}
        for route, guard in self.routes.items():
            verb, path = route.split(" ")
            is_cognito = isinstance(guard, tuple)
            method = {
                "authorizationType": COGNITO if is_cognito else guard,
                "methodIntegration": {"uri": self.uri, **self.more},
            }
            if route in self.keyed:
                method |= {"apiKeyRequired": True}
            if is_cognito:
                method |= {"authorizerId": "auth1", "authorizationScopes": [*guard]}
            elif guard == "CUSTOM":
                method |= {"authorizerId": "auth2"}
            paths.setdefault(path, {})[verb] = method
        return [
            {"path": path, "resourceMethods": methods}
            for path, methods in paths.items()
        ]

    def authorizers(self):
        """Return its authorizers as GetAuthorizers describes them."""
        header = {"identitySource": f"method.request.header.{self.header}"}
        ours = {"id": "auth1", "type": COGNITO, "providerARNs": [*self.arns]}
        custom = {"id": "auth2", "type": "TOKEN", "authorizerUri": self.uri}
        if self.pattern is not None:
            ours["identityValidationExpression"] = self.pattern
        mine = [ours | header] if self.authorizer else []
        return [*mine, custom | header]

    def _schemes(self):
        header = {"type": "apiKey", "in": "header", "name": self.header}
        kind = "x-amazon-apigateway-authtype"
        more = {"type": "cognito_user_pools", "providerARNs": [*self.arns]}
        if self.pattern is not None:
            more["identityValidationExpression"] = self.pattern
        ours = {"x-amazon-apigateway-authorizer": more, kind: "cognito_user_pools"}
        schemes = {
            "ours": header | ours,
            "sigv4": header | {"name": "Authorization", kind: "awsSigv4"},
            "custom": header | {kind: "custom"},
            "api_key": header | {"name": "x-api-key"},
        }
        return {
            name: scheme
            for name, scheme in schemes.items()
            if name != "ours" or self.authorizer
        }


def _security(guard):
    if isinstance(guard, tuple):
        return [{"ours": [*guard]}]
    name = {IAM: "sigv4", "CUSTOM": "custom", OPEN: None}[guard]
    return [{name: []}] if name else []


def answers_of(live, draft, events=()):
    """Return the responses of AWS by operation, for a complete account."""
    function = {"FunctionName": "hello", "Timeout": 3}
    policy = json.dumps({"Statement": [statement(EVERYWHERE)]})
    client = {
        "ClientId": CLIENT,
        "CallbackURLs": ["http://localhost:8765/callback", "https://app.example.com/"],
        "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        "AllowedOAuthFlowsUserPoolClient": True,
        "AllowedOAuthFlows": ["code"],
        "AllowedOAuthScopes": ["openid", "transactions/read"],
    }
    user = {"Username": ALICE, "UserStatus": "CONFIRMED", "Enabled": True}
    return {
        "get_stages": {"item": [{"stageName": "dev"}]},
        "get_export": lambda **_: exported(live.document()),
        "get_resources": {"items": draft.resources()},
        "get_authorizers": {"items": draft.authorizers()},
        "describe_user_pool": pools(POOL, OTHER),
        "get_function": {"Configuration": function},
        "get_policy": {"Policy": policy},
        "filter_log_events": {"events": [*events]},
        "describe_user_pool_client": {"UserPoolClient": client},
        "admin_get_user": user,
        "list_users": {"Users": []},
    }


def exported(document):
    """Return a document as GetExport returns it."""
    return {"body": io.BytesIO(json.dumps(document).encode())}


def pools(*there, **settings):
    """Respond for the user pools that exist."""
    settings = {"Domain": "shop", "MfaConfiguration": "OFF"} | settings

    def describe(UserPoolId):  # noqa: N803 - AWS's name
        if UserPoolId not in there:
            raise ABSENT
        return {"UserPool": settings}

    return describe


class World(SimpleNamespace):
    """Replaces `Aws`: responds from a table, and records the calls."""

    def __init__(self, answers):
        clients = ("apigateway", "cognito", "functions", "logs")
        super().__init__(**dict.fromkeys(clients, self))
        self.region, self.account = REGION, Account("aws", REGION, NUMBER)
        self.answers, self.calls, self.told, self.naps = answers, [], [], []
        self.tell, self.sleep = self.told.append, self.naps.append

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return partial(self.ask, name)

    def ask(self, name, **parameters):
        """Respond to one call from the table."""
        self.calls.append((name, repr(sorted(parameters.items()))))
        if None in parameters.values():
            raise ParamValidationError(report="Invalid type: None")
        answer = self.answers[name]
        if isinstance(answer, Exception):
            raise answer
        return answer(**parameters) if callable(answer) else answer

    def get_paginator(self, name):
        """Return a paginator with a single page."""

        def paginate(**parameters):
            parameters.pop("PaginationConfig", None)
            return [self.ask(name, **parameters)]

        return SimpleNamespace(paginate=paginate)

    @property
    def names(self):
        """The calls made, by name."""
        return {name for name, _ in self.calls}

    @property
    def repeated(self):
        """The calls made more than once, except those that wait for a log."""
        counts = Counter(call for call in self.calls if call[0] != "filter_log_events")
        return [call for call, count in counts.items() if count > 1]
