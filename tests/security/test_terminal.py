"""No external text controls the terminal, spoofs a line, or ends a quoted word."""

from __future__ import annotations

import ast
import io
import json
import re
import shlex
import subprocess
import sys
import unicodedata
import xml.etree.ElementTree as ET
from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from commandline import PASSWORD, QuickTerminal
from fakes import FakeResource
from rich.console import Console

import cognito_gw
from cognito_gw.engine.resource import Action, Change, Step
from cognito_gw.errors import AwsRefused, CgwError
from cognito_gw.local import events

PACKAGE = Path(cognito_gw.__file__).parent
HOSTILE = (
    "\x1b]0;owned\x07\x1b[31m\x9b31m\u202eevil\u2028\x7f\u200b\udc9b\r\nerror: fake"
)
_UNSAFE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    r"\ud800-\udfff]"
)
# Fields that cgw finds, compares, or pages by: changed, they would match nothing.
_IDENTITY = re.compile(
    r"(?i).*(id|ids|arn|name|token|secret|url|urls|uri|status|type|types|flow|flows|"
    r"scope|scopes|path|method|domain|version|state|principal|policy|ownerset|session|"
    r"code|challenge|header|source|resource|mode|salt|srp_b|identifier|resourcearn|key|"
    r"deletionprotection|account|log|description|region|body|claims|pathpart)$"
)
_FILE = """\
name: {name}
region: us-east-1
tags: {{team: "pay"}}
user_pool: {{self_sign_up: true, groups: [readers]}}
users: [{{username: alice@example.com, password: {password}, groups: [readers]}}]
functions: {{hello: {{code: ./hello}}}}
api:
  routes:
    GET /hello: {{}}
"""
_CODE = r"""
def lambda_handler(event, context):
    print("\x1b]0;owned\x07\x9b31m\u202eevil\u2028\x7f")
    headers = {"x-evil": "\x9b31m"}
    return {"statusCode": 418, "headers": headers, "body": "\x1b[31mhi\x9b"}
"""
COMMANDS = """\
plan
up
status
outputs
outputs --format env
pool --dry-run
deploy --dry-run
user list
user groups alice@example.com
token
token --decode
token --format curl
open --no-browser
call /hello
test-method /hello
test-authorizer
explain
explain /hello
check
logs
policy
doctor
local status
local logs""".splitlines()


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The folder of a project with a hostile file and function."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "hello").mkdir()
    (folder / "hello" / "lambda_function.py").write_text(_CODE)
    return folder


@pytest.fixture
def cgw(project, at_home):
    """A shell in that folder; its stack is on the local AWS, with a hostile user."""
    at_home.chdir(project)
    terminal = QuickTerminal(project, ("--local",))
    if not (project / "cgw.yaml").exists():
        terminal.write(_FILE.format(name="hostile", password=PASSWORD))
        terminal("up")
        name = f"name={HOSTILE[:12]}"
        terminal.run("user", "add", "mallory@example.com", "--attribute", name)
    return terminal


def _poisoned(value, spared, key=""):
    """Return a response with hostile text added to each string."""
    if isinstance(value, dict):
        return {
            name: _poisoned(each, spared, name)
            for name, each in value.items()
            if name != "ResponseMetadata"
        } | (
            {"ResponseMetadata": value["ResponseMetadata"]}
            if "ResponseMetadata" in value
            else {}
        )
    if isinstance(value, list):
        return [_poisoned(each, spared, key) for each in value]
    if isinstance(value, str) and not (spared and spared.fullmatch(key)):
        return value + HOSTILE.replace("\udc9b", "")  # half a character is not sent
    return value


def _answering(monkeypatch, change):
    call = BaseClient._make_api_call  # noqa: SLF001 - where answers come from
    monkeypatch.setattr(
        BaseClient,
        "_make_api_call",
        lambda client, operation, params: change(
            operation, call(client, operation, params)
        ),
    )


def _refuse(operation, _answer):
    words = {"Code": f"Odd{HOSTILE}", "Message": f"no: {HOSTILE}"}
    raise ClientError({"Error": words, "ResponseMetadata": {}}, operation)


USUAL = "texts that nothing depends on"
SOME = """\
plan
status
user list
token --decode
call /hello
explain /hello -o json
check
logs""".splitlines()
MODES = {
    "all texts": lambda _operation, answer: _poisoned(answer, None),
    USUAL: lambda _operation, answer: _poisoned(answer, _IDENTITY),
    "errors": _refuse,
}
NIGHTLY = {"marks": pytest.mark.nightly}
EVERY = [*COMMANDS, *(f"{command} -o json" for command in SOME[:-3])]


@pytest.mark.server
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "commands", [SOME, pytest.param(EVERY, **NIGHTLY)], ids=["some", "every"]
)
def test_no_answer_of_aws_drives_the_terminal(cgw, environment, mode, commands):
    """Each command prints any response of AWS as visible text."""
    _answering(environment, MODES[mode])
    spelled = 0
    for command in commands:
        done = cgw.run(*shlex.split(command), "-v")
        printed = done.err + ("" if command.startswith("call") else done.out)
        assert not _UNSAFE.search(printed), (command, printed)
        assert "\nerror: fake" not in printed, command
        spelled += "\\x1b" in printed or "\\u001b" in printed
    assert spelled


@pytest.mark.server
def test_claims_and_function_output_are_escaped(cgw, server):
    """AWS is unchanged here: the users and the code are hostile."""
    who = ("--user", "alice@example.com")
    called = cgw("call", "/hello", *who, code=4)
    assert called.out == "\x1b[31mhi\x9b\n"  # a program gets the original text
    for command in (
        "local logs",
        "logs",
        "token",
        "token --decode",
        "test-method /hello",
    ):
        done = cgw.run(*shlex.split(command))
        assert not _UNSAFE.search(done.out + done.err), command
    assert "\\x1b]0;owned" in cgw("logs").out
    log = server.log.read_text(encoding="utf-8")
    assert "\\x1b]0;owned\\x07" in log
    assert not _UNSAFE.search(log)


def test_a_log_entry_stays_one_line(capsys):
    """No caller can add a line to the log of the local AWS."""
    events.write_log("GET /a\nfake 200: \x1b[2Jok\u2028\r")
    assert capsys.readouterr().err.count("\n") == 1
    import logging

    record = logging.LogRecord("x", 20, "", 1, "to %s", (f"a{HOSTILE}",), None)
    assert not _UNSAFE.search(events.LogFormatter("%(message)s").format(record))


class _Printing(ast.NodeVisitor):
    """The places in a file that print without `cli/output.py`."""

    BY_CLICK = frozenset(
        {
            "echo",
            "secho",
            "style",
            "prompt",
            "confirm",
            "echo_via_pager",
            "edit",
            "pause",
            "progressbar",
        }
    )

    WORDS = ("click", "sys.", "print")  # a file without them needs no parsing

    def __init__(self, file):
        self.found = []
        text = file.read_text("utf-8")
        if any(word in text for word in self.WORDS):
            self.visit(ast.parse(text))

    def visit_Attribute(self, node):
        name = ast.unparse(node)
        by_click = name.removeprefix("click.") in self.BY_CLICK and name != node.attr
        if by_click or re.fullmatch(
            r"sys\.(__)?std(out|err)(__)?\.write(lines)?", name
        ):
            self.found.append(name)
        self.generic_visit(node)

    def visit_ImportFrom(self, node):
        if node.module == "click":
            self.found += [
                each.name for each in node.names if each.name in self.BY_CLICK
            ]

    def visit_Name(self, node):
        if node.id in ("print", "pprint"):
            self.found.append(node.id)


HOME = PACKAGE / "cli" / "output.py"
PRINTERS = sorted(
    each
    for part in (
        "cli",
        "engine",
        "resources",
        "aws",
        "oauth",
        "diagnosis",
        "doctor",
        "config",
    )
    for each in (PACKAGE / part).rglob("*.py")
    if each != HOME
)


def test_only_one_module_prints():
    """All command-line output goes through the module that makes it safe."""
    found = {str(printer): _Printing(printer).found for printer in PRINTERS}
    assert {name: places for name, places in found.items() if places} == {}
    assert _Printing(HOME).found


def test_every_character_that_is_not_simply_seen_is_spelled_out():
    """By Unicode's categories, so that new characters are covered."""
    from cognito_gw.text import one_line, printable

    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    letters = (chr(code) for code in range(0x110000))
    seen = [letter for letter in letters if unicodedata.category(letter) in hidden]
    assert [letter for letter in seen if one_line(letter) == letter] == []
    assert [each for each in seen if each in printable(f"{each}.")] == ["\t", "\n"]
    assert one_line("\u3164\uffa0\ufeff") == "\\u3164\\uffa0\\ufeff"
    assert one_line("naïve ☺ 漢字 ⚠️") == "naïve ☺ 漢字 ⚠️"


def test_text_with_our_style_is_safe_and_no_longer_so_once_it_is_put_together():
    """Only `say` creates text that keeps its escapes."""
    from cognito_gw.cli.output import line, styled

    title = styled("a\x1b]0;x\x07", fg="red")
    assert line(title, "\x1b[0m") == "\x1b[31ma\\x1b]0;x\\x07\x1b[0m\\x1b[0m"
    assert "\x1b" not in line(f"{title}")


def test_a_program_gets_text_as_it_is_or_nothing(capsys):
    """A token with an escape in it is not printed at all."""
    from cognito_gw.cli.output import say_exactly

    with pytest.raises(CgwError, match="control or invisible characters"):
        say_exactly("export A=b", f"export B={HOSTILE}")
    assert capsys.readouterr().out == ""


def test_a_body_on_a_terminal_is_made_safe(capfdbinary, monkeypatch):
    """A pipe gets the bytes unchanged; a terminal gets harmless text."""
    from cognito_gw.cli import output

    output.say_content(b"\x1b[2J\xff", "\x1b[2J")
    assert capfdbinary.readouterr().out == b"\x1b[2J\xff\n"
    screen = SimpleNamespace(isatty=lambda: True)
    monkeypatch.setattr(output, "sys", SimpleNamespace(stdout=screen))
    output.say_content(b"\x1b[2J", "\x1b[2J\nb")
    assert capfdbinary.readouterr().out == b"\\x1b[2J\nb\n"


def test_json_is_printable_ascii(capsys):
    """DEL is ASCII, and `json.dumps` leaves it as it is."""
    from cognito_gw.cli.results import show_json

    show_json({HOSTILE[:-20]: "\x7f\x1b\x9b"})
    out = capsys.readouterr().out
    assert not _UNSAFE.search(out)
    assert [*json.loads(out).values()] == ["\x7f\x1b\x9b"]


def test_rows_on_a_terminal_are_text():
    """The terminal gets neither escapes nor rich markup from a name."""
    from cognito_gw.cli.rows import Rows

    resource = FakeResource(f"[blink]x[/blink]{HOSTILE}")
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=200, color_system=None)
    error = AwsRefused(f"no {HOSTILE}", hint=f"[b]{HOSTILE}")
    rows = Rows([resource], console)
    with rows:
        rows.started(resource)
        rows.tell(HOSTILE)
        rows.announce(HOSTILE)
        rows.live.refresh()
        change = Change(f"a{HOSTILE}", f"b{HOSTILE}")
        rows.finished(
            Step(resource, Action.UPDATE, {f"f{HOSTILE}": change}, error=error)
        )
    ours = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", screen.getvalue()).replace("\r", "")
    assert not _UNSAFE.search(ours)
    assert "[blink]x[/blink]\\x1b" in ours
    assert "\x1b[31m" not in screen.getvalue()


def test_junit_is_xml_whatever_is_in_it(tmp_path):
    """XML does not allow control characters, not even as references."""
    from cognito_gw.cli.checks import write_junit

    case = {"route": f"GET /{HOSTILE}", "case": HOSTILE, "expected": "200", "ok": False}
    write_junit(tmp_path / "x.xml", HOSTILE, [case | {"got": f"{HOSTILE}\ufffe\x00"}])
    root = ET.parse(tmp_path / "x.xml").getroot()  # noqa: S314 - we wrote it
    assert "\\x1b" in root.find("testcase/failure").get("message")


@pytest.mark.parametrize("words", [["plan", HOSTILE], ["outputs", "x", HOSTILE]])
def test_a_wrong_command_line_is_quoted_safely(tmp_path, words):
    """The error for a pasted command line does not control the terminal."""
    cgw = QuickTerminal(tmp_path, ("--local",))
    done = cgw.run(*(word.replace("\udc9b", "") for word in words))
    assert done.code
    assert not _UNSAFE.search(done.out + done.err)


class TestCompletion:
    """Names in a file are completed only as single words."""

    @pytest.fixture
    def offered(self, environment, tmp_path):
        """Return what the shell receives for a partial word."""
        names = [
            "al'; touch owned; '",
            'al"$(touch owned)`touch owned`',
            "al\x1b[31m",
            "al\nx",
        ]
        users = [{"username": name} for name in names]
        (tmp_path / "cgw.yaml").write_text(json.dumps({"name": "x", "users": users}))
        environment.chdir(tmp_path)

        def complete(quote):
            line = f"cgw token --user {quote}al"
            environment.setenv("COMP_LINE", line)
            environment.setenv("COMP_WORD", "al")
            environment.setenv("COMP_QUOTE", quote or "a")
            environment.setenv("_CGW_COMPLETE", "bash_complete")
            done = subprocess.run(
                [sys.executable, "-m", "cognito_gw"],
                capture_output=True,
                text=True,
                check=False,
                cwd=tmp_path,
            )
            return [line.partition(",")[2] for line in done.stdout.splitlines()]

        return complete

    @pytest.mark.parametrize("quote", ["", "'", '"'])
    def test_no_name_ends_the_word(self, offered, tmp_path, quote):
        """Bash reads each completion as one name, within the open quote."""
        words = offered(quote)
        assert len(words) == 2
        for word in words:
            script = f"printf '%s\\n' {quote}{word}{quote}"
            done = subprocess.run(
                ["/bin/bash", "-c", script],
                capture_output=True,
                text=True,
                check=True,
                cwd=tmp_path,
            )
            assert done.stdout.count("\n") == 1
            assert "touch owned" in done.stdout
        assert not (tmp_path / "owned").exists()


def test_commands_in_fixes_quote_what_they_name():
    """A name with shell syntax does not become a second command when pasted."""
    from cognito_gw.diagnosis.rule import Finding, Rule

    rule = Rule("x", (), "", "`cgw user enable {user}`", None, lambda _: None)
    cause = rule.cause(Finding("s"), {"user": "a; rm -rf ~"}, is_ours=True)
    assert cause.fix == "`cgw user enable 'a; rm -rf ~'`"


def test_outputs_for_eval_name_variables_that_shells_take():
    """Only ASCII letters, digits, and underscores form a name."""
    from cognito_gw.app.stack_state import variables

    assert variables({"functions": {"é-1": "x"}}) == {"CGW_FUNCTIONS___1": "x"}
