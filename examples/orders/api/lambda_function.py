"""The orders API: one function behind six routes."""

from __future__ import annotations

import json
import os
import uuid
from collections import Counter

import boto3
from boto3.dynamodb.conditions import Key
from pydantic import BaseModel, Field, ValidationError

TABLE = boto3.resource("dynamodb").Table(os.environ["TABLE"])
HEADERS = {
    "Access-Control-Allow-Origin": os.environ["ORIGIN"],
    "Content-Type": "application/json",
}


class NewOrder(BaseModel):
    """The body of a request that places an order."""

    product: str = Field(min_length=1, max_length=100)
    quantity: int = Field(ge=1, le=100)


class Refused(Exception):
    """A response other than success, with its status and message."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def health(_):
    return 200, {"status": "ok"}


def list_orders(event):
    found = TABLE.query(KeyConditionExpression=Key("customer").eq(caller(event)))
    return 200, [shown(item) for item in found["Items"]]


def place_order(event):
    try:
        order = NewOrder.model_validate_json(event["body"] or "")
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"])) or "body"
        raise Refused(400, f"{where}: {problem['msg']}") from None
    item = {"customer": caller(event), "id": uuid.uuid4().hex, **order.model_dump()}
    TABLE.put_item(Item=item)
    return 201, shown(item)


def show_order(event):
    key = {"customer": caller(event), "id": event["pathParameters"]["id"]}
    item = TABLE.get_item(Key=key).get("Item")
    if item is None:  # also if it is another customer's
        raise Refused(404, "no such order")
    return 200, shown(item)


def list_all(event):
    groups = claims(event).get("cognito:groups", "").split(",")
    if "admins" not in groups:
        raise Refused(403, "only for the group admins")
    return 200, [{"customer": item["customer"], **shown(item)} for item in scan()]


def totals(_):
    counted = Counter()
    for item in scan():
        counted[item["product"]] += int(item["quantity"])
    return 200, counted


ROUTES = {
    ("GET", "/health"): health,
    ("GET", "/orders"): list_orders,
    ("POST", "/orders"): place_order,
    ("GET", "/orders/{id}"): show_order,
    ("GET", "/admin/orders"): list_all,
    ("GET", "/totals"): totals,
}


def lambda_handler(event, _):
    """Answer a request; API Gateway has verified its token and its scopes."""
    try:
        status, body = ROUTES[event["httpMethod"], event["resource"]](event)
    except Refused as error:
        status, body = error.status, {"message": str(error)}
    print(json.dumps({"route": event["resource"], "status": status}))
    return {"statusCode": status, "headers": HEADERS, "body": json.dumps(body)}


def claims(event):
    return event["requestContext"]["authorizer"]["claims"]


def caller(event):
    """Return the user's ID, which never changes."""
    return claims(event)["sub"]


def shown(item):
    """Return an order without its customer; DynamoDB's numbers are Decimals."""
    return {
        "id": item["id"],
        "product": item["product"],
        "quantity": int(item["quantity"]),
    }


def scan():
    """Yield all items: DynamoDB returns at most 1 MB at a time."""
    page = TABLE.scan()
    yield from page["Items"]
    while start := page.get("LastEvaluatedKey"):
        page = TABLE.scan(ExclusiveStartKey=start)
        yield from page["Items"]
