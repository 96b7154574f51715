"""A stack with an app client for each flow, and a browser to sign in with."""

from __future__ import annotations

import json
import os
import shlex
import socket
import sys
from pathlib import Path

import yaml
from browsing import fetch
from commandline import EXAMPLE, PASSWORD, QuickTerminal, Terminal

ALICE, BOB = "alice@example.com", "bob@example.com"
BROWSER = Path(__file__).with_name("signing_browser.py")
BROWSER_COMMAND = f"{shlex.quote(sys.executable)} {shlex.quote(str(BROWSER))} %s"
IMPORTS = {"PYTHONPATH": os.pathsep.join(map(str, (BROWSER.parent,)))}


def free_port():
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stack_text(name, port):
    """Return the file of a stack with an app client for each flow."""
    data = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    urls = {
        "callback_urls": ["https://app.example.com/", f"http://localhost:{port}/back"],
        "logout_urls": [f"http://localhost:{port}/"],
    }
    scopes = data["app_clients"]["web"]["oauth_scopes"]
    data |= {
        "name": name,
        "domain": f"{name}-flows",
        "app_clients": {
            "web": urls | {"oauth_scopes": scopes},
            "confidential": urls | {"oauth_scopes": scopes, "secret": True},
            "learner": urls | {"oauth_flows": ["implicit"], "oauth_scopes": ["openid"]},
            "machine": {
                "oauth_flows": ["client_credentials"],
                "oauth_scopes": ["transactions/read", "transactions/write"],
                "secret": True,
            },
        },
        "users": [
            {"username": each, "password": "${CGW_ALICE_PASSWORD}"}
            for each in (ALICE, BOB)
        ],
    }
    return yaml.safe_dump(data, sort_keys=False)


class Stack:
    """A stack after `up`, and its users' browser."""

    def __init__(self, folder, name, variables, home):
        self.name, self.home = name, home
        alice = {"BROWSER": BROWSER_COMMAND, "SIGN_IN_AS": f"{ALICE} {PASSWORD}"}
        self.shell = Terminal(folder, ("--local",), variables | IMPORTS | alice)
        self.quick = QuickTerminal(folder, ("--local",), self.shell.environment)
        self.text = stack_text(name, free_port())
        self.shell.write(self.text)
        self.outputs = self.quick("up", "-o", "json").document["outputs"]

    def browse(self, *arguments, user=ALICE, code=0, run=None):
        """Run the command line with a browser in which a user signs in."""
        os.environ["SIGN_IN_AS"] = f"{user} {PASSWORD}"
        return (run or self.quick)(*arguments, code=code)

    def call(self, path, token, verb="GET"):
        """Return the status of the API's response."""
        headers = {"Authorization": token}
        return fetch(
            self.outputs["invoke_url"] + path, verb, headers=headers
        ).status_code

    @property
    def cache(self):
        """The files of cached tokens."""
        folder = self.home / "state" / "cognito-gw" / "tokens" / self.name
        return sorted(folder.glob("*"), key=lambda file: file.stat().st_mtime)

    def expire(self):
        """Let all cached tokens expire."""
        for file in self.cache:
            content = json.loads(file.read_text())
            content["tokens"]["expires_at"] = 0
            file.write_text(json.dumps(content))
