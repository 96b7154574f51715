"""What is wrong behind the authorizer: with the function, or with the way to it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cognito_gw.diagnosis.rule import Finding, NotInQuestion, or_default, rule
from cognito_gw.gateway_rules import may_invoke

if TYPE_CHECKING:
    from cognito_gw.diagnosis.call_case import CallCase

_LOGS = "`cgw logs` shows all of it; then `cgw lambda` deploys the code"
_UNSUPPORTED = "Runtime.Unsupported"  # what the local AWS says of what it cannot run
_ELSEWHERE = "install what the log names, or call the function on AWS"
_LOGS_ELSEWHERE = "`aws logs tail` shows the function's whole log"


@rule(
    429,
    500,
    otherwise="nothing is throttled",
    fix="wait, or raise the limit: of the stage, the usage plan, or the function's "
    "concurrency",
)
def throttled(case: CallCase) -> Finding | None:
    """There are more calls than are allowed.

    The stage, a usage plan, the account, or the function's concurrency limit them. API
    Gateway answers 429 for its own limits. When Lambda takes no more calls, it
    answers 500.
    """
    if case.failed_with(HTTPStatus.TOO_MANY_REQUESTS):
        return Finding(
            "API Gateway takes no more calls just now",
            {"message": case.answer.message if case.answer else None}
            | or_default(lambda: _limits(case), {}),
        )
    concurrency = (_function(case) or {}).get("Concurrency", {})
    if concurrency.get("ReservedConcurrentExecutions") != 0:
        return None
    return Finding(
        "the function may not run at all: its reserved concurrency is 0",
        {"ReservedConcurrentExecutions": 0},
        f"`aws lambda delete-function-concurrency --function-name {_name(case)}`",
    )


@rule(
    500,
    otherwise="the function exists",
    fix="`cgw up`",
    elsewhere="deploy the function, or point the method's integration at another",
)
def function_missing(case: CallCase) -> Finding | None:
    """The method's integration names a function that does not exist.

    It was deleted, renamed, or is in another region or account.
    """
    if _function(case) is not None:
        return None
    return Finding(
        "the function that the method calls does not exist",
        {"integration": case.function_arn, "exists": False},
    )


@rule(
    500,
    otherwise="API Gateway may invoke the function",
    fix="`cgw method`",
    elsewhere="`aws lambda add-permission --action lambda:InvokeFunction --principal "
    "apigateway.amazonaws.com --statement-id api --function-name {function} "
    "--source-arn '{source}'`",
)
def lambda_permission_missing(case: CallCase) -> Finding | None:
    """The function's policy does not let this method of this API invoke it.

    The console adds a statement when it makes a method, one for each path; other tools
    have to. A statement that names another API, stage, method or path does not count,
    and after an API is made anew the old ones name the old API. Adding one needs no
    deployment.
    """
    if or_default(lambda: _function(case), {}) is None:
        raise NotInQuestion  # there is no function to be invoked
    source = case.source_arn
    if case.method and case.method.sends != "POST":
        return Finding(
            "the integration calls Lambda with another method than POST",
            {"integration's httpMethod": case.method.sends, "Lambda takes": "POST"},
        )
    if may_invoke(case.statements, source, source.split(":")[4]):
        return None
    allowed = [_source(each) for each in case.statements]
    return Finding(
        "API Gateway may not invoke the function for this method",
        {"call": source, "allowed": ", ".join(allowed) or "nothing"},
    )


@rule(
    502,
    504,
    otherwise="the function answered in time",
    fix="raise `timeout` of the function in the file (API Gateway waits 29 s at most), "
    "or make it faster; `cgw logs` shows where it was",
    elsewhere="raise the function's timeout (API Gateway waits 29 s at most), or make "
    "it faster",
)
def lambda_timeout(case: CallCase) -> Finding | None:
    """The function took longer than it may.

    Lambda ends a function after its own timeout, 3 seconds unless it is set: 502. API
    Gateway waits as long as the integration says, 29 seconds: 504.
    """
    if case.failed_with(HTTPStatus.GATEWAY_TIMEOUT):
        return Finding(
            "the function did not answer before API Gateway gave up",
            {"message": case.answer.message if case.answer else None}
            | or_default(lambda: _integration_timeout(case), {})
            | or_default(lambda: _timeout(case), {}),
            "make the function faster, or let the caller ask for the result later; "
            "API Gateway waits as long as the integration says, 29 s at most",
        )
    if not case.log.timeout:
        return None
    return Finding(
        "the function took longer than its timeout",
        {"log": case.log.timeout} | or_default(lambda: _timeout(case), {}),
    )


@rule(
    502,
    otherwise="the function raised no error",
    fix=_LOGS,
    elsewhere=_LOGS_ELSEWHERE,
)
def lambda_error(case: CallCase) -> Finding | None:
    """The function raised an error, or could not be loaded.

    The caller gets 502 and `Internal server error`; what happened is in the function's
    log.
    """
    if case.log.timeout:
        return None
    error = case.log.error
    if error is None:
        return None
    evidence = {"log": error, "log group": case.log.group}
    if _UNSUPPORTED in error:
        return Finding("the local AWS cannot run the function", evidence, _ELSEWHERE)
    if case.log.runs_on:
        evidence["runtime"] = case.log.runs_on
    return Finding("the function failed", evidence)


@rule(
    502,
    otherwise="the function's answer has the right shape",
    fix="return `{{'statusCode': 200, 'body': json.dumps(…)}}`, then `cgw lambda`",
    elsewhere="return `{{'statusCode': 200, 'body': json.dumps(…)}}`",
)
def lambda_malformed_response(case: CallCase) -> Finding | None:
    """The function ended well, and what it returned is no answer for API Gateway.

    It must be an object: `statusCode` a number, `headers` an object, `body` a
    **string** (so `json.dumps(…)`), and nothing that JSON does not know. A function
    that returns nothing (`null`) ends here as well. An empty object does not: it is a
    200 with an empty body.
    """
    log = case.log
    if not log.text or log.timeout or log.error:
        return None
    return Finding(
        "the function ended well, and API Gateway cannot use what it returned",
        {"status": 502, "log": "no error", "log group": log.group},
    )


def _function(case: CallCase) -> dict[str, Any] | None:
    if not case.function_arn:
        raise NotInQuestion
    return case.function


def _name(case: CallCase) -> str:
    configuration = (_function(case) or {}).get("Configuration", {})
    return str(configuration.get("FunctionName"))


def _timeout(case: CallCase) -> dict[str, Any]:
    function = case.function if case.function_arn else None
    configuration = (function or {}).get("Configuration", {})
    seconds = configuration.get("Timeout")
    return {"function's timeout": f"{seconds} s"} if seconds else {}


def _integration_timeout(case: CallCase) -> dict[str, Any]:
    method = case.method
    return {"API Gateway waits": f"{method.milliseconds} ms"} if method else {}


def _limits(case: CallCase) -> dict[str, Any]:
    """Return the throttling of the stage, where it has its own."""
    stage = (case.stages or {}).get(case.target.stage, {})
    return {
        f"stage, {route}": f"{each['throttlingRateLimit']} calls a second"
        for route, each in stage.get("methodSettings", {}).items()
        if "throttlingRateLimit" in each
    }


def _source(statement: dict[str, Any]) -> str:
    conditions = (statement.get("Condition") or {}).values()
    for entries in conditions:
        for key, arn in entries.items():
            if key.lower() == "aws:sourcearn":
                return str(arn)
    return f"{statement.get('Principal')} everywhere"
