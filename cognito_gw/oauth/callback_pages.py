"""The pages that the callback server shows in the browser.

Document, style, and script are in `callback.html`, `callback.css`, `callback.js`.
"""

from __future__ import annotations

import base64
import hashlib
import html
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from string import Template

_LONGEST = 500  # characters of an error message
_WITHOUT_SCRIPT = (
    "<noscript><p>This flow needs JavaScript, which is turned off. "
    "Use <code>--flow browser</code> instead.</p></noscript>"
)


@dataclass(frozen=True)
class Page:
    """One page; `html` escapes its text."""

    status: HTTPStatus
    title: str
    paragraphs: tuple[str, ...]
    mood: str = "bad"  # a class of the style: good, bad, or wait
    takes_fragment: bool = False  # its script posts the URL fragment back

    @property
    def html(self) -> str:
        """The page as a document."""
        script = f"{_WITHOUT_SCRIPT}<script>{_asset('js')}</script>"
        return Template(_asset("html")).substitute(
            title=html.escape(self.title),
            style=_asset("css"),
            mood=self.mood,
            paragraphs="\n".join(f"<p>{html.escape(t)}</p>" for t in self.paragraphs),
            script=script if self.takes_fragment else "",
        )

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the response, which forbid everything the page does not do."""
        policy = f"default-src 'none'; style-src {_csp_hash(_asset('css'))}; "
        if self.takes_fragment:
            policy += f"script-src {_csp_hash(_asset('js'))}; connect-src 'self'; "
        policy += "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        return {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }


SIGNED_IN = Page(
    HTTPStatus.OK,
    "Signed in",
    ("You can close this window and return to the terminal.",),
    "good",
)
HANDOVER = Page(
    HTTPStatus.OK,
    "Almost there",
    ("Sending the tokens from this page to the terminal.",),
    "wait",
    takes_fragment=True,
)


def failed(error: str, description: str) -> Page:
    """Return the page for a sign-in that the user pool refused."""
    reason = f"{error}: {description}" if description else error
    more = "You can close this window. The terminal shows details."
    return Page(HTTPStatus.BAD_REQUEST, "Sign-in failed", (reason[:_LONGEST], more))


def rejected(status: HTTPStatus, reason: str) -> Page:
    """Return the page for a request that does not end the sign-in."""
    return Page(status, "Request rejected", (reason,))


@cache
def _asset(suffix: str) -> str:
    return files("cognito_gw.oauth").joinpath(f"callback.{suffix}").read_text("utf-8")


def _csp_hash(text: str) -> str:
    """Return the source expression of a Content-Security-Policy for an inline text."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
