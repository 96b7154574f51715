"""moto as the store of the control plane, in this process."""

from __future__ import annotations

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.session import Session
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID, loaders, responses, utils
from moto.core.request import Request
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    create_backend_app,
)
from werkzeug.test import run_wsgi_app

from cognito_gw.aws.botocore_files import Files, Models, read_quickly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.client import BaseClient


_T = TypeVar("_T")
_NOT_OF_AWS = ("moto_api", "instance_metadata")


class Dispatcher(DomainDispatcherApplication):  # type: ignore[misc]
    """Caches the service of a host, for which moto lists its folders.

    No path or host leads to what moto serves besides AWS: pages that read, seed and
    reset its state, and recordings.
    """

    @lru_cache  # noqa: B019 - one per process
    def get_backend_for_host(self, host: str | None) -> Any:
        """Return the service of a host, or None if moto does not know one."""
        backend = super().get_backend_for_host(host)
        if str(backend).startswith(_NOT_OF_AWS):
            raise NotImplementedError(f"{host} is not a service of AWS")
        return backend


class _Models(Models, loaders.Loader):  # type: ignore[misc]
    """Reads service models quickly, with the additions of moto."""


@cache
def _models() -> Any:
    return _Models([loaders.moto_root], Files())


# moto creates a loader for each service, and each would list the files again.
utils.create_loader = _models
# moto searches a class for its operations at each call.
responses.method_names_from_class = cache(utils.method_names_from_class)


ACCOUNT: str = DEFAULT_ACCOUNT_ID


@dataclass(frozen=True)
class HttpCall:
    """An HTTP request to an AWS API."""

    method: str
    url: str  # percent-encoded: an ARN in the path contains slashes
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class HttpAnswer:
    """An HTTP response of an AWS API."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class MotoThread:
    """The one thread that reads and changes moto's objects."""

    def __init__(self) -> None:
        """Start the thread with its first call."""
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="moto")

    async def run(self, function: Callable[..., _T], *arguments: Any) -> _T:
        """Run a function on the thread, and return what it returns."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, function, *arguments)

    def close(self) -> None:
        """Accept no more calls; what waits is canceled."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def send(call: HttpCall) -> HttpAnswer:
    """Let moto answer. Raises what moto raises."""
    body, status, headers = run_wsgi_app(
        _application(), as_werkzeug(call).environ, buffered=True
    )
    return HttpAnswer(int(status.split()[0]), dict(headers), b"".join(body))


def as_werkzeug(call: HttpCall) -> Any:
    """Return the request in the form that moto routes and parses."""
    return Request.from_primitives(call.method, call.url, call.headers, call.body)


def backend(service: str, region: str) -> Any:
    """Return moto's objects of a service in a region."""
    regions = _regions(service)
    return regions[region if region in regions else "aws"]


def regional_backends(service: str) -> list[Any]:
    """Return moto's objects of a service in each region used so far."""
    return list(_regions(service).values())


def _regions(service: str) -> Any:
    accounts = get_backend(service)
    # moto's lookup takes a lock each time, and a call through the gateway has four.
    return accounts.get(ACCOUNT) or accounts[ACCOUNT]


@cache
def client(service: str, region: str) -> BaseClient:
    """Return a boto3 client that moto answers without our corrections."""
    made: BaseClient = _session().create_client(
        service, region_name=region, config=Config(retries={"total_max_attempts": 1})
    )
    made.meta.events.register_first("before-send", _answer_in_process)
    return made


def warm_up(service: str) -> None:
    """Import what the first call of a service would wait for."""
    client(service, "us-east-1")
    get_backend(service)


@cache
def _session() -> Session:
    session = read_quickly(Session())
    session.set_credentials("local", "local")
    return session


@cache
def _application() -> Any:
    return Dispatcher(create_backend_app)


def _answer_in_process(request: Any, **_: Any) -> Any:
    answer = send(
        HttpCall(request.method, request.url, request.headers, request.body or b"")
    )
    headers = HTTPHeaders.from_dict(dict(answer.headers))
    return AWSResponse(request.url, answer.status, headers, _Raw(answer.body))


class _Raw(io.BytesIO):
    """The part of an urllib3 response that botocore reads."""

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.read()
