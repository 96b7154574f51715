"""Functions run as on Lambda: warm, isolated, in time, and gone with the server."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import platform
import re
import signal
import uuid
import zipfile
from contextlib import asynccontextmanager
from functools import partial

import pytest

from cognito_gw.aws.endpoints import AccessKey
from cognito_gw.diagnosis.exchange import FunctionLog
from cognito_gw.local import moto_store
from cognito_gw.local.access import AccessKeys
from cognito_gw.local.awslambda.functions import Functions
from cognito_gw.local.awslambda.worker import Host
from cognito_gw.local.errors import AwsFault
from cognito_gw.local.events import Activity

URL = "http://127.0.0.1:4566"
KEYS = AccessKeys(AccessKey.create())
REGION = "eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/test"
# One function for most tests: the event selects what it does.
SOURCE = """
import os, signal, sys, time
calls = []

def handler(event, context):
    calls.append(1)
    print("a line of", context.aws_request_id)
    match event.get("do"):
        case "exit": os._exit(event.get("status", 1))
        case "signal": os.kill(os.getpid(), event["number"])
        case "sleep": time.sleep(60)
        case "raise": raise KeyError("action")
        case "tell": return {
            "pid": os.getpid(), "calls": len(calls), "env": dict(os.environ),
            "cwd": os.getcwd(), "memory": context.memory_limit_in_mb,
            "name": context.function_name, "arn": context.invoked_function_arn,
            "left": context.get_remaining_time_in_millis(),
            "client": context.client_context and context.client_context.custom,
        }
    return event
"""


def zipped(source, name="app.py"):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, source)
    return archive.getvalue()


@pytest.fixture(scope="module")
def client():
    iam = moto_store.client("iam", "us-east-1")
    if not iam.list_roles()["Roles"]:
        principal = {"Service": "lambda.amazonaws.com"}
        statement = {"Effect": "Allow", "Principal": principal}
        statement["Action"] = "sts:AssumeRole"
        trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
        iam.create_role(RoleName="test", AssumeRolePolicyDocument=trust)
    return moto_store.client("lambda", REGION)


def deployed(client, source=SOURCE, *, code=None, **settings):
    """Deploy a function, and return its ARN."""
    defaults = {"Runtime": "python3.13", "Handler": "app.handler", "Role": ROLE}
    made = client.create_function(
        FunctionName=f"f{uuid.uuid4().hex[:12]}",
        Code={"ZipFile": code or zipped(source)},
        **defaults | settings,
    )
    return made["FunctionArn"]


@pytest.fixture
def make(client):
    """Return a function that deploys functions."""
    return partial(deployed, client)


@asynccontextmanager
async def running(activity=None, **settings):
    """Yield separate functions, for closing them or changing their host."""
    functions = Functions(Host(URL, activity or Activity(), KEYS, **settings))
    try:
        yield functions
    finally:
        await functions.close()


@pytest.fixture(scope="module")
def runner():
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def functions(runner):
    """Functions that most tests share; each test deploys what it needs."""

    async def made():
        return Functions(Host(URL, Activity(), KEYS))

    functions = runner.run(made())
    yield functions
    runner.run(functions.close())


@pytest.fixture
def once(runner, functions):
    """Return what runs a function once."""
    return lambda arn, **event: runner.run(call(functions, arn, **event))


@pytest.fixture(scope="module")
def warm(client):
    """A deployed function, warm after the first test that calls it."""
    return deployed(client, MemorySize=256, Timeout=7)


async def call(functions, arn, **event):
    done = await functions.invoke(arn, json.dumps(event).encode())
    return json.loads(done.payload), done


def lives(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_returns_what_the_handler_returns(warm, once):
    answer, done = once(warm, text="é", number=1)
    assert answer == {"text": "é", "number": 1}
    assert not done.error


def test_gives_the_context_and_the_surroundings_of_lambda(make, once):
    arn = make(MemorySize=256, Timeout=7, Environment={"Variables": {"STAGE": "dev"}})
    told, _ = once(arn, do="tell")
    name = arn.rpartition(":")[2]
    assert (told["arn"], told["name"], told["memory"]) == (arn, name, "256")
    assert 0 < told["left"] <= 7000
    assert (
        told["env"].items()
        >= {
            "AWS_ENDPOINT_URL": URL,
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
            "AWS_REGION": REGION,
            "LAMBDA_TASK_ROOT": told["cwd"],
            "STAGE": "dev",
            "TZ": ":UTC",
            "_HANDLER": "app.handler",
        }.items()
    )


def test_gives_nothing_of_the_servers_own(make, monkeypatch, once):
    monkeypatch.setenv("CGW_SECRET", "secret")
    monkeypatch.setenv("AWS_PROFILE", "production")
    told, _ = once(make(), do="tell")
    assert not {"CGW_SECRET", "AWS_PROFILE"} & told["env"].keys()


def test_stays_warm(make, runner, functions):
    async def run():
        arn = make()
        return [(await call(functions, arn, do="tell"))[0] for _ in range(3)]

    told = runner.run(run())
    assert len({each["pid"] for each in told}) == 1
    assert [each["calls"] for each in told] == [1, 2, 3]


def test_a_slow_call_does_not_hold_up_another(make, runner, functions):
    async def run():
        arn = make(Timeout=30)
        slow = asyncio.create_task(call(functions, arn, do="sleep"))
        answer, _ = await call(functions, arn, n=1)
        was_waiting = not slow.done()
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)
        return answer, was_waiting

    assert runner.run(run()) == ({"n": 1}, True)


@pytest.mark.parametrize(
    "change",
    [
        lambda client, arn: client.update_function_code(
            FunctionName=arn, ZipFile=zipped(SOURCE + "\n# new")
        ),
        lambda client, arn: client.update_function_configuration(
            FunctionName=arn, Environment={"Variables": {"NEW": "1"}}
        ),
    ],
    ids=["code", "configuration"],
)
def test_a_change_applies_to_the_next_call(make, client, change, runner, functions):
    async def run():
        arn = make()
        before, _ = await call(functions, arn, do="tell")
        change(client, arn)
        after, _ = await call(functions, arn, do="tell")
        return before["pid"], after["pid"], lives(before["pid"])

    before, after, still_lives = runner.run(run())
    assert before != after
    assert not still_lives


def test_calls_beyond_the_most_processes_wait(make, runner, functions):
    async def run():
        arn = make(Timeout=30)
        calls = [call(functions, arn, do="tell") for _ in range(40)]
        return [told["pid"] for told, _ in await asyncio.gather(*calls)]

    assert len(set(runner.run(run()))) <= max(4, 2 * os.cpu_count())


@pytest.mark.parametrize("limit", [0, 1])
def test_no_more_calls_run_at_once_than_are_reserved(
    make, client, limit, runner, functions
):
    """The others are throttled; later ones are not."""

    async def run():
        arn = make(Timeout=30)
        client.put_function_concurrency(
            FunctionName=arn, ReservedConcurrentExecutions=limit
        )
        calls = [call(functions, arn, n=1) for _ in range(limit + 1)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        for _ in range(limit):
            await call(functions, arn)
        client.delete_function_concurrency(FunctionName=arn)
        return results[-1], await call(functions, arn, n=2)

    throttled, (answer, _) = runner.run(run())
    assert isinstance(throttled, AwsFault)
    assert throttled.code == "TooManyRequestsException"
    assert answer == {"n": 2}


def test_calls_that_wait_while_the_code_changes_are_answered(
    make, client, runner, functions
):
    async def run():
        arn = make(Timeout=30)
        before = [asyncio.create_task(call(functions, arn, n=n)) for n in range(30)]
        await asyncio.wait(before, return_when=asyncio.FIRST_COMPLETED)
        client.update_function_code(FunctionName=arn, ZipFile=zipped("handler=str"))
        await call(functions, arn)
        return [answer for answer, _ in await asyncio.gather(*before)]

    assert runner.run(run()) == [{"n": n} for n in range(30)]


def test_a_deleted_function_leaves_no_process(make, client, runner, functions):
    async def run():
        arn = make()
        told, _ = await call(functions, arn, do="tell")
        client.delete_function(FunctionName=arn)
        await functions.tidy(60)
        return lives(told["pid"])

    assert not runner.run(run())


def test_idle_processes_end_and_the_next_call_starts_another(make, runner, functions):
    async def run():
        arn = make()
        told, _ = await call(functions, arn, do="tell")
        await functions.tidy(60)
        lived_on = lives(told["pid"])
        await functions.tidy(0)
        again, _ = await call(functions, arn, do="tell")
        return lived_on, lives(told["pid"]), again["calls"]

    assert runner.run(run()) == (True, False, 1)


def test_passes_the_client_context_on(warm, runner, functions):
    context = base64.b64encode(b'{"custom":\n {"key": "\xc3\xa9"}}').decode()

    async def run():
        return await functions.invoke(warm, b'{"do": "tell"}', context)

    assert json.loads(runner.run(run()).payload)["client"] == {"key": "é"}


def test_an_exception_is_a_function_error(warm, once):
    answer, done = once(warm, do="raise")
    assert done.error
    assert list(answer) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert (answer["errorType"], answer["errorMessage"]) == ("KeyError", "'action'")


def test_an_exception_may_say_much(make, once):
    """The client sends it in a header too."""
    source = "def handler(e, c): raise ValueError('x' * 500_000)"
    answer, done = once(make(source))
    assert (done.error, answer["errorType"]) == (True, "ValueError")
    assert len(answer["errorMessage"]) == 500_000


@pytest.mark.parametrize(
    ("source", "handler", "error_type"),
    [
        ("import absent", "app.handler", "Runtime.ImportModuleError"),
        ("def (", "app.handler", "Runtime.UserCodeSyntaxError"),
        ("x = 1", "app.handler", "Runtime.HandlerNotFound"),
        ("x = 1", "handler", "Runtime.MalformedHandlerName"),
        ("1 / 0", "app.handler", "ZeroDivisionError"),
    ],
)
def test_a_function_that_does_not_start_says_why(
    make, source, handler, error_type, once
):
    answer, done = once(make(source, Handler=handler))
    assert (done.error, answer["errorType"]) == (True, error_type)


def test_a_result_that_is_not_json_is_an_error(make, once):
    answer, done = once(make("def handler(e, c): return {1, 2}"))
    assert (done.error, answer["errorType"]) == (True, "Runtime.MarshalError")


def test_a_function_ends_at_its_timeout(make, runner, functions):
    """The log reports it, and the next call works."""

    async def run():
        arn = make(Timeout=1)
        return await call(functions, arn, do="sleep"), await call(functions, arn, n=1)

    (answer, done), (following, _) = runner.run(run())
    assert done.error
    assert answer["errorType"] == "Sandbox.Timedout"
    assert answer["errorMessage"].endswith(" Error: Task timed out after 1.00 seconds")
    assert answer["errorMessage"].startswith("RequestId: ")
    assert done.lines[-1].endswith("Status: timeout\t")
    assert following == {"n": 1}


SLOW_TO_START = "import time; time.sleep({}); handler = lambda event, _: event"


def test_an_initialization_does_not_count_against_the_timeout(make, once):
    assert once(make(SLOW_TO_START.format(1.1), Timeout=1), n=1)[0] == {"n": 1}


def test_a_long_initialization_counts_against_the_timeout(make):
    async def run():
        async with running(init_seconds=0) as functions:
            return await call(functions, make(SLOW_TO_START.format(60), Timeout=1))

    assert asyncio.run(run())[0]["errorType"] == "Sandbox.Timedout"


@pytest.mark.parametrize(
    ("event", "how"),
    [
        ({"do": "exit", "status": 3}, "Runtime exited with error: exit status 3"),
        ({"do": "exit", "status": 0}, "Runtime exited without providing a reason"),
        (
            {"do": "signal", "number": signal.SIGKILL},
            "Runtime exited with error: signal: killed",
        ),
        (
            {"do": "signal", "number": signal.SIGSEGV},
            "Runtime exited with error: signal: segmentation fault",
        ),
    ],
)
def test_a_process_that_ends_is_a_function_error(make, event, how, once):
    answer, done = once(make(), **event)
    assert (done.error, answer["errorType"]) == (True, "Runtime.ExitError")
    request_id = done.lines[-1].split()[2]
    assert answer["errorMessage"] == f"RequestId: {request_id} Error: {how}"
    assert done.lines[-1].endswith("\tStatus: error\tError Type: Runtime.ExitError\t")


def test_a_response_has_6_mb_at_most(make, runner, functions):
    source = "def handler(e, c): return 'x' * e['size']"

    async def run():
        arn = make(source, MemorySize=256)
        largest, fits = await call(functions, arn, size=6 * 1024 * 1024)
        answer, done = await call(functions, arn, size=7 * 1024 * 1024)
        return len(largest), fits.error, answer, done.error

    length, fits, answer, is_error = runner.run(run())
    assert (length, fits, is_error) == (6 * 1024 * 1024, False, True)
    assert answer == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size "
        "(6291556 bytes).",
    }


@pytest.mark.parametrize(
    "event", [{"do": "exit"}, {"do": "raise"}], ids=lambda event: event["do"]
)
def test_the_next_call_after_a_failure_works(make, event, runner, functions):
    async def run():
        arn = make(Timeout=1)
        await call(functions, arn, **event)
        return (await call(functions, arn, n=1))[0]

    assert runner.run(run()) == {"n": 1}


def test_the_log_has_the_lines_of_lambda(make, runner, functions):
    async def run():
        arn = make(MemorySize=256)
        return [(await call(functions, arn))[1].lines for _ in range(2)]

    cold, warm = runner.run(run())
    here = platform.python_version()
    assert cold[0] == (
        f"INIT_START Runtime Version: python:{here} (local; python3.13 on AWS)"
    )
    for lines, init in ((cold[1:], r"\tInit Duration: \d+\.\d\d ms"), (warm, "")):
        request_id = lines[0].split()[2]
        start, printed, end, report = lines
        assert start == f"START RequestId: {request_id} Version: $LATEST"
        assert printed == f"a line of {request_id}"
        assert end == f"END RequestId: {request_id}"
        assert re.fullmatch(
            rf"REPORT RequestId: {request_id}\tDuration: \d+\.\d\d ms"
            r"\tBilled Duration: \d+ ms\tMemory Size: 256 MB"
            rf"(\tMax Memory Used: \d+ MB)?{init}\t",
            report,
        )


def test_a_function_that_does_not_start_has_a_whole_log(make, once):
    lines = once(make("import absent"))[1].lines
    kinds = [line.split()[0] for line in lines]
    assert kinds[0] == "INIT_START"
    assert kinds[-3:] == ["START", "END", "REPORT"]
    status = "\tStatus: error\tError Type: Runtime.ImportModuleError\t"
    assert lines[-1].endswith(status)
    assert any("No module named 'absent'" in line for line in lines[1:-3])


def test_a_traceback_is_one_event(warm, once):
    lines = once(warm, do="raise")[1].lines
    (traceback,) = [line for line in lines if line.startswith("[ERROR]")]
    assert traceback.splitlines()[1] == "Traceback (most recent call last):"


def test_an_endless_line_is_logged_in_parts(make, once):
    source = "import sys\ndef handler(e, c): sys.stdout.write('x' * 600_000)"
    lines = once(make(source))[1].lines
    parts = [line for line in lines if set(line) == {"x"}]
    assert sum(map(len, parts)) == 600_000
    assert len(parts) > 1


def test_each_line_is_an_event(make):
    activity = Activity()

    async def run():
        async with running(activity) as functions:
            arn = make()
            return arn, (await call(functions, arn))[1].lines

    arn, lines = asyncio.run(run())
    told = [event.facts for event in activity.latest() if event.kind == "log"]
    assert tuple(event["line"] for event in told) == lines
    assert {event["function"] for event in told} == {arn.rpartition(":")[2]}
    assert told[-1]["request_id"] == lines[-1].split()[2]


def test_the_log_has_what_was_printed(warm, runner, functions):
    async def run():
        return [(await call(functions, warm))[1].log_tail for _ in range(20)]

    assert all("a line of" in tail for tail in runner.run(run()))


def test_the_log_tail_has_4_kb(make, once):
    _, done = once(make("def handler(e, c): print('x' * 100_000)"))
    assert len(done.log_tail.encode()) <= 4097


def test_the_code_lies_where_only_this_user_reads(make, once):
    source = "import os\ndef handler(e, c): return oct(os.stat('.').st_mode & 0o777)"
    assert once(make(source))[0] == "0o500"


def test_code_stays_in_its_folder(make, tmp_path, once):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", SOURCE)
        file.writestr(f"../../../../../../..{tmp_path}/escaped.txt", "x")
        file.writestr(f"{tmp_path}/absolute.txt", "x")
    assert once(make(code=archive.getvalue()), n=1)[0] == {"n": 1}
    assert list(tmp_path.iterdir()) == []


def test_an_absent_function_is_not_found(once):
    arn = f"arn:aws:lambda:{REGION}:123456789012:function:absent"
    with pytest.raises(AwsFault) as caught:
        once(arn)
    assert (caught.value.code, caught.value.status) == (
        "ResourceNotFoundException",
        404,
    )
    assert caught.value.message == f"Function not found: {arn}"


def test_another_runtime_says_that_it_is_not_run(make, once):
    answer, done = once(make(Runtime="java21", Handler="index.handler"))
    assert (done.error, answer["errorType"]) == (True, "Runtime.Unsupported")
    assert "java21" in answer["errorMessage"]
    log = FunctionLog("", done.log_tail)
    assert "Runtime.Unsupported: the local AWS runs Python" in log.error
    assert done.log_tail.splitlines()[0].startswith("START RequestId: ")
    assert done.log_tail.splitlines()[-1].startswith("REPORT RequestId: ")


def test_closing_ends_an_idle_process(make):
    async def run():
        async with running() as functions:
            return await call(functions, make(), do="tell")

    told, _ = asyncio.run(run())
    assert not lives(told["pid"])


SLEEPER = """
import os, socket, time
def handler(event, context):
    with socket.create_connection(("127.0.0.1", event["port"])) as told:
        told.sendall(str(os.getpid()).encode())
    time.sleep(60)
"""


async def started(functions, arn):
    """Start a call that sleeps; return its task, and its process ID."""
    told = asyncio.get_running_loop().create_future()

    async def hear(reader, writer):
        told.set_result(int(await reader.read()))
        writer.close()

    async with await asyncio.start_server(hear, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        task = asyncio.create_task(call(functions, arn, port=port))
        return task, await told


def assert_ended(pid):
    """Assert that a process has ended; end it otherwise."""
    survived = lives(pid)
    if survived:
        os.kill(pid, 9)
    assert not survived


def test_closing_ends_a_busy_process(make):
    async def run():
        async with running() as functions:
            task, pid = await started(functions, make(SLEEPER, Timeout=60))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return pid

    assert_ended(asyncio.run(run()))


def test_closing_refuses_the_calls_that_wait(make):
    async def run():
        async with running() as functions:
            arn = make(SLEEPER, Timeout=60)
            busy = [
                await started(functions, arn) for _ in range(max(4, 2 * os.cpu_count()))
            ]
            waiting = asyncio.create_task(call(functions, arn))
            await asyncio.sleep(0)  # it has asked for a worker
        with pytest.raises(AwsFault, match="is stopping"):
            await waiting
        await asyncio.gather(*(task for task, _ in busy), return_exceptions=True)
        return [pid for _, pid in busy]

    for pid in asyncio.run(run()):
        assert_ended(pid)


def test_a_canceled_call_leaves_no_process(make, runner, functions):
    async def run():
        task, pid = await started(functions, make(SLEEPER, Timeout=60))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return pid

    assert_ended(runner.run(run()))
