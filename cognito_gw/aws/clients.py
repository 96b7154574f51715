"""A session and its clients, created once and shared by all threads."""

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
from cognito_gw.aws.responses import check_responses
from cognito_gw.aws.waits import Pace, pause_after
from cognito_gw.errors import AwsRefused, UsageError

if TYPE_CHECKING:
    from cognito_gw.aws.endpoints import AccessKey

Tell = Callable[[str], None]
_ATTEMPTS = 8  # per call; the pauses grow to 20 s each
_MANY = 6  # conflicts of one call, after which it reports the reason for the wait
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
    """The partition, Region and account of the stack, as in ARNs."""

    partition: str
    region: str
    number: str

    def arn(self, service: str, rest: str, *, is_global: bool = False) -> str:
        """Return the ARN of a resource of this account."""
        region = "" if is_global else self.region
        return f"arn:{self.partition}:{service}:{region}:{self.number}:{rest}"


def named_account(number: str, region: str) -> Account:
    """Return the account of a number, in the partition of the region."""
    partition = partition_of(region)
    if partition is None:
        raise UsageError(
            f"`{region}` is not an AWS region", hint="check `region:` and `--region`"
        )
    return Account(partition, region, number)


class Aws:
    """The clients of AWS, or of the AWS-compatible `endpoint_url`.

    Clients are thread-safe, but a session is not while it creates them: hence the lock.
    """

    def __init__(  # noqa: PLR0913 - all injected
        self,
        session: boto3.Session,
        *,
        endpoint_url: str | None = None,
        tell: Tell = lambda _: None,
        announce: Tell = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Use `session`; `tell` gets notes on waits, `announce` generated passwords."""
        self.session = session
        session.events.register(
            "creating-client-class", check_responses, unique_id="cgw-responses"
        )
        self.endpoint_url = endpoint_url
        self.tell = tell
        self.announce = announce
        self.sleep = sleep
        self._clock = clock
        self._rates = Pace(clock)
        self._told_until = 0.0
        self._lock = threading.Lock()
        self._asking = threading.Lock()  # lets other clients be created meanwhile
        self._clients: dict[str, Any] = {}
        self._account: Account | None = None

    @property
    def region(self) -> str:
        """The Region of all calls."""
        return str(self.session.region_name)

    @property
    def is_amazon(self) -> bool:
        """Whether the target is AWS itself and not an emulator."""
        return _is_of_aws(self.cognito)

    @property
    def account(self) -> Account:
        """The account of the credentials; one call, cached."""
        with self._asking:
            if self._account is None:
                caller = self.sts.get_caller_identity()
                partition = caller["Arn"].split(":")[1]
                self._account = Account(partition, self.region, caller["Account"])
            return self._account

    def make_ready(self) -> None:
        """Create all clients that a whole stack needs, to save time later."""
        for service in _OF_A_STACK:
            self._client(service)

    def gather(self, *calls: Callable[[], Any]) -> list[Any]:
        """Make independent calls concurrently; return their results, in order.

        The first error is raised after all have ended.
        """
        with ThreadPoolExecutor(len(calls)) as pool:
            futures = [pool.submit(call) for call in calls]
        return [future.result() for future in futures]

    @property
    def sts(self) -> Any:
        """The Security Token Service."""
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
        """The Resource Groups Tagging API."""
        return self._client("resourcegroupstaggingapi")

    def _client(self, service: str, **options: Any) -> Any:
        key = service + "".join(sorted(options))
        with self._lock:
            if key not in self._clients:
                make: Any = self.session.client  # its overloads require a literal
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
                    client.meta.events.register_first(
                        "needs-retry.api-gateway.*", self._ease, unique_id="cgw-ease"
                    )
                self._clients[key] = client
            return self._clients[key]

    def _pace(self, model: Any, context: dict[str, Any], **_: Any) -> None:
        context["cgw_paced"] = True
        wait = self._rates.wait(model.name)
        if wait >= 1 and self._clock() >= self._told_until:  # one note for all threads
            self._told_until = self._clock() + max(wait, 5)
            self.tell(f"waiting {wait:.0f} s for API Gateway's quota of {model.name}")
        if wait:
            self.sleep(wait)

    def _ease(
        self, operation: Any, response: Any, request_dict: dict[str, Any], **_: Any
    ) -> float | None:
        """Return the pause until a throttled call's next turn; None for botocore's."""
        code = response[1].get("Error", {}).get("Code") if response else None
        if code != "TooManyRequestsException":
            return None
        if self._rates.ease(operation.name):
            self.tell(f"waiting: API Gateway throttles {operation.name}")
        context = request_dict["context"]
        attempts = context["cgw_throttled"] = context.get("cgw_throttled", 0) + 1
        return self._rates.wait(operation.name) if attempts < _ATTEMPTS else None

    def _repeat(
        self, operation: Any, response: Any, request_dict: dict[str, Any], **_: Any
    ) -> float | bool | None:
        """Return the pause before a retry, False for no retry, None for botocore's.

        botocore makes the retry within the same call.
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
            self.tell(f"waiting: AWS is busy with another change ({operation.name})")
        pause = pause_after(conflicts)
        if pause is None or not context.get("cgw_paced"):
            return pause
        return max(pause, self._rates.wait(operation.name))  # a retry counts too

    def _config(self, options: dict[str, Any]) -> Config:
        if self.endpoint_url:
            options = options | {"proxies": {}}  # loopback needs no proxy
        return Config(
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            max_pool_connections=32,
            connect_timeout=10,
            user_agent_extra=f"cognito-gw/{__version__}",
            **options,
        )


def _is_of_aws(client: Any) -> bool:
    """Whether a client calls AWS itself; emulators have no quotas."""
    host = urlsplit(client.meta.endpoint_url).hostname or ""
    return host.endswith(host_suffixes())


def _raise_if_lost(
    operation: Any, response: Any, caught_exception: Any, **_: Any
) -> None:
    """Prevent the retry of a write that AWS may have done: the caller reads first.

    botocore would send it again: a second CreateUserPool creates a second pool.
    """
    if operation.name.startswith(_READS):
        return
    error = caught_exception
    if response is not None:
        error = ClientError(response[1], operation.name)
    if error is not None and is_lost(error):
        raise error


def _raise_if_stopped(caught_exception: Any, **_: Any) -> None:
    """Fail at once when the local AWS stopped during the command."""
    if isinstance(caught_exception, EndpointConnectionError):
        raise AwsRefused(
            "the local AWS stopped",
            hint="`cgw up` starts it again and creates the stack in it",
        )


def aws_session(profile: str | None, region: str | None) -> boto3.Session:
    """Return a session with the standard credential chain; require a Region."""
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
    """Return a session for the embedded local AWS, which accepts only its own `key`."""
    return boto3.Session(
        aws_access_key_id=key.id,
        aws_secret_access_key=key.secret,
        region_name=region or "us-east-1",
        botocore_session=without_profile(),
    )


def trace_calls(session: boto3.Session, tell: Tell) -> None:
    """Report each call: service, operation, time and retries; never its content."""

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
    """Return a session that ignores AWS_PROFILE, which may not exist here."""
    return read_quickly(Session({"profile": _UNSET}))


class EndpointSession(boto3.Session):
    """A boto3 session whose clients all call one endpoint on this machine."""

    def __init__(self, endpoint_url: str, region: str, key: AccessKey) -> None:
        """Sign requests with the endpoint's `key`."""
        super().__init__(
            aws_access_key_id=key.id,
            aws_secret_access_key=key.secret,
            region_name=region,
            botocore_session=without_profile(),
        )
        self._endpoint_url = endpoint_url

    def client(self, *args: Any, **options: Any) -> Any:
        """Return a client for this endpoint, unless `options` has another."""
        make: Any = super().client  # its overloads require a literal
        return make(*args, **self._completed(options))

    def resource(self, *args: Any, **options: Any) -> Any:
        """Return a resource for this endpoint, unless `options` has another."""
        make: Any = super().resource
        return make(*args, **self._completed(options))

    def _completed(self, options: dict[str, Any]) -> dict[str, Any]:
        direct = Config(proxies={})  # a proxy cannot reach this machine
        config = direct.merge(options.get("config") or Config())
        return {"endpoint_url": self._endpoint_url} | options | {"config": config}
