"""`cgw check`, and the console's two Test buttons: they test the API."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.app.auth import raw_token, tokens_for
from cognito_gw.app.request_options import RequestOptions, given_token
from cognito_gw.app.token_request import TokenRequest
from cognito_gw.app.walks import look
from cognito_gw.cli import completions
from cognito_gw.cli.command import command
from cognito_gw.cli.options import request_options, who_options
from cognito_gw.cli.output import block, say, styled
from cognito_gw.cli.results import show_json
from cognito_gw.cli.terminal import with_reading_context
from cognito_gw.errors import ExitCode, Missing
from cognito_gw.gateway_rules import token_header
from cognito_gw.oauth.tokens import claims_of
from cognito_gw.text import guess, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cognito_gw.app.context import Context
    from cognito_gw.gateway_rules import Match

    Case = dict[str, Any]  # route, case, expected, got, ok


NOT_TRIED = "not tried"


@command(
    "check",
    "cgw check",
    "cgw check --user alice --user 'GET /admin=bob'",
    "cgw check --junit check.xml",
)
@click.option(
    "--route",
    "routes",
    multiple=True,
    metavar="'METHOD /path'",
    shell_complete=completions.routes,
    help="Only this route; can be repeated.",
)
@click.option(
    "--user",
    "users",
    multiple=True,
    metavar="NAME | 'ROUTE=NAME'",
    shell_complete=completions.users,
    help="The user who signs in, for all routes or for one; can be repeated. "
    "Default: the first user in the file.",
)
@click.option(
    "--include-writes",
    is_flag=True,
    help="Also call POST, PUT, PATCH and DELETE routes with the right token.",
)
@click.option(
    "--junit",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    metavar="FILE",
    help="Also write the results as JUnit XML.",
)
@with_reading_context
def check(
    context: Context,
    *,
    routes: tuple[str, ...],
    users: tuple[str, ...],
    include_writes: bool,
    junit: Path | None,
) -> None:
    """Verify that every route enforces authorization.

    Calls each route without a token, with forged and wrong tokens, and with the right
    one. The right token invokes the function, so only GET, HEAD and OPTIONS routes get
    it. Exits with 1 if a response differs from what the file describes.
    """
    from cognito_gw.app.security_check import check_routes

    cases = check_routes(context, routes, users, include_writes=include_writes)
    if junit:
        write_junit(junit, f"cgw check {context.config.name}", cases)
    is_ok = all(case["ok"] for case in cases)
    if context.options.as_json:
        show_json({"ok": is_ok, "cases": cases})
    else:
        _show(context, cases)
    if not is_ok:
        raise SystemExit(ExitCode.FAILED)


def write_junit(file: Path, title: str, cases: Iterable[Mapping[str, Any]]) -> None:
    """Write cases (`route`, `case`, `expected`, `got`, `ok`) as JUnit XML."""
    suite = ET.Element("testsuite", name=one_line(title))
    for found in cases:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=one_line(found["route"]),
            name=one_line(found["case"]),
        )
        if found["got"] == NOT_TRIED:
            ET.SubElement(case, "skipped")
        if not found["ok"]:
            message = f"expected {found['expected']}, got {found['got']}"
            ET.SubElement(case, "failure", message=one_line(message))
    suite.set("tests", str(len(suite)))
    for name, kind in (("failures", "failure"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{kind}"))))
    text = ET.tostring(suite, encoding="utf-8", xml_declaration=True)
    try:
        file.write_bytes(text)
    except OSError as error:
        if file.is_file():
            file.unlink()  # an incomplete file is invalid XML
        raise OSError(error.errno, error.strerror, str(file)) from None


def _show(context: Context, cases: list[Case]) -> None:
    """Print the cases by route; only failures when quiet."""
    route = None
    for case in cases:
        if case["ok"] and context.options.quiet:
            continue
        if case["route"] != route:
            route = case["route"]
            say(styled(route, bold=True))
        mark, color = _mark(case)
        expected = "" if case["ok"] else f"  expected: {case['expected']}"
        mark = styled(f"  {mark:<6}", fg=color)
        say(mark, f"{case['case']:<18} {case['got']}{expected}")
    if not context.options.quiet:
        say(_summary(cases), err=True)


def _mark(case: Case) -> tuple[str, str]:
    if not case["ok"]:
        return "FAIL", "red"
    return ("-", "yellow") if case["got"] == NOT_TRIED else ("ok", "green")


def _summary(cases: list[Case]) -> str:
    failures = sum(not case["ok"] for case in cases)
    untried = sum(case["got"] == NOT_TRIED for case in cases)
    tries = len(cases) - untried
    words = f"{tries} {'check' if tries == 1 else 'checks'}, "
    words += f"{failures or 'no'} failure{'' if failures == 1 else 's'}"
    if untried:
        words += f", {untried} not tried: `--include-writes` includes routes that write"
    return words


_MASK = re.compile(r"\*{9,}")  # replaces all but the end of a token
_WIDEST = 160
_ON_METHOD = "this tests the current API, deployed or not, without the authorizer"
_ON_AUTHORIZER = (
    "this test accepts only ID tokens, even where the API accepts an access token "
    "(check with `cgw call`)"
)


@command(
    "test-method",
    "cgw test-method /orders/42",
    "cgw test-method /orders -X POST -d '{\"amount\": 1}'",
)
@request_options
@with_reading_context
def test_method(context: Context, **options: Any) -> None:
    """Invoke a method as the console's Test button does.

    It tests the API before it is deployed, without the authorizer. Prints the body on
    stdout and the log on stderr. Exits with 0 for 2xx and 3xx, 4 for 4xx, 5 for 5xx.
    """
    asked = RequestOptions.of(options)
    match = _match(context, *asked.route)
    request: dict[str, Any] = {"pathWithQueryString": asked.whole_path}
    if asked.headers:
        request["headers"] = dict(asked.headers)
    if asked.body is not None:
        request["body"] = asked.body.decode("utf-8", "replace")
    answer = context.aws.apigateway.test_invoke_method(
        restApiId=context.stack.api["id"],
        resourceId=match.resource["id"],
        httpMethod=asked.verb,
        **request,
    )
    result = Result.of(answer, answer["status"])
    result.show(context, {"body": answer.get("body", "")}, _ON_METHOD)
    if not context.options.as_json:
        say(block(answer.get("body", "")))
    result.finish()


@command(
    "test-authorizer", "cgw test-authorizer", "cgw test-authorizer --token @token.txt"
)
@who_options
@click.option(
    "--token",
    "choice",
    default="id",
    metavar="TOKEN",
    shell_complete=completions.words("id", "access"),
    help="id, access, the token itself, @FILE, or - for stdin. Default: id.",
)
@with_reading_context
def test_authorizer(
    context: Context, *, user: str | None, client: str | None, choice: str
) -> None:
    """Test the authorizer with a token, as the console's Test button does.

    Prints the claims on stdout and the log on stderr. It accepts only ID tokens. Exits
    with 0 if the token is accepted, 4 if not.
    """
    stack = context.stack
    look(context, [stack.authorizer])
    if stack.authorizer.live is None:
        raise Missing(
            f"{stack.authorizer} does not exist yet", hint="run `cgw authorizer` first"
        )
    token = given_token(choice)
    if choice in ("id", "access"):
        token = raw_token(
            tokens_for(context, TokenRequest(user, client)), f"{choice}_token"
        )
    header = token_header(stack.authorizer["identitySource"])
    answer = context.aws.apigateway.test_invoke_authorizer(
        restApiId=stack.api["id"],
        authorizerId=stack.authorizer["id"],
        headers={header: token},
    )
    result = Result.of(answer, answer["clientStatus"] or HTTPStatus.OK)
    claims = answer.get("claims", {})
    is_access = claims_of(token).get("token_use") == "access"
    result.show(context, {"claims": claims}, _ON_AUTHORIZER if is_access else None)
    if not context.options.as_json:
        for name, value in claims.items():
            say(f"{one_line(name):<22}{value}")
    result.finish()


@dataclass(frozen=True)
class Result:
    """The result of a test; the log is API Gateway's own text."""

    status: int
    latency: int  # milliseconds
    log: list[str]

    @classmethod
    def of(cls, answer: dict[str, Any], status: int) -> Result:
        """Read a response of API Gateway."""
        # Each line begins with its time, the first one with a heading.
        lines = answer.get("log", "").splitlines()[1:]
        log = [line.partition(" : ")[2] or line for line in lines]
        return cls(int(status), answer.get("latency", 0), log)

    def show(self, context: Context, more: dict[str, Any], note: str | None) -> None:
        """Print the document, or the log and a note."""
        if context.options.as_json:
            document = {"status": self.status, "latency": self.latency}
            show_json(document | more | {"log": self.log})
            return
        if context.options.quiet:
            return
        for line in self.log:
            text = line if context.options.verbose else _shortened(line)
            say(styled(f"  {text}", dim=True), err=True)
        color = "red" if self.status >= HTTPStatus.BAD_REQUEST else "green"
        say(styled(f"{self.status}  ({self.latency} ms)", fg=color), err=True)
        if note:
            say(f"  {note}", err=True)

    def finish(self) -> None:
        """Exit with the code for the status."""
        if self.status >= HTTPStatus.BAD_REQUEST:
            raise SystemExit(self.status // 100)


def _match(context: Context, verb: str, path: str) -> Match:
    from cognito_gw.gateway_rules import Router

    stack = context.stack
    look(context, [stack.api])
    if stack.api.live is None:
        raise Missing(f"{stack.api} does not exist yet", hint="run `cgw api` first")
    resources = list(stack.api["Resources"].values())
    match = Router(resources).match(verb, path)
    if match is None:
        routes = [
            f"{verb} {resource['path']}"
            for resource in resources
            for verb in resource.get("resourceMethods", {})
        ]
        meant = f"{guess(f'{verb} {path}', routes)} ".lstrip()
        raise Missing(
            f"the API has no {verb} {path}; {meant}available: "
            f"{', '.join(sorted(routes)) or 'no method'}",
            hint="`cgw method` creates the routes of the file",
        )
    return match


def _shortened(line: str) -> str:
    """Return a line of the log with long parts cut; `-v` shows all."""
    text = _MASK.sub("********", line)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


COMMANDS = {
    "check": check,
    "test-method": test_method,
    "test-authorizer": test_authorizer,
}
