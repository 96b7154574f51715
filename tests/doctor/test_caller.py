"""The caller's identity, and the clock difference to AWS."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from cognito_gw.aws.clients import Account
from cognito_gw.doctor.caller import ask, clock, credentials
from cognito_gw.doctor.finding import CannotTell

ARN = "arn:aws-cn:iam::123456789012:user/alice"
AWS_TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DATE = "Fri, 02 Jan 2026 03:04:05 GMT"


class Sts:
    """Responds or refuses at AWS's time."""

    def __init__(self, code=None, message="no", date=DATE):
        headers = {"HTTPHeaders": {"date": date} if date else {}}
        self.meta = {"ResponseMetadata": headers}
        self.error = code and {"Error": {"Code": code, "Message": message}}

    def get_caller_identity(self):
        """Return the caller's identity."""
        if self.error:
            raise ClientError(self.error | self.meta, "GetCallerIdentity")
        return {"Arn": ARN, "Account": "123456789012", "UserId": "x"} | self.meta


def asked(sts, ahead=0):
    """Call with a clock that is some seconds ahead."""
    return ask(sts, lambda: AWS_TIME + timedelta(seconds=ahead))


def test_the_caller_is_known_by_its_arn():
    """With the account, in the format of this partition's ARNs."""
    identity = asked(Sts())
    finding = credentials(identity, "from env")
    assert (finding.state, finding.fix) == ("ok", None)
    assert finding.found == f"{ARN}, account 123456789012, from env"
    account = identity.account_in("cn-north-1")
    assert account == Account("aws-cn", "cn-north-1", "123456789012")


@pytest.mark.parametrize(
    ("ahead", "state", "found"),
    [
        (0, "ok", "within 1 s of AWS's"),
        (-59, "ok", "within 59 s of AWS's"),
        (60, "warn", "60 s ahead of AWS's"),
        (-299, "warn", "299 s behind AWS's"),
        (300, "fail", "300 s ahead of AWS's"),
        (-86400, "fail", "86400 s behind AWS's"),
    ],
)
def test_a_clock_may_be_off_by_less_than_five_minutes(ahead, state, found):
    """Beyond that AWS refuses signatures; from one minute on it is a warning."""
    finding = clock(asked(Sts(), ahead))
    assert (finding.state, finding.found) == (state, found)
    assert (finding.fix is None) is (state == "ok")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("SignatureDoesNotMatch", "Signature expired: 1 is now earlier than 2"),
        ("InvalidSignatureException", "Signature not yet current: 2 is later than 1"),
        ("RequestTimeTooSkewed", "too large"),
        ("RequestExpired", "Request has expired"),
    ],
)
@pytest.mark.parametrize("date", [DATE, None])
def test_a_refusal_by_time_is_about_the_clock(code, message, date):
    """Not the credentials, although AWS's message names them."""
    identity = asked(Sts(code, message, date), ahead=900)
    finding = clock(identity)
    assert finding.state == "fail"
    assert "set the clock" in finding.fix
    assert (finding.found == "900 s ahead of AWS's") is bool(date)
    finding = credentials(identity, "from env")
    assert finding.state == "fail"
    assert finding.fix == "set the clock: see `clock`"


def test_another_refusal_also_shows_the_clock():
    """The credentials are invalid; the clock is right."""
    identity = asked(Sts("InvalidClientTokenId"))
    assert clock(identity).state == "ok"
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        credentials(identity, "from env")


@pytest.mark.parametrize("date", [None, "yesterday"])
def test_without_a_date_there_is_nothing_to_compare(date):
    """An emulator may send none."""
    with pytest.raises(CannotTell, match="no date"):
        clock(asked(Sts(date=date)))


def test_without_credentials_the_caller_is_unknown():
    """The checkup reports it."""
    sts = Sts()

    def nobody():
        raise NoCredentialsError

    sts.get_caller_identity = nobody
    with pytest.raises(NoCredentialsError):
        asked(sts)
