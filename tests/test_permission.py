"""Who can invoke a function, according to its resource policy."""

from __future__ import annotations

import pytest

from cognito_gw.gateway_rules import may_invoke

SOURCE = "arn:aws:execute-api:eu-west-1:123456789012:abc123/dev/GET/orders"
STATEMENT = {
    "Principal": {"Service": "apigateway.amazonaws.com"},
    "Action": "lambda:InvokeFunction",
    "Condition": {"ArnLike": {"AWS:SourceArn": SOURCE.replace("/dev/GET/", "/*/")}},
}


def allowed(**changes):
    return may_invoke([STATEMENT | changes], SOURCE, "123456789012")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"Principal": "*"},
        {"Principal": {"Service": "*"}},
        {"Action": "lambda:*"},
        {"Condition": {}},
        {"Condition": {"StringEquals": {"AWS:SourceAccount": "123456789012"}}},
    ],
    ids=str,
)
def test_api_gateway_may_invoke(changes):
    """API Gateway, or anyone, for this call."""
    assert allowed(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"Principal": {"Service": "s3.amazonaws.com"}},
        {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}},
        {"Action": "lambda:GetFunction"},
        {"Condition": {"ArnLike": {"AWS:SourceArn": SOURCE.replace("abc", "x")}}},
        {"Condition": {"StringEquals": {"AWS:SourceAccount": "210987654321"}}},
    ],
    ids=str,
)
def test_a_statement_for_something_else_does_not_count(changes):
    """Another service, action, API or account."""
    assert not allowed(**changes)


def test_one_statement_of_several_is_enough():
    """And no statement is not enough."""
    other = STATEMENT | {"Action": "lambda:GetFunction"}
    assert may_invoke([other, STATEMENT], SOURCE, "123456789012")
    assert not may_invoke([], SOURCE, "123456789012")
