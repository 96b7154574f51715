"""An unmodified moto_server in a separate process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections import deque
from contextlib import contextmanager


@contextmanager
def moto_server():
    """Start it on a free port, yield its address, and stop it."""
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    with server:
        lines = iter(server.stderr.readline, "")
        running = next(filter(None, (re.search(r"http://\S+", each) for each in lines)))
        drain = threading.Thread(target=deque, args=(server.stderr, 0))
        drain.start()  # or it would block once the pipe is full
        try:
            yield running[0]
        finally:
            server.terminate()
            drain.join()
