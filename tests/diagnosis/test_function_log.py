"""What a function logged during a call, and what the diagnosis reads from it."""

from __future__ import annotations

import json

import pytest
from diagnosis.call import Call, codes
from diagnosis.cases.functions import DIVISION, END, FAILED, REPORT, START, TIMED_OUT
from diagnosis.world import ABSENT, FUNCTION, GROUP, World

from cognito_gw.diagnosis.exchange import FunctionLog

NOW = 1_800_000_000.0  # the time of the response
OTHERS = "REPORT RequestId: xyz\tDuration: 2.00 ms\n"
INIT = "INIT_START Runtime Version: python:3.13.v1\n"
NO_IMPORT = "Runtime.ImportModuleError: Unable to import module 'app': No module …"
NOT_FOUND = "Runtime.HandlerNotFound: Handler 'handle' missing on module 'app'"
KILLED = "RequestId: abc Error: Runtime exited with error: signal: killed"
FULL = f"{REPORT.rstrip()}Status: error\tError Type: Runtime.OutOfMemory\n"
LATE = f"{REPORT.rstrip()}\tStatus: timeout\n"


def event(message, ago=0.0, stream="one"):
    """Return an event of CloudWatch Logs."""
    at = int((NOW - ago) * 1000)
    key = f"{stream}-{at}-{message}"
    return {
        "eventId": key,
        "timestamp": at,
        "logStreamName": stream,
        "message": message,
    }


def reading(*batches, **configuration):
    """Read a log that arrives in batches; return it, and the account."""
    left, shown = [*batches], []

    def filter_log_events(logGroupName, startTime):  # noqa: N803 - AWS's names
        world.asked.append((logGroupName, startTime))
        batch = left.pop(0) if left else []
        if isinstance(batch, Exception):
            raise batch
        shown.extend(batch)
        return {"events": [each for each in shown if each["timestamp"] >= startTime]}

    world = World({"filter_log_events": filter_log_events})
    world.asked = []
    configuration = {"FunctionName": "hello"} | configuration
    return FunctionLog.read(world, configuration, NOW), world


def read(*messages):
    """Read a log that is available immediately."""
    return reading([event(line) for line in messages])[0]


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        ((START, DIVISION, END, REPORT), "[ERROR] ZeroDivisionError: division by zero"),
        ((START, f"[ERROR] {NOT_FOUND}\n", END, REPORT), f"[ERROR] {NOT_FOUND}"),
        ((INIT, f"[ERROR] {NO_IMPORT}\n", START, END, REPORT), f"[ERROR] {NO_IMPORT}"),
        ((START, f"{KILLED}\nRuntime.ExitError\n", END, FULL), KILLED),
        ((START, END, FULL), "Error Type: Runtime.OutOfMemory"),
        ((START, "my.module.OwnError: no\n", END, REPORT), "OwnError: no"),
        ((START, "all is well\n", END, REPORT), None),
        ((START, "no error, nor exception\n", END, REPORT), None),
        ((START, '{"level": "ERROR"}\n', '"errorType"\n', END, REPORT), None),
        (
            (START, '{"errorType": "KeyError", "errorMessage": "a"}\n', END, REPORT),
            "KeyError: a",
        ),
        ((START, '{"errorType": "KeyError"}\n', END, REPORT), "KeyError: "),
    ],
    ids=lambda value: value if isinstance(value, str | None) else "",
)
def test_the_first_line_about_an_error_is_read(messages, error):
    """In the format of the runtime or of the function's own log."""
    log = read(*messages)
    assert log.error == error
    assert log.timeout is None


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ((START, TIMED_OUT, END, REPORT), "Task timed out after 3.00 seconds"),
        ((START, END, LATE), "Status: timeout"),
        ((START, TIMED_OUT, END, LATE), "Task timed out after 3.00 seconds"),
        ((START, "the task timed out\n", END, REPORT), None),
    ],
    ids=lambda value: value if isinstance(value, str | None) else "",
)
def test_a_timeout_is_read_from_the_runtimes_message(messages, words):
    """The runtime's message has changed once."""
    assert read(*messages).timeout == words


def test_lines_of_a_log_are_those_of_one_invocation():
    """From the end of the previous one to its own end."""
    lines = read(
        "old line\n", DIVISION, OTHERS, INIT, START, "mine\n", END, REPORT, "x"
    )
    assert lines.text.splitlines() == [
        line.rstrip() for line in (INIT, START, "mine", END, REPORT)
    ]
    assert lines.error is None


def test_the_log_of_an_invocation_before_ours_is_not_taken():
    """Even if it failed and ended just before."""
    before = [event(line, ago=3) for line in (START, DIVISION, END, REPORT)]
    log, world = reading(before)
    assert log.text == ""
    ours = [event(line.replace("abc", "def")) for line in (START, END, REPORT)]
    log, world = reading(before, [], ours)
    assert log.error is None
    assert "def" in log.text
    assert "abc" not in log.text
    assert len(world.naps) == 2


def test_concurrent_invocations_are_kept_apart():
    """Each instance of a function writes to a log stream."""
    ours = [event(line) for line in (START, DIVISION, END, REPORT)]
    others = [event(line, stream="two") for line in ("theirs\n", OTHERS)]
    mixed = [*ours[:2], *others, *ours[2:]]
    log, _ = reading(mixed)
    assert log.error == DIVISION.splitlines()[0]
    assert "theirs" not in log.text


def test_a_log_is_waited_for():
    """CloudWatch Logs is some seconds behind; the user is informed once."""
    whole = [event(line) for line in (START, DIVISION, END, REPORT)]
    log, world = reading([], whole[:2], [], whole[2:])
    assert log.error == DIVISION.splitlines()[0]
    assert log.group == GROUP
    assert world.naps == [1.0, 1.0, 1.0]
    assert world.told == ["waiting for the function's log"]


def test_the_wait_for_a_log_is_limited():
    """After a while the log counts as empty."""
    log, world = reading()
    assert log == FunctionLog(GROUP, "")
    assert log.error is log.timeout is None
    assert len(world.asked) == len(world.naps) <= 10


def test_a_log_is_read_from_where_the_call_may_have_begun():
    """A call takes at most 29 seconds."""
    _, world = reading([event(line, 30) for line in (INIT, START)], [event(REPORT)])
    assert NOW - 60 < world.asked[0][1] / 1000 < NOW - 30


@pytest.mark.parametrize(
    ("configuration", "group"),
    [
        ({}, GROUP),
        ({"LoggingConfig": None}, GROUP),
        ({"LoggingConfig": {"LogFormat": "JSON"}}, GROUP),
        ({"LoggingConfig": {"LogGroup": "/ours"}}, "/ours"),
    ],
    ids=str,
)
def test_the_log_group_is_the_functions_own(configuration, group):
    """The default name, unless the function sets another."""
    log, world = reading([event(REPORT)], **configuration)
    assert log.group == group
    assert {name for name, _ in world.asked} == {group}


def structured(kind, **record):
    """Return an event that the platform writes to a log in JSON."""
    return json.dumps({"time": "…", "type": f"platform.{kind}", "record": record})


RAISED = {"log_level": "ERROR", "errorType": "KeyError", "errorMessage": "'a'"}
IN_JSON = [
    structured("start", requestId="abc", version="$LATEST"),
    json.dumps(RAISED | {"requestId": "abc", "stackTrace": []}),
    structured("runtimeDone", requestId="abc", status="error"),
    structured("report", requestId="abc", status="error", metrics={}),
]
IN_TIME = [
    structured("start", requestId="abc"),
    structured("report", requestId="abc", status="timeout", metrics={}),
]


def test_a_log_in_json_is_read_too():
    """Including the platform's lines."""
    log, world = reading([event(line) for line in IN_JSON])
    assert log.error == "KeyError: 'a'"
    assert world.naps == []


def test_a_timeout_in_json_is_read_too():
    """The report's status shows it."""
    log, _ = reading([event(line) for line in IN_TIME])
    assert log.timeout
    assert log.error is None


def test_a_log_group_may_come_with_its_first_line():
    """Lambda creates it when the function first writes."""
    log, _ = reading(ABSENT, [event(line) for line in (START, DIVISION, END, REPORT)])
    assert log.error == DIVISION.splitlines()[0]


def test_a_log_that_did_not_come_shows_nothing():
    """It leads to no cause."""
    assert codes(Call(**FAILED).diagnosed()) == []


def test_a_log_that_did_not_come_rules_nothing_out():
    """The function may have raised an error."""
    diagnosis = Call(**FAILED).diagnosed()
    (unknown,) = diagnosis.unknown
    waiting = {"lambda-timeout", "lambda-access-denied", "lambda-error"}
    waiting.add("lambda-malformed-response")
    assert {*unknown["codes"]} == waiting
    assert not {cause["code"] for cause in diagnosis.ruled_out} & waiting


def test_the_functions_name_is_that_of_its_configuration():
    """Regardless of the alias in the integration."""
    call = Call(**FAILED, log=(START, DIVISION, END, REPORT))
    world = call.world()
    call.diagnosed(world)
    asked = dict(world.calls)
    assert FUNCTION in asked["get_function"]
    assert GROUP in asked["filter_log_events"]


@pytest.mark.parametrize(
    "line", ['{"timeout": 3}\n', 'connecting, {"status": "timeout"}\n', '"timeout"\n']
)
def test_a_function_may_write_of_timeouts(line):
    """Only the platform's line counts as a timeout."""
    log = read(START, line, DIVISION, END, REPORT)
    assert log.timeout is None
    assert log.error == DIVISION.splitlines()[0]


@pytest.mark.parametrize("record", ["text", None, 7, ["abc"]], ids=str)
def test_a_function_may_write_what_looks_like_a_report(record):
    """Without the invocation's ID it does not count."""
    line = json.dumps({"type": "platform.report", "record": record})
    assert read(START, line, DIVISION, END, REPORT).error == DIVISION.splitlines()[0]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (
            "python:3.11.7 (local; python3.13 on AWS)",
            "python:3.11.7 locally, python3.13 on AWS",
        ),
        (
            "nodejs:20.1.0 (local; nodejs22.x on AWS)",
            "nodejs:20.1.0 locally, nodejs22.x on AWS",
        ),
        ("python:3.13.2 (local; python3.13 on AWS)", None),
        (
            "python:3.1.2 (local; python3.13 on AWS)",
            "python:3.1.2 locally, python3.13 on AWS",
        ),
        ("nodejs:22.1.0 (local; nodejs22.x on AWS)", None),
        ("python:3.13.v1", None),
    ],
)
def test_another_version_than_on_aws_is_named(told, expected):
    text = f"INIT_START Runtime Version: {told}\n{START}{END}"
    assert FunctionLog(GROUP, text).runs_on == expected
