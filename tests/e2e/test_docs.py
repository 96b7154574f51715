"""Every command in README and docs runs once, in the order of its first page."""

from __future__ import annotations

from pathlib import Path

import pytest
from commandline import PASSWORD
from test_readme import PAGES, shown_commands

# Separate tests run these: they wait for input, end what other tests use, or become
# another program, which would end the tests.
ELSEWHERE = {
    "demo": "test_demo.py",
    "init": "../cli/test_init.py",
    "logs --follow": "test_logs.py",
    "--local up --watch": "test_watch.py",
    "local stop": "conftest.py",
    "token --scope transactions/write": "test_browser.py",
    "logout --browser": "test_flows.py",
    "down": "test_walk.py",
    "--local down --yes": "test_walk.py",
    "user remove bob@example.com": "test_user.py",
    "exec -- npm test": "test_export.py",
    "curl -- -sS --json {} /transactions": "test_export.py",
}
# Parts of commands that name a real API or user pool, which would call AWS,
# or the environments of a file, which test_example_orders.py has.
NOT_HERE = ("--env ", "a1b2c3", "abc123", "amazoncognito.com", "us-east-1_Ab12Cd34E")
CODES = {
    # Its scope requires a sign-in in a browser, and there is none here.
    'call /transactions -X POST -d {"amount": 1}': 4,
    # Only self-registered users need confirmation.
    "user confirm bob@example.com": 1,
}
TYPED = {"token --decode -": "{id}", "test-authorizer --token -": "{id}"}


# Other tests run what these have more than the rest, with other values.
NIGHTLY = {"check.md", "ci.md", "doctor.md", "explain.md", "why-401.md"}


def first_shown():
    """Return the commands by page that run here and that no earlier page shows."""
    seen, found = {*ELSEWHERE}, {}
    for page in sorted(PAGES, key=lambda page: page.name in NIGHTLY):
        for line, words in shown_commands([page]).items():
            if line not in seen and not any(name in line for name in NOT_HERE):
                found.setdefault(page, {})[line] = words
                seen.add(line)
    return found


COMMANDS = first_shown()


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.nightly] * (page.name in NIGHTLY))
        for page in COMMANDS
    ],
    ids=lambda page: page.name,
)
def test_every_command_of_the_page_works(standing, page):
    """On the example, with the local AWS."""
    cgw = standing.cgw
    token = cgw("token", "--id").out
    (cgw.folder / "token.txt").write_text(token)
    commands = COMMANDS[page]
    for line, words in commands.items():
        typed = TYPED.get(line, f"{PASSWORD}\n{PASSWORD}\n").format(id=token)
        cgw(*words, code=CODES.get(line, 0), typed=typed)
    if any(line.startswith("user add bob") for line in commands):
        cgw("user", "remove", "bob@example.com", "--yes")


def test_commands_run_elsewhere_have_a_test():
    """Without that file, a command would never run."""
    folder = Path(__file__).parent
    assert not [test for test in ELSEWHERE.values() if not (folder / test).exists()]
