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
from pathlib import Path

_UNREACHED = re.compile(r"Max retries exceeded|Could not connect|ServiceError")


def main() -> int:
    """Audit the environment with pip-audit, which has an environment of its own."""
    with tempfile.TemporaryDirectory() as folder:
        freeze = [sys.executable, "-m", "pip", "freeze", "--exclude-editable"]
        pins = Path(folder, "pins.txt")
        pins.write_text(_run(*freeze, check=True).stdout, encoding="utf-8")
        venv.create(Path(folder, "tools"), with_pip=True)
        python = str(Path(folder, "tools", "bin", "python"))
        _run(python, "-m", "pip", "install", "--quiet", "pip-audit", check=True)
        audit = ["-m", "pip_audit", "--no-deps", "--disable-pip", "--format", "json"]
        done = _run(python, *audit, "--requirement", str(pins))
    code, words = verdict(done.stdout, done.stderr)
    print(words)
    return code


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
