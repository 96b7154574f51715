"""The control plane against ministack, as a second opinion on AWS's behavior.

Tested with ministack 1.5.33. It serves no sign-in pages by host name, and its
GetExport has no security, so `call`, `check`, and `explain` are not tested here.
"""

from __future__ import annotations

import pytest
from account import Account
from commandline import PASSWORD, QuickTerminal, brought_up
from ministack_server import ministack_server

FILE = """\
name: second
region: us-east-1
users:
  - {username: alice@example.com, password: "${CGW_ALICE_PASSWORD}"}
functions: {hello: {}}
resource_servers: {second: {scopes: {read: Read}}}
api:
  cors: {origins: ["https://a.example"]}
  routes:
    GET /orders: {function: hello}
    POST /orders: {function: hello, scopes: [second/read]}
    GET /orders/{id}: {function: hello}
    GET /health: {function: hello, auth: none}
"""


@pytest.fixture(scope="module")
def ministack_url(tmp_path_factory):
    with ministack_server(tmp_path_factory.mktemp("ministack")) as url:
        yield url


@pytest.fixture
def cgw(tmp_path, variables, ministack_url, environment):
    """A shell whose AWS is ministack."""
    settings = {"AWS_ENDPOINT_URL": ministack_url, "CGW_ALICE_PASSWORD": PASSWORD}
    for name, value in (variables | settings).items():
        environment.setenv(name, value)
    environment.chdir(tmp_path)
    terminal = QuickTerminal(tmp_path)
    terminal.write(FILE)
    return terminal


def test_from_nothing_and_back(cgw, ministack_url):
    """Create, repeat without a write, run by steps, show, sign in, and delete."""
    account = Account(ministack_url)
    before = account.listing()
    brought_up(cgw)
    tokens = cgw("token", "-o", "json").document
    assert tokens["id_token"]
    assert tokens["access_token"]
    cgw("down", "--yes")
    assert account.listing() == before
    assert cgw("down").err == "nothing to delete\n"
