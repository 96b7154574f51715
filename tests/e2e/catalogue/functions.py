"""A function that API Gateway cannot call, or that does not answer as it should."""

from __future__ import annotations

from functools import partial

from e2e.catalogue.case import Case

READ = "/transactions"
SLOW = """\
import time

def lambda_handler(event, _):
    time.sleep({seconds})
    return {{"statusCode": 200, "body": ""}}
"""


READS_A_TABLE = """\
import boto3

def lambda_handler(event, _):
    boto3.client("dynamodb").get_item(TableName="orders", Key={"id": {"S": "1"}})
"""


def answering(value):
    """A program that returns a value, written in Python."""
    return f"def lambda_handler(event, _):\n    return {value}\n"


def program(source, site):
    """Replace the function's program."""
    site.run(source)


def permission(rest, site):
    """Permit only calls from elsewhere in our API."""
    site.permit(site.source(rest))


def no_permission(site):
    """Remove the permission."""
    site.permit(None)


def permission_of_other_api(site):
    """Permit only calls from another API."""
    site.permit(site.source("*/*", "a1b2c3d4e5"))


def no_function(site):
    """Delete the function."""
    site.callback(site.rebuild)
    site.functions.delete_function(**site.function)


def too_slow_for_itself(site):
    """Let the function take longer than its timeout."""
    site.run(SLOW.format(seconds=2))
    site.configure({"Timeout": 3}, {"Timeout": 1})


def too_slow_for_the_api(site):
    """Let the function take longer than the integration's timeout."""
    site.run(SLOW.format(seconds=0.3))
    site.patch_integration(
        "GET /transactions", {"timeoutInMillis": "29000"}, {"timeoutInMillis": "50"}
    )
    site.deploy()


def no_concurrency(site):
    """Let no call of the function run."""
    site.functions.put_function_concurrency(
        **site.function, ReservedConcurrentExecutions=0
    )
    site.callback(site.functions.delete_function_concurrency, **site.function)


PROGRAMS = {
    "raises an error": ("lambda-error", answering("1 / 0")),
    "may not call AWS": ("lambda-access-denied", READS_A_TABLE),
    "does not import": ("lambda-error", "import no_such_module\n"),
    "has a syntax error": ("lambda-error", "def lambda_handler(event, _)\n"),
    "has no handler": ("lambda-error", "def another(event, _): pass\n"),
    "ends itself": ("lambda-error", "import os\n" + answering("os._exit(1)")),
    "answers nothing": ("lambda-malformed-response", answering("None")),
    "answers a text": ("lambda-malformed-response", answering('"yes"')),
    "answers a body that is no text": (
        "lambda-malformed-response",
        answering('{"statusCode": 200, "body": {"a": 1}}'),
    ),
    "answers a status in words": (
        "lambda-malformed-response",
        answering('{"statusCode": "fine", "body": ""}'),
    ),
}
PERMISSIONS = {
    "of no API": no_permission,
    "of another API": permission_of_other_api,
    "for another path": partial(permission, "*/GET/other"),
    "for another method": partial(permission, "*/POST/transactions"),
    "for another stage": partial(permission, "prod/GET/transactions"),
}

CASES = [
    *(
        Case(f"permission {name}", "lambda-permission-missing", READ, 500, breaks)
        for name, breaks in PERMISSIONS.items()
    ),
    Case("no function", "function-missing", READ, 500, no_function),
    *(
        Case(f"the function {name}", code, READ, 502, partial(program, source))
        for name, (code, source) in PROGRAMS.items()
    ),
    Case(
        "the function takes too long for itself",
        "lambda-timeout",
        READ,
        502,
        too_slow_for_itself,
    ),
    Case(
        "the function takes too long for the API",
        "lambda-timeout",
        READ,
        504,
        too_slow_for_the_api,
    ),
    Case("no concurrency", "throttled", READ, 500, no_concurrency),
]
