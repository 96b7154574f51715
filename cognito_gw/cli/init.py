"""`cgw init`, `schema` and `completion`: set up a project, an editor, a shell."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.cli import completions
from cognito_gw.cli.command import command, command_line
from cognito_gw.cli.options import yes_option
from cognito_gw.cli.output import ask, confirm, line, say, say_exactly
from cognito_gw.cli.results import show_json
from cognito_gw.cli.terminal import is_terminal, with_context
from cognito_gw.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from cognito_gw.app.context import Context
    from cognito_gw.config.starter import Starter

    Given = list[tuple[str, str, Any]]  # option, field, value


_FORMATS = {
    "name": (
        "stack name",
        "a letter, then letters, digits and -, at most 32 characters",
    ),
    "region": ("AWS Region", "such as us-east-1"),
}


def answered(starter: Starter, field: str, value: Any) -> Starter:
    """Return the file with a value; raise UsageError if the value is not valid."""
    changed = replace(starter, **{field: value})
    try:
        changed.validated()
    except UsageError as problem:
        if field not in _FORMATS:
            raise
        kind, hint = _FORMATS[field]
        raise UsageError(f"`{value}` is not a valid {kind}", hint=hint) from problem
    return changed


@dataclass
class Interview:
    """Asks for the values that the command line does not give."""

    starter: Starter
    given: Collection[str]

    def held(self) -> Starter:
        """Ask, and return the file with the answers."""
        say("Press Enter for the value in brackets, Ctrl-C to cancel.", err=True)
        questions: dict[str, Callable[[], None]] = {
            "name": partial(self._ask, "name", "Stack name"),
            "region": partial(self._ask, "region", "AWS Region"),
            "sign_in_with": self._ask_sign_in,
            "routes": self._ask_routes,
        }
        for field, question in questions.items():
            if field not in self.given:
                question()
        return self.starter

    def _ask(self, field: str, words: str) -> None:
        self.starter = ask(
            words,
            default=getattr(self.starter, field),
            value_proc=partial(self._with, field),
        )

    def _ask_sign_in(self) -> None:
        from cognito_gw.config.starter import SIGN_INS

        kinds, default = click.Choice([*SIGN_INS]), self.starter.sign_in_with
        kind = ask("Users sign in with", type=kinds, default=default)
        self.starter = replace(self.starter, sign_in_with=kind)

    def _ask_routes(self) -> None:
        words = "Route, such as GET /orders (Enter: /transactions and /health)"
        while route := ask(
            words, default="", show_default=False, value_proc=self._route
        ):
            is_public = confirm("  public, without a token?")
            routes = self.starter.routes | {route: is_public}
            self.starter = replace(self.starter, routes=routes)
            words = "Another route (Enter: no more)"

    def _route(self, answer: str) -> str:
        route = answer.strip()
        if route:
            self._with("routes", self.starter.routes | {route: False})
        return route

    def _with(self, field: str, answer: Any) -> Starter:
        """Return the file with an answer; ask again if it is not valid."""
        try:
            return answered(self.starter, field, answer)
        except UsageError as problem:
            words = ": ".join(filter(None, (problem.what, problem.hint)))
            raise click.UsageError(line(words)) from None


_PASSWORD = "CGW_ALICE_PASSWORD"  # noqa: S105 - the variable that the file names


@command(
    "init",
    "cgw init",
    "cgw init --name orders --route 'GET /orders' --public 'GET /health'",
    "cgw init --yes -c staging.yaml --region eu-west-1",
)
@click.option("--name", metavar="NAME", help="The name of the stack.")
@click.option(
    "--sign-in-with",
    type=click.Choice(["email", "username", "phone"]),
    metavar="KIND",
    help="email, username or phone: what users sign in with.",
)
@click.option(
    "--route",
    multiple=True,
    metavar="'METHOD /path'",
    help="A route that requires a token; can be repeated.",
)
@click.option(
    "--public",
    multiple=True,
    metavar="'METHOD /path'",
    help="A route that anyone can call; can be repeated.",
)
@yes_option
@with_context
def init(context: Context, *, yes: bool, **options: Any) -> None:
    """Write a commented `cgw.yaml`; never overwrites a file.

    At a terminal, it asks for values that no option gives. Otherwise, and with --yes,
    it uses those of the tutorial. --route and --public replace its routes.
    """
    target = context.options.config
    context.options.env = None  # the new file has none
    _require_free(target)
    given = _given(context, options)
    starter = _started(given)
    if not yes and is_terminal() and sys.stderr.isatty():
        fields = {field for _, field, _ in given}
        around = starter if "region" in fields else _around(context, starter)
        starter = Interview(around, fields).held()
    _write(target, starter.validated())
    say(f"wrote {target}", err=True)
    if _PASSWORD not in os.environ:
        say(f"set the password of alice@example.com: export {_PASSWORD}=…", err=True)
    say(f"try it without an account: {command_line('--local up')}", err=True)


def _given(context: Context, options: dict[str, Any]) -> Given:
    """Return the values that the command line gives."""
    found: Given = [
        ("--name", "name", options["name"]),
        ("--region", "region", context.options.region),
        ("--sign-in-with", "sign_in_with", options["sign_in_with"]),
    ]
    routes: dict[str, bool] = {}
    for option in ("route", "public"):
        for route in options[option]:
            routes = routes | {route: option == "public"}
            found.append((f"--{option} {route}", "routes", routes))
    return [entry for entry in found if entry[-1] is not None]


def _started(given: Given) -> Starter:
    from cognito_gw.config.starter import Starter

    starter = Starter()
    for words, field, value in given:
        try:
            starter = answered(starter, field, value)
        except UsageError as problem:
            raise UsageError(f"{words}: {problem.what}", hint=problem.hint) from None
    return starter


def _around(context: Context, starter: Starter) -> Starter:
    """Return the file with the Region of the AWS CLI's settings as a default."""
    from cognito_gw.aws.botocore_files import region_around

    region = region_around(os.environ, context.options.profile)
    try:
        return answered(starter, "region", region) if region else starter
    except UsageError:  # not a valid Region
        return starter


def _require_free(target: Path) -> None:
    """Raise, before any question, if the file cannot be written."""
    from cognito_gw.config.yaml_file import other_suffix

    if target.exists() or target.is_symlink():
        raise _taken(target)
    if beside := other_suffix(target):
        raise _taken(beside)
    if not target.parent.is_dir():
        raise UsageError(f"{target} cannot be written: the folder does not exist")


def _taken(target: Path) -> UsageError:
    return UsageError(
        f"{target} already exists; not overwritten",
        hint="use another file with `-c FILE`",
    )


def _write(target: Path, text: str) -> None:
    """Write the file; delete it if that fails midway."""
    try:
        with target.open("x", encoding="utf-8") as file:
            try:
                file.write(text)
                file.flush()
            except BaseException:
                target.unlink()
                raise
    except FileExistsError:
        raise _taken(target) from None
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}") from None


@command("schema", "cgw schema > cgw.schema.json")
def schema() -> None:
    """Print the file's JSON Schema, for editors."""
    from cognito_gw.config.starter import published_schema

    show_json(published_schema())


# For each shell, its startup file, and the line to add to it.
_STARTUP = {
    "bash": ("~/.bashrc", 'eval "$(cgw completion bash)"'),
    "zsh": ("~/.zshrc", 'eval "$(cgw completion zsh)"'),
    "fish": ("~/.config/fish/config.fish", "cgw completion fish | source"),
}


@command("completion", "cgw completion", 'eval "$(cgw completion bash)"')
@click.argument("shell", required=False, type=click.Choice(list(_STARTUP)))
@with_context
def completion(context: Context, *, shell: str | None) -> None:
    """Print the completion script for your shell.

    It completes commands, options, and the names in the file: users, routes, app
    clients, functions. The default shell is that of the variable SHELL.
    """
    name = shell or _own_shell(context)
    cgw = click.get_current_context().find_root().command
    script = completions.SHELLS[name](cgw, {}, "cgw", "_CGW_COMPLETE").source()
    file, line = _STARTUP[name]
    if context.options.as_json:
        show_json({"shell": name, "script": script, "file": file, "line": line})
        return
    say_exactly(*script.rstrip("\n").split("\n"))
    if sys.stdout.isatty() and not context.options.quiet:
        say(f"to enable completion in every {name}, add to {file}:", err=True)
        say(f"  {line}", err=True)


def _own_shell(context: Context) -> str:
    name = PurePath(context.environment.get("SHELL", "")).name
    if name not in _STARTUP:
        known = " or ".join(f"`cgw completion {shell}`" for shell in _STARTUP)
        what = f"SHELL is {name}" if name else "SHELL is not set"
        raise UsageError(f"the shell is not known: {what}", hint=f"run {known}")
    return name


COMMANDS = {"init": init, "schema": schema, "completion": completion}
