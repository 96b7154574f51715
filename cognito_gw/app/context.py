"""What a command works with: options, the file, the target, and the user."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cognito_gw.errors import Missing
from cognito_gw.state import state_directory

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from cognito_gw.aws.clients import Aws
    from cognito_gw.aws.endpoints import Links
    from cognito_gw.config.load import Loaded
    from cognito_gw.config.model import Config
    from cognito_gw.engine.resource import Resource, Step
    from cognito_gw.local.process import Server
    from cognito_gw.resources.stack import Stack


@dataclass
class Options:
    """The global options of the command line."""

    config: Path = Path("cgw.yaml")
    local: bool = False
    profile: str | None = None
    region: str | None = None
    env: str | None = None
    output: str = "text"
    quiet: bool = False
    verbose: bool = False

    @property
    def is_local(self) -> bool:
        """Whether the command line or the environment selects the local AWS."""
        return self.local or os.environ.get("CGW_LOCAL", "") not in ("", "0")

    @property
    def chosen_env(self) -> str | None:
        """The environment that the command line or CGW_ENV chooses."""
        return self.env if self.env is not None else os.environ.get("CGW_ENV") or None

    @property
    def as_json(self) -> bool:
        """Whether stdout carries one JSON document and nothing else."""
        return self.output == "json"


class UserInterface:
    """Reports progress to the user, and asks questions.

    This one is silent and cannot ask. The command line's is `cli.terminal`.
    """

    is_interactive = False  # whether questions can be asked

    def tell(self, text: str) -> None:
        """Report a wait, or a decision that the user did not ask for."""

    def trace(self, text: str) -> None:
        """Report a detail."""

    def warn(self, text: str) -> None:
        """Report something that is allowed but may be a mistake."""

    def announce(self, text: str) -> None:
        """Report something that is shown only once and must not be missed."""

    @contextmanager
    def walking(
        self,
        shown: Sequence[Resource],  # noqa: ARG002 - for those that show them
        *,
        only_changes: bool = False,  # noqa: ARG002 - likewise
    ) -> Iterator[None]:
        """Show the progress of a walk over the `shown` resources while it lasts."""
        yield

    def started(self, resource: Resource) -> None:
        """Report that the visit of a resource starts."""

    def finished(self, step: Step) -> None:
        """Report the result of a visit."""

    def interrupted(self, done: list[Step], left: int) -> None:
        """Report what a walk did before Ctrl-C, and how many resources are left."""

    def show(self, text: str) -> None:
        """Print what the user needs to answer a question."""

    def show_secret(self, secret: str, uri: str) -> None:
        """Show an authenticator app's secret, and its URI as a QR code."""

    def open_page(self, url: str, *, opens_browser: bool) -> None:
        """Show the address of a page, and open it in a browser."""

    def ask(
        self,
        question: str,
        *,
        hidden: bool = False,  # noqa: ARG002 - for those that ask
        twice: bool = False,  # noqa: ARG002 - likewise
        options: Sequence[str] = (),  # noqa: ARG002 - likewise
    ) -> str:
        """Return the user's answer: free text, or one of the `options`."""
        raise Missing(f"cannot ask: {question}")


@dataclass
class Context:
    """The file, the target and the user interface; each is made on first use."""

    options: Options
    state: Path = field(default_factory=state_directory)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    given: Config | None = None  # replaces the file
    steps: Collection[str] | None = None  # to validate the file for; None: all
    ui: UserInterface = field(default_factory=UserInterface)

    @cached_property
    def loaded(self) -> Loaded:
        """The validated file, with its warnings."""
        from cognito_gw.config.load import Loaded, load

        if self.given is not None:
            return Loaded(self.given, [])
        options = self.options
        return load(options.config, self.environment, self.steps, options.chosen_env)

    @property
    def config(self) -> Config:
        """The validated file."""
        return self.loaded.config

    @property
    def has_file(self) -> bool:
        """Whether the file exists, or the command line names one."""
        file = self.options.config
        return file.exists() or file != Options.config

    def reread(self) -> None:
        """Read the file again on next use; keep the target with its clients."""
        for name in ("loaded", "stack"):
            vars(self).pop(name, None)

    @property
    def is_local(self) -> bool:
        """Whether the target is the embedded local AWS."""
        return self.options.is_local or self.config.target == "local"

    @property
    def region(self) -> str | None:
        """The Region that the command line or the file names."""
        return self.options.region or self.config.region

    @property
    def target_name(self) -> str:
        """A name for the target that needs no AWS call; other targets differ in it."""
        if self.is_local:
            from cognito_gw.local.process import recorded_instance

            return f"local {recorded_instance(self.state)}"
        names = ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL")
        variables = [f"{name}={os.environ.get(name, '')}" for name in names]
        return " ".join([f"{self.options.profile} {self.region}", *variables])

    @cached_property
    def server(self) -> Server:
        """The embedded local AWS; starts it if it is not running."""
        from cognito_gw.local import process

        if process.recorded_instance(self.state) is None:
            self.ui.tell("starting the local AWS")
        return process.start(self.state)

    @cached_property
    def target(self) -> tuple[Aws, Links]:
        """The clients and addresses of AWS, or of the local AWS, started if needed."""
        from cognito_gw.aws import clients, endpoints

        if self.is_local:
            url = self.server.url
            session = clients.local_session(self.region, self.server.access_key)
            links = endpoints.local_links(url)
        else:
            url = None
            session = clients.aws_session(self.options.profile, self.region)
            links = endpoints.aws_links(session.region_name)
        if self.options.verbose:
            clients.trace_calls(session, self.ui.tell)
        aws = clients.Aws(
            session, endpoint_url=url, tell=self.ui.tell, announce=self.ui.announce
        )
        return aws, links

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
        """The file's addresses, which count only for an AWS-compatible endpoint.

        Those of AWS and the local AWS are known, so a token of AWS never goes to an
        address from the file.
        """
        if self.is_local or self.aws.is_amazon:
            return {}
        given = self.config.endpoints.model_dump()
        return {key: address for key, address in given.items() if address}

    @cached_property
    def stack(self) -> Stack:
        """The file as resources, in the caller's account."""
        from cognito_gw.resources.stack import build

        stack = build(self.config, self.aws.account)
        stack.ignore(problem.path for problem in self.loaded.unread)
        return stack
