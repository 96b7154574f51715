"""Create a DynamoDB table for the orders, unless it exists: create_table.py NAME."""

from __future__ import annotations

import sys

import boto3


def create_table(dynamodb, name):
    """Create the table, and wait until it can be used."""
    try:
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": "customer", "AttributeType": "S"},
                {"AttributeName": "id", "AttributeType": "S"},
            ],
            KeySchema=[
                {"AttributeName": "customer", "KeyType": "HASH"},
                {"AttributeName": "id", "KeyType": "RANGE"},
            ],
        )
    except dynamodb.exceptions.ResourceInUseException:
        return
    dynamodb.get_waiter("table_exists").wait(TableName=name)


if __name__ == "__main__":
    create_table(boto3.client("dynamodb"), sys.argv[1])
