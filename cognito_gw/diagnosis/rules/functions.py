"""Causes: the function, its permissions, and throttling."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cognito_gw.diagnosis.rule import Finding, NotInQuestion, or_default, rule
from cognito_gw.gateway_rules import INTEGRATION_TIMEOUT, may_invoke

if TYPE_CHECKING:
    from cognito_gw.diagnosis.call_case import CallCase
    from cognito_gw.diagnosis.exchange import Answer

_BURST = "throttlingBurstLimit"
_LOGS = "`cgw logs` shows all of it; then `cgw lambda` deploys the code"
_UNSUPPORTED = "Runtime.Unsupported"  # of the local AWS, for what it cannot run
_ELSEWHERE = "install what the log names, or call the function on AWS"
_LOGS_ELSEWHERE = "`aws logs tail` shows the function's whole log"


@rule(
    429,
    500,
    otherwise="nothing is throttled",
    fix="wait, or raise the limit: `throttle` of the API or the route in the file, the "
    "usage plan, or the function's `concurrency`",
    elsewhere="wait, or raise the limit: of the stage, the usage plan, or the "
    "function's concurrency",
)
def throttled(case: CallCase) -> Finding | None:
    """There are more calls than a limit allows.

    The stage, a usage plan, the account and the function's concurrency limit calls. API
    Gateway responds with 429 for its own limits, and with 500 if Lambda accepts no more
    calls.
    """
    if case.failed_with(HTTPStatus.TOO_MANY_REQUESTS):
        return Finding(
            "API Gateway accepts no more calls at the moment",
            {"message": case.answer.message if case.answer else None}
            | or_default(lambda: _limits(case), {}),
        )
    concurrency = (_function(case) or {}).get("Concurrency", {})
    if concurrency.get("ReservedConcurrentExecutions") != 0:
        return None
    return Finding(
        "the function cannot run: its reserved concurrency is 0",
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

    It was deleted or renamed, or is in another Region or account.
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
    """The function's policy does not allow this method of this API to invoke it.

    The console adds a statement for each path when it creates a method; other tools
    must add their own. A statement for another API, stage, method or path does not
    apply. If an API is created again, the old statements name the old API. A new
    statement needs no deployment.
    """
    if or_default(lambda: _function(case), {}) is None:
        raise NotInQuestion  # there is no function to invoke
    source = case.source_arn
    if case.method and case.method.sends != "POST":
        return Finding(
            "the integration does not call Lambda with POST",
            {"integration's httpMethod": case.method.sends, "Lambda takes": "POST"},
        )
    if may_invoke(case.statements, source, source.split(":")[4]):
        return None
    allowed = [_source(statement) for statement in case.statements]
    return Finding(
        "API Gateway is not allowed to invoke the function for this method",
        {"call": source, "allowed": ", ".join(allowed) or "nothing"},
    )


@rule(
    502,
    504,
    otherwise="the function responded in time",
    fix="raise the function's `timeout` in the file (API Gateway waits 29 s at most), "
    "or make it faster; `cgw logs` shows where the time went",
    elsewhere="raise the function's timeout (API Gateway waits 29 s at most), or make "
    "it faster",
)
def lambda_timeout(case: CallCase) -> Finding | None:
    """The function timed out.

    Lambda stops a function after its timeout, 3 seconds by default: 502. API Gateway
    waits for the integration's timeout, 29 seconds by default: 504.
    """
    if case.failed_with(HTTPStatus.GATEWAY_TIMEOUT):
        return Finding(
            "the function did not respond before API Gateway stopped waiting",
            {"message": case.answer.message if case.answer else None}
            | or_default(lambda: _integration_timeout(case), {})
            | or_default(lambda: _timeout(case), {}),
            _longer_wait(case)
            + "make the function faster, or let the caller fetch the result later; "
            "API Gateway waits for the integration's timeout, 29 s at most",
        )
    if not case.log.timeout:
        return None
    return Finding(
        "the function took longer than its timeout",
        {"log": case.log.timeout} | or_default(lambda: _timeout(case), {}),
    )


@rule(
    otherwise="no call of AWS by the function was denied",
    fix="allow the action in a policy of the function's role",
)
def lambda_access_denied(case: CallCase) -> Finding | None:
    """The function called AWS, and IAM did not allow it.

    A function's code may do only what its role allows. The function's log has AWS's
    refusal, which names the action and, for most services, the resource. A permissions
    boundary, a service control policy or an explicit deny outweighs the permissions of
    the role.
    """
    answer = case.answer
    if answer is None or not _may_be_denied(answer):
        raise NotInQuestion
    denial = case.log.denial
    if denial is None:
        return None
    name = (case.function_arn or "").rpartition(":function:")[2].partition(":")[0]
    evidence = {"action": denial.action, "resource": denial.resource}
    evidence |= {"caller": denial.user} if denial.user else {}
    evidence["log group"] = case.log.group
    if denial.is_by_boundary:
        return Finding(
            "IAM denies a call of the function, and no permission alone allows it",
            evidence | {"why": denial.why},
            f"change the policy that decides (AWS says: {denial.why}): the function's "
            "`permissions` alone cannot allow it",
        )
    what = "the role of the function does not allow a call of AWS"
    key = case.target.permissions.get(name)
    if not denial.is_of(name) or key is None:
        fix = f"allow {denial.action} on {denial.resource} in a policy of the caller"
        return Finding(what, evidence, fix)
    account = case.aws.account
    line = denial.line(account.partition, account.region, account.number)
    return Finding(what, evidence, f"add to {key}: `{line}`; then `cgw lambda`")


def _may_be_denied(answer: Answer) -> bool:
    """Whether a function that got no access may have answered so."""
    if not answer.is_functions:
        return answer.meaning == HTTPStatus.BAD_GATEWAY
    is_failure = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return is_failure or answer.status == HTTPStatus.FORBIDDEN


@rule(
    502,
    otherwise="the function raised no error",
    fix=_LOGS,
    elsewhere=_LOGS_ELSEWHERE,
)
def lambda_error(case: CallCase) -> Finding | None:
    """The function raised an error, or could not be loaded.

    The caller gets 502 and `Internal server error`; the function's log has the error.
    """
    if case.log.timeout:
        return None
    error = case.log.error
    if error is None:
        return None
    if case.log.denial:
        raise NotInQuestion  # it is the error
    evidence = {"log": error, "log group": case.log.group}
    if _UNSUPPORTED in error:
        return Finding("the local AWS cannot run the function", evidence, _ELSEWHERE)
    if case.log.runs_on:
        evidence["runtime"] = case.log.runs_on
    return Finding("the function failed", evidence)


@rule(
    502,
    otherwise="the function's response has the right format",
    fix="return `{{'statusCode': 200, 'body': json.dumps(…)}}`, then `cgw lambda`",
    elsewhere="return `{{'statusCode': 200, 'body': json.dumps(…)}}`",
)
def lambda_malformed_response(case: CallCase) -> Finding | None:
    """The function returned a response that API Gateway cannot use.

    The response must be a JSON object: `statusCode` a number, `headers` an object,
    `body` a **string** (use `json.dumps(…)`). A function that returns nothing (`null`)
    has this cause, too. An empty object is valid: a 200 with an empty body.
    """
    log = case.log
    if not log.text or log.timeout or log.error or log.denial:
        return None
    return Finding(
        "the function returned a response that API Gateway cannot use",
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


def _longer_wait(case: CallCase) -> str:
    """Return the advice for a route that waits for less time than it could."""
    method = or_default(lambda: case.method, None)
    if not case.is_ours or not method or method.milliseconds >= INTEGRATION_TIMEOUT:
        return ""
    return f"raise the `timeout` of `{method.route}` in the file, then `cgw up`; or "


def _integration_timeout(case: CallCase) -> dict[str, Any]:
    method = case.method
    return {"API Gateway waits": f"{method.milliseconds} ms"} if method else {}


def _limits(case: CallCase) -> dict[str, Any]:
    """Return the stage's throttling settings."""
    stage = (case.stages or {}).get(case.target.stage, {})
    return {
        f"stage, {route}": f"{settings['throttlingRateLimit']} calls a second"
        + (f", {settings[_BURST]} at once" if _BURST in settings else "")
        for route, settings in stage.get("methodSettings", {}).items()
        if settings.get("throttlingRateLimit", -1) >= 0
    }


def _source(statement: dict[str, Any]) -> str:
    conditions = (statement.get("Condition") or {}).values()
    for entries in conditions:
        for key, arn in entries.items():
            if key.lower() == "aws:sourcearn":
                return str(arn)
    return f"{statement.get('Principal')} everywhere"
