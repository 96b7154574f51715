"""The options that describe a request, as curl spells them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import click

from cognito_gw.cli import completions
from cognito_gw.cli.options import given_body, pair

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OPTIONS = (
    click.option(
        "-X",
        "--method",
        "verb",
        metavar="METHOD",
        shell_complete=completions.methods,
        help="Default: GET, or POST where there is a body.",
    ),
    click.option(
        "-H",
        "--header",
        "headers",
        multiple=True,
        metavar="'NAME: VALUE'",
        help="A header; may be repeated.",
    ),
    click.option(
        "-d",
        "--data",
        metavar="TEXT",
        help="The body; @FILE reads a file, - reads stdin. Its Content-Type is "
        "application/json or text/plain, unless -H gives one.",
    ),
    click.option(
        "-q",
        "--query",
        "queries",
        multiple=True,
        metavar="KEY=VALUE",
        help="A parameter of the query; may be repeated.",
    ),
)


@dataclass(frozen=True)
class Requested:
    """Method, path, headers, query and body."""

    verb: str
    path: str  # as given, perhaps with a query of its own
    headers: list[tuple[str, str]]
    query: list[tuple[str, str]]
    body: bytes | None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Requested:
        """Read the options; a body asks for POST unless another method is given."""
        data, body = options["data"], given_body(options["data"])
        headers = [pair(each, ":", "-H") for each in options["headers"]]
        if body and not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("Content-Type", _type_of(body)))
        return cls(
            (options["verb"] or ("POST" if data is not None else "GET")).upper(),
            _rooted(options["path"]),
            headers,
            [pair(each, "=", "-q") for each in options["queries"]],
            body,
        )

    def at(self, path: str) -> Requested:
        """Return the same request for another path."""
        return replace(self, path=_rooted(path))

    @property
    def whole_path(self) -> str:
        """The path with its query and what `-q` gives, as a URL has it."""
        if not self.query:
            return self.path
        mark = "&" if "?" in self.path else "?"
        return f"{self.path}{mark}{urlencode(self.query)}"

    @property
    def route(self) -> tuple[str, str]:
        """The method and the path alone, by which the API routes it."""
        return self.verb, urlsplit(self.path).path


def _rooted(path: str) -> str:
    return "/" + path.lstrip("/")


def _type_of(body: bytes) -> str:
    """Return the media type of a body that is sent without one."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return "application/octet-stream"
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return "text/plain; charset=utf-8"
    return "application/json"


def request_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the argument and the options that spell a request."""
    return click.argument("path", shell_complete=completions.paths)(
        without_path(command)
    )


def without_path(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options alone, for a command whose path may be left out."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
