"""ministack, an independent AWS emulator, in a separate process."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections import deque
from contextlib import contextmanager

import pytest

PROGRAM = "ministack"


@contextmanager
def ministack_server(home):
    """Start it on a free port, yield its address, and stop it."""
    program = shutil.which(PROGRAM)
    if program is None:
        pytest.skip(f"{PROGRAM} is not installed: pipx install ministack")
    port = _free_port()
    variables = {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1"}
    server = subprocess.Popen(
        [program],
        env={"PATH": os.environ["PATH"], "HOME": str(home)} | variables,
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    with server:
        next(line for line in server.stdout if "Running on" in line)
        drain = threading.Thread(target=deque, args=(server.stdout, 0))
        drain.start()  # or it would block once the pipe is full
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            drain.join()


def _free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
