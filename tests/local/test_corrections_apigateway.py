"""API Gateway answers as AWS does where moto does not."""

from __future__ import annotations

import itertools

import pytest

POOL = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_abcdefghi"
EXPRESSION = "identityValidationExpression"
OTHER_POOL = POOL.replace("abcdefghi", "jklmnopqr")


def test_deleting_a_resource_deletes_those_below(api):
    parent = api.resource("a")["id"]
    api.resource("b", parent)
    api.call("delete_resource", resourceId=parent)
    assert [item["path"] for item in api.call("get_resources")["items"]] == ["/"]


def test_methods_are_listed_in_full_only_when_embedded(api):
    api.method()
    bare = api.call("get_resources")["items"][0]["resourceMethods"]
    full = api.call("get_resources", embed=["methods"])["items"][0]["resourceMethods"]
    assert bare == {"GET": {}}
    assert full["GET"]["authorizationType"] == "NONE"


def test_updates_a_method(api):
    authorizer = api.authorizer()["id"]
    api.method()
    method = {"resourceId": api.root, "httpMethod": "GET"}
    updated = api.patch(
        "update_method",
        ("replace", "/authorizationType", "COGNITO_USER_POOLS"),
        ("replace", "/authorizerId", authorizer),
        ("replace", "/apiKeyRequired", "true"),
        ("add", "/authorizationScopes", "a/read"),
        ("add", "/authorizationScopes", "a/write"),
        ("remove", "/authorizationScopes", "a/read"),
        ("add", "/requestParameters/method.request.querystring.q", "true"),
        **method,
    )
    assert updated["authorizationType"] == "COGNITO_USER_POOLS"
    assert updated["authorizerId"] == authorizer
    assert updated["apiKeyRequired"] is True
    assert updated["authorizationScopes"] == ["a/write"]
    assert updated["requestParameters"] == {"method.request.querystring.q": True}
    assert api.on_method("get_method")["authorizationScopes"] == ["a/write"]


def test_an_opened_method_forgets_its_authorizer(api):
    authorizer = api.authorizer()["id"]
    api.method(authorizationType="COGNITO_USER_POOLS", authorizerId=authorizer)
    opened = api.patch(
        "update_method",
        ("replace", "/authorizationType", "NONE"),
        resourceId=api.root,
        httpMethod="GET",
    )
    assert "authorizerId" not in opened


def test_an_integration_has_the_defaults_of_aws(api):
    api.method()
    api.integration()
    assert (
        api.on_method("get_integration").items()
        >= {
            "passthroughBehavior": "WHEN_NO_MATCH",
            "timeoutInMillis": 29000,
            "cacheNamespace": api.root,
            "cacheKeyParameters": [],
            "httpMethod": "POST",
        }.items()
    )


def test_updates_an_integration(api):
    api.deployable()
    updated = api.patch(
        "update_integration",
        ("replace", "/uri", api.uri.replace("hello", "other")),
        ("replace", "/timeoutInMillis", "5000"),
        resourceId=api.root,
        httpMethod="GET",
    )
    assert updated["uri"].endswith("function:other/invocations")
    assert updated["timeoutInMillis"] == 5000


def test_a_cognito_authorizer_says_so_in_auth_type(api):
    made = api.authorizer(identityValidationExpression="^abc$")
    assert made["authType"] == "cognito_user_pools"
    read = api.call("get_authorizer", authorizerId=made["id"])
    assert read["identityValidationExpression"] == "^abc$"
    assert read["authType"] == "cognito_user_pools"


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (("add", "/providerARNs", OTHER_POOL), {"providerARNs": [POOL, OTHER_POOL]}),
        (("replace", "/providerARNs", OTHER_POOL), {"providerARNs": [OTHER_POOL]}),
        (
            ("add", "/providerARNs/" + OTHER_POOL.replace("/", "~1")),
            {"providerARNs": [POOL, OTHER_POOL]},
        ),
        (("replace", "/name", "other"), {"name": "other"}),
        (("replace", "/identityValidationExpression", "a"), {EXPRESSION: "a"}),
        (
            ("replace", "/identitySource", "method.request.header.X"),
            {"identitySource": "method.request.header.X"},
        ),
    ],
)
def test_updates_an_authorizer(api, operation, expected):
    authorizer = api.authorizer()["id"]
    updated = api.patch("update_authorizer", operation, authorizerId=authorizer)
    assert updated.items() >= expected.items()


def test_an_empty_expression_allows_every_client(api):
    authorizer = api.authorizer(identityValidationExpression="a")["id"]
    empty = ("replace", f"/{EXPRESSION}", "")
    updated = api.patch("update_authorizer", empty, authorizerId=authorizer)
    assert EXPRESSION not in updated


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (("replace", "/name", "other"), {"name": "other"}),
        (("replace", "/description", "new"), {"description": "new"}),
        (
            ("replace", "/disableExecuteApiEndpoint", "false"),
            {"disableExecuteApiEndpoint": False},
        ),
        (("add", "/binaryMediaTypes/image~1png"), {"binaryMediaTypes": ["image/png"]}),
    ],
)
def test_updates_an_api(api, operation, expected):
    assert api.patch("update_rest_api", operation).items() >= expected.items()


def test_moves_an_api_to_another_endpoint_type(api):
    operation = ("replace", "/endpointConfiguration/types/EDGE", "REGIONAL")
    updated = api.patch("update_rest_api", operation)
    assert updated["endpointConfiguration"]["types"] == ["REGIONAL"]


def test_pages_through_lists(api):
    for part in ("a", "b", "c"):
        api.resource(part)
    pages = api.client.get_paginator("get_resources").paginate(
        restApiId=api.id, PaginationConfig={"PageSize": 2}
    )
    paths = [[item["path"] for item in page["items"]] for page in pages]
    assert [len(page) for page in paths] == [2, 2]
    assert sorted(itertools.chain(*paths)) == ["/", "/a", "/b", "/c"]


def test_a_page_has_25_items_by_default(api):
    for number in range(25):
        api.resource(f"r{number}")
    assert len(api.call("get_resources")["items"]) == 25
    assert len(api.call("get_resources", limit=500)["items"]) == 26


def test_every_gateway_response_has_a_default(api):
    api.call("put_gateway_response", responseType="UNAUTHORIZED", statusCode="418")
    responses = {
        response["responseType"]: response
        for response in api.call("get_gateway_responses", limit=500)["items"]
    }
    assert len(responses) == 21
    assert responses["THROTTLED"]["defaultResponse"] is True
    assert responses["THROTTLED"]["statusCode"] == "429"
    assert responses["UNAUTHORIZED"]["defaultResponse"] is False
    assert responses["UNAUTHORIZED"]["statusCode"] == "418"
    api.call("delete_gateway_response", responseType="UNAUTHORIZED")
    default = api.call("get_gateway_response", responseType="UNAUTHORIZED")
    assert default["statusCode"] == "401"


CUSTOM_5XX = {
    "statusCode": "599",
    "responseParameters": {"gatewayresponse.header.X-A": "'b'"},
    "responseTemplates": {"text/plain": "no"},
}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("API_CONFIGURATION_ERROR", CUSTOM_5XX | {"defaultResponse": True}),
        ("INTEGRATION_TIMEOUT", CUSTOM_5XX | {"defaultResponse": True}),
        ("AUTHORIZER_FAILURE", {"statusCode": "500", "defaultResponse": False}),
        ("THROTTLED", {"statusCode": "429", "responseParameters": {}}),
    ],
)
def test_a_custom_default_shows_in_the_types_of_its_class(api, kind, expected):
    """Recorded on AWS 2024-06-20: localstack, test_gateway_response_put."""
    api.call("put_gateway_response", responseType="DEFAULT_5XX", **CUSTOM_5XX)
    api.call("put_gateway_response", responseType="AUTHORIZER_FAILURE")
    one = api.call("get_gateway_response", responseType=kind)
    listed = api.call("get_gateway_responses")["items"]
    (same,) = [response for response in listed if response["responseType"] == kind]
    assert one.items() >= expected.items()
    assert same.items() >= expected.items()


def test_a_custom_default_without_status_keeps_the_types_own(api):
    parameters = {"gatewayresponse.header.X-A": "'b'"}
    api.call(
        "put_gateway_response",
        responseType="DEFAULT_4XX",
        responseParameters=parameters,
    )
    derived = api.call("get_gateway_response", responseType="THROTTLED")
    assert derived["statusCode"] == "429"
    assert derived["responseParameters"] == parameters


def test_updates_a_gateway_response(api):
    updated = api.patch(
        "update_gateway_response",
        ("replace", "/statusCode", "444"),
        ("add", "/responseParameters/gatewayresponse.header.X-A", "'b'"),
        ("add", "/responseTemplates/application~1xml", "<no/>"),
        responseType="DEFAULT_4XX",
    )
    assert updated["statusCode"] == "444"
    read = api.call("get_gateway_response", responseType="DEFAULT_4XX")
    assert read["defaultResponse"] is False
    assert read["responseParameters"] == {"gatewayresponse.header.X-A": "'b'"}
    assert read["responseTemplates"]["application/xml"] == "<no/>"
    assert "application/json" in read["responseTemplates"]


def test_renames_and_moves_a_resource(api):
    pets, shop = api.resource("pets")["id"], api.resource("shop")["id"]
    cat = api.resource("cat", pets)["id"]
    api.patch("update_resource", ("replace", "/pathPart", "animals"), resourceId=pets)
    api.patch("update_resource", ("replace", "/parentId", shop), resourceId=pets)
    assert api.call("get_resource", resourceId=cat)["path"] == "/shop/animals/cat"
    api.call("delete_resource", resourceId=shop)
    assert [item["path"] for item in api.call("get_resources")["items"]] == ["/"]


def test_updates_a_method_response(api):
    api.method()
    api.on_method("put_method_response", statusCode="200")
    name = "method.response.header.X-A"
    updated = api.patch(
        "update_method_response",
        ("add", f"/responseParameters/{name}", "false"),
        ("add", "/responseModels/application~1json", "Empty"),
        resourceId=api.root,
        httpMethod="GET",
        statusCode="200",
    )
    read = api.on_method("get_method_response", statusCode="200")
    for answer in (updated, read):
        assert answer["responseParameters"] == {name: False}
        assert answer["responseModels"] == {"application/json": "Empty"}


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("delete_rest_api", {}),
        ("delete_gateway_response", {"responseType": "THROTTLED"}),
        ("delete_stage", {"stageName": "dev"}),
    ],
)
def test_deletions_are_accepted(api, operation, params):
    api.deployable().deployment(stageName="dev")
    api.call("put_gateway_response", responseType="THROTTLED", statusCode="418")
    answer = api.call(operation, **params)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202


def test_lists_the_stages_of_a_deployment(api):
    first = api.deployable().deployment(stageName="dev")
    api.deployment(stageName="prod")
    stages = api.call("get_stages", deploymentId=first)["item"]
    assert [stage["stageName"] for stage in stages] == ["dev"]
    assert len(api.call("get_stages")["item"]) == 2


def test_updates_an_integration_response(api):
    """Recorded on AWS 2024-04-15, localstack: test_lifecycle_integration_response."""
    api.deployable().on_method("put_method_response", statusCode="200")
    made = api.on_method("put_integration_response", statusCode="200")
    updated = api.patch(
        "update_integration_response",
        ("replace", "/selectionPattern", "updated-pattern"),
        ("add", "/responseTemplates/application~1json", "created"),
        resourceId=api.root,
        httpMethod="GET",
        statusCode="200",
    )
    method = api.on_method("get_method")
    assert method["methodIntegration"]["integrationResponses"]["200"] == {
        "statusCode": "200",
        "selectionPattern": "updated-pattern",
        "responseTemplates": {"application/json": "created"},
    }
    assert updated["selectionPattern"] == "updated-pattern"
    assert "responseTemplates" not in made


def test_empty_values_are_omitted(api):
    """Recorded on AWS: localstack, test_method_lifecycle, test_create_update_stages."""
    made = api.method()
    assert "methodResponses" not in made.keys() | api.on_method("get_method").keys()
    api.integration()
    assert "integrationResponses" not in api.on_method("get_integration")
    api.deployment(stageName="dev")
    stage = api.call("get_stage", stageName="dev")
    assert not stage.keys() & {"description", "variables"}
    assert "version" not in api.client.get_rest_api(restApiId=api.id)


@pytest.mark.parametrize("kind", ["HTTP", "HTTP_PROXY"])
def test_an_http_integration_goes_over_the_internet(api, kind):
    """Recorded on AWS 2024-06-06, localstack: test_put_integration_validation."""
    api.method()
    made = api.integration(type=kind, uri="http://a.example")
    assert made["connectionType"] == "INTERNET"


def test_nothing_is_streamed(api, refusal):
    """Read on AWS in 2026: cdk-real-drift, AWS__ApiGateway__Method."""
    api.method()
    assert api.integration()["responseTransferMode"] == "BUFFERED"
    method = api.on_method("get_method")
    assert method["methodIntegration"]["responseTransferMode"] == "BUFFERED"
    (root,) = api.call("get_resources", embed=["methods"])["items"]
    integration = root["resourceMethods"]["GET"]["methodIntegration"]
    assert integration["responseTransferMode"] == "BUFFERED"
    streams = refusal(api.integration, responseTransferMode="STREAM")
    assert streams.status == 501


def test_an_api_shows_how_it_is_reached(api):
    """Read on AWS in 2026: cdk-real-drift, AWS__ApiGateway__RestApi."""
    made = api.client.get_rest_api(restApiId=api.id)
    listed = api.client.get_rest_apis(limit=500)["items"]
    (same,) = [item for item in listed if item["id"] == api.id]
    for answer in (made, same):
        endpoint = answer["endpointConfiguration"]
        assert endpoint == {"types": ["EDGE"], "ipAddressType": "ipv4"}
        assert answer["securityPolicy"] == "TLS_1_0"
        assert "binaryMediaTypes" not in answer


def test_the_ttl_of_a_cognito_authorizer_is_omitted(api):
    """In public transcripts of the AWS CLI, the answer leaves it out."""
    made = api.authorizer(authorizerResultTtlInSeconds=60)
    key = {"authorizerId": made["id"]}
    patch = ("replace", "/authorizerResultTtlInSeconds", "0")
    answers = [
        made,
        api.call("get_authorizer", **key),
        *api.call("get_authorizers")["items"],
        api.patch("update_authorizer", patch, **key),
    ]
    assert not any("authorizerResultTtlInSeconds" in answer for answer in answers)


def test_a_deployment_freezes_the_api(api):
    frozen = api.deployable().deployment()
    api.method("POST")
    api.integration("POST")
    summary = api.call("get_deployment", deploymentId=frozen, embed=["apisummary"])
    assert list(summary["apiSummary"]["/"]) == ["GET"]


def test_deploying_again_keeps_the_stage(api):
    first = api.deployable().deployment()
    api.call(
        "create_stage",
        stageName="dev",
        deploymentId=first,
        tags={"a": "1"},
        variables={"v": "1"},
    )
    second = api.deployment(stageName="dev")
    stage = api.call("get_stage", stageName="dev")
    assert stage["deploymentId"] == second
    assert stage["tags"] == {"a": "1"}
    assert stage["variables"] == {"v": "1"}
    api.call("delete_deployment", deploymentId=first)


def test_a_stage_has_dates_and_defaults(api):
    api.deployable().deployment(stageName="dev")
    stage = api.call("get_stages")["item"][0]
    assert stage["createdDate"] <= stage["lastUpdatedDate"]
    assert stage["cacheClusterStatus"] == "NOT_AVAILABLE"
    assert stage["tracingEnabled"] is False


def test_adds_a_stage_variable(api):
    api.deployable().deployment(stageName="dev")
    updated = api.patch("update_stage", ("add", "/variables/a", "1"), stageName="dev")
    assert updated["variables"] == {"a": "1"}


@pytest.mark.parametrize("suffix", ["", "/stages/dev"])
def test_tags_by_arn(api, suffix):
    api.deployable().deployment(stageName="dev")
    arn = f"arn:aws:apigateway:eu-west-1::/restapis/{api.id}{suffix}"
    api.client.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
    api.client.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert api.client.get_tags(resourceArn=arn)["tags"] == {"b": "2"}
