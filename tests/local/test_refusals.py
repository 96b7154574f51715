"""The local AWS refuses what AWS refuses, in its words."""

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
    """Return what the words of the rows stand for."""
    gateway = aws("apigateway")
    api = gateway.create_rest_api(name="refusals")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    code = {"ZIP": archive("app.py"), "EMPTY": archive(), "BAD": b"no zip"}
    code["OUTSIDE"] = archive("../app.py")
    made = {"POOL": shared_pool.id, "API": api, "ROOT": root, "ROLE": ROLE}
    return made | code | {"LONG": LONG, "TRUST": json.dumps(TRUST)}


@pytest.fixture
def unchecked(server):
    """Return a maker of clients that send also what botocore would refuse itself."""
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
