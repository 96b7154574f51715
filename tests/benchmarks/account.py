"""The account behind an endpoint: empties it, and lists the stack's parts in it."""

from __future__ import annotations

import boto3
import httpx
from benchmarks.measured import REGION

POOL_PARTS = ("user pool", "app client", "domain", "user")
API_PARTS = ("function", "role", "REST API", "authorizer", "secured method", "stage")
PARTS = POOL_PARTS + API_PARTS


class Emulated:
    """The account of a moto_server."""

    def __init__(self, url):
        self.url = url
        self.session = boto3.Session("any", "any", region_name=REGION)
        client = self.session.client
        self.cognito = client("cognito-idp", endpoint_url=url)
        self.iam = client("iam", endpoint_url=url)
        self.functions = client("lambda", endpoint_url=url)
        self.gateway = client("apigateway", endpoint_url=url)

    def empty(self):
        """Delete everything."""
        httpx.post(f"{self.url}/moto-api/reset").raise_for_status()

    def parts(self):
        """Return the parts of the tutorial's stack that exist."""
        counted = {
            "function": self.functions.list_functions()["Functions"],
            "role": self.iam.list_roles()["Roles"],
            **self._pool_parts(),
            **self._api_parts(),
        }
        return {part for part, found in counted.items() if found}

    def _pool_parts(self):
        pools = self.cognito.list_user_pools(MaxResults=10)["UserPools"]
        if not pools:
            return {}
        key = {"UserPoolId": pools[0]["Id"]}
        pool = self.cognito.describe_user_pool(**key)["UserPool"]
        clients = self.cognito.list_user_pool_clients(**key)["UserPoolClients"]
        users = self.cognito.list_users(**key)["Users"]
        return dict(
            zip(POOL_PARTS, (pool, clients, pool.get("Domain"), users), strict=True)
        )

    def _api_parts(self):
        apis = self.gateway.get_rest_apis()["items"]
        if not apis:
            return {}
        key = {"restApiId": apis[0]["id"]}
        paths = self.gateway.get_resources(**key, embed=["methods"])["items"]
        return {
            "REST API": apis,
            "authorizer": self.gateway.get_authorizers(**key)["items"],
            "secured method": [
                method
                for path in paths
                for method in path.get("resourceMethods", {}).values()
                if method.get("authorizationType") == "COGNITO_USER_POOLS"
            ],
            "stage": self.gateway.get_stages(**key)["item"],
        }
