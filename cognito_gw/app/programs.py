"""Runs other programs with a token: in their environment, or for curl in a pipe."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, NoReturn

from cognito_gw.app.request_options import RequestOptions
from cognito_gw.app.stack_state import outputs
from cognito_gw.app.walks import look
from cognito_gw.errors import Missing, UsageError
from cognito_gw.text import LOOPBACK, origin_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cognito_gw.app.context import Context
    from cognito_gw.app.token_request import TokenRequest
    from cognito_gw.oauth.tokens import Tokens


def token_variables(context: Context, tokens: Tokens) -> dict[str, str]:
    """Return the environment of a program: the tokens, and the URL of the file's API.

    A variable without a value is absent.
    """
    values = {"CGW_ID_TOKEN": tokens.id_token, "CGW_ACCESS_TOKEN": tokens.access_token}
    if context.given is None:
        look(context, [context.stack.api, context.stack.pool])
        values["CGW_API_URL"] = outputs(context)["invoke_url"]
    return {name: value for name, value in values.items() if value}


def become(words: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    """Replace this process by a program, which so gets its signals and exit code.

    Raises UsageError if the program cannot be started.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    for name in ("SIGPIPE", "SIGXFSZ"):  # Python ignores them, and so would the program
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execvpe(words[0], list(words), dict(environment))  # noqa: S606 - no shell
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"`{words[0]}` cannot be run: {reason}") from None


_OPTION = re.compile(r"^ *(?:-(\S), )? *--([\w.-]+)( <)?", re.MULTILINE)
_VERBS = {"head": "HEAD", "get": "GET", "upload-file": "PUT"}
_BODIES = ("data", "form", "json")
_ELSEWHERE = "it sends the token to other hosts"
_REFUSED = {
    "config": "it may contain another address",
    "connect-to": _ELSEWHERE,
    "expand-url": "only curl knows its address",
    "location-trusted": _ELSEWHERE,
    "next": "run `cgw curl` again for another call",
    "resolve": _ELSEWHERE,
}


class CurlLine:
    """The arguments of curl: which are its URLs, and which method it sends."""

    def __init__(self, arguments: Sequence[str], help_text: str) -> None:
        """Read the arguments as curl does, with the list of its options."""
        options = _OPTION.findall(help_text)
        self._long: set[str] = {name for _, name, _ in options}
        self._valued = {name for _, name, value in options if value}
        self._short = {letter: name for letter, name, _ in options if letter}
        self.arguments = list(arguments)
        self.options: list[tuple[str, str]] = []  # long names with their values
        self._urls: list[int] = []  # their positions
        self._read()

    def _read(self) -> None:
        words = enumerate(self.arguments)
        takes_options = True
        for index, word in words:
            if not takes_options or not word.startswith("-"):
                self._urls.append(index)
            elif word == "--":
                takes_options = False
            else:
                for name, value in self._named(word):
                    at, given = (index, value) if value else next(words, (index, ""))
                    self.options.append((name, given))
                    if name == "url":
                        self._urls.append(at)

    def _named(self, word: str) -> Iterator[tuple[str, str | None]]:
        """Yield the options in a word; None for a value that is the next word."""
        if word.startswith("--"):
            name = self._whole(word[2:])
            yield name, None if name in self._valued else " "
            return
        for end, letter in enumerate(word[1:], 2):
            name = self._short.get(letter, letter)
            if name in self._valued:
                yield name, word[end:] or None
                return
            yield name, " "

    def _whole(self, name: str) -> str:
        """Return the name of a long option, which curl accepts abbreviated."""
        positive = name.removeprefix("no-")
        if name in self._long or positive in self._long:
            return name
        found: list[str] = [each for each in self._long if each.startswith(name)]
        if len(found) != 1:
            raise UsageError(f"curl has no option --{name}")
        return found[0]

    @property
    def verb(self) -> str:
        """The HTTP method that curl sends."""
        given = dict(self.options)
        if "request" in given:
            return given["request"].strip().upper()
        for name, verb in _VERBS.items():
            if name in given:
                return verb
        return "POST" if any(name.startswith(_BODIES) for name in given) else "GET"

    def has_header(self, name: str) -> bool:
        """Whether the arguments have a header of this name."""
        names = [
            re.split("[:;]", value)[0].strip().lower()
            for option, value in self.options
            if option == "header"
        ]
        return name.lower() in names

    def require_safe(self, header: str) -> None:
        """Raise UsageError for an option with which the token may reach other hosts."""
        refused = dict(_REFUSED)
        if header.lower() != "authorization":
            # At another host, curl drops only the header Authorization.
            refused["location"] = _ELSEWHERE
        for name, _ in self.options:
            if name in refused:
                raise UsageError(f"`cgw curl` refuses --{name}: {refused[name]}")

    def resolve(self, base: str) -> list[str]:
        """Make each path a URL below `base`, and return the paths; raise for others."""
        if not self._urls:
            raise UsageError(
                "`cgw curl` needs a path", hint="such as `cgw curl -- /orders`"
            )
        paths = []
        for index in self._urls:
            path = self.arguments[index].removeprefix(base)
            if not re.match(r"/(?!/)|[?#]|$", path):
                raise UsageError(
                    f"`cgw curl` sends the token only to {base}, not to `{path}`",
                    hint="a path of the API begins with one /",
                )
            self.arguments[index] = f"{base}{path}"
            paths.append(path or "/")
        return paths

    def with_header_from(self, handle: int) -> list[str]:
        """Return the arguments, with a header that curl reads from a descriptor."""
        first = self.arguments[0]
        # curl obeys it only in the first place.
        at = int(first.startswith("-q") or first == "--disable")
        header = ["--header", f"@/dev/fd/{handle}"]
        return [*self.arguments[:at], *header, *self.arguments[at:]]


def curl(
    context: Context, words: Sequence[str], choice: str | None, request: TokenRequest
) -> tuple[list[str], dict[str, str]]:
    """Return the arguments and the environment of curl for calls of the file's API.

    The token is in a pipe that curl inherits. Raises Missing without curl, and
    UsageError for other addresses.
    """
    from cognito_gw.app.api_client import ApiClient

    line = CurlLine(words, _curl_help())
    api = ApiClient.of_stack(context)
    header = api.target.header or "Authorization"
    line.require_safe(header)
    paths = line.resolve(api.target.url)
    environment = dict(os.environ)
    if (origin_of(api.target.url) or ("", "", ""))[1] in LOOPBACK:
        environment["no_proxy"] = "*"  # no proxy can reach this machine
    if line.has_header(header):
        return line.arguments, environment
    tokens = {
        api.credential(
            RequestOptions(line.verb, path, [], [], None), choice, request
        ).value
        for path in paths
    }
    if len(tokens) > 1:
        raise UsageError("these paths require different tokens: call them one by one")
    if (token := tokens.pop()) is None:
        return line.arguments, environment
    return line.with_header_from(_piped(f"{header}: {token}")), environment


def _curl_help() -> str:
    program = shutil.which("curl")
    if program is None:
        raise Missing("curl is not installed", hint="`cgw call` does not need it")
    command = [program, "--disable", "--help", "all"]
    done = subprocess.run(  # noqa: S603 - no shell
        command, capture_output=True, text=True, check=False
    )
    return str(done.stdout)


def _piped(line: str) -> int:
    """Return the descriptor of a pipe that holds a line, for the next program."""
    if not line.isprintable():
        raise UsageError("the token contains a control character")
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)
    with os.fdopen(writing, "w", encoding="utf-8") as pipe:
        pipe.write(f"{line}\n")
    return reading
