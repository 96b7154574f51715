"""Who calls AWS, by which credentials, and whether both clocks agree."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cognito_gw.aws.clients import Account
from cognito_gw.aws.faults import code_of, message_of
from cognito_gw.doctor.finding import CannotTell, Finding

if TYPE_CHECKING:
    from collections.abc import Callable

    from cognito_gw.aws.clients import Aws

_GOOD, _REFUSED = 60.0, 300.0  # seconds; AWS takes no signature older than 5 minutes
_BY_TIME = frozenset({"RequestExpired", "RequestTimeTooSkewed"})
_TIME_WORDS = ("Signature expired", "Signature not yet current")
_FIX = "set the clock by the network: AWS takes no request that is 5 minutes off"


@dataclass(frozen=True)
class Identity:
    """What AWS answered when asked who we are, and at what time."""

    arn: str
    account: str
    refusal: ClientError | None
    ahead: float | None  # seconds by which our clock is before AWS's

    def account_in(self, region: str) -> Account:
        """Return the account as ARNs of a region spell it."""
        return Account(self.arn.split(":")[1], region, self.account)

    @property
    def is_refused_by_time(self) -> bool:
        """Whether AWS says that the request is too old, or of the future."""
        error = self.refusal
        return error is not None and (
            code_of(error) in _BY_TIME
            or any(words in message_of(error) for words in _TIME_WORDS)
        )


def ask(sts: Any, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Identity:
    """Ask AWS who we are; a refusal tells the time as well."""
    refusal = None
    try:
        answer: Any = sts.get_caller_identity()
    except ClientError as error:
        answer, refusal = error.response, error
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    ahead = _ahead(headers.get("date"), now())
    return Identity(answer.get("Arn", ""), answer.get("Account", ""), refusal, ahead)


def _ahead(date: str | None, now: datetime) -> float | None:
    with suppress(TypeError, ValueError):  # no date, or none that is one
        return (now - parsedate_to_datetime(date or "")).total_seconds()
    return None


def credentials(identity: Identity, source: str) -> Finding:
    """Say whose credentials these are, and where they come from."""
    if identity.is_refused_by_time:
        found = "AWS does not take them, as the clocks disagree"
        return Finding("fail", found, "set the clock: see `clock`")
    if identity.refusal:
        raise identity.refusal
    found = f"{identity.arn}, account {identity.account}, {source}"
    return Finding("ok", found)


def source_of(aws: Aws) -> str:
    """Return where the credentials come from, in botocore's word for it."""
    found = aws.session.get_credentials()
    return f"from {found.method if found else 'nowhere'}"


def clock(identity: Identity) -> Finding:
    """Compare our clock with AWS's."""
    if identity.ahead is None:
        if identity.is_refused_by_time:
            return Finding("fail", "AWS says that this machine's clock is wrong", _FIX)
        raise CannotTell("the answer of AWS has no date")
    off = abs(identity.ahead)
    side = "ahead of" if identity.ahead > 0 else "behind"
    found = f"{off:.0f} s {side} AWS's"
    if off >= _REFUSED or identity.is_refused_by_time:
        return Finding("fail", found, _FIX)
    if off >= _GOOD:
        return Finding("warn", found, _FIX)
    return Finding("ok", f"within {max(off, 1):.0f} s of AWS's")
