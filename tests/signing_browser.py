"""A browser program for BROWSER: signs in on the page it is given.

SIGN_IN_AS is `name password`; it also prints a line, as real browsers may.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

from browsing import Browser, fetch


def main(url):
    """Sign in, and deliver the response to the app."""
    print("Opening in existing browser session.")  # noqa: T201 - as browsers do
    name, password = os.environ["SIGN_IN_AS"].split()
    browser = Browser(url.partition("/oauth2/")[0])
    browser.go(url)
    arrival = browser.send(username=name, password=password)
    sent_to = urlsplit(arrival.url)
    answer = fetch(
        arrival.url.replace("localhost", "127.0.0.1"), headers={"Host": sent_to.netloc}
    )
    print(answer.status_code)  # noqa: T201
    if seen := os.environ.get("ARGUMENTS_SEEN"):
        arguments = [_read(each) for each in Path("/proc").glob("[0-9]*/cmdline")]
        Path(seen).write_text("\n".join(arguments), encoding="utf-8")


def _read(file):
    try:
        return file.read_text(encoding="utf-8", errors="replace").replace("\0", " ")
    except OSError:  # the program has exited in the meantime
        return ""


if __name__ == "__main__":
    main(sys.argv[1])
