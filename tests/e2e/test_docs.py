"""Every command in README and docs runs, in the order of the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from commandline import PASSWORD
from test_readme import PAGES, shown_commands

# Separate tests run these: they wait for input, or end what other tests use.
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
}
# Commands that name a real API or user pool, which would call AWS.
REAL = ("a1b2c3", "abc123", "amazoncognito.com", "us-east-1_Ab12Cd34E")
CODES = {
    # Its scope requires a sign-in in a browser, and there is none here.
    'call /transactions -X POST -d {"amount": 1}': 4,
    # Only self-registered users need confirmation.
    "user confirm bob@example.com": 1,
}
TYPED = {"token --decode -": "{id}", "test-authorizer --token -": "{id}"}


# Other tests run what these have more than the README, with other values.
NIGHTLY = {"check.md", "ci.md", "doctor.md", "explain.md", "why-401.md"}
WITH_COMMANDS = [
    pytest.param(page, marks=[pytest.mark.nightly] * (page.name in NIGHTLY))
    for page in PAGES
    if shown_commands([page])
]


@pytest.fixture(scope="module")
def done():
    """The commands of the pages before."""
    return set()


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.name)
def test_every_command_of_the_page_works(standing, page, done):
    """On the example, with the local AWS; a command of several pages runs once."""
    cgw = standing.cgw
    token = cgw("token", "--id").out
    (cgw.folder / "token.txt").write_text(token)
    commands = shown_commands([page])
    for line, words in commands.items():
        if line in ELSEWHERE or any(name in line for name in REAL):
            continue
        if line in done and "bob" not in line:  # each page adds and removes bob
            continue
        done.add(line)
        typed = TYPED.get(line, f"{PASSWORD}\n{PASSWORD}\n").format(id=token)
        cgw(*words, code=CODES.get(line, 0), typed=typed)
    if any(line.startswith("user add bob") for line in commands):
        cgw("user", "remove", "bob@example.com", "--yes")


def test_commands_run_elsewhere_have_a_test():
    """Without that file, a command would never run."""
    folder = Path(__file__).parent
    assert not [test for test in ELSEWHERE.values() if not (folder / test).exists()]
