"""API Gateway exports the content of a stage as AWS does and moto does not."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
import yaml

POOL = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_abcdefghi"
AUTHORIZATION = "method.request.header.Authorization"
SEVERAL = f"{AUTHORIZATION},method.request.querystring.q"
EXTENSIONS = {"extensions": "integrations,authorizers"}
NOT_FOUND = (404, "NotFoundException")
INTEGRATION = "x-amazon-apigateway-integration"
AUTHORIZER = "x-amazon-apigateway-authorizer"
AUTHTYPE = "x-amazon-apigateway-authtype"


def export_answer(api, kind="oas30", parameters=EXTENSIONS, accepts="application/json"):
    return api.call(
        "get_export",
        stageName="dev",
        exportType=kind,
        parameters=parameters,
        accepts=accepts,
    )


def export(api, kind="oas30", parameters=EXTENSIONS):
    return json.loads(export_answer(api, kind, parameters)["body"].read())


def exported(api, verb="get", **method):
    """Return the operation and the security schemes of a deployed method."""
    api.method(**method)
    api.integration()
    api.deployment(stageName="dev")
    document = export(api)
    schemes = document["components"].get("securitySchemes")
    return document["paths"]["/"][verb], schemes


def scheme_of(api, parameters=EXTENSIONS, **authorizer):
    """Return the security scheme of a deployed authorizer."""
    authorizer = {"identitySource": AUTHORIZATION} | authorizer
    api.authorizer(**authorizer)
    api.deployable().deployment(stageName="dev")
    document = export(api, parameters=parameters)
    return document["components"]["securitySchemes"]["cognito"]


def test_an_export_is_an_openapi_document(api, name):
    api.deployable().deployment(stageName="dev")
    document = export(api)
    assert document["openapi"] == "3.0.1"
    assert document["info"]["title"] == name
    assert document["info"]["version"]
    assert document["servers"] == [
        {
            "url": f"https://{api.id}.execute-api.eu-west-1.amazonaws.com/{{basePath}}",
            "variables": {"basePath": {"default": "dev"}},
        }
    ]
    assert list(document["paths"]) == ["/"]
    assert document["components"] == {}


def test_an_export_comes_as_a_file(api):
    api.deployable().deployment(stageName="dev")
    answer = export_answer(api)
    version = json.loads(answer["body"].read())["info"]["version"]
    file = f'attachment; filename="oas30_{version}.json"'
    assert answer["contentDisposition"] == file
    assert answer["contentType"] == "application/octet-stream"


def test_an_api_without_version_is_known_by_its_date(api):
    api.deployable().deployment(stageName="dev")
    version = datetime.fromisoformat(export(api)["info"]["version"])
    assert version == api.call("get_rest_api")["createdDate"]


def test_exports_yaml_too(api):
    api.deployable().deployment(stageName="dev")
    answer = export_answer(api, accepts="application/yaml")
    assert answer["contentDisposition"].endswith('.yaml"')
    assert yaml.safe_load(answer["body"].read()) == export(api)


def test_exports_what_is_deployed_and_not_the_draft(api):
    api.deployable().deployment(stageName="dev")
    api.method("POST", authorizationType="AWS_IAM")
    api.integration("POST")
    api.patch(
        "update_method",
        ("replace", "/apiKeyRequired", "true"),
        resourceId=api.root,
        httpMethod="GET",
    )
    before = export(api)
    api.deployment(stageName="dev")
    after = export(api)
    assert list(before["paths"]["/"]) == ["get"]
    assert "security" not in before["paths"]["/"]["get"]
    assert before["components"] == {}
    assert list(after["paths"]["/"]) == ["get", "post"]
    assert after["paths"]["/"]["get"]["security"] == [{"api_key": []}]
    assert list(after["components"]["securitySchemes"]) == ["sigv4", "api_key"]


def test_a_stage_exports_its_own_deployment(api):
    first = api.deployable().deployment()
    api.method("POST")
    api.integration("POST")
    api.deployment(stageName="new")
    api.call("create_stage", stageName="dev", deploymentId=first)
    assert list(export(api)["paths"]["/"]) == ["get"]


@pytest.mark.parametrize("scopes", [[], ["pets/read", "pets/write"]])
def test_a_cognito_method_names_its_authorizer_and_scopes(api, scopes):
    operation, schemes = exported(
        api,
        authorizationType="COGNITO_USER_POOLS",
        authorizerId=api.authorizer()["id"],
        authorizationScopes=scopes,
    )
    assert operation["security"] == [{"cognito": scopes}]
    assert list(schemes) == ["cognito"]


def test_a_custom_method_names_its_authorizer(api):
    authorizer = api.authorizer(type="TOKEN", authorizerUri=api.uri)["id"]
    operation, _ = exported(api, authorizationType="CUSTOM", authorizerId=authorizer)
    assert operation["security"] == [{"cognito": []}]


def test_an_iam_method_is_exported_with_sigv4(api):
    operation, schemes = exported(api, authorizationType="AWS_IAM")
    assert operation["security"] == [{"sigv4": []}]
    assert schemes == {
        "sigv4": {
            "type": "apiKey",
            "name": "Authorization",
            "in": "header",
            AUTHTYPE: "awsSigv4",
        }
    }


def test_an_api_key_is_required_as_well(api):
    operation, schemes = exported(api, authorizationType="AWS_IAM", apiKeyRequired=True)
    assert operation["security"] == [{"sigv4": []}, {"api_key": []}]
    assert schemes["api_key"] == {
        "type": "apiKey",
        "name": "x-api-key",
        "in": "header",
    }


def test_an_open_method_has_no_security(api):
    operation, schemes = exported(api)
    assert "security" not in operation
    assert schemes is None


def test_a_cognito_authorizer_names_its_header_and_pools(api):
    assert scheme_of(api, identitySource="method.request.header.X-Token") == {
        "type": "apiKey",
        "name": "X-Token",
        "in": "header",
        AUTHTYPE: "cognito_user_pools",
        AUTHORIZER: {"type": "cognito_user_pools", "providerARNs": [POOL]},
    }


def test_an_authorizer_exports_what_is_not_the_default(api):
    scheme = scheme_of(
        api, identityValidationExpression="^abc$", authorizerResultTtlInSeconds=0
    )
    assert scheme[AUTHORIZER]["identityValidationExpression"] == "^abc$"
    assert scheme[AUTHORIZER]["authorizerResultTtlInSeconds"] == 0


@pytest.mark.parametrize(
    ("kind", "source", "header", "spelt"),
    [
        ("TOKEN", AUTHORIZATION, "Authorization", {}),
        (
            "REQUEST",
            AUTHORIZATION,
            "Authorization",
            {"identitySource": AUTHORIZATION},
        ),
        ("REQUEST", SEVERAL, "Unused", {"identitySource": SEVERAL}),
    ],
)
def test_a_lambda_authorizer_names_its_function(api, kind, source, header, spelt):
    lambda_authorizer = {"type": kind, "authorizerUri": api.uri, "providerARNs": []}
    assert scheme_of(api, **lambda_authorizer, identitySource=source) == {
        "type": "apiKey",
        "name": header,
        "in": "header",
        AUTHTYPE: "custom",
        AUTHORIZER: {
            "type": kind.lower(),
            "authorizerUri": api.uri,
            "authorizerResultTtlInSeconds": 300,
            **spelt,
        },
    }


@pytest.mark.parametrize(
    ("extensions", "has_integration", "has_authorizer"),
    [
        ({}, False, False),
        ({"extensions": "integrations"}, True, False),
        ({"extensions": "authorizers"}, False, True),
        ({"extensions": "apigateway"}, True, True),
    ],
)
def test_has_the_extensions_that_are_asked_for(
    api, extensions, has_integration, has_authorizer
):
    scheme = scheme_of(api, extensions)
    operation = export(api, parameters=extensions)["paths"]["/"]["get"]
    assert (INTEGRATION in operation) == has_integration
    assert (AUTHORIZER in scheme) == has_authorizer
    assert scheme["name"] == "Authorization"


def test_a_function_answers_by_its_uri(api):
    operation, _ = exported(api)
    assert operation[INTEGRATION] == {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "uri": api.uri,
        "passthroughBehavior": "when_no_match",
    }


def test_a_timeout_is_exported_unless_it_is_the_default(api):
    api.method()
    api.integration(timeoutInMillis=5000)
    api.deployment(stageName="dev")
    operation = export(api)["paths"]["/"]["get"]
    assert operation[INTEGRATION]["timeoutInMillis"] == 5000


def mock_preflight(api):
    origin = "method.response.header.Access-Control-Allow-Origin"
    answer = {"verb": "OPTIONS", "statusCode": "200"}
    api.method("OPTIONS")
    api.on_method("put_method_response", **answer, responseParameters={origin: True})
    template = {"application/json": '{"statusCode": 200}'}
    api.on_method("put_integration", "OPTIONS", type="MOCK", requestTemplates=template)
    api.on_method(
        "put_integration_response", **answer, responseParameters={origin: "'*'"}
    )
    api.deployment(stageName="dev")


def test_a_mock_answers_by_its_responses(api):
    mock_preflight(api)
    preflight = export(api)["paths"]["/"]["options"]
    origin = "Access-Control-Allow-Origin"
    assert preflight["responses"]["200"] == {
        "description": "200 response",
        "headers": {origin: {"schema": {"type": "string"}}},
        "content": {},
    }
    assert preflight[INTEGRATION] == {
        "type": "mock",
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "passthroughBehavior": "when_no_match",
        "responses": {
            "default": {
                "statusCode": "200",
                "responseParameters": {f"method.response.header.{origin}": "'*'"},
            }
        },
    }


def test_any_method_has_a_special_name(api):
    api.method("ANY")
    api.integration("ANY")
    api.deployment(stageName="dev")
    assert list(export(api)["paths"]["/"]) == ["x-amazon-apigateway-any-method"]


@pytest.mark.parametrize(
    ("part", "parameter"), [("{id}", "id"), ("{proxy+}", "proxy"), ("pets", None)]
)
def test_path_variables_are_parameters(api, part, parameter):
    api.root = api.resource(part)["id"]
    api.deployable().deployment(stageName="dev")
    paths = export(api)["paths"]
    expected = {
        "name": parameter,
        "in": "path",
        "required": True,
        "schema": {"type": "string"},
    }
    assert list(paths) == [f"/{part}"]
    wanted = [expected] if parameter else None
    assert paths[f"/{part}"]["get"].get("parameters") == wanted


def test_query_and_headers_are_parameters(api):
    sources = {"method.request.querystring.q": True, "method.request.header.X": False}
    operation, _ = exported(api, requestParameters=sources)
    text = {"schema": {"type": "string"}}
    assert operation["parameters"] == [
        {"name": "q", "in": "query", "required": True, **text},
        {"name": "X", "in": "header", "required": False, **text},
    ]


def test_swagger_spells_the_same_in_its_own_way(api):
    api.authorizer(identitySource=AUTHORIZATION)
    mock_preflight(api)
    openapi, swagger = export(api), export(api, "swagger")
    options = swagger["paths"]["/"]["options"]
    assert swagger["swagger"] == "2.0"
    assert swagger["info"] == openapi["info"]
    assert swagger["host"] == f"{api.id}.execute-api.eu-west-1.amazonaws.com"
    assert swagger["basePath"] == "/dev"
    assert swagger["schemes"] == ["https"]
    assert swagger["securityDefinitions"] == openapi["components"]["securitySchemes"]
    assert options[INTEGRATION] == openapi["paths"]["/"]["options"][INTEGRATION]
    assert options["responses"]["200"]["headers"] == {
        "Access-Control-Allow-Origin": {"type": "string"}
    }


def test_swagger_has_responses_even_if_empty(api):
    api.root = api.resource("{id}")["id"]
    api.deployable().deployment(stageName="dev")
    operation = export(api, "swagger")["paths"]["/{id}"]["get"]
    assert operation["responses"] == {}
    assert operation["parameters"] == [
        {"name": "id", "in": "path", "required": True, "type": "string"}
    ]


def test_refuses_a_stage_that_does_not_exist(api, refusal):
    api.deployable().deployment(stageName="other")
    refused = refusal(export_answer, api)
    assert (refused.status, refused.code) == NOT_FOUND
    assert refused.message == "Invalid stage identifier specified"


def test_refuses_an_api_that_does_not_exist(api, refusal):
    api.id = "none"
    refused = refusal(export_answer, api)
    assert (refused.status, refused.code) == NOT_FOUND
    assert refused.message == "Invalid API identifier specified 123456789012:none"


def test_refuses_an_unknown_format(api, refusal):
    api.deployable().deployment(stageName="dev")
    refused = refusal(export_answer, api, "raml")
    assert (refused.status, refused.code) == (400, "BadRequestException")
    assert refused.message == "No API exporter for type 'raml'"


def test_gateway_responses_are_among_all_extensions(api):
    """Documents that people exported with `apigateway` list those that they set."""
    origin = {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}
    api.call(
        "put_gateway_response", responseType="DEFAULT_4XX", responseParameters=origin
    )
    api.deployable().deployment(stageName="dev")
    listed = export(api, parameters={"extensions": "apigateway"})
    found = listed["x-amazon-apigateway-gateway-responses"]
    assert found["DEFAULT_4XX"]["responseParameters"] == origin
    assert "x-amazon-apigateway-gateway-responses" not in export(api)
