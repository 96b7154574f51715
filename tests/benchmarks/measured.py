"""Runs commands in a separate folder and measures their time and memory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_LAUNCH = Path(__file__).with_name("launch.py")
_KIB = 1 if sys.platform != "darwin" else 1 / 1024  # of ru_maxrss
PASSWORD = "Correct-horse-7"
REGION = "us-east-1"


class Refused(Exception):
    """A command failed: the end of its output."""


@dataclass(frozen=True)
class Run:
    """The measurements of one run of a command."""

    seconds: float
    processor: float  # in seconds, too
    peak: float  # MiB
    calls: int = 0


@dataclass(frozen=True)
class Shell:
    """Runs commands in one folder and one environment."""

    folder: Path
    variables: dict[str, str]

    def measure(self, command):
        """Run a command and return its measurements; raise if it fails."""
        with (
            tempfile.NamedTemporaryFile("r", encoding="utf-8") as report,
            tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output,
        ):
            launch = [sys.executable, "-IS", str(_LAUNCH), report.name, *command]
            self._run(launch, output)
            measured = json.load(report)
            output.seek(0)
            if measured["code"]:
                raise Refused(_last_words(output.read()))
        peak = measured["peak"] * _KIB / 1024
        return Run(measured["seconds"], measured["processor"], peak)

    def _run(self, command, output):
        with subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0,
        ) as process:
            try:
                process.wait()
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise

    def read(self, *command):
        """Run a command and return its output."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if done.returncode:
            raise Refused(_last_words(done.stderr or done.stdout))
        return done.stdout


def shell(folder, **variables):
    """Return a shell without the user's settings and without real credentials."""
    own_programs = str(Path(sys.executable).parent)
    passed = ("TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR", "LANG")
    kept = {name: os.environ[name] for name in passed if name in os.environ}
    return Shell(
        folder,
        {
            "PATH": os.pathsep.join([own_programs, os.environ["PATH"]]),
            "HOME": str(folder),
            "XDG_STATE_HOME": str(folder / "state"),
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REGION": REGION,
            "CGW_ALICE_PASSWORD": PASSWORD,
            "CHECKPOINT_DISABLE": "1",
            "SAM_CLI_TELEMETRY": "0",
            **kept,
            **variables,
        },
    )


def middle(runs):
    """Return the median of each measure."""
    return Run(
        median(run.seconds for run in runs),
        median(run.processor for run in runs),
        median(run.peak for run in runs),
        round(median(run.calls for run in runs)),
    )


def _last_words(output):
    """Return the most informative line, without HTML that may follow."""
    lines = [line.strip(" │╵╷") for line in output.splitlines()]
    lines = [line.partition(": <")[0] for line in lines if line]
    refused = [line for line in lines if "when calling the" in line]
    told = [line for line in lines if "rror" in line]
    return (refused or told or lines or ["no word"])[-1][:160]
