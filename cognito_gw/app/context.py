"""What a command works with: the file, the target, the stack, and progress."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial, update_wrapper
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.cli.settings import Settings, with_options
from cognito_gw.errors import CannotChange, UsageError
from cognito_gw.report.say import say, styled
from cognito_gw.state import alone, state_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    from cognito_gw.aws.clients import Aws
    from cognito_gw.aws.endpoints import Links
    from cognito_gw.config.load import Loaded
    from cognito_gw.config.model import Config
    from cognito_gw.engine.resource import Resource, Step
    from cognito_gw.engine.walk import Graph, Visit
    from cognito_gw.local.process import Server
    from cognito_gw.report.lines import Reporter
    from cognito_gw.resources.stack import Stack


@dataclass
class Session:
    """Everything is made when it is first asked for, and once."""

    settings: Settings
    state: Path = field(default_factory=state_directory)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    given: Config | None = None  # in the place of the file
    only_changes: bool = False  # are told of a walk
    steps: Collection[str] | None = None  # that the command takes; None: all

    @cached_property
    def loaded(self) -> Loaded:
        """The file, validated, and what its author should know of it."""
        from cognito_gw.config.load import Loaded, load

        if self.given is not None:
            return Loaded(self.given, [])
        return load(self.settings.config, self.environment, self.steps)

    def reread(self) -> None:
        """Let the file be read anew, and keep the target with its clients."""
        for name in ("loaded", "stack"):
            vars(self).pop(name, None)

    @property
    def has_file(self) -> bool:
        """Whether there is a file, or one was named."""
        file = self.settings.config
        return file.exists() or file != Settings.config

    @property
    def config(self) -> Config:
        """The file, validated."""
        return self.loaded.config

    def warn(self) -> None:
        """Print what is allowed in the file and yet worth a second thought."""
        warnings = [*self.loaded.warnings, *self._left_out(), *self._shortcomings()]
        for warning in [] if self.settings.quiet else warnings:
            say(styled("warning:", fg="yellow"), f" {warning}", err=True)

    def _left_out(self) -> list[str]:
        """Return which settings in the code of functions are not deployed."""
        from cognito_gw.resources.code_folder import IGNORE_FILE, CodeFolder

        codes = {
            CodeFolder(each.code, tuple(each.include))
            for each in self.config.functions.values()
            if each.code
        }
        return [
            f"{code.path / name} is not deployed: put what the function needs of it "
            "under `environment`, or list it under `include`; to silence this, list it "
            f"in {IGNORE_FILE}"
            for code in sorted(codes, key=lambda each: each.path)
            for name in code.settings_left_out()
        ]

    def _shortcomings(self) -> list[str]:
        """Return which functions the local AWS does not run as AWS does."""
        if not self.is_local:
            return []
        from cognito_gw.local.awslambda.clients import shortcomings

        return list(shortcomings(self.config.functions).values())

    def tell_unread(self) -> None:
        """Print what of the file could not be read, and so is compared with nothing."""
        from cognito_gw.config.load import spell

        for problem in self.loaded.unread:
            self.tell(f"not compared: {spell(problem.path)}{problem.what}")

    @property
    def is_local(self) -> bool:
        """Whether the target is the embedded local AWS."""
        return self.settings.is_local or self.config.target == "local"

    @property
    def region(self) -> str | None:
        """The region that was asked for, if any."""
        return self.settings.region or self.config.region

    @property
    def place(self) -> str:
        """What tells this target from others, without asking it anything."""
        if self.is_local:
            from cognito_gw.local.process import recorded_instance

            return f"local {recorded_instance(self.state)}"
        names = ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL")
        around = [f"{name}={os.environ.get(name, '')}" for name in names]
        return " ".join([f"{self.settings.profile} {self.region}", *around])

    @property
    def token_place(self) -> str:
        """What tells where tokens come from and go to: the target, and the file's say.

        Under another place they are not found, so what a file adds gets no kept token.
        """
        config = self.config
        clients = {key: each.id for key, each in config.app_clients.items() if each.id}
        named = [config.user_pool.id, config.api.id, clients]
        said = json.dumps([*named, *config.endpoints.model_dump().values()])
        return f"{self.place} {hashlib.sha256(said.encode()).hexdigest()}"

    @cached_property
    def server(self) -> Server:
        """The embedded local AWS, started when it does not run."""
        from cognito_gw.local import process

        if process.recorded_instance(self.state) is None:
            self.tell("starting the local AWS")
        return process.start(self.state)

    @cached_property
    def target(self) -> tuple[Aws, Links]:
        """AWS or the local one, started when it does not run, and its addresses."""
        from cognito_gw.aws import clients, endpoints

        if self.is_local:
            url = self.server.url
            session = clients.local_session(self.region, self.server.access_key)
            addresses = endpoints.local_links(url)
        else:
            url = None
            session = clients.aws_session(self.settings.profile, self.region)
            addresses = endpoints.aws_links(session.region_name)
        if self.settings.verbose:
            clients.trace_calls(session, self.tell)
        aws = clients.Aws(
            session,
            endpoint_url=url,
            tell=self.tell,
            announce=self._announce,
        )
        return aws, addresses

    @property
    def aws(self) -> Aws:
        """The target's clients."""
        return self.target[0]

    @property
    def links(self) -> Links:
        """The target's addresses."""
        return self.target[1].overridden(self.endpoints)

    @property
    def endpoints(self) -> Mapping[str, str]:
        """The addresses that the file gives; those of AWS and the local AWS are known.

        A token of AWS never goes to an address that only the file names.
        """
        if self.is_local or self.aws.is_amazon:
            return {}
        given = self.config.endpoints.model_dump()
        return {key: address for key, address in given.items() if address}

    def prepare(self, also: Callable[[], object] = bool) -> None:
        """Make what a whole stack needs while AWS says whose account it is."""
        from concurrent.futures import ThreadPoolExecutor

        aws = self.aws
        _ = aws.sts  # first: the others are made while it is waited for
        with ThreadPoolExecutor(2) as pool:
            asked = [pool.submit(each) for each in (lambda: aws.account, also)]
            aws.make_ready()
        for each in asked:
            each.result()

    @cached_property
    def stack(self) -> Stack:
        """The file as resources, in the caller's account."""
        from cognito_gw.resources.stack import build

        stack = build(self.config, self.aws.account)
        stack.ignore(problem.path for problem in self.loaded.unread)
        return stack

    @cached_property
    def reporter(self) -> Reporter:
        """Who is told while nothing else is on the screen."""
        from cognito_gw.report.lines import Lines

        return Lines(quiet=self.settings.quiet)

    def walk(
        self,
        visit: Visit,
        graph: Graph,
        shown: list[Resource],
        *,
        silently: bool = False,
    ) -> list[Step]:
        """Walk the graph; tell of the resources `shown`, and return the steps.

        Those shown come first, in their order; what is absent and unwanted is no news.
        """
        from cognito_gw.engine.resource import told as parts
        from cognito_gw.engine.walk import walk

        steps: dict[Resource, Step] = {}
        told = [] if silently else shown
        with self._telling_how_far(steps, told), self._reporting(told) as reporter:

            def note(step: Step) -> None:
                step = self._placed(step)
                if step.error and step.error.hint:
                    step.error.hint = with_options(step.error.hint)
                steps[step.resource] = step
                for part in parts([step]) if step.resource in told else []:
                    if self.is_told(part):
                        reporter.finished(part)

            walk(
                visit,
                graph,
                on_start=reporter.started,
                on_step=note,
                on_interrupt=self._finishing,
            )
        order = [*shown, *(each for each in graph if each not in shown)]
        return [
            steps[each] for each in order if each in steps and _is_news(steps[each])
        ]

    def _placed(self, step: Step) -> Step:
        """Return the step, with the place in the file before what it says of a key."""
        if not isinstance(step.error, CannotChange):
            return step
        place = self.loaded.where(step.error.key)
        return replace(step, error=step.error.at(place)) if place else step

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Change the stack while no other cgw of this user does."""
        _ = self.aws  # first: a local AWS that is to be started has no name yet
        key = hashlib.sha256(f"{self.place} {self.config.name}".encode()).hexdigest()
        words = (
            f"another cgw is at work on the stack {self.config.name}: waiting for it"
        )
        with alone(self.state / "stack-locks" / key[:32], lambda: self.tell(words)):
            yield

    def is_told(self, step: Step) -> bool:
        """Whether a step of those shown is worth a line."""
        is_change = step.is_change or step.action in ("fail", "skip")
        return is_change if self.only_changes else _is_news(step)

    def check_code(self, resources: list[Resource]) -> None:
        """Refuse code that Lambda would not take, or with secrets, before all else."""
        from cognito_gw.resources.function import Function

        for resource in resources:
            if isinstance(resource, Function):
                resource.check_code()

    def check_passwords(self, resources: list[Resource]) -> None:
        """Refuse passwords that are not given, before anything is made."""
        from cognito_gw.resources.user import User

        lacking = [
            each for each in resources if isinstance(each, User) and each.lacks_password
        ]
        if not lacking:
            return
        self.look([*lacking])
        new = [each for each in lacking if each.needs_password and each.password]
        if new:
            names = sorted(
                {str(each.password and each.password.missing) for each in new}
            )
            raise UsageError(
                f"no password for {', '.join(map(str, new))}: "
                f"set the environment variable {', '.join(names)}",
                hint="; ".join(f"export {name}=…" for name in names),
            )

    def look(self, resources: list[Resource]) -> None:
        """Read resources and what they need; raise the first failure."""
        from cognito_gw.engine import reconcile
        from cognito_gw.engine.walk import closure, forward

        graph = forward(closure(resources))
        visit = partial(reconcile.refresh, aws=self.aws)
        for step in self.walk(visit, graph, resources, silently=True):
            if step.error:
                raise step.error

    def tell(self, text: str) -> None:
        """Print a note on stderr, unless quiet."""
        self.reporter.tell(with_options(text))  # the current reporter

    def trace(self, text: str) -> None:
        """Print a note that only `-v` asks for."""
        if self.settings.verbose:
            self.tell(text)

    def _announce(self, text: str) -> None:
        self.reporter.announce(text)

    def _finishing(self, running: list[Resource]) -> None:
        self.tell(f"stopping: waiting for {', '.join(map(str, running))}")

    @contextmanager
    def _telling_how_far(
        self, steps: Mapping[Resource, Step], shown: list[Resource]
    ) -> Iterator[None]:
        """Say, when interrupted, what is done and what is not."""
        from cognito_gw.report.lines import summary

        try:
            yield
        except KeyboardInterrupt:
            done = [each for each in steps.values() if _is_news(each)]
            left = sum(each not in steps and each.enabled for each in shown)
            words = ", ".join(filter(None, [summary(done), f"{left} not done"]))
            if shown and not self.settings.quiet:
                say(f"{words}: the same command goes on from here", err=True)
            raise

    @contextmanager
    def _reporting(self, shown: list[Resource]) -> Iterator[Reporter]:
        is_animated = sys.stdout.isatty() and sys.stderr.isatty()
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        quiet = self.settings.quiet or self.only_changes or not shown
        if plain or not is_animated or quiet:
            yield self.reporter
            return
        from cognito_gw.report.rows import Rows

        before = self.reporter
        with Rows(shown) as rows:
            self.reporter = rows
            try:
                yield rows
            finally:
                self.reporter = before


def with_session(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command its session as the first argument."""
    return _with_session(function, steps=None)


def with_reading_session(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command a session in which the file need not be fit to make anything."""
    return _with_session(function, steps=())


def _with_session(
    function: Callable[..., None], *, steps: Collection[str] | None
) -> Callable[..., None]:
    @click.pass_context
    def run(context: click.Context, /, *args: Any, **kwargs: Any) -> None:
        session = Session(context.ensure_object(Settings), steps=steps)
        function(session, *args, **kwargs)

    return update_wrapper(run, function)


def _is_news(step: Step) -> bool:
    """Whether anybody wants to hear of it: not of what is absent and unwanted."""
    return step.resource.enabled or step.is_change or step.action == "fail"
