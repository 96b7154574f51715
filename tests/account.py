"""An AWS account as boto3 describes it: its resources and their settings."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache

import boto3

from cognito_gw.aws.endpoints import AccessKey

REGION = "us-east-1"
ANY = AccessKey("any", "any")  # for services that do not check it
_DROPPED = {
    "CloudFrontDistribution",
    "ResponseMetadata",
    "RevisionId",
    "RoleId",
    "LastModified",
    "Location",
    "creationTime",
    "createdAt",
    "storedBytes",
}


class Account:
    """The account behind one endpoint."""

    @classmethod
    def of(cls, server, region=REGION):
        """Return the account of a local AWS, with its access key."""
        return cls(server.url, region, server.access_key)

    def __init__(self, url=None, region=REGION, key=ANY):
        self.session = boto3.Session(key.id, key.secret, region_name=region)
        self.url = url
        self.client = cache(self._client)

    def _client(self, service):
        return self.session.client(service, endpoint_url=self.url)

    def __getattr__(self, service):
        return self.client(service.replace("_", "-"))

    def pages(self, service, operation, key, **parameters):
        """Return all items of a listing."""
        client = self.client(service)
        if not client.can_paginate(operation):
            return getattr(client, operation)(**parameters)[key]
        pages = client.get_paginator(operation).paginate(**parameters)
        return [item for page in pages for item in page[key]]

    def listing(self):
        """Return all IDs by service."""
        pools = self.pages("cognito-idp", "list_user_pools", "UserPools", MaxResults=60)
        apis = self.pages("apigateway", "get_rest_apis", "items")
        functions = self.pages("lambda", "list_functions", "Functions")
        groups = self.pages("logs", "describe_log_groups", "logGroups")
        tagged = self.pages(
            "resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList"
        )
        return {
            "pools": {pool["Id"] for pool in pools},
            "apis": {each["id"] for each in apis},
            "functions": {each["FunctionName"] for each in functions},
            "roles": {
                each["RoleName"] for each in self.pages("iam", "list_roles", "Roles")
            },
            "log groups": {each["logGroupName"] for each in groups},
            "tagged": {each["ResourceARN"] for each in tagged},
        }

    def description(self, outputs):
        """Describe one stack completely, with names instead of IDs and times."""
        parts, names = self._described(outputs)
        text = named(json.dumps(_lasting(parts)), names)
        return _ordered(json.loads(text))

    def names(self, outputs):
        """Return readable names for the IDs of one stack."""
        return self._described(outputs)[1]

    def _described(self, outputs):
        names = {}
        parts = [
            *self._user_pool(outputs["user_pool_id"], names),
            *self._api(outputs["api_id"], names),
            *(
                part
                for arn in outputs["functions"].values()
                for part in self._function(arn.rsplit(":", 1)[1])
            ),
        ]
        return parts, names

    def _user_pool(self, pool_id, names):
        names[pool_id] = "pool"
        cognito, pool = self.cognito_idp, {"UserPoolId": pool_id}
        described = cognito.describe_user_pool(**pool)["UserPool"]
        yield described
        yield cognito.get_user_pool_mfa_config(**pool)
        yield self.pages("cognito-idp", "list_groups", "Groups", **pool)
        yield self.pages(
            "cognito-idp",
            "list_resource_servers",
            "ResourceServers",
            **pool,
            MaxResults=50,
        )
        for client in self.pages(
            "cognito-idp", "list_user_pool_clients", "UserPoolClients", **pool
        ):
            names[client["ClientId"]] = f"client {client['ClientName']}"
            key = pool | {"ClientId": client["ClientId"]}
            yield cognito.describe_user_pool_client(**key)["UserPoolClient"]
        for user in self.pages("cognito-idp", "list_users", "Users", **pool):
            key = pool | {"Username": user["Username"]}
            found = {item["Name"]: item["Value"] for item in user["Attributes"]}
            names[found["sub"]] = f"user {found['email']}"
            yield cognito.admin_get_user(**key)
            yield cognito.admin_list_groups_for_user(**key)["Groups"]
        if prefix := described.get("Domain"):
            yield cognito.describe_user_pool_domain(Domain=prefix)

    def _api(self, api_id, names):
        names[api_id] = "api"
        gateway, api = self.apigateway, {"restApiId": api_id}
        yield gateway.get_rest_api(**api)
        resources = gateway.get_resources(**api, limit=500, embed=["methods"])["items"]
        names |= {each["id"]: f"resource {each['path']}" for each in resources}
        yield resources
        for kind in ("authorizers", "gateway_responses"):
            yield getattr(gateway, f"get_{kind}")(**api)["items"]
        for authorizer in gateway.get_authorizers(**api)["items"]:
            names[authorizer["id"]] = f"authorizer {authorizer['name']}"
        for deployment in gateway.get_deployments(**api)["items"]:
            names[deployment["id"]] = "deployment"
            names[deployment["description"]] = "fingerprint"
            yield deployment
        yield gateway.get_stages(**api)["item"]

    def _function(self, name):
        described = self.client("lambda").get_function(FunctionName=name)
        yield described
        policy = self.client("lambda").get_policy(FunctionName=name)["Policy"]
        yield json.loads(policy)["Statement"]
        role = described["Configuration"]["Role"].rsplit("/", 1)[1]
        yield self.iam.get_role(RoleName=role)["Role"]
        for policy in self.iam.list_role_policies(RoleName=role)["PolicyNames"]:
            yield self.iam.get_role_policy(RoleName=role, PolicyName=policy)
        yield self.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        group = f"/aws/lambda/{name}"
        groups = self.logs.describe_log_groups(logGroupNamePrefix=group)
        for found in groups["logGroups"]:
            yield found
            arn = found["arn"].removesuffix(":*")
            yield self.logs.list_tags_for_resource(resourceArn=arn)["tags"]


def named(text, names):
    """Replace IDs with names, the longest first."""
    for value in sorted(names, key=len, reverse=True):
        text = text.replace(value, f"<{names[value]}>")
    return text


def _lasting(value):
    """Remove values that differ each time."""
    if isinstance(value, dict):
        return {
            key: _lasting(item) for key, item in value.items() if key not in _DROPPED
        }
    if isinstance(value, list):
        return [_lasting(item) for item in value]
    return "<time>" if isinstance(value, datetime) else value


def _ordered(value):
    """Sort lists that AWS may return in any order."""
    if isinstance(value, dict):
        return {key: _ordered(item) for key, item in value.items()}
    if isinstance(value, list):
        items = [_ordered(item) for item in value]
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
    return value
