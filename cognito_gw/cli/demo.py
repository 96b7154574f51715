"""`cgw demo`: runs the whole tutorial on a private local AWS."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cognito_gw.app.auth import app_client
from cognito_gw.app.context import Context, Options
from cognito_gw.app.deploy import run_step
from cognito_gw.app.prompter import PresetAnswers, Prompter
from cognito_gw.app.stack_state import outputs
from cognito_gw.app.walks import walk
from cognito_gw.cli.command import command
from cognito_gw.cli.output import ask, say, styled
from cognito_gw.cli.terminal import Terminal
from cognito_gw.errors import CgwError
from cognito_gw.oauth.request import send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cognito_gw.oauth.tokens import Tokens

_USER = "alice@example.com"
_ROUTE = "/transactions"
_STEPS = {
    "pool": "The user pool keeps users and signs their tokens.",
    "client": "The app client says how an application may ask for tokens.",
    "domain": "The domain is where the hosted sign-in pages live.",
    "user": f"{_USER} is created and confirmed, with a password.",
    "lambda": 'The function has the console\'s code: "Hello from Lambda!".',
    "api": "The REST API is empty so far.",
    "resource": f"The resource is the path {_ROUTE}.",
    "method": "GET invokes the function. It requires IAM until there is an authorizer.",
}
_LATER_STEPS = {
    "authorizer": "The Cognito authorizer allows calls with a token of this user pool.",
    "deploy": "A deployment is a snapshot of the API; the stage serves it.",
}
_FILE = """\
name: demo
users: [{{username: {user}, password: "${{CGW_DEMO_PASSWORD}}"}}]
api:
  routes: {{GET {route}: {{}}}}
"""


@command("demo", "cgw demo", "cgw demo --step")
@click.option("--step", "by_step", is_flag=True, help="Wait for Enter between steps.")
def demo(*, by_step: bool) -> None:
    """Run the whole tutorial on a private local AWS, and remove everything."""
    with _private_context() as context:
        Walkthrough(context, by_step=by_step).run()


@contextmanager
def _private_context() -> Iterator[Context]:
    """Run a private local AWS in a temporary folder; remove both at the end."""
    from cognito_gw.local import process
    from cognito_gw.resources.user import generate_password

    password = generate_password(8)
    with tempfile.TemporaryDirectory(prefix="cgw-demo-") as folder:
        file = Path(folder, "cgw.yaml")
        file.write_text(_FILE.format(user=_USER, route=_ROUTE), encoding="utf-8")
        options = Options(config=file, local=True, quiet=True)
        state = Path(folder, "state")
        environment = {"CGW_DEMO_PASSWORD": password}
        with process.private(state):
            yield Context(options, state, environment, ui=Terminal(options))


@dataclass
class Walkthrough:
    """The steps of the tutorial, each with its result."""

    context: Context
    by_step: bool
    count: int = 0

    def run(self) -> None:
        """Run all steps."""
        self._say("A private local AWS", "No account, no Docker, no network.")
        self._result(self.context.aws.endpoint_url or "")
        for step, words in _STEPS.items():
            self._make(step, words)
        self._test()
        for step, words in _LATER_STEPS.items():
            self._make(step, words)
        tokens = self._sign_in()
        self._call("Call without a token", None, 401)
        self._call("Call with the ID token", tokens.id_token, 200)
        self._call("Call with the access token", tokens.access_token, 401)
        self._tear_down()

    def _make(self, name: str, words: str) -> None:
        self._say(f"cgw {name}", words)
        steps = run_step(self.context, name, report="none")
        for step in steps:
            if step.error:
                raise step.error
        made = [f"{step.word} {step.resource}" for step in steps if step.is_change]
        self._result(", ".join(made))

    def _test(self) -> None:
        self._say(
            "The console's Test button", "The draft responds before it is deployed."
        )
        stack = self.context.stack
        answer = self.context.aws.apigateway.test_invoke_method(
            restApiId=stack.api["id"],
            resourceId=stack.paths[_ROUTE]["id"],
            httpMethod="GET",
        )
        self._result(f"{answer['status']} {answer['body']}")
        self._expect(answer["status"], 200)

    def _sign_in(self) -> Tokens:
        from cognito_gw.oauth.sign_in import SignIn

        self._say(
            "cgw token", f"{_USER} signs in by SRP, which does not send the password."
        )
        password = self.context.config.users[0].password
        prompter = Prompter(self.context, PresetAnswers(), password)
        client = app_client(self.context, "web")
        tokens = SignIn(self.context.aws.sign_in, client, prompter).with_srp(_USER)
        minutes = tokens.expires_in // 60
        self._result(f"an ID token and an access token, valid for {minutes} minutes")
        return tokens

    def _call(self, title: str, token: str | None, expected: int) -> None:
        why = {
            None: "The authorizer refuses the call; the function is not invoked.",
            200: "The authorizer verifies the pool's signature; the function responds.",
            401: "A method without scopes requires the ID token.",
        }[None if token is None else expected]
        self._say(title, why)
        url = outputs(self.context)["invoke_url"]
        headers = [("Authorization", token)] if token else []
        response = send("GET", f"{url}{_ROUTE}", headers)
        self._result(f"{response.status_code} {response.text}")
        self._expect(response.status_code, expected)

    def _tear_down(self) -> None:
        from cognito_gw.engine import reconcile
        from cognito_gw.engine.walk import backward

        self._say("cgw down", "Everything that the stack owns is deleted.")
        resources = self.context.stack.resources
        visit = partial(reconcile.destroy, aws=self.context.aws)
        steps = walk(self.context, visit, backward(resources), resources, report="none")
        self._result(f"{sum(step.is_change for step in steps)} deleted, nothing left")

    def _say(self, title: str, words: str) -> None:
        if self.by_step and self.count:
            ask("Enter", default="", show_default=False, prompt_suffix="… ")
        self.count += 1
        say(f"{self.count:>2}  ", styled(title, bold=True), f"  {words}")

    def _result(self, text: str) -> None:
        say("    ", styled("→", fg="green"), f" {text}")

    def _expect(self, got: int, expected: int) -> None:
        if got != expected:
            raise CgwError(f"the demo expected {expected} and got {got}")


COMMANDS = {"demo": demo}
