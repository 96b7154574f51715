"""AWS responses as checked mappings, and the requests built from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from cognito_gw.aws.errors import lacking

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Response(dict[str, Any]):
    """A response of AWS, or a part of one; a missing key raises AwsRefused.

    An AWS-compatible endpoint may omit what AWS documents: that is an error to report
    and not a bug of ours with a traceback.
    """

    def __init__(
        self,
        content: Mapping[str, Any] | Iterable[tuple[str, Any]] = (),
        call: str = "AWS",
    ) -> None:
        """Wrap the content of the response to `call`, and everything in it."""
        super().__init__(content)
        self.update({key: _wrapped(value, call) for key, value in self.items()})
        self._call = call

    def __missing__(self, key: str) -> NoReturn:
        """Raise an error that names the missing key and the call."""
        raise lacking(f"{self._call}: the response", key)

    def __or__(self, other: Mapping[str, Any]) -> Response:  # type: ignore[override]
        """Return the response with the items of `other` added."""
        return Response({**self, **other}, self._call)


class CheckedClient:
    """A mixin of client classes: calls, and so pages, return a `Response`."""

    def _make_api_call(self, operation_name: str, api_params: dict[str, Any]) -> Any:
        call: Any = super()
        content = call._make_api_call(operation_name, api_params)  # noqa: SLF001
        return Response(content, operation_name)


def check_responses(base_classes: list[type], **_: Any) -> None:
    """Extend a client's class, at botocore's event `creating-client-class`."""
    base_classes.insert(0, CheckedClient)


def _wrapped(value: Any, call: str) -> Any:
    if isinstance(value, dict):
        return Response(value, call)
    if isinstance(value, list):
        return [_wrapped(item, call) for item in value]
    return value


def listed(
    client: Any, operation: str, key: str, **request: Any
) -> list[dict[str, Any]]:
    """Return the items in the field `key` of every page of a paginated operation."""
    pages = client.get_paginator(operation).paginate(**request)
    return [item for page in pages for item in page[key]]


def api_items(apigateway: Any, operation: str, **request: Any) -> list[dict[str, Any]]:
    """Return the items that an operation of API Gateway lists, in pages of 500."""
    request["PaginationConfig"] = {"PageSize": 500}
    return listed(apigateway, operation, "items", **request)


def settable(client: Any, operation: str, live: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a description that `operation` accepts as its request.

    Without empty values: AWS describes unset settings with them, and rejects them.
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


def described(response: dict[str, Any]) -> dict[str, Any]:
    """Return a response without the metadata of the call."""
    response.pop("ResponseMetadata", None)
    return response


def is_empty(value: Any) -> bool:
    """Whether a value is None, or an empty text, list or mapping."""
    return value is None or (isinstance(value, str | list | dict) and not value)


def without_empty(request: dict[str, Any]) -> dict[str, Any]:
    """Return the request without empty values."""
    return {key: value for key, value in request.items() if not is_empty(value)}
