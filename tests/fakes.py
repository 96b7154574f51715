"""Fakes that do not use AWS: a world in memory, and resources in it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import boto3
from botocore.exceptions import ClientError, ReadTimeoutError

from cognito_gw.aws.clients import Aws
from cognito_gw.engine.resource import KNOWN_AFTER_APPLY, Resource


def refusal(code, message="no", call="DoIt", status=400):
    """Return the exception that boto3 raises for an error of AWS."""
    answer = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, call)


class FakeAws:
    """Existing resources by name; records every call, and can let it fail."""

    def __init__(self, **world):
        self.world = world
        self.calls = []
        self.faults = {}  # (verb, name): the exception to raise
        self.on_call = None  # called with each verb and name
        self._lock = threading.Lock()

    def call(self, verb, name):
        """Record a call, and raise its configured exception."""
        with self._lock:
            self.calls.append((verb, name))
        if self.on_call:
            self.on_call(verb, name)
        if fault := self.faults.get((verb, name)):
            raise fault

    @property
    def writes(self):
        """The calls that were not reads."""
        return [call for call in self.calls if call[0] != "read"]


@dataclass(eq=False)
class FakeResource(Resource):
    """A resource in a `FakeAws`, with configurable behavior."""

    kind = "thing"
    command = "thing"
    id_field = "id"
    hidden = frozenset({"environment"})

    name: str
    above: tuple[Resource, ...] = ()
    container: Resource | None = None
    wants: dict = field(default_factory=lambda: {"size": 1})
    points_at: tuple[Resource, str] | None = None  # a field from another
    is_wanted: bool = True
    is_managed: bool = True

    label = property(lambda self: self.name)
    parent = property(lambda self: self.container)
    enabled = property(lambda self: self.is_wanted)
    managed = property(lambda self: self.is_managed)
    frozen = property(lambda self: {"fixed": ("things", self.name, "fixed")})

    def desired(self):
        """Return the desired state, with another resource's field if configured."""
        if self.points_at is None:
            return dict(self.wants)
        other, key = self.points_at
        return {**self.wants, "target": other.get(key, KNOWN_AFTER_APPLY)}

    def observe(self, aws):
        """Read the resource, inside its parent if it has one."""
        if self.container is not None:
            self.container["id"]
        aws.call("read", self.name)
        return aws.world.get(self.name)

    def create(self, aws):
        """Create the resource."""
        aws.call("create", self.name)
        aws.world[self.name] = {"id": f"id-{self.name}", **self.desired()}
        return aws.world[self.name]

    def update(self, aws, _):
        """Update the resource."""
        aws.call("update", self.name)
        aws.world[self.name] |= self.desired()
        return aws.world[self.name]

    def delete(self, aws):
        """Delete the resource."""
        aws.call("delete", self.name)
        aws.world.pop(self.name)


class SharedSession(boto3.Session):
    """A session that caches its clients, because creating them is slow."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.made = {}
        self.calls = []  # (service, operation, parameters) of every call
        self.lost = set()  # the operations whose next response never arrives
        self.events.register("provide-client-params.*.*", self._note)
        self.events.register("after-call.*.*", self._lose)

    def client(self, service, **settings):
        """Return the service's client, cached by signature."""
        config = settings.get("config")
        key = service, config and config.signature_version
        if key not in self.made:
            self.made[key] = super().client(service, **settings)
        return self.made[key]

    def _note(self, params, model, **_):
        service = model.service_model.signing_name
        self.calls.append((service, model.name, params))

    def _lose(self, model, **_):
        if model.name in self.lost:
            self.lost.remove(model.name)
            raise ReadTimeoutError(endpoint_url=f"https://{model.name}.aws")


class InTurn(Aws):
    """An `Aws` that makes one call at a time, without threads."""

    def gather(self, *asks):
        """Make the calls in the given order."""
        return [ask() for ask in asks]


class QuickAws(InTurn):
    """An `Aws` that never sleeps, and records its messages and waits."""

    def __init__(self, session):
        self.told, self.announced, self.naps = [], [], []
        super().__init__(
            session,
            tell=self.told.append,
            announce=self.announced.append,
            sleep=self.naps.append,
        )

    @property
    def calls(self):
        """The names of the operations called, in order."""
        return [operation for _, operation, _ in self.session.calls]

    @property
    def writes(self):
        """The operations that write."""
        return [name for name in self.calls if not is_read(name)]

    def sent(self, operation):
        """Return the parameters of an operation's last call."""
        return [sent for _, name, sent in self.session.calls if name == operation][-1]


def is_read(operation):
    """Whether an operation only reads, by its name."""
    return operation.startswith(("Get", "List", "Describe", "AdminGet", "AdminList"))
