"""Checks of the caller: credentials, clock, Region, and network."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from botocore.exceptions import ClientError

from cognito_gw.aws.clients import Account
from cognito_gw.aws.errors import code_of, message_of
from cognito_gw.doctor.finding import CannotTell, Finding
from cognito_gw.errors import CgwError
from cognito_gw.text import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cognito_gw.aws.clients import Aws


_GOOD, _REFUSED = 60.0, 300.0  # seconds; AWS accepts no signature older than 5 minutes
_BY_TIME = frozenset({"RequestExpired", "RequestTimeTooSkewed"})
_TIME_WORDS = ("Signature expired", "Signature not yet current")
_FIX = "set the clock by the network: AWS refuses requests that are 5 minutes off"


@dataclass(frozen=True)
class Identity:
    """The response of GetCallerIdentity, and its time."""

    arn: str
    account: str
    refusal: ClientError | None
    ahead: float | None  # seconds by which this machine's clock is ahead of AWS's

    def account_in(self, region: str) -> Account:
        """Return the account, to build ARNs in a Region."""
        return Account(self.arn.split(":")[1], region, self.account)

    @property
    def is_refused_by_time(self) -> bool:
        """Whether AWS refused the request for its time."""
        error = self.refusal
        return error is not None and (
            code_of(error) in _BY_TIME
            or any(words in message_of(error) for words in _TIME_WORDS)
        )


def ask(sts: Any, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Identity:
    """Call GetCallerIdentity; a refusal has AWS's time, too."""
    refusal = None
    try:
        answer: Any = sts.get_caller_identity()
    except ClientError as error:
        answer, refusal = error.response, error
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    ahead = _ahead(headers.get("date"), now())
    return Identity(answer.get("Arn", ""), answer.get("Account", ""), refusal, ahead)


def _ahead(date: str | None, now: datetime) -> float | None:
    with suppress(TypeError, ValueError):  # no date, or not a valid one
        return (now - parsedate_to_datetime(date or "")).total_seconds()
    return None


def credentials(identity: Identity, source: str) -> Finding:
    """Report the caller and the source of its credentials."""
    if identity.is_refused_by_time:
        found = "AWS refuses them because the clocks differ"
        return Finding("fail", found, "set the clock: see `clock`")
    if identity.refusal:
        raise identity.refusal
    found = f"{identity.arn}, account {identity.account}, {source}"
    return Finding("ok", found)


def source_of(aws: Aws) -> str:
    """Return the source of the credentials, as botocore names it."""
    found = aws.session.get_credentials()
    return f"from {found.method if found else 'nowhere'}"


def clock(identity: Identity) -> Finding:
    """Compare this machine's clock with AWS's."""
    if identity.ahead is None:
        if identity.is_refused_by_time:
            return Finding("fail", "AWS says that this machine's clock is wrong", _FIX)
        raise CannotTell("the response of AWS has no date")
    off = abs(identity.ahead)
    side = "ahead of" if identity.ahead > 0 else "behind"
    found = f"{off:.0f} s {side} AWS's"
    if off >= _REFUSED or identity.is_refused_by_time:
        return Finding("fail", found, _FIX)
    if off >= _GOOD:
        return Finding("warn", found, _FIX)
    return Finding("ok", f"within {max(off, 1):.0f} s of AWS's")


_NETWORK_FIX = (
    "check the network and the Region; behind a proxy, set HTTPS_PROXY, and "
    "AWS_CA_BUNDLE if it has its own certificate"
)


def endpoints_of(aws: Aws) -> dict[str, list[str]]:
    """Return the services by the URL that their clients call."""
    clients = {
        "cognito-idp": aws.cognito,
        "apigateway": aws.apigateway,
        "lambda": aws.functions,
        "iam": aws.iam,
        "sts": aws.sts,
        "logs": aws.logs,
    }
    urls: dict[str, list[str]] = {}
    for name, client in clients.items():
        urls.setdefault(str(client.meta.endpoint_url), []).append(name)
    return urls


def endpoints(urls: Mapping[str, list[str]], send: Callable[..., Any]) -> Finding:
    """Send a request to each URL; any response shows that it is reachable."""
    with ThreadPoolExecutor(len(urls)) as pool:
        errors = list(pool.map(lambda url: _error(url, send), urls))
    silent = [
        f"{', '.join(names)}: {error}"
        for names, error in zip(urls.values(), errors, strict=True)
        if error
    ]
    way = _way(urls)
    if silent:
        return Finding(
            "fail", "\n".join([f"not reachable {way}:", *silent]), _NETWORK_FIX
        )
    names = ", ".join(name for services in urls.values() for name in services)
    at = f" at {next(iter(urls))}" if len(urls) == 1 else ""
    return Finding("ok", f"{names} respond{at}, {way}")


def _error(url: str, send: Callable[..., Any]) -> str | None:
    try:
        send("GET", url)
    except CgwError as error:
        return error.what
    return None


def _way(urls: Iterable[str]) -> str:
    proxies = {proxy for url in urls if (proxy := proxy_for(url))}
    named = " and ".join(sorted(proxies))
    return f"through the proxy {named}" if named else "without a proxy"


def proxy_for(url: str) -> str | None:
    """Return the environment's proxy for a URL, without its password."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or host in LOOPBACK or proxy_bypass(host):
        return None
    where = urlsplit(proxy if "//" in proxy else f"//{proxy}")
    return where.netloc.rpartition("@")[2]


_NEEDED = {"cognito-idp": "Cognito", "apigateway": "API Gateway", "lambda": "Lambda"}
_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


def origin(
    asked: str | None, in_file: str | None, environment: Mapping[str, str]
) -> str:
    """Return the source of the Region: the first that names one."""
    if asked:
        return "--region"
    if in_file:
        return "the file"
    named = [name for name in _VARIABLES if environment.get(name)]
    return named[0] if named else "the profile"


def region(session: Any, source: str) -> Finding:
    """Check that botocore knows the services in the session's Region."""
    name = session.region_name
    lacking = [
        title for service, title in _NEEDED.items() if not _has(session, service, name)
    ]
    found = f"{name}, from {source}"
    if not lacking:
        return Finding("ok", f"{found}; it has {', '.join(_NEEDED.values())}")
    return Finding(
        "warn",
        f"{found}; botocore does not list {', '.join(lacking)} there",
        "check the spelling; a new Region requires a newer boto3",
    )


def _has(session: Any, service: str, name: str) -> bool:
    return any(
        name in session.get_available_regions(service, partition_name=partition)
        for partition in session.get_available_partitions()
    )
