"""The pages that a browser shows at the end of a sign-in."""

from __future__ import annotations

import base64
import hashlib
import html
from dataclasses import dataclass
from http import HTTPStatus
from string import Template

_LONGEST = 500  # characters of what a page quotes
_STYLE = """
:root { color-scheme: light dark; --page: #f3f4f6; --card: #fff; --text: #1a1f28;
  --quiet: #566070; --good: #1d7a46; --bad: #b3261e; --wait: #0b5cad }
@media (prefers-color-scheme: dark) {
  :root { --page: #12161c; --card: #1c222b; --text: #e8ebf0; --quiet: #a4aebd;
    --good: #6fcf97; --bad: #ffb4ab; --wait: #79b8ff } }
* { box-sizing: border-box }
body { align-items: center; background: var(--page); color: var(--text);
  display: flex; flex-direction: column; font: 1rem/1.5 system-ui, sans-serif;
  justify-content: center; margin: 0; min-height: 100vh; padding: 1rem }
main { background: var(--card); border-radius: .75rem; border-top: .3rem solid;
  box-shadow: 0 1px 4px rgb(0 0 0 / 20%); max-width: 26rem; padding: 1.5rem;
  width: 100% }
main:has(.wait) { border-color: var(--wait) }
main:has(.good) { border-color: var(--good) }
main:has(.bad) { border-color: var(--bad) }
h1 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 .75rem }
p { margin: 0; overflow-wrap: anywhere }
p + p, noscript p { margin-top: .75rem }
footer { color: var(--quiet); font-size: .875rem; margin-top: 1rem }
"""
# What stands after `#` never reaches a server by itself, so the page carries it here.
# Without a referrer policy of its own, a browser might send `Origin: null`.
_SCRIPT = """
const answer = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
const region = document.querySelector("[role=status]");
const show = (page) => {
  document.title = page.title;
  const news = page.querySelector("[role=status]");
  region.className = news.className;
  region.replaceChildren(...news.childNodes);
};
const sorry = () => {
  region.className = "bad";
  document.title = "Sign-in failed";
  region.querySelector("h1").textContent = document.title;
  region.querySelector("p").textContent =
    "The command in the terminal does not listen any more. Run it again.";
};
fetch(location.pathname, {
  method: "POST",
  headers: { "Content-Type": "application/x-www-form-urlencoded" },
  body: answer,
  credentials: "omit",
  referrerPolicy: "origin",
})
  .then((reply) => reply.text())
  .then((text) => show(new DOMParser().parseFromString(text, "text/html")))
  .catch(sorry);
"""
_WITHOUT_SCRIPT = (
    "<noscript><p>This flow needs JavaScript for that, and it is off here. "
    "<code>--flow browser</code> needs none.</p></noscript>"
)
_FRAME = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>$title</title>
<style>$style</style>
</head>
<body>
<main>
<div role="status" aria-live="polite" class="$mood">
<h1>$title</h1>
$paragraphs
</div>$more
</main>
<footer>cgw</footer>
</body>
</html>
""")


@dataclass(frozen=True)
class Page:
    """What one answer tells; its words are escaped here and nowhere else."""

    status: HTTPStatus
    title: str
    words: tuple[str, ...]
    mood: str = "bad"
    takes_fragment: bool = False

    @property
    def html(self) -> str:
        """The page as a document."""
        more = f"{_WITHOUT_SCRIPT}<script>{_SCRIPT}</script>"
        return _FRAME.substitute(
            title=html.escape(self.title),
            style=_STYLE,
            mood=self.mood,
            paragraphs="\n".join(f"<p>{html.escape(each)}</p>" for each in self.words),
            more=more if self.takes_fragment else "",
        )

    @property
    def headers(self) -> dict[str, str]:
        """The headers that go with it."""
        policy = f"default-src 'none'; style-src {_hash(_STYLE)}; "
        if self.takes_fragment:
            policy += f"script-src {_hash(_SCRIPT)}; connect-src 'self'; "
        policy += "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        return {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }


def _hash(text: str) -> str:
    """Return a Content-Security-Policy's name for one inline style or script."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


SIGNED_IN = Page(
    HTTPStatus.OK,
    "Signed in",
    ("You can close this window and return to the terminal.",),
    "good",
)
HANDOVER = Page(
    HTTPStatus.OK,
    "Almost there",
    ("The tokens have yet to go from this page to the terminal.",),
    "wait",
    takes_fragment=True,
)


def failed(error: str, description: str) -> Page:
    """Return the page for a sign-in that the pool has refused."""
    reason = f"{error}: {description}" if description else error
    words = (reason[:_LONGEST], "You can close this window. The terminal says more.")
    return Page(HTTPStatus.BAD_REQUEST, "Sign-in failed", words)


def not_understood(status: HTTPStatus) -> Page:
    """Return the page for what is not even a request that we know."""
    return _refused(status, "A browser sends no such request after a sign-in.")


def _refused(status: HTTPStatus, words: str) -> Page:
    """Return a page for what is no answer: the sign-in still goes on."""
    return Page(status, "Not taken", (words,))


WRONG_HOST = _refused(
    HTTPStatus.MISDIRECTED_REQUEST,
    "This is not the host that the callback URL names.",
)
WRONG_PATH = _refused(
    HTTPStatus.NOT_FOUND,
    "There is nothing here but the end of a sign-in.",
)
NO_FORM = _refused(
    HTTPStatus.METHOD_NOT_ALLOWED,
    "The end of this sign-in is a plain link, not a form.",
)
FOREIGN_FORM = _refused(
    HTTPStatus.FORBIDDEN,
    "Another page may not send tokens here.",
)
NOT_A_FORM = _refused(
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "Tokens are taken as a form only.",
)
NO_LENGTH = _refused(
    HTTPStatus.LENGTH_REQUIRED,
    "The form does not say how long it is.",
)
TOO_LARGE = _refused(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "The form is larger than any tokens are.",
)
WRONG_LENGTH = _refused(
    HTTPStatus.BAD_REQUEST,
    "The form is not as long as it says.",
)
TWICE = _refused(
    HTTPStatus.BAD_REQUEST,
    "The answer says something twice.",
)
NOT_OURS = _refused(
    HTTPStatus.BAD_REQUEST,
    "This is not the answer to the sign-in that is going on. "
    "Start from the address that the terminal shows.",
)
EMPTY = _refused(
    HTTPStatus.BAD_REQUEST,
    "The answer has neither what was asked for nor a reason.",
)
ANSWERED = _refused(
    HTTPStatus.CONFLICT,
    "This sign-in has its answer already. You can close this window.",
)
