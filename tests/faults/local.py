"""The local AWS without its server: moto, with the errors of the real AWS."""

from __future__ import annotations

import threading
from copy import deepcopy
from io import BytesIO

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from moto.awslambda_simple.models import lambda_simple_backends
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.exceptions import JsonRESTError, ServiceException
from werkzeug.datastructures import Headers

from cognito_gw.local import moto_store, wire
from cognito_gw.local.apigateway.context import Snapshots
from cognito_gw.local.autosave import SERVICES as KEEPING
from cognito_gw.local.cognito import Cognito
from cognito_gw.local.cognito.tokens import Keys
from cognito_gw.local.dispatch import SERVICES
from cognito_gw.local.errors import AwsFault
from cognito_gw.local.events import Activity
from cognito_gw.local.logs import LogQueue
from cognito_gw.local.moto_store import HttpAnswer, HttpCall
from cognito_gw.local.operations import Call

REGION, GLOBAL = "eu-west-1", "us-east-1"


def quicken(monkeypatch):
    """Let moto answer without a web server; of signatures, it reads only the scope."""
    monkeypatch.setattr(moto_store, "send", _send)
    monkeypatch.setattr(SigV4Auth, "add_auth", _name_scope)


def _name_scope(auth, request):
    scope = f"any/20260101/{auth._region_name}/{auth._service_name}"  # noqa: SLF001
    signature = f"Credential={scope}/aws4_request, SignedHeaders=host, Signature=0"
    request.headers["Authorization"] = f"AWS4-HMAC-SHA256 {signature}"


def _send(call):
    request = AWSPreparedRequest(
        call.method, call.url, call.headers, call.body, stream_output=False
    )
    status, headers, body = BotocoreStubber().process_request(request)
    return HttpAnswer(status, headers, _bytes(body))


class LocalAws:
    """Answers requests one at a time, and can return to an earlier state."""

    def __init__(self):
        self._snapshots = Snapshots()
        cognito = Cognito(Keys(), "http://127.0.0.1", Activity())
        parts = (self._snapshots, cognito, LogQueue())
        self._parts = {type(part): part for part in parts}
        self._one_at_a_time = threading.Lock()

    def serve(self, request):
        """Carry out a request, and return the response."""
        headers = Headers((key, _text(each)) for key, each in request.headers.items())
        body = _bytes(request.body or b"")
        call = HttpCall(request.method, request.url, headers, body)
        operation = wire.recognize(call)
        with self._one_at_a_time:
            try:
                answer = self._answer(operation, call)
            except (AwsFault, ServiceException, JsonRESTError) as error:
                answer = wire.write_fault(operation, _fault(error))
        return written(answer.status, answer.headers, answer.body)

    def answer(self, service, operation, params):
        """Carry out an operation with these parameters, and return its response."""
        region = GLOBAL if service == "iam" else REGION
        call = Call(service, operation, region, params, self._parts)
        with self._one_at_a_time:
            try:
                if service not in SERVICES:
                    return call.forward()
                ours = SERVICES[service].find(operation)
                ours.check(call)
                return ours.answer(call)
            except (AwsFault, ServiceException, JsonRESTError) as error:
                fault = _fault(error)
        words = {"Code": fault.code, "Message": fault.message}
        status = {"HTTPStatusCode": fault.status}
        raise ClientError({"Error": words, "ResponseMetadata": status}, operation)

    def _answer(self, operation, call):
        service = SERVICES.get(operation.service)
        if service is None:
            return moto_store.send(call)
        params = wire.read_input(operation, call)
        where = operation.service, operation.name, operation.region
        read = Call(*where, params, self._parts)
        ours = service.find(operation.name)
        ours.check(read)
        if not ours.is_answered:
            return moto_store.send(call)
        return wire.write_answer(operation, ours.answer(read))

    @property
    def state(self):
        """Return the complete state."""
        return state_of(*backends(), self._snapshots)

    @state.setter
    def state(self, state):
        restore(state, *backends(), self._snapshots)

    @property
    def inventory(self):
        """Return the names of all resources by kind, with duplicates."""
        apis, pools, roles, functions, logs, _ = backends()
        found = {
            "roles": [each.name for each in roles.roles.values()],
            "functions": [each.function_name for each in functions.list_functions()],
            "log groups": list(logs.groups),
            "domains": list(pools.user_pool_domains),
        }
        for pool in pools.user_pools.values():
            _add(found, "pools", [pool.name])
            clients = [each.extended_config for each in pool.clients.values()]
            _add(found, "clients", [each["ClientName"] for each in clients])
            _add(found, "servers", pool.resource_servers)
            _add(found, "groups", pool.groups)
            _add(found, "users", [_described(item) for item in pool.users.values()])
        for api in apis.apis.values():
            _add(found, "apis", [api.name])
            _add(found, "paths", [each.get_path() for each in api.resources.values()])
            _add(found, "authorizers", [each.name for each in api.authorizers.values()])
            _add(found, "deployments", ["deployment" for _ in api.deployments])
            _add(found, "stages", api.stages)
        return {kind: sorted(names) for kind, names in found.items() if names}


def backends():
    """Return the backends of moto's account by service, with Lambda without Docker."""
    simple = lambda_simple_backends[moto_store.ACCOUNT][REGION]
    return [*(moto_store.backend(service, REGION) for service in KEEPING), simple]


def state_of(*things):
    """Return a copy of the state of these objects."""
    return _copied([vars(thing) for thing in things])


def restore(state, *things):
    """Restore the state of these objects."""
    for thing, held in zip(things, _copied(state), strict=True):
        vars(thing).clear()
        vars(thing).update(held)
        if stored := held.get(
            "_lambdas"
        ):  # its weak references still point to the old objects
            for kept in stored._functions.values():  # noqa: SLF001
                for function in (kept["latest"], *kept["versions"]):
                    stored._arns[function.function_arn] = function  # noqa: SLF001


def _copied(content):
    return deepcopy(content, {id(each): each for each in backends()})


def written(status, headers, body):
    """Return a response as botocore parses it."""
    names = HTTPHeaders.from_dict(dict(headers))
    return AWSResponse("https://aws", status, names, _Raw(_bytes(body)))


class _Raw(BytesIO):
    def stream(self, **_):
        yield self.read()


def _text(value):
    return value.decode() if isinstance(value, bytes) else value


def _bytes(value):
    return value.encode() if isinstance(value, str) else value


def _fault(error):
    match error:
        case AwsFault():
            return error
        case ServiceException():
            return AwsFault(error.code, error.message)
    return AwsFault(error.error_type, error.message, error.code)


def _described(user):
    groups = sorted(group.group_name for group in user.groups)
    return f"{user.attribute_lookup['email']} {user.status} {groups}"


def _add(found, kind, names):
    found.setdefault(kind, []).extend(names)
