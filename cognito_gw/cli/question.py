"""What `cgw explain` is asked: about which call, of which API."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.partitions import host_pattern
from cognito_gw.errors import CgwError, UsageError

if TYPE_CHECKING:
    from cognito_gw.cli.calling import Calling
    from cognito_gw.cli.session import Session
    from cognito_gw.cli.wish import Wish

_AT_AWS = (  # before and after the end of AWS's hosts; in any case
    r"(?i)(?:https://)?(?P<api>[a-z0-9]+)\.execute-api\.(?P<region>[a-z0-9-]+)",
    r"(?::443)?/(?P<stage>[^/?#]+)(?P<path>[^#]*)(?:#.*)?",
)
_LOCAL = re.compile(
    r"https?://[^/]+/_aws/execute-api/(?P<api>[a-z0-9]+)/(?P<stage>[^/?#]+)"
    r"(?P<path>[^#]*)(?:#.*)?"
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
    session, at_aws = question.session, _at_aws(url)
    found = at_aws or _LOCAL.fullmatch(url)
    if found is None:
        return None
    _check_target(session, is_aws=at_aws is not None)
    parts = found.groupdict()
    named = replace(question, api_id=parts["api"].lower(), stage=parts["stage"])
    if region := parts.get("region"):
        settings = replace(session.settings, region=region.lower())
        named = replace(named, session=replace(session, settings=settings))
    return _own(named), parts["path"] or "/"


def address_in(text: str) -> str | None:
    """Return the address that was pasted, if it is one and no path."""
    bare = text.strip(" \t\r\n\"'`<>")
    is_address = "://" in bare.partition("?")[0] or _at_aws(bare)
    return bare if is_address else None


def _at_aws(url: str) -> re.Match[str] | None:
    return host_pattern(*_AT_AWS).fullmatch(url)


def place_of(url: str) -> str:
    """Return an address without what follows its path, which may hold secrets."""
    return re.split("[?#]", url, maxsplit=1)[0]


def _check_target(session: Session, *, is_aws: bool) -> None:
    """Refuse an address that is not of the target: another API would be called."""
    is_local = session.settings.is_local
    with suppress(CgwError):
        is_local = is_local or (session.has_file and session.is_local)
    if is_aws and is_local:
        raise UsageError(
            "the address is at AWS, and the target is the local AWS",
            hint="leave out `--local`, or take the address that `cgw outputs` prints",
        )
    is_elsewhere = is_local
    with suppress(CgwError):
        is_elsewhere = is_local or not session.aws.is_amazon
    if not is_aws and not is_elsewhere:
        raise UsageError(
            "the address is of the local AWS, and the target is AWS", hint="add --local"
        )


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
