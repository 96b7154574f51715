"""The local AWS refuses what AWS refuses, with its messages."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.config import Config
from refusals import LONG, archive, filled, refusals

ROWS = [row for row in refusals() if "call" in row]
SERVICE = {"Service": "lambda.amazonaws.com"}
ALLOW = {"Effect": "Allow", "Principal": SERVICE, "Action": "sts:AssumeRole"}
TRUST = {"Version": "2012-10-17", "Statement": [ALLOW]}
ROLE = "arn:aws:iam::123456789012:role/t"


@pytest.fixture(scope="module")
def places(aws, shared_pool):
    """Return the values of the names in the rows."""
    gateway = aws("apigateway")
    api = gateway.create_rest_api(name="refusals")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    code = {"ZIP": archive("app.py"), "EMPTY": archive(), "BAD": b"no zip"}
    code["OUTSIDE"] = archive("../app.py")
    above = gateway.create_resource(restApiId=api, parentId=root, pathPart="greedy")
    greedy = {"restApiId": api, "parentId": above["id"], "pathPart": "{all+}"}
    made = {"POOL": shared_pool.id, "API": api, "ROOT": root, "ROLE": ROLE}
    made["GREEDY"] = gateway.create_resource(**greedy)["id"]
    return made | code | {"LONG": LONG, "TRUST": json.dumps(TRUST)}


@pytest.fixture
def unchecked(server):
    """Return a function that creates clients which skip botocore's own validation."""
    once = {"total_max_attempts": 1}

    def client(service):
        return boto3.client(
            service,
            endpoint_url=server.url,
            region_name="eu-west-1",
            aws_access_key_id=server.access_key.id,
            aws_secret_access_key=server.access_key.secret,
            config=Config(parameter_validation=False, retries=once),
        )

    return client


@pytest.mark.parametrize("row", ROWS, ids=[row["case"] for row in ROWS])
def test_the_call_is_refused(unchecked, places, refusal, row):
    service, operation = row["call"]
    client = unchecked(service)
    params = filled(row["with"] | row.get("and", {}), **places)
    refused = refusal(getattr(client, operation), **params)
    code, message = row["answers"]
    assert (refused.status, refused.code) == (400, code)
    assert refused.message.startswith(message)


def test_requests_that_only_other_clients_send(unchecked, places, refusal):
    """Requests that only other clients send, for calls that the file leads to."""
    gateway, logs = unchecked("apigateway"), unchecked("logs")
    api = {"restApiId": places["API"]}
    pools = ["arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_abcdefghi"]
    kind = {"name": "other", "type": "COGNITO_USER_POOLS"}
    made = gateway.create_authorizer(**api, **kind, providerARNs=pools)["id"]
    logs.create_log_group(logGroupName="kept")

    def patch(path, value):
        return {"patchOperations": [{"op": "replace", "path": path, "value": value}]}

    ttl = patch("/authorizerResultTtlInSeconds", "3601")
    part = patch("/pathPart", "a b")
    for call, params, said in (
        (gateway.update_authorizer, api | {"authorizerId": made} | ttl, "between 0"),
        (gateway.update_resource, api | {"resourceId": places["GREEDY"]} | part, "._-"),
        (
            gateway.create_authorizer,
            api | kind | {"name": "b"},
            "ProviderARNs cannot be empty",
        ),
        (
            logs.put_retention_policy,
            {"logGroupName": "kept", "retentionInDays": 31},
            "Value '31' at 'retentionInDays' failed to satisfy constraint",
        ),
        (logs.create_log_group, {"logGroupName": "aws/x"}, "reserved for AWS"),
    ):
        refused = refusal(call, **params)
        assert refused.status == 400
        assert said in refused.message
