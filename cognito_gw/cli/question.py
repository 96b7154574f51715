"""What `cgw explain` is asked: about which call, of which API."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.partitions import host_pattern
from cognito_gw.errors import CgwError, UsageError

if TYPE_CHECKING:
    from cognito_gw.cli.calling import Calling
    from cognito_gw.cli.session import Session
    from cognito_gw.cli.wish import Wish

_AT_AWS = (
    r"https://(?P<api>[a-z0-9]+)\.execute-api\.(?P<region>[a-z0-9-]+)",
    r"/(?P<stage>[^/?]+)(?P<path>[^#]*)",
)
_LOCAL = re.compile(
    r"https?://[^/]+/_aws/execute-api/(?P<api>[a-z0-9]+)/(?P<stage>[^/?]+)(?P<path>[^#]*)"
)


@dataclass(frozen=True)
class Question:
    """What is to be explained, as the command line spells it."""

    session: Session
    choice: str | None  # of the token
    wish: Wish
    stage: str | None
    api_id: str | None
    sends: bool
    is_exact: bool  # about the token that the method wants, and no other
    options: dict[str, Any] = field(repr=False)

    def calling(self) -> Calling:
        """Return the stage to call: of the API that is named, or of the file's."""
        from cognito_gw.cli.calling import Calling

        if self.api_id is None:
            return Calling.of_stack(self.session, self.stage)
        if self.stage is None:
            raise UsageError("--api-id needs --stage", hint="such as `--stage dev`")
        return Calling.of_api(self.session, self.api_id, self.stage)

    def without_file(self) -> Question:
        """Return it for an API that is named, for which no file is read."""
        from cognito_gw.config.schema import Config

        config = Config(name=f"api-{self.api_id}"[:32])
        return replace(self, session=replace(self.session, given=config))


def at_address(question: Question, url: str) -> tuple[Question, str] | None:
    """Return the question about an address of an API, and the path in it."""
    found = host_pattern(*_AT_AWS).fullmatch(url) or _LOCAL.fullmatch(url)
    if found is None:
        return None
    parts = found.groupdict()
    named = replace(question, api_id=parts["api"], stage=parts["stage"])
    if region := parts.get("region"):
        settings = replace(question.session.settings, region=region)
        named = replace(named, session=replace(question.session, settings=settings))
    return _own(named), parts["path"] or "/"


def _own(question: Question) -> Question:
    """Return the question with the file's knowledge, if it is the file's API."""
    from botocore.exceptions import BotoCoreError, ClientError

    from cognito_gw.aws.faults import as_cgw_error

    session = question.session
    if not session.has_file:
        return question
    try:
        session.look([session.stack.api])
    except (BotoCoreError, ClientError, CgwError) as problem:
        session.trace(f"the file's own API cannot be told: {as_cgw_error(problem)}")
        return question
    live = session.stack.api.live
    is_own = live is not None and live["id"] == question.api_id
    return replace(question, api_id=None) if is_own else question
