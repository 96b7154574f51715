"""Functions run as on Lambda: warm, apart, in time, and gone with the server."""

from __future__ import annotations

import asyncio
import io
import json
import os
import uuid
import zipfile
from contextlib import asynccontextmanager

import pytest

from cognito_gw.local import emulator
from cognito_gw.local.activity import Activity
from cognito_gw.local.faults import AwsFault
from cognito_gw.local.runtime.functions import Functions

URL = "http://127.0.0.1:4566"
REGION = "eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/test"
# One function for most tests: the event tells what it does.
SOURCE = """
import os, sys, time
calls = []

def handler(event, context):
    calls.append(1)
    print("a line of", context.aws_request_id)
    match event.get("do"):
        case "exit": os._exit(1)
        case "sleep": time.sleep(60)
        case "raise": raise KeyError("action")
        case "tell": return {
            "pid": os.getpid(), "calls": len(calls), "env": dict(os.environ),
            "cwd": os.getcwd(), "memory": context.memory_limit_in_mb,
            "name": context.function_name, "arn": context.invoked_function_arn,
            "left": context.get_remaining_time_in_millis(),
        }
    return event
"""


def zipped(source, name="app.py"):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, source)
    return archive.getvalue()


@pytest.fixture
def client():
    iam = emulator.client("iam", "us-east-1")
    if not iam.list_roles()["Roles"]:
        principal = {"Service": "lambda.amazonaws.com"}
        statement = {"Effect": "Allow", "Principal": principal}
        statement["Action"] = "sts:AssumeRole"
        trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
        iam.create_role(RoleName="test", AssumeRolePolicyDocument=trust)
    return emulator.client("lambda", REGION)


@pytest.fixture
def make(client):
    """Return a maker of functions, which returns their ARN."""

    def make_function(source=SOURCE, *, code=None, **settings):
        defaults = {"Runtime": "python3.13", "Handler": "app.handler", "Role": ROLE}
        made = client.create_function(
            FunctionName=f"f{uuid.uuid4().hex[:12]}",
            Code={"ZipFile": code or zipped(source)},
            **defaults | settings,
        )
        return made["FunctionArn"]

    return make_function


@asynccontextmanager
async def running():
    functions = Functions(URL, Activity())
    try:
        yield functions
    finally:
        await functions.close()


async def call(functions, arn, **event):
    done = await functions.invoke(arn, json.dumps(event).encode())
    return json.loads(done.payload), done


def once(arn, **event):
    """Run a function once, on a server of its own."""

    async def run():
        async with running() as functions:
            return await call(functions, arn, **event)

    return asyncio.run(run())


def lives(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_returns_what_the_handler_returns(make):
    answer, done = once(make(), text="é", number=1)
    assert answer == {"text": "é", "number": 1}
    assert not done.error


def test_gives_the_context_and_the_surroundings_of_lambda(make):
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


def test_gives_nothing_of_the_servers_own(make, monkeypatch):
    monkeypatch.setenv("CGW_SECRET", "secret")
    monkeypatch.setenv("AWS_PROFILE", "production")
    told, _ = once(make(), do="tell")
    assert not {"CGW_SECRET", "AWS_PROFILE"} & told["env"].keys()


def test_stays_warm(make):
    async def run():
        async with running() as functions:
            arn = make()
            return [(await call(functions, arn, do="tell"))[0] for _ in range(3)]

    told = asyncio.run(run())
    assert len({each["pid"] for each in told}) == 1
    assert [each["calls"] for each in told] == [1, 2, 3]


def test_a_slow_call_does_not_hold_up_another(make):
    async def run():
        async with running() as functions:
            arn = make(Timeout=30)
            slow = asyncio.create_task(call(functions, arn, do="sleep"))
            answer, _ = await call(functions, arn, n=1)
            was_waiting = not slow.done()
            slow.cancel()
            await asyncio.gather(slow, return_exceptions=True)
            return answer, was_waiting

    assert asyncio.run(run()) == ({"n": 1}, True)


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
def test_a_change_is_run_at_once(make, client, change):
    async def run():
        async with running() as functions:
            arn = make()
            before, _ = await call(functions, arn, do="tell")
            change(client, arn)
            after, _ = await call(functions, arn, do="tell")
            return before["pid"], after["pid"], lives(before["pid"])

    before, after, still_lives = asyncio.run(run())
    assert before != after
    assert not still_lives


def test_an_exception_is_a_function_error(make):
    answer, done = once(make(), do="raise")
    assert done.error
    assert list(answer) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert (answer["errorType"], answer["errorMessage"]) == ("KeyError", "'action'")


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
def test_a_function_that_does_not_start_says_why(make, source, handler, error_type):
    answer, done = once(make(source, Handler=handler))
    assert (done.error, answer["errorType"]) == (True, error_type)


def test_what_is_not_json_cannot_be_returned(make):
    answer, done = once(make("def handler(e, c): return {1, 2}"))
    assert (done.error, answer["errorType"]) == (True, "Runtime.MarshalError")


def test_a_function_ends_at_its_timeout(make):
    answer, done = once(make(Timeout=1), do="sleep")
    assert done.error
    assert answer["errorType"] == "Sandbox.Timedout"
    assert answer["errorMessage"].endswith(" Error: Task timed out after 1.00 seconds")
    assert answer["errorMessage"].startswith("RequestId: ")


def test_a_process_that_exits_is_a_function_error(make):
    answer, done = once(make(), do="exit")
    assert done.error
    assert answer["errorType"] == "Runtime.ExitError"
    end = " Error: Runtime exited with error: exit status 1"
    assert answer["errorMessage"].endswith(end)


@pytest.mark.parametrize("event", [{"do": "exit"}, {"do": "raise"}])
def test_the_next_call_after_a_failure_works(make, event):
    async def run():
        async with running() as functions:
            arn = make()
            await call(functions, arn, **event)
            return (await call(functions, arn, n=1))[0]

    assert asyncio.run(run()) == {"n": 1}


def test_the_log_has_the_lines_of_lambda(make):
    lines = once(make())[1].log_tail.splitlines()
    request_id = lines[0].split()[2]
    assert lines[0] == f"START RequestId: {request_id} Version: $LATEST"
    assert any(line.startswith(f"END RequestId: {request_id}") for line in lines)
    assert lines[-1].startswith(f"REPORT RequestId: {request_id}\tDuration: ")


def test_the_log_has_what_was_printed(make):
    async def run():
        async with running() as functions:
            arn = make()
            return [(await call(functions, arn))[1].log_tail for _ in range(20)]

    assert all("a line of" in tail for tail in asyncio.run(run()))


def test_the_log_tail_has_4_kb(make):
    _, done = once(make("def handler(e, c): print('x' * 100_000)"))
    assert len(done.log_tail.encode()) <= 4097


def test_the_code_lies_where_only_this_user_reads(make):
    source = "import os\ndef handler(e, c): return oct(os.stat('.').st_mode & 0o777)"
    assert once(make(source))[0] == "0o700"


def test_code_stays_in_its_folder(make, tmp_path):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", SOURCE)
        file.writestr(f"../../../../../../..{tmp_path}/escaped.txt", "x")
        file.writestr(f"{tmp_path}/absolute.txt", "x")
    assert once(make(code=archive.getvalue()), n=1)[0] == {"n": 1}
    assert list(tmp_path.iterdir()) == []


def test_an_absent_function_is_not_found():
    arn = f"arn:aws:lambda:{REGION}:123456789012:function:absent"
    with pytest.raises(AwsFault) as caught:
        once(arn)
    assert (caught.value.code, caught.value.status) == (
        "ResourceNotFoundException",
        404,
    )
    assert caught.value.message == f"Function not found: {arn}"


def test_another_runtime_says_that_it_is_not_run(make):
    answer, done = once(make(Runtime="nodejs22.x", Handler="index.handler"))
    assert done.error
    assert "nodejs22.x" in answer["errorMessage"]


def test_closing_ends_an_idle_process(make):
    assert not lives(once(make(), do="tell")[0]["pid"])


SLEEPER = """
import os, time
def handler(event, context):
    with open(event["file"], "w") as file:
        file.write(str(os.getpid()))
    time.sleep(60)
"""


async def started(functions, arn, file):
    """Start a call that sleeps; return its task, and its process's id."""
    os.mkfifo(file)  # reading it waits for the function to write
    task = asyncio.create_task(call(functions, arn, file=str(file)))
    return task, int(await asyncio.to_thread(file.read_text))


def assert_ended(pid):
    """Assert that a process is gone; end it if it is not."""
    survived = lives(pid)
    if survived:
        os.kill(pid, 9)
    assert not survived


def test_closing_ends_a_busy_process(make, tmp_path):
    async def run():
        async with running() as functions:
            task, pid = await started(
                functions, make(SLEEPER, Timeout=60), tmp_path / "pid"
            )
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return pid

    assert_ended(asyncio.run(run()))


def test_a_call_that_nobody_waits_for_leaves_no_process(make, tmp_path):
    async def run():
        async with running() as functions:
            task, pid = await started(
                functions, make(SLEEPER, Timeout=60), tmp_path / "pid"
            )
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return pid

    assert_ended(asyncio.run(run()))
