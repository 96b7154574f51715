"""The tutorial's stack with boto3 alone: `script.py create|read|change|destroy`."""

from __future__ import annotations

import io
import json
import os
import sys
import zipfile
from functools import partial
from pathlib import Path

import boto3

NAME = "transactions"
USER = "alice@example.com"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
CODE = """
def lambda_handler(event, context):
    return {"statusCode": 200, "body": "Hello from Lambda!"}
"""


class Tutorial:
    """The stack by its IDs."""

    def __init__(self, client, ids=None):
        self.ids = ids or {}
        self.cognito, self.iam = client("cognito-idp"), client("iam")
        self.functions, self.gateway = client("lambda"), client("apigateway")

    def create(self):
        """Create everything, in the tutorial's order."""
        self._create_pool()
        self._create_function()
        self._create_api()

    def _create_pool(self):
        cognito = self.cognito
        pool = cognito.create_user_pool(PoolName=NAME, UsernameAttributes=["email"])
        key = {"UserPoolId": pool["UserPool"]["Id"]}
        client = cognito.create_user_pool_client(
            **key,
            ClientName=f"{NAME}-web",
            CallbackURLs=["http://localhost:8765/callback"],
            AllowedOAuthFlows=["code"],
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthScopes=["openid", "email", "profile"],
            SupportedIdentityProviders=["COGNITO"],
        )
        cognito.create_user_pool_domain(**key, Domain=f"{NAME}-benchmark")
        cognito.admin_create_user(**key, Username=USER, MessageAction="SUPPRESS")
        cognito.admin_set_user_password(
            **key,
            Username=USER,
            Password=os.environ.get("CGW_ALICE_PASSWORD", "Correct-horse-7"),
            Permanent=True,
        )
        self.ids["pool"] = key["UserPoolId"]
        self.ids["pool_arn"] = pool["UserPool"]["Arn"]
        self.ids["client"] = client["UserPoolClient"]["ClientId"]

    def _create_function(self):
        role = self.iam.create_role(
            RoleName=NAME, AssumeRolePolicyDocument=json.dumps(TRUST)
        )
        made = self.functions.create_function(
            FunctionName=NAME,
            Runtime="python3.13",
            Handler="index.lambda_handler",
            Role=role["Role"]["Arn"],
            Code={"ZipFile": _zipped(CODE)},
        )
        self.ids["function"] = made["FunctionArn"]

    def _create_api(self):
        gateway = self.gateway
        api = gateway.create_rest_api(
            name=NAME, endpointConfiguration={"types": ["REGIONAL"]}
        )
        key = {"restApiId": api["id"]}
        root = gateway.get_resources(**key)["items"][0]["id"]
        path = gateway.create_resource(**key, parentId=root, pathPart=NAME)
        authorizer = gateway.create_authorizer(
            **key,
            name="cognito",
            type="COGNITO_USER_POOLS",
            providerARNs=[self.ids["pool_arn"]],
            identitySource="method.request.header.Authorization",
        )
        self.ids |= {"api": api["id"], "path": path["id"]}
        self._create_method(key, authorizer["id"])
        made = gateway.create_deployment(**key)
        gateway.create_stage(**key, deploymentId=made["id"], stageName="dev")

    def _create_method(self, key, authorizer):
        method = {**key, "resourceId": self.ids["path"], "httpMethod": "GET"}
        self.gateway.put_method(
            **method, authorizationType="COGNITO_USER_POOLS", authorizerId=authorizer
        )
        region = self.gateway.meta.region_name
        of = f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions"
        self.gateway.put_integration(
            **method,
            type="AWS_PROXY",
            integrationHttpMethod="POST",
            uri=f"{of}/{self.ids['function']}/invocations",
        )
        self.functions.add_permission(
            FunctionName=NAME,
            StatementId="api",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
        )

    def read(self):
        """Read everything once."""
        pool, api = {"UserPoolId": self.ids["pool"]}, {"restApiId": self.ids["api"]}
        self.cognito.describe_user_pool(**pool)
        self.cognito.describe_user_pool_client(**pool, ClientId=self.ids["client"])
        self.cognito.describe_user_pool_domain(Domain=f"{NAME}-benchmark")
        self.cognito.admin_get_user(**pool, Username=USER)
        self.iam.get_role(RoleName=NAME)
        self.functions.get_function(FunctionName=NAME)
        self.functions.get_policy(FunctionName=NAME)
        self.gateway.get_rest_api(**api)
        self.gateway.get_resources(**api, embed=["methods"])
        self.gateway.get_authorizers(**api)
        self.gateway.get_deployments(**api)
        self.gateway.get_stages(**api)

    def change(self):
        """Double the function's memory."""
        change = self.functions.update_function_configuration
        change(FunctionName=NAME, MemorySize=256)

    def destroy(self):
        """Delete everything."""
        pool = {"UserPoolId": self.ids["pool"]}
        self.gateway.delete_rest_api(restApiId=self.ids["api"])
        self.functions.delete_function(FunctionName=NAME)
        self.iam.delete_role(RoleName=NAME)
        self.cognito.delete_user_pool_domain(**pool, Domain=f"{NAME}-benchmark")
        self.cognito.delete_user_pool(**pool)


def _zipped(code):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", code)
    return content.getvalue()


def main(verb):
    """Run a verb, with the IDs in a file next to the script."""
    file = Path("ids.json")
    ids = json.loads(file.read_text("utf-8")) if file.exists() else None
    session = boto3.Session()
    tutorial = Tutorial(partial(session.client), ids)
    getattr(tutorial, verb)()
    file.write_text(json.dumps(tutorial.ids), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
