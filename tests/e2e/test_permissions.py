"""A function uses other services of AWS, as far as its permissions go."""

from __future__ import annotations

import re

import boto3

FILE = """
name: {name}
functions: {{hello: {{code: code, timeout: 30}}}}
api: {{routes: {{GET /orders: {{auth: none}}}}}}
"""
SOURCE = """\
import boto3

TABLE = boto3.resource("dynamodb").Table("TABLE_NAME")

def lambda_handler(event, _):
    item = TABLE.get_item(Key={"id": "1"})["Item"]
    return {"statusCode": 200, "body": item["what"]}
"""


def test_the_line_that_explain_names_allows_the_call(cgw, stack_name, server):
    """The call is refused before, and allowed as soon as the file has the line."""
    code = cgw.folder / "code"
    code.mkdir()
    source = SOURCE.replace("TABLE_NAME", stack_name)
    (code / "lambda_function.py").write_text(source)
    text = FILE.format(name=stack_name)
    cgw.write(text)
    cgw("up")
    key = server.access_key
    table = boto3.resource(
        "dynamodb",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=key.id,
        aws_secret_access_key=key.secret,
    ).create_table(
        TableName=stack_name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    table.put_item(Item={"id": "1", "what": "tea"})

    (cause,) = cgw("explain", "/orders", "-o", "json").document["causes"]
    assert cause["code"] == "lambda-access-denied"
    assert cause["evidence"]["action"] == "dynamodb:GetItem"
    fix = re.search(r"add to `functions.hello.permissions`: `- (.*?)`", cause["fix"])
    permissions = f"timeout: 30, permissions: [{fix[1]}]"
    cgw.write(text.replace("timeout: 30", permissions))
    planned = cgw("plan").out
    assert f"+ dynamodb:GetItem on {table.table_arn}" in planned
    cgw("lambda")
    assert cgw("call", "/orders").out == "tea\n"
    assert "update" not in cgw("plan").out
