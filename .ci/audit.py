"""Look up published advisories for the packages installed in this environment.

An advisory fails the audit. If the advisory service is unreachable, the audit says so
and passes.
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

_EXCLUDED = {"cognito-gw", "pip", "setuptools"}  # cgw itself, and a new venv's content
_UNREACHED = re.compile(r"Max retries exceeded|Could not connect|ServiceError")


def main() -> int:
    """Audit the environment with pip-audit, installed in a separate environment."""
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder, "pins.txt")
        pins.write_text("\n".join(_installed()), encoding="utf-8")
        venv.create(Path(folder, "tools"), with_pip=True)
        python = str(Path(folder, "tools", "bin", "python"))
        _run(python, "-m", "pip", "install", "--quiet", "pip-audit", check=True)
        audit = ["-m", "pip_audit", "--no-deps", "--disable-pip", "--format", "json"]
        done = _run(python, *audit, "--requirement", str(pins))
    code, message = verdict(done.stdout, done.stderr)
    print(message)
    return code


def _installed() -> list[str]:
    found = sorted((package.name, package.version) for package in distributions())
    return [f"{name}=={version}" for name, version in found if name not in _EXCLUDED]


def verdict(out: str, err: str) -> tuple[int, str]:
    """Return the exit code and the message for pip-audit's stdout and stderr."""
    if not out.strip():
        if _UNREACHED.search(err):
            return 0, "audit SKIPPED: the advisory service cannot be reached"
        return 1, f"audit failed: pip-audit gave no answer\n{err}"
    packages = json.loads(out)["dependencies"]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    found = [
        f"{package['name']} {package['version']}: {vulnerability['id']},"
        f" fixed in {', '.join(vulnerability['fix_versions']) or 'no release'}"
        for package in packages
        for vulnerability in package.get("vulns", ())
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
