"""One session and its clients, created once and shared by every thread."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.session import Session, get_session

from cognito_gw import __version__
from cognito_gw.aws.botocore_files import read_quickly
from cognito_gw.aws.endpoints import host_suffixes, partition_of
from cognito_gw.aws.errors import is_concurrent, is_lost, is_quota
from cognito_gw.aws.responses import answer_in_full
from cognito_gw.aws.waits import Pace, pause_after
from cognito_gw.errors import AwsRefused, UsageError

if TYPE_CHECKING:
    from cognito_gw.aws.access_key import AccessKey

Tell = Callable[[str], None]
_ATTEMPTS = 8  # of a call; their pauses grow to 20 s each
_MANY = 6  # conflicts of one call: now people are told why it takes time
_READS = ("AdminGet", "AdminList", "Describe", "Filter", "Get", "List", "Simulate")
_OF_A_STACK = (
    "cognito-idp",
    "apigateway",
    "lambda",
    "iam",
    "logs",
    "resourcegroupstaggingapi",
)


@dataclass(frozen=True)
class Account:
    """Where the stack lives, as ARNs spell it."""

    partition: str
    region: str
    number: str

    def arn(self, service: str, rest: str, *, is_global: bool = False) -> str:
        """Return the ARN of something of this account."""
        region = "" if is_global else self.region
        return f"arn:{self.partition}:{service}:{region}:{self.number}:{rest}"


def named_account(number: str, region: str) -> Account:
    """Return an account by its number; its partition is that of the region."""
    partition = partition_of(region)
    if partition is None:
        raise UsageError(
            f"`{region}` is not an AWS region", hint="check `region:` and `--region`"
        )
    return Account(partition, region, number)


class Aws:
    """AWS, or whatever answers for it at `endpoint_url`.

    Clients are thread-safe, but a session is not while it makes them; hence the lock.
    """

    def __init__(  # noqa: PLR0913 - each is of its surroundings
        self,
        session: boto3.Session,
        *,
        endpoint_url: str | None = None,
        tell: Tell = lambda _: None,
        announce: Tell = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Use `session`; `tell` hears of waits, `announce` what is said only once."""
        self.session = session
        session.events.register(
            "creating-client-class", answer_in_full, unique_id="cgw-answers"
        )
        self.endpoint_url = endpoint_url
        self.tell = tell
        self.announce = announce
        self.sleep = sleep
        self._clock = clock
        self._rates = Pace(clock)
        self._told_until = 0.0
        self._lock = threading.Lock()
        self._asking = threading.Lock()  # others make their clients meanwhile
        self._clients: dict[str, Any] = {}
        self._account: Account | None = None

    @property
    def region(self) -> str:
        """The region that every call goes to."""
        return str(self.session.region_name)

    @property
    def is_amazon(self) -> bool:
        """Whether AWS itself holds the user pools, and not what imitates it."""
        return _is_of_aws(self.cognito)

    @property
    def account(self) -> Account:
        """Whose credentials these are; asks AWS once."""
        with self._asking:
            if self._account is None:
                caller = self.sts.get_caller_identity()
                partition = caller["Arn"].split(":")[1]
                self._account = Account(partition, self.region, caller["Account"])
            return self._account

    def make_ready(self) -> None:
        """Make every client that a whole stack wants, while something is waited for."""
        for service in _OF_A_STACK:
            self._client(service)

    def together(self, *asks: Callable[[], Any]) -> list[Any]:
        """Ask what needs nothing of one another at once; return the answers, in order.

        The first failure is raised when all have ended.
        """
        with ThreadPoolExecutor(len(asks)) as pool:
            asked = [pool.submit(ask) for ask in asks]
        return [each.result() for each in asked]

    @property
    def sts(self) -> Any:
        """Whose credentials these are."""
        return self._client("sts")

    @property
    def cognito(self) -> Any:
        """Cognito user pools, with the caller's credentials."""
        return self._client("cognito-idp")

    @property
    def sign_in(self) -> Any:
        """Cognito user pools as an app calls them: without credentials."""
        return self._client("cognito-idp", signature_version=UNSIGNED)

    @property
    def apigateway(self) -> Any:
        """API Gateway REST APIs."""
        return self._client("apigateway")

    @property
    def functions(self) -> Any:
        """Lambda."""
        return self._client("lambda")

    @property
    def iam(self) -> Any:
        """Identity and access management."""
        return self._client("iam")

    @property
    def logs(self) -> Any:
        """CloudWatch Logs."""
        return self._client("logs")

    @property
    def tagging(self) -> Any:
        """The tagging API: what carries which tag."""
        return self._client("resourcegroupstaggingapi")

    def _client(self, service: str, **options: Any) -> Any:
        key = service + "".join(sorted(options))
        with self._lock:
            if key not in self._clients:
                make: Any = self.session.client  # its overloads want a literal
                client = make(
                    service,
                    endpoint_url=self.endpoint_url,
                    config=self._config(options),
                )
                client.meta.events.register_first(
                    "needs-retry.*.*", _raise_if_lost, unique_id="cgw-lost"
                )
                client.meta.events.register_first(
                    "needs-retry.*.*", self._repeat, unique_id="cgw-repeat"
                )
                if self.endpoint_url:
                    client.meta.events.register_first(
                        "needs-retry.*.*", _raise_if_stopped, unique_id="cgw-stopped"
                    )
                if _is_of_aws(client):
                    client.meta.events.register(
                        "before-call.api-gateway.*", self._pace, unique_id="cgw-pace"
                    )
                    client.meta.events.register(
                        "needs-retry.api-gateway.*", self._ease, unique_id="cgw-ease"
                    )
                self._clients[key] = client
            return self._clients[key]

    def _pace(self, model: Any, context: dict[str, Any], **_: Any) -> None:
        context["cgw_paced"] = True
        wait = self._rates.wait(model.name)
        if wait >= 1 and self._clock() >= self._told_until:  # one word for all threads
            self._told_until = self._clock() + max(wait, 5)
            self.tell(f"waiting {wait:.0f} s for API Gateway's quota of {model.name}")
        if wait:
            self.sleep(wait)

    def _ease(self, operation: Any, response: Any, **_: Any) -> None:
        code = response[1].get("Error", {}).get("Code") if response else None
        if code == "TooManyRequestsException" and self._rates.ease(operation.name):
            self.tell(f"waiting, as API Gateway takes no {operation.name} for now")

    def _repeat(
        self, operation: Any, response: Any, request_dict: dict[str, Any], **_: Any
    ) -> float | bool | None:
        """Return the pause before a repetition, False for none, None if others decide.

        The answer is botocore's to carry out, in the middle of the same call.
        """
        if response is None or "Error" not in response[1]:
            return None
        error = ClientError(response[1], operation.name)
        if is_quota(error):
            return False
        if not is_concurrent(error):
            return None
        context = request_dict["context"]
        conflicts = context["cgw_conflicts"] = context.get("cgw_conflicts", 0) + 1
        if conflicts == _MANY:
            self.tell(f"waiting, as AWS is busy with another change ({operation.name})")
        pause = pause_after(conflicts)
        if pause is None or not context.get("cgw_paced"):
            return pause
        return max(pause, self._rates.wait(operation.name))  # it counts again

    def _config(self, options: dict[str, Any]) -> Config:
        if self.endpoint_url:
            options = options | {"proxies": {}}  # a loopback server needs no proxy
        return Config(
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            max_pool_connections=32,
            connect_timeout=10,
            user_agent_extra=f"cognito-gw/{__version__}",
            **options,
        )


def _is_of_aws(client: Any) -> bool:
    """Whether a client calls AWS itself: emulators have no quotas."""
    host = urlsplit(client.meta.endpoint_url).hostname or ""
    return host.endswith(host_suffixes())


def _raise_if_lost(
    operation: Any, response: Any, caught_exception: Any, **_: Any
) -> None:
    """Let no write be repeated that AWS may have done: whoever asked looks first.

    botocore itself would send it again: a second CreateUserPool makes a second pool.
    """
    if operation.name.startswith(_READS):
        return
    error = caught_exception
    if response is not None:
        error = ClientError(response[1], operation.name)
    if error is not None and is_lost(error):
        raise error


def _raise_if_stopped(caught_exception: Any, **_: Any) -> None:
    """Let no call wait for a local AWS that was there when the command began."""
    if isinstance(caught_exception, EndpointConnectionError):
        raise AwsRefused(
            "the local AWS stopped",
            hint="`cgw up` starts another, and makes the stack in it",
        )


def aws_session(profile: str | None, region: str | None) -> boto3.Session:
    """Return a session of the standard credential chain, for a region that is known."""
    session = boto3.Session(
        profile_name=profile,
        region_name=region or os.environ.get("AWS_REGION") or None,
        botocore_session=read_quickly(get_session()),
    )
    if not session.region_name:
        raise UsageError(
            "no region is given",
            hint="set `region:` in the file, `--region`, or AWS_REGION",
        )
    return session


def local_session(region: str | None, key: AccessKey) -> boto3.Session:
    """Return a session for the embedded local AWS, which takes its own `key` alone."""
    return boto3.Session(
        aws_access_key_id=key.id,
        aws_secret_access_key=key.secret,
        region_name=region or "us-east-1",
        botocore_session=without_profile(),
    )


def trace_calls(session: boto3.Session, tell: Tell) -> None:
    """Tell of each call: service, operation, time and retries; never its content."""

    def begin(context: dict[str, Any], **_: Any) -> None:
        context["cgw_began"] = time.monotonic()

    def end(
        context: dict[str, Any], model: Any, parsed: dict[str, Any], **_: Any
    ) -> None:
        took = (time.monotonic() - context.get("cgw_began", time.monotonic())) * 1000
        meta = parsed.get("ResponseMetadata", {})
        retries = meta.get("RetryAttempts", 0)
        again = f", {retries} retries" if retries else ""
        code = parsed.get("Error", {}).get("Code", meta.get("HTTPStatusCode", ""))
        service = model.service_model.signing_name
        tell(f"{service} {model.name}: {code}, {took:.0f} ms{again}")

    session.events.register("before-call.*.*", begin)
    session.events.register("after-call.*.*", end)


_UNSET = (None, None, None, None)


def without_profile() -> Session:
    """Return a session that heeds no AWS_PROFILE, which may name none that is here."""
    return read_quickly(Session({"profile": _UNSET}))


class EndpointSession(boto3.Session):
    """A boto3 session all of whose clients call the same endpoint, on this machine."""

    def __init__(self, endpoint_url: str, region: str, key: AccessKey) -> None:
        """Sign with the endpoint's `key`."""
        super().__init__(
            aws_access_key_id=key.id,
            aws_secret_access_key=key.secret,
            region_name=region,
            botocore_session=without_profile(),
        )
        self._endpoint_url = endpoint_url

    def client(self, *args: Any, **options: Any) -> Any:
        """Return a client, of this endpoint unless another is given."""
        make: Any = super().client  # its overloads want a literal
        return make(*args, **self._completed(options))

    def resource(self, *args: Any, **options: Any) -> Any:
        """Return a resource, of this endpoint unless another is given."""
        make: Any = super().resource
        return make(*args, **self._completed(options))

    def _completed(self, options: dict[str, Any]) -> dict[str, Any]:
        direct = Config(proxies={})  # no proxy leads to this machine itself
        config = direct.merge(options.get("config") or Config())
        return {"endpoint_url": self._endpoint_url} | options | {"config": config}
