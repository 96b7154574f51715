"""AWS responses with missing or unknown fields."""

from __future__ import annotations

import json
from copy import copy, deepcopy

import pytest
from fakes import QuickAws, refusal
from faults.local import written
from faults.stacks import CHANGED, SMALL

from cognito_gw.aws.errors import as_cgw_error
from cognito_gw.engine import reconcile


class Tape:
    """The responses of AWS while one resource was applied, for replay."""

    def __init__(self):
        self.answers = []  # (operation, response), in order

    def note(self, model, parsed, **_):
        """Record a response of AWS."""
        self.answers.append((model.name, deepcopy(parsed)))

    def play(self, model, **_):
        """Replay the operation's next response, or repeat its last one."""
        found = [each for each in self.answers if each[0] == model.name]
        if not found:
            raise refusal("ResourceNotFoundException", call=model.name)
        if len(found) > 1:
            self.answers.remove(found[0])
        answer = deepcopy(found[0][1])
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 200)
        return Reply(status), answer

    def without(self):
        """Yield this tape without one field of one response, for each field."""
        for index, (operation, answer) in enumerate(self.answers):
            for path in _paths(answer):
                tape = Tape()
                tape.answers = list(self.answers)
                tape.answers[index] = operation, _leaving_out(answer, path)
                yield f"{operation} without {'.'.join(map(str, path))}", tape


class Reply:
    """The parts of an HTTP response that botocore reads."""

    def __init__(self, status):
        self.status_code, self.headers = status, {}


def _paths(value, above=()):
    if isinstance(value, list) and value:
        yield from _paths(value[0], (*above, 0))
    if isinstance(value, dict):
        for key, each in value.items():
            if key not in ("Error", "ResponseMetadata"):
                yield (*above, key)
                yield from _paths(each, (*above, key))


def _leaving_out(value, path):
    key, *below = path
    if not below:
        return {name: each for name, each in value.items() if name != key}
    less = copy(value)
    less[key] = _leaving_out(value[key], below)
    return less


@pytest.fixture
def aws(session, wire):  # noqa: ARG001 - it calls over the wire
    """An empty account of the local AWS."""
    return QuickAws(session)


@pytest.fixture
def listen(session, aws):
    """Return a context that attaches a handler to an event of every client."""
    taken = []

    def put(event, handler):
        for client in {id(each): each for each in session.made.values()}.values():
            client.meta.events.register_first(f"{event}.*.*", handler)
            taken.append((client, f"{event}.*.*", handler))

    def clear():
        while taken:
            client, event, handler = taken.pop()
            client.meta.events.unregister(event, handler)

    put.clear = clear
    for service in ("cognito", "apigateway", "functions", "iam", "logs", "tagging"):
        getattr(aws, service)
    yield put
    clear()


@pytest.fixture
def applied(aws, listen, built):
    """Return a generator that applies a file and yields each resource with its tape."""

    def apply(text):
        tapes = []
        for resource in built(text).resources:
            tape = Tape()
            listen("after-call", tape.note)
            reconcile.apply(resource, aws)
            listen.clear()
            tapes.append((resource, tape))
        return tapes

    return apply


@pytest.fixture
def replayed(aws, listen):
    """Return a function that applies a resource again with the responses of a tape."""

    def replay(resource, tape):
        before = resource.live
        listen("before-call", tape.play)
        try:
            return reconcile.apply(resource, aws)
        finally:
            listen.clear()
            resource.live = before

    return replay


RUNS = {"made": [SMALL], "changed": [SMALL, CHANGED]}


@pytest.mark.parametrize("run", RUNS)
def test_an_answer_that_lacks_a_field_ends_in_words(applied, replayed, run):
    """Without a field of a response, cgw either succeeds or reports an error."""
    tracebacks, ended = [], 0
    *before, last = RUNS[run]
    for text in before:
        applied(text)
    for resource, whole in applied(last):
        for what, tape in whole.without():
            try:
                replayed(resource, tape)
            except Exception as error:  # noqa: BLE001 - which one is the question
                ended += 1
                if as_cgw_error(error) is None:
                    tracebacks.append(f"{resource}: {what}: {error!r}")
    assert ended
    assert tracebacks == []


def test_unknown_fields_change_nothing(cgw, wire):
    """Fields that AWS may add later do not count as drift."""
    wire.carry = from_the_future
    assert cgw.up(SMALL).errors == []
    again = cgw.up(SMALL)
    assert (again.errors, again.writes) == ([], [])


def from_the_future(_service, _operation, serve):
    """Add an unknown field to AWS's responses."""
    answer = serve()
    if not answer.content.startswith(b"{"):
        return answer
    content = json.loads(answer.content) | {"fromTheFuture": {"of": ["AWS"]}}
    return written(answer.status_code, answer.headers, json.dumps(content))
