"""Look up published advisories for what is installed beside this Python.

An advisory fails it. If the advisory service cannot be reached, it says so and passes.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import venv
from importlib.metadata import distributions
from pathlib import Path

_APART = {"cognito-gw", "pip", "setuptools"}  # itself, and what a venv starts with
_UNREACHED = re.compile(r"Max retries exceeded|Could not connect|ServiceError")


def main() -> int:
    """Audit the environment with pip-audit, which has an environment of its own."""
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder, "pins.txt")
        pins.write_text("\n".join(_installed()), encoding="utf-8")
        venv.create(Path(folder, "tools"), with_pip=True)
        python = str(Path(folder, "tools", "bin", "python"))
        _run(python, "-m", "pip", "install", "--quiet", "pip-audit", check=True)
        audit = ["-m", "pip_audit", "--no-deps", "--disable-pip", "--format", "json"]
        done = _run(python, *audit, "--requirement", str(pins))
    code, words = verdict(done.stdout, done.stderr)
    print(words)
    return code


def _installed() -> list[str]:
    found = sorted((each.name, each.version) for each in distributions())
    return [f"{name}=={version}" for name, version in found if name not in _APART]


def verdict(out: str, err: str) -> tuple[int, str]:
    """Return the exit code and what to say of pip-audit's two streams."""
    if not out.strip():
        if _UNREACHED.search(err):
            return 0, "audit SKIPPED: the advisory service cannot be reached"
        return 1, f"audit failed: pip-audit gave no answer\n{err}"
    packages = json.loads(out)["dependencies"]
    skipped = [each["name"] for each in packages if "skip_reason" in each]
    found = [
        f"{each['name']} {each['version']}: {vulnerability['id']},"
        f" fixed in {', '.join(vulnerability['fix_versions']) or 'no release'}"
        for each in packages
        for vulnerability in each.get("vulns", ())
    ]
    if found:
        return 1, "\n".join(["audit failed:", *found])
    if len(skipped) == len(packages):
        return 0, "audit SKIPPED: the advisory service knows none of the packages here"
    names = f"; not looked up: {', '.join(skipped)}" if skipped else ""
    looked_up = len(packages) - len(skipped)
    return 0, f"audit: no advisory; packages looked up: {looked_up}{names}"


def _run(*command: str, check: bool = False) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=check)


if __name__ == "__main__":
    sys.exit(main())
