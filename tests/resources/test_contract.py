"""The contract of every resource, checked for each resource of a full stack."""

from __future__ import annotations

import io
import json
import zipfile
from functools import partial
from typing import Any, NamedTuple

import pytest

from cognito_gw.engine import reconcile
from cognito_gw.engine.reconcile import diff
from cognito_gw.engine.resource import Action
from cognito_gw.errors import NotOurs


def test_create_answers_as_observe_does(built, do):
    """A creation's response has the same values as `observe`, for all set fields."""
    resources = built().resources
    do("apply", *resources)
    created = {each: (each.id, diff(each.desired(), each.live)) for each in resources}
    do("refresh", *resources)
    observed = {each: (each.id, diff(each.desired(), each.live)) for each in resources}
    assert created == observed == {each: (each.id, {}) for each in resources}


def test_second_apply_keeps(aws, built, do, standing):
    """A second apply with only its dependencies changes nothing."""
    for place, made in enumerate(standing().resources):
        steps = do("apply", built().resources[place])
        assert {step.word for step in steps.values()} == {"unchanged"}, str(made)
    assert aws.writes == []


def test_plan_writes_nothing(aws, built, do):
    """A plan for an empty account shows creations, and creates nothing."""
    steps = do("plan", *built().resources)
    assert {step.word for step in steps.values()} == {"create"}
    assert aws.writes == []


def test_gone_after_down(aws, built, do, standing):
    """`down` deletes everything; a second `down` does nothing."""
    standing()
    steps = do("destroy", *built().resources)
    assert [str(step.error) for step in steps.values() if step.error] == []
    aws.session.calls.clear()
    resources = built().resources
    do("destroy", *resources)
    assert aws.writes == []
    do("refresh", *resources)
    assert [str(resource) for resource in resources if resource.live] == []


class Foreign(NamedTuple):
    """How another user takes the name of a resource."""

    kind: str
    label: str
    client: str
    call: str
    settings: dict[str, Any]


def _zip():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("lambda_function.py", "")
    return content.getvalue()


ROLE = "arn:aws:iam::123456789012:role/theirs"
FOREIGN = [
    Foreign("user pool", "shop", "cognito", "create_user_pool", {"PoolName": "shop"}),
    Foreign("rest api", "shop", "apigateway", "create_rest_api", {"name": "shop"}),
    Foreign(
        "log group",
        "/aws/lambda/shop-hello",
        "logs",
        "create_log_group",
        {"logGroupName": "/aws/lambda/shop-hello"},
    ),
    Foreign(
        "execution role",
        "shop-hello-eu-west-1",
        "iam",
        "create_role",
        {"RoleName": "shop-hello-eu-west-1", "AssumeRolePolicyDocument": "{}"},
    ),
    Foreign(
        "function",
        "shop-hello",
        "functions",
        "create_function",
        {
            "FunctionName": "shop-hello",
            "Runtime": "python3.13",
            "Handler": "lambda_function.lambda_handler",
            "Role": ROLE,
            "Code": {"ZipFile": _zip()},
        },
    ),
]


def _create_role(aws):
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    aws.iam.create_role(RoleName="theirs", AssumeRolePolicyDocument=json.dumps(trust))


@pytest.mark.parametrize("foreign", FOREIGN, ids=lambda each: each.kind)
def test_foreign_name(aws, find, do, foreign):
    """A name that something else uses is an error; `up` and `down` leave it alone."""
    _create_role(aws)
    getattr(getattr(aws, foreign.client), foreign.call)(**foreign.settings)
    resource = find(foreign.kind, foreign.label)
    aws.session.calls.clear()

    for verb in ("plan", "apply", "destroy"):
        step = do(verb, resource)[resource]
        if verb == "destroy":  # it was read and not treated as ours
            assert (step.action, resource.live) == (Action.KEEP, None)
        else:
            assert isinstance(step.error, NotOurs)
            assert "cgw did not create" in step.error.what
    theirs = {"Delete", "Update", "Tag"}
    about = {name for name in aws.writes if name.startswith(tuple(theirs))}
    assert about <= {"DeleteRole", "DeleteRolePolicy", "DeleteLogGroup"}
    with pytest.raises(NotOurs):  # still there
        reconcile.refresh(find(foreign.kind, foreign.label), aws)


def test_other_stacks_name(aws, find, do):
    """A name that another stack uses is an error that names that stack."""
    aws.cognito.create_user_pool(PoolName="shop", UserPoolTags={"cgw:stack": "other"})
    resource = find("user pool")
    step = do("apply", resource)[resource]
    assert "the cgw stack `other`" in step.error.what


class Drift(NamedTuple):
    """A change of one field outside of cgw."""

    kind: str
    field: str
    by: Any  # called with aws and the resource
    label: str | None = None


SENT = {  # fields that UpdateUserPool resets if they are missing
    "Policies",
    "AdminCreateUserConfig",
    "AutoVerifiedAttributes",
    "DeletionProtection",
    "UserPoolTags",
}


def _pool(name, value):
    def by(aws, pool):
        same = {field: pool[field] for field in pool.desired() if field in SENT}
        aws.cognito.update_user_pool(UserPoolId=pool.id, **same | {name: value})

    return by


def _client(name, value):
    def by(aws, client):
        aws.cognito.update_user_pool_client(
            UserPoolId=client.pool.id, ClientId=client.id, **{name: value}
        )

    return by


def _function(**settings):
    def by(aws, function):
        aws.functions.update_function_configuration(
            FunctionName=function.name, **settings
        )

    return by


def _concurrency(aws, reserved):
    aws.functions.put_function_concurrency(
        FunctionName=reserved.function.name, ReservedConcurrentExecutions=9
    )


def _other_role(aws, function):
    _create_role(aws)
    _function(Role=ROLE)(aws, function)


def _api(path, value):
    def by(aws, api):
        patch = [{"op": "replace", "path": path, "value": value}]
        aws.apigateway.update_rest_api(restApiId=api.id, patchOperations=patch)

    return by


def _stage(path, value):
    def by(aws, setting):
        aws.apigateway.update_stage(
            restApiId=setting.stage.api.id,
            stageName=setting.stage.name,
            patchOperations=[{"op": "replace", "path": path, "value": value}],
        )

    return by


def _other_retention(aws, group):
    aws.logs.put_retention_policy(logGroupName=group.name, retentionInDays=7)


def _stage_tag(aws, stage):
    arn = f"{stage.api.arn}/stages/{stage.name}"
    aws.apigateway.tag_resource(resourceArn=arn, tags={"team": "theirs"})


def _authorizer(path, value):
    def by(aws, authorizer):
        aws.apigateway.update_authorizer(
            restApiId=authorizer.api.id,
            authorizerId=authorizer.id,
            patchOperations=[{"op": "replace", "path": path, "value": value}],
        )

    return by


def _trust(aws, role):
    statement = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    aws.iam.update_assume_role_policy(
        RoleName=role.name, PolicyDocument=json.dumps(document)
    )


def _wider_policy(aws, role):
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    aws.iam.put_role_policy(
        RoleName=role.name, PolicyName="write-logs", PolicyDocument=json.dumps(document)
    )


def _no_policy(aws, role):
    aws.iam.delete_role_policy(RoleName=role.name, PolicyName="write-logs")


def _code(aws, function):
    aws.functions.update_function_code(FunctionName=function.name, ZipFile=_zip())


def _permission(aws, permission):
    name = permission.function.name
    aws.functions.remove_permission(FunctionName=name, StatementId="cgw-shop")
    aws.functions.add_permission(
        FunctionName=name,
        StatementId="cgw-shop",
        Principal="apigateway.amazonaws.com",
        Action="lambda:InvokeFunction",
        SourceArn="arn:aws:execute-api:eu-west-1:123456789012:theirs/*/*",
    )


def _integration(aws, method):
    aws.apigateway.put_integration(
        restApiId=method.path.api.id,
        resourceId=method.path.id,
        httpMethod=method.verb,
        type="MOCK",
    )


def _unlisted(aws, api):
    root = api["Resources"]["/"]["id"]
    key = {"restApiId": api.id, "resourceId": root, "httpMethod": "GET"}
    aws.apigateway.put_method(**key, authorizationType="NONE")


def _response(aws, response):
    aws.apigateway.put_gateway_response(
        restApiId=response.api.id,
        responseType=response.response_type,
        responseParameters={
            "gatewayresponse.header.Access-Control-Allow-Origin": "'https://evil'"
        },
    )


def _preflight(aws, preflight):
    key = {
        "restApiId": preflight.path.api.id,
        "resourceId": preflight.path.id,
        "httpMethod": "OPTIONS",
    }
    aws.apigateway.put_integration_response(
        **key,
        statusCode="200",
        responseParameters={
            "method.response.header.Access-Control-Allow-Origin": "'https://evil'"
        },
    )


def _other_deployment(aws, stage):
    other = aws.apigateway.create_deployment(restApiId=stage.api.id)
    aws.apigateway.update_stage(
        restApiId=stage.api.id,
        stageName=stage.name,
        patchOperations=[
            {"op": "replace", "path": "/deploymentId", "value": other["id"]}
        ],
    )


def _mfa_required(aws, setting):
    aws.cognito.set_user_pool_mfa_config(
        UserPoolId=setting.pool.id,
        MfaConfiguration="ON",
        SoftwareTokenMfaConfiguration={"Enabled": True},
    )


def _group(verb, name):
    def by(aws, user):
        call = getattr(aws.cognito, f"admin_{verb}")
        call(UserPoolId=user.pool.id, Username=user.username, GroupName=name)

    return by


def _renamed(aws, user):
    aws.cognito.admin_update_user_attributes(
        UserPoolId=user.pool.id,
        Username=user.username,
        UserAttributes=[{"Name": "nickname", "Value": "Mallory"}],
    )


WEAK = {"PasswordPolicy": {"MinimumLength": 6}}
MINE = {"cgw:stack": "shop"}
DRIFTS = [
    Drift("user pool", "Policies", _pool("Policies", WEAK)),
    Drift(
        "user pool",
        "AdminCreateUserConfig",
        _pool("AdminCreateUserConfig", {"AllowAdminCreateUserOnly": False}),
    ),
    Drift("user pool", "AutoVerifiedAttributes", _pool("AutoVerifiedAttributes", [])),
    Drift("user pool", "DeletionProtection", _pool("DeletionProtection", "ACTIVE")),
    Drift("user pool", "UserPoolTags", _pool("UserPoolTags", {**MINE, "team": "x"})),
    Drift("mfa setting", "MfaConfiguration", _mfa_required),
    Drift("app client", "ExplicitAuthFlows", _client("ExplicitAuthFlows", [])),
    Drift(
        "app client",
        "AllowedOAuthFlowsUserPoolClient",
        _client("AllowedOAuthFlowsUserPoolClient", False),
    ),
    Drift(
        "app client", "AllowedOAuthFlows", _client("AllowedOAuthFlows", ["implicit"])
    ),
    Drift("app client", "AllowedOAuthScopes", _client("AllowedOAuthScopes", ["phone"])),
    Drift(
        "app client", "CallbackURLs", _client("CallbackURLs", ["https://evil.example"])
    ),
    Drift("app client", "LogoutURLs", _client("LogoutURLs", ["https://evil.example"])),
    Drift(
        "app client",
        "PreventUserExistenceErrors",
        _client("PreventUserExistenceErrors", "LEGACY"),
    ),
    Drift(
        "app client",
        "EnableTokenRevocation",
        _client("EnableTokenRevocation", False),
    ),
    Drift("app client", "AuthSessionValidity", _client("AuthSessionValidity", 5)),
    Drift("app client", "ReadAttributes", _client("ReadAttributes", ["name"])),
    Drift("app client", "WriteAttributes", _client("WriteAttributes", ["name"])),
    Drift(
        "app client",
        "RefreshTokenRotation",
        _client("RefreshTokenRotation", {"Feature": "DISABLED"}),
    ),
    Drift("app client", "AccessTokenValidity", _client("AccessTokenValidity", 20)),
    Drift("app client", "IdTokenValidity", _client("IdTokenValidity", 20)),
    Drift("app client", "RefreshTokenValidity", _client("RefreshTokenValidity", 20)),
    Drift(
        "app client",
        "TokenValidityUnits",
        _client("TokenValidityUnits", {"AccessToken": "days"}),
    ),
    Drift("user", "Groups", _group("add_user_to_group", "writers")),
    Drift("user", "Attributes", _renamed, "bob@example.com"),
    Drift("user", "Groups", _group("remove_user_from_group", "readers")),
    Drift(
        "log group",
        "tags",
        lambda aws, group: aws.logs.tag_resource(
            resourceArn=group.id.removesuffix(":*"), tags={"team": "theirs"}
        ),
    ),
    Drift("execution role", "AssumeRolePolicyDocument", _trust),
    Drift("execution role", "Policy", _wider_policy),
    Drift("execution role", "Policy", _no_policy),
    Drift(
        "execution role",
        "Tags",
        lambda aws, role: aws.iam.untag_role(RoleName=role.name, TagKeys=["team"]),
    ),
    Drift("function", "Runtime", _function(Runtime="python3.11")),
    Drift("function", "Handler", _function(Handler="other.handler")),
    Drift("function", "Role", _other_role),
    Drift("function", "MemorySize", _function(MemorySize=512)),
    Drift("function", "Timeout", _function(Timeout=60)),
    Drift("function", "Environment", _function(Environment={"Variables": {"K": "v"}})),
    Drift("function", "CodeSha256", _code),
    Drift(
        "function",
        "Tags",
        lambda aws, function: aws.functions.tag_resource(
            Resource=function.id, Tags={"team": "theirs"}
        ),
    ),
    Drift("reserved concurrency", "ReservedConcurrentExecutions", _concurrency),
    Drift("invoke permission", "SourceArn", _permission),
    Drift("rest api", "name", _api("/name", "theirs")),
    Drift(
        "rest api",
        "endpointConfiguration",
        _api("/endpointConfiguration/types/REGIONAL", "EDGE"),
    ),
    Drift("rest api", "UnlistedRoutes", _unlisted),
    Drift("gateway response", "responseParameters", _response),
    Drift(
        "authorizer",
        "identitySource",
        _authorizer("/identitySource", "method.request.header.Other"),
    ),
    Drift(
        "authorizer",
        "authorizerResultTtlInSeconds",
        _authorizer("/authorizerResultTtlInSeconds", "5"),
    ),
    Drift("method", "methodIntegration", _integration),
    Drift("method", "methodIntegration", _preflight, "OPTIONS /orders"),
    Drift("log group", "retentionInDays", _other_retention, "/aws/lambda/shop-ship"),
    Drift("throttling", "limits", _stage("/*/*/throttling/rateLimit", "7")),
    Drift("throttling", "limits", _stage("/~1orders/GET/throttling/burstLimit", "7")),
    Drift("access log", "format", _stage("/accessLogSettings/format", "$context.x")),
    Drift(
        "access log",
        "destinationArn",
        _stage(
            "/accessLogSettings/destinationArn",
            "arn:aws:logs:eu-west-1:123456789012:log-group:theirs",
        ),
    ),
    Drift("stage", "deploymentId", _other_deployment),
    Drift("stage", "tags", _stage_tag),
]
# moto's UpdateUserPool loses UsernameAttributes, so they are absent here.
PLAIN_NAMES = {"user_pool": {"sign_in_with": []}}


@pytest.mark.parametrize("drift", DRIFTS, ids=lambda each: f"{each.kind} {each.field}")
def test_drift(aws, find, do, standing, drift):
    """A change made outside of cgw is detected, and the next apply reverts it."""
    sections = PLAIN_NAMES if drift.kind == "user pool" else {}
    get = partial(find, drift.kind, drift.label, **sections)
    changed = find(drift.kind, drift.label, stack=standing(**sections))
    drift.by(aws, changed)

    seen = get()
    step = do("plan", seen)[seen]
    assert step.action is Action.UPDATE, step.error
    assert {field.partition(".")[0] for field in step.changes} == {drift.field}

    mended = get()
    assert do("apply", mended)[mended].word == "updated"
    kept = get()
    step = do("plan", kept)[kept]
    assert (step.action, step.changes) == (Action.KEEP, {})


# Fields that plain moto cannot change or restore, and where they are tested.
ELSEWHERE = {
    ("user pool", "Name"): "frozen to moto; test_user_pool.py",
    ("user pool", "UsernameAttributes"): "fixed by AWS; test_user_pool.py",
    ("user pool", "Attributes"): "fixed by AWS; test_attributes.py",
    ("app client", "ClientName"): "its identity",
    ("app client", "GenerateSecret"): "fixed by AWS; test_app_client.py",
    ("group", "GroupName"): "its identity",
    ("resource server", "Name"): "no UpdateResourceServer; test_pool_parts.py",
    ("resource server", "Scopes"): "no UpdateResourceServer; test_pool_parts.py",
    ("mfa setting", "SoftwareTokenMfaConfiguration"): "test_pool_parts.py",
    ("domain", "Domain"): "test_domain.py",
    ("domain", "ManagedLoginVersion"): "not answered by moto; test_domain.py",
    ("function", "Architectures"): "not changed by moto; local/test_packages.py",
    ("invoke permission", "Principal"): "mended as SourceArn is",
    ("invoke permission", "Action"): "mended as SourceArn is",
    ("rest api", "tags"): "not found by moto's TagResource; test_rest_api.py",
    ("rest api", "binaryMediaTypes"): "lost by moto's CreateRestApi; test_rest_api.py",
    ("resource", "path"): "its identity",
    ("authorizer", "type"): "test_authorizer.py",
    ("authorizer", "providerARNs"): "test_authorizer.py",
    ("method", "authorizationType"): "no UpdateMethod; test_method.py",
    ("method", "authorizerId"): "no UpdateMethod; test_method.py",
    ("method", "authorizationScopes"): "no UpdateMethod; test_method.py",
    ("method", "apiKeyRequired"): "no UpdateMethod; test_method.py",
    ("method", "methodResponses"): "made anew as its integration is",
    ("stage", "stageName"): "test_deployment.py",
    ("stage", "OtherStages"): "test_deployment.py",
}


def test_every_field_has_its_drift(standing):
    """Every field of every resource has a drift test."""
    resources = standing().resources
    fields = {(each.kind, field) for each in resources for field in each.desired()}
    tested = {(drift.kind, drift.field) for drift in DRIFTS}
    assert fields - tested == set(ELSEWHERE)
