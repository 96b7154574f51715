"""The local AWS of tests/local, and raw requests to it."""

from __future__ import annotations

import http.client
import os
import socket
from contextlib import closing
from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from commandline import share_service_models
from local.conftest import REGION, server, signed  # noqa: F401 - fixtures

from cognito_gw.aws.clients import Aws


class Answer(NamedTuple):
    """The response to an HTTP request."""

    status: int
    headers: http.client.HTTPMessage
    text: str


@pytest.fixture(scope="session")
def client(server):  # noqa: F811
    """Return a maker of boto3 clients that sign with a key, by default the user's."""

    @cache
    def make(service, key=None):
        key = key or server.access_key
        return boto3.client(
            service,
            endpoint_url=server.url,
            region_name=REGION,
            aws_access_key_id=key.id,
            aws_secret_access_key=key.secret,
            config=Config(retries={"total_max_attempts": 1}),
        )

    return make


@pytest.fixture(scope="session")
def ask(server):  # noqa: F811
    """Make one HTTP request; send the path unchanged."""
    place = urlsplit(server.url)

    def request(method, path, headers=None, body=b"", user=None):
        connection = http.client.HTTPConnection(place.netloc, timeout=30)
        connection.sock = _connected(place, user)
        with closing(connection):
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
            return Answer(response.status, response.headers, text)

    return request


@pytest.fixture(scope="session")
def local_home(server):  # noqa: F811
    """The XDG_STATE_HOME in which `cgw --local` finds the running local AWS."""
    return str(server.log.parent.parent)


@pytest.fixture
def at_home(local_home, environment):
    """The environment of a user with a running local AWS, where `cgw` starts fast."""
    environment.setenv("XDG_STATE_HOME", local_home)
    environment.setenv("HOME", local_home)
    share_service_models(environment)
    environment.setitem(Aws.__init__.__kwdefaults__, "sleep", lambda _: None)
    return environment


def _connected(place, user):
    """Connect as a given user: a socket belongs to the user that creates it."""
    if user is None:
        return socket.create_connection((place.hostname, place.port), timeout=30)
    user, family = user if isinstance(user, tuple) else (user, socket.AF_INET)
    mapped = "::ffff:" if family == socket.AF_INET6 else ""
    own = os.geteuid()
    os.seteuid(user)
    try:
        connection = socket.socket(family)
    finally:
        os.seteuid(own)
    connection.settimeout(30)
    connection.connect((f"{mapped}{place.hostname}", place.port))
    return connection
