"""Listens where the browser comes back to at the end of a sign-in, for one answer."""

from __future__ import annotations

import errno
import threading
import time
from typing import TYPE_CHECKING, Self

from cognito_gw.errors import CgwError, UsageError
from cognito_gw.oauth.callback import Callback, Inbox

if TYPE_CHECKING:
    from types import TracebackType

_POLL = 0.02  # seconds until the server notices that it is to end
_SLICE = 0.1  # likewise until a wait notices Ctrl-C on Windows


class PortTaken(CgwError):
    """Raised when another program listens on the port."""


class NoAnswer(CgwError):
    """Raised when nobody has signed in in time."""


def is_loopback(url: str) -> bool:
    """Whether a callback URL is one that we can serve: on loopback, by plain HTTP."""
    return Callback.of(url) is not None


def cannot_listen(port: int, error: OSError) -> CgwError:
    """Return what to raise for a port that is not to be had."""
    other = "register another callback URL in `callback_urls`"
    if error.errno == errno.EADDRINUSE:
        return PortTaken(
            f"another program listens on port {port}", hint=f"stop it, or {other}"
        )
    if error.errno == errno.EACCES:
        return CgwError(
            f"this system does not let you listen on port {port}",
            hint=f"ports below 1024 are often reserved: {other}",
        )
    return CgwError(f"cannot listen on port {port}: {error.strerror}", hint=other)


class Loopback:
    """Serves an app's callback URL on loopback until the one answer has come."""

    def __init__(self, url: str, state: str, *, by_fragment: bool = False) -> None:
        """Take the URL's port; nothing is answered before the `with`.

        By fragment come tokens, which a page's script has to send on; else a code.
        """
        callback = Callback.of(url)
        if callback is None:
            raise UsageError(f"{url} is not a callback URL that can be served here")
        self.url = url
        self._inbox = Inbox(callback, state, by_fragment=by_fragment)
        try:
            self._servers = self._inbox.listen()
        except OSError as error:
            raise cannot_listen(callback.port, error) from None
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(_POLL,), daemon=True)
            for server in self._servers
        ]

    def __enter__(self) -> Self:
        """Begin to answer."""
        for thread in self._threads:
            thread.start()
        return self

    def close(self) -> None:
        """Free the port."""
        for server in self._servers:
            server.server_close()

    def wait(self, seconds: float) -> dict[str, str]:
        """Return the answer's parameters, without the state."""
        end = time.monotonic() + seconds
        while not self._inbox.answered.is_set():
            left = end - time.monotonic()
            if left <= 0:
                raise NoAnswer(
                    f"nobody signed in within {seconds:g} seconds",
                    hint="`--timeout` gives more time, and `--no-browser` prints the "
                    "address for a browser of your choice",
                )
            self._inbox.answered.wait(min(left, _SLICE))
        return dict(self._inbox.answer)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the last page go out, free the port and end all threads."""
        for server in self._servers:
            server.shutdown()
        for thread in self._threads:
            thread.join()
        self.close()
