"""Responses of AWS as checked mappings, and requests built from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from cognito_gw.aws.errors import lacking

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Answer(dict[str, Any]):
    """An answer of AWS, or a part of one: to ask for what it lacks raises AwsRefused.

    An AWS-compatible endpoint may leave out what AWS documents, and that is no bug of
    ours to end in a traceback.
    """

    def __init__(
        self,
        content: Mapping[str, Any] | Iterable[tuple[str, Any]] = (),
        call: str = "AWS",
    ) -> None:
        """Wrap what `call` answered, and all that is in it."""
        super().__init__(content)
        self.update({key: _wrapped(each, call) for key, each in self.items()})
        self._call = call

    def __missing__(self, key: str) -> NoReturn:
        """Say what is missing from which call's answer."""
        raise lacking(f"{self._call}: the answer", key)

    def __or__(self, other: Mapping[str, Any]) -> Answer:  # type: ignore[override]
        """Return the same answer with something of ours beside it."""
        return Answer({**self, **other}, self._call)


class AnswersInFull:
    """Mixed into a client's class: its calls, and so its pages, return `Answer`s."""

    def _make_api_call(self, operation_name: str, api_params: dict[str, Any]) -> Any:
        call: Any = super()
        answer = call._make_api_call(operation_name, api_params)  # noqa: SLF001
        return Answer(answer, operation_name)


def answer_in_full(base_classes: list[type], **_: Any) -> None:
    """Extend a client's class; for botocore's event `creating-client-class`."""
    base_classes.insert(0, AnswersInFull)


def _wrapped(value: Any, call: str) -> Any:
    if isinstance(value, dict):
        return Answer(value, call)
    if isinstance(value, list):
        return [_wrapped(each, call) for each in value]
    return value


def settable(client: Any, operation: str, live: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a description that `operation` takes back.

    Empty values go: AWS describes unset settings with them and refuses to be sent them.
    """
    members = client.meta.service_model.operation_model(operation).input_shape.members
    return {
        key: value
        for key, value in live.items()
        if key in members and not is_empty(value)
    }


def overlay(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    """Return `base` with `top` laid over it, mapping by mapping."""
    merged = dict(base)
    for key, value in top.items():
        below = merged.get(key)
        both = isinstance(value, dict) and isinstance(below, dict)
        merged[key] = overlay(below, value) if both and below else value
    return merged


def described(answer: dict[str, Any]) -> dict[str, Any]:
    """Take from an answer of AWS what is about the call."""
    answer.pop("ResponseMetadata", None)
    return answer


def is_empty(value: Any) -> bool:
    """Whether a value says nothing: None, or an empty text, list or mapping."""
    return value is None or (isinstance(value, str | list | dict) and not value)


def without_empty(request: dict[str, Any]) -> dict[str, Any]:
    """Return the request without what says nothing."""
    return {key: value for key, value in request.items() if not is_empty(value)}
