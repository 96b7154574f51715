"""Runs one command: `launch.py REPORT COMMAND…`, and reports its time and memory.

It is a separate process, because Linux counts the parent's memory as the command's
until the command starts: the benchmarks are larger than most commands.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

report, *command = sys.argv[1:]
began = time.perf_counter()
pid = os.posix_spawnp(command[0], command, os.environ)
_, status, usage = os.wait4(pid, 0)
seconds = time.perf_counter() - began
measured = {
    "seconds": seconds,
    "processor": usage.ru_utime + usage.ru_stime,
    "peak": usage.ru_maxrss,
    "code": os.waitstatus_to_exitcode(status),
}
Path(report).write_text(json.dumps(measured), "utf-8")
