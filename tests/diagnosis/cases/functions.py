"""Problems with the function or its integration."""

from __future__ import annotations

import json
from dataclasses import replace

from diagnosis.call import HEALTHY, Call
from diagnosis.world import ABSENT, FUNCTION, GROUP, SOURCE, statement

INTERNAL = {
    "error": "InternalServerErrorException",
    "message": "Internal server error",
}
REFUSED = INTERNAL | {"status": 500}
FAILED = INTERNAL | {"status": 502}
LATE = INTERNAL | {"status": 504, "message": "Endpoint request timed out"}
MANY = {"error": "TooManyRequestsException", "status": 429}
START, END = "START RequestId: abc Version: $LATEST\n", "END RequestId: abc\n"
REPORT = "REPORT RequestId: abc\tDuration: 12.00 ms\tMemory Size: 128 MB\t\n"
UNSUPPORTED = (
    "[ERROR] Runtime.Unsupported: the local AWS runs Python and Node.js functions; "
    "hello has the runtime ruby3.3\n"
)
ELSEWHERE = "INIT_START Runtime Version: python:3.11.7 (local; python3.13 on AWS)\n"
DIVISION = "[ERROR] ZeroDivisionError: division by zero\nTraceback …\n"
TIMED_OUT = "2026-01-01T00:00:03.000Z abc Task timed out after 3.00 seconds\n\n"
FOR_OTHERS = SOURCE.replace("/transactions", "/other")
LIMITED = {
    "stageName": "dev",
    "methodSettings": {
        "*/*": {"throttlingRateLimit": 0.5, "throttlingBurstLimit": 2},
        "a/GET": {},
        "b/GET": {"throttlingRateLimit": -1.0, "throttlingBurstLimit": -1},
    },
}
STOPPED = {
    "Configuration": {"FunctionName": "hello"},
    "Concurrency": {"ReservedConcurrentExecutions": 0},
}


def policy(*sources):
    """Return a response of GetPolicy."""
    text = json.dumps({"Statement": [statement(source) for source in sources]})
    return {"get_policy": {"Policy": text}}


# Problem: the first code, the evidence, and the call.
CASES = {
    "too many calls": (
        "throttled",
        {"message": "Too Many Requests", "stage, */*": "0.5 calls a second, 2 at once"},
        Call(
            **MANY,
            message="Too Many Requests",
            answers={"get_stages": {"item": [LIMITED]}},
        ),
    ),
    "a quota that is used up": (
        "throttled",
        {"message": "Limit Exceeded"},
        Call(status=429, error="LimitExceededException", message="Limit Exceeded"),
    ),
    "no concurrency": (
        "throttled",
        {"ReservedConcurrentExecutions": 0},
        Call(**REFUSED, answers={"get_function": STOPPED}),
    ),
    "no function": (
        "function-missing",
        {"integration": FUNCTION, "exists": False},
        Call(**REFUSED, answers={"get_function": ABSENT, "get_policy": ABSENT}),
    ),
    "no permission": (
        "lambda-permission-missing",
        {"call": SOURCE, "allowed": "nothing"},
        Call(**REFUSED, answers={"get_policy": ABSENT}),
    ),
    "permission for another path": (
        "lambda-permission-missing",
        {"call": SOURCE, "allowed": FOR_OTHERS},
        Call(**REFUSED, answers=policy(FOR_OTHERS)),
    ),
    "permission for another variable alone": (
        "lambda-permission-missing",
        {"call": SOURCE.replace("/transactions", "/orders/*")},
        Call(**REFUSED, path="/orders/7", answers=policy(SOURCE)),
    ),
    "called by another method than POST": (
        "lambda-permission-missing",
        {"integration's httpMethod": "GET", "Lambda takes": "POST"},
        Call(**REFUSED, live=replace(HEALTHY, more={"httpMethod": "GET"})),
    ),
    "too slow for the API": (
        "lambda-timeout",
        {"API Gateway waits": "29000 ms", "function's timeout": "3 s"},
        Call(**LATE),
    ),
    "too slow for itself": (
        "lambda-timeout",
        {"log": "Task timed out after 3.00 seconds", "function's timeout": "3 s"},
        Call(**FAILED, log=(START, TIMED_OUT, END, REPORT)),
    ),
    "it raises": (
        "lambda-error",
        {"log": DIVISION.splitlines()[0], "log group": GROUP},
        Call(**FAILED, log=(START, DIVISION, END, REPORT)),
    ),
    "it has a runtime that nothing here runs": (
        "lambda-error",
        {"log": UNSUPPORTED.strip(), "log group": GROUP},
        Call(**FAILED, log=(START, UNSUPPORTED, END, REPORT)),
    ),
    "it runs on another version than on AWS": (
        "lambda-error",
        {
            "log": DIVISION.splitlines()[0],
            "log group": GROUP,
            "runtime": "python:3.11.7 locally, python3.13 on AWS",
        },
        Call(**FAILED, log=(ELSEWHERE, START, DIVISION, END, REPORT)),
    ),
    "it answers nonsense": (
        "lambda-malformed-response",
        {"status": 502, "log": "no error", "log group": GROUP},
        Call(**FAILED, log=(START, "all is well\n", END, REPORT)),
    ),
}
