"""A stack that tests break with boto3, outside of cgw, and then restore."""

from __future__ import annotations

import io
import uuid
import zipfile
from contextlib import ExitStack, suppress

from botocore import xform_name
from commandline import PASSWORD

from cognito_gw.aws.responses import settable
from cognito_gw.resources.code import zipped


class Broken(ExitStack):
    """A stack with its restore steps, which run in reverse order at exit."""

    def __init__(self, stack, terminal, account, environment):
        super().__init__()
        self.stack, self.cgw, self.environment = stack, terminal, environment
        self.outputs = outputs = stack.outputs
        self.gateway = account.apigateway
        self.functions = account.client("lambda")
        self.cognito = account.cognito_idp
        self.api = {"restApiId": outputs["api_id"]}
        self.stage = self.api | {"stageName": outputs["stage"]}
        self.pool = {"UserPoolId": outputs["user_pool_id"]}
        self.function_arn = outputs["functions"]["hello"]
        self.function = {"FunctionName": self.function_arn.rpartition(":")[2]}
        self.user = None  # the last user created

    def change(self, path, value):
        """Change the file, and update the stack."""
        self.callback(self.rebuild)
        self.stack.change(path, value)
        self.cgw("up")

    def rebuild(self):
        """Create everything that is missing: for what no single boto3 call restores."""
        self.stack.restore()
        self.outputs |= self.stack.restored().document["outputs"]
        self.sign_out()  # an app client may have a new ID

    def sign_out(self):
        """Remove all tokens, so that the next command has to sign in."""
        self.cgw("token", "--forget")

    # The API: its draft and its deployed version.

    def deploy(self):
        """Deploy the current draft to the stage."""
        before = self.gateway.get_stage(**self.stage)["deploymentId"]
        made = self.gateway.create_deployment(**self.stage)
        self.callback(
            self.gateway.delete_deployment, **self.api, deploymentId=made["id"]
        )
        back = [{"op": "replace", "path": "/deploymentId", "value": before}]
        self.callback(self.gateway.update_stage, **self.stage, patchOperations=back)

    def method(self, route):
        """Return the parameters that select a method, or a possible one."""
        verb, path = route.split()
        items = self.gateway.get_resources(**self.api)["items"]
        [found] = [item["id"] for item in items if item["path"] == path]
        return self.api | {"resourceId": found, "httpMethod": verb}

    def patch_method(self, route, before, after):
        """Change fields of a method of the draft."""
        key = self.method(route)
        self._patch(self.gateway.update_method, key, before, after)

    def patch_integration(self, route, before, after):
        """Change fields of a method's integration in the draft."""
        key = self.method(route)
        self._patch(self.gateway.update_integration, key, before, after)

    def guard(self, route, *, now="COGNITO_USER_POOLS", then="NONE"):
        """Change the authorization type of a method of the draft."""
        fields = {"authorizerId": self.outputs["authorizer_id"]}
        before, after = (
            {"authorizationType": kind} | (fields if kind != "NONE" else {})
            for kind in (now, then)
        )
        self.patch_method(route, before, after)

    def ask_for(self, route, scope):
        """Let a method of the draft accept tokens with another scope, too."""
        key = self.method(route)
        patch = {"path": "/authorizationScopes", "value": scope}
        update = self.gateway.update_method
        update(**key, patchOperations=[{"op": "add", **patch}])
        self.callback(update, **key, patchOperations=[{"op": "remove", **patch}])

    def put_method(self, route, **settings):
        """Add a method to the draft, with a mock integration."""
        key = self.method(route)
        guard = {"authorizationType": "NONE"} | settings
        self.gateway.put_method(**key, **guard)
        self.callback(self.gateway.delete_method, **key)
        template = {"application/json": '{"statusCode": 200}'}
        self.gateway.put_integration(**key, type="MOCK", requestTemplates=template)

    @property
    def authorizer(self):
        """Return the parameters that select the authorizer."""
        return self.api | {"authorizerId": self.outputs["authorizer_id"]}

    def patch_authorizer(self, before, after):
        """Change fields of the authorizer in the draft."""
        self._patch(self.gateway.update_authorizer, self.authorizer, before, after)

    def trust(self, then, now=None):
        """Let the draft's authorizer accept the tokens of another pool."""
        now = now or self.arn
        key, update = self.authorizer, self.gateway.update_authorizer
        update(**key, patchOperations=_replaced(now, then))
        self.callback(update, **key, patchOperations=_replaced(then, now))

    def _patch(self, call, key, before, after):
        """Apply a patch with `call`, and revert it at exit."""
        call(**key, patchOperations=_operations(after))
        self.callback(call, **key, patchOperations=_operations(before))

    # The function behind the API.

    def run(self, source):
        """Replace the function's code."""
        self._deploy_code(_zip(source))
        self.callback(self._deploy_code, zipped(None))

    def _deploy_code(self, content):
        self.functions.update_function_code(**self.function, ZipFile=content)

    def configure(self, before, after):
        """Change settings of the function."""
        change = self.functions.update_function_configuration
        change(**self.function, **after)
        self.callback(change, **self.function, **before)

    def permit(self, source):
        """Let a source invoke the function, instead of our API."""
        allowed = {"Principal": "apigateway.amazonaws.com"}
        allowed |= {"Action": "lambda:InvokeFunction"}
        key = self.function | {"StatementId": f"cgw-{self.name}"}
        ours = self.source("*/*")
        self.functions.remove_permission(**key)
        self.callback(self.functions.add_permission, **key, **allowed, SourceArn=ours)
        if source:
            self.functions.add_permission(**key, **allowed, SourceArn=source)
            self.callback(self.functions.remove_permission, **key)

    def source(self, rest, api_id=None):
        """Return the source ARN of calls from our API or another one."""
        place = ":".join(self.function_arn.split(":")[3:5])
        return f"arn:aws:execute-api:{place}:{api_id or self.api['restApiId']}/{rest}"

    @property
    def name(self):
        """The stack's name."""
        return self.function["FunctionName"].removesuffix("-hello")

    # The user pool, its app clients, and its users.

    def set_pool(self, **settings):
        """Change settings of the user pool."""
        live = self.cognito.describe_user_pool(**self.pool)["UserPool"]
        self._replace("UpdateUserPool", self.pool, live, settings)

    def set_client(self, **settings):
        """Change settings of the app client."""
        key = self.pool | {"ClientId": self.outputs["app_client_id"]}
        answer = self.cognito.describe_user_pool_client(**key)
        self._replace("UpdateUserPoolClient", key, answer["UserPoolClient"], settings)

    def _replace(self, operation, key, live, settings):
        """Send the whole object, because AWS resets missing fields."""
        call = getattr(self.cognito, xform_name(operation))
        before = key | settable(self.cognito, operation, live)
        call(**before | settings)
        self.callback(call, **before)

    @property
    def arn(self):
        """The ARN of the user pool."""
        return self.cognito.describe_user_pool(**self.pool)["UserPool"]["Arn"]

    def other_pool(self):
        """Create another user pool; return its ID and ARN."""
        made = self.cognito.create_user_pool(PoolName=f"p{uuid.uuid4().hex[:8]}")
        pool_id, arn = made["UserPool"]["Id"], made["UserPool"]["Arn"]
        self.callback(self.delete_pool, pool_id)
        return pool_id, arn

    def delete_pool(self, pool_id):
        """Delete a user pool if it still exists."""
        with suppress(self.cognito.exceptions.ResourceNotFoundException):
            self.cognito.delete_user_pool(UserPoolId=pool_id)

    def person(self, *, temporary=False):
        """Create a user who can sign in; return parameters that select the user."""
        attributes = [
            {"Name": "email", "Value": self.named()["Username"]},
            {"Name": "email_verified", "Value": "true"},
        ]
        key = self.pool | {"Username": self.user}
        self.cognito.admin_create_user(
            **key,
            UserAttributes=attributes,
            TemporaryPassword=PASSWORD,
            MessageAction="SUPPRESS",
        )
        self.callback(self.cognito.admin_delete_user, **key)
        if not temporary:
            self.cognito.admin_set_user_password(
                **key, Password=PASSWORD, Permanent=True
            )
        return key

    def named(self, password=PASSWORD):
        """Generate a name, and make its password available."""
        self.user = f"u{uuid.uuid4().hex[:8]}@example.com"
        self.environment.setenv("CGW_PASSWORD", password)
        return {"Username": self.user, "Password": password}

    @property
    def id_token(self):
        """A valid ID token."""
        return self.token("--id")

    @property
    def other_stage_url(self):
        """The URL of a stage that does not exist."""
        return f"{self.outputs['invoke_url'].rpartition('/')[0]}/prod"

    @property
    def client(self):
        """The ID of the first app client."""
        return self.outputs["app_client_id"]

    def token(self, *options):
        """Return a valid token of this stack."""
        return self.cgw("token", *options).out.strip()


def _operations(fields):
    """Return new values as patch operations; None empties a field."""
    return [
        {"op": "replace", "path": f"/{name}", "value": value or ""}
        for name, value in fields.items()
    ]


def _replaced(now, then):
    """Return patch operations that replace one user pool with another."""
    return [
        {"op": op, "path": "/providerARNs", "value": arn}
        for op, arn in (("add", then), ("remove", now))
    ]


def _zip(source):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("lambda_function.py", source)
    return content.getvalue()
