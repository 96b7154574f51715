"""Runs pip for another machine: `python pip_for_target.py MARKERS ARGUMENT…`.

pip takes the tags of another platform, but evaluates environment markers for its own
interpreter (github.com/pypa/pip/issues/11664), and its option only-binary does not
cover what a package requires by address. Both are changed inside of pip, as pex does; a
pip without these places fails instead of going on. This file runs in pip's interpreter,
so it imports nothing of ours.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any


def main() -> int:
    """Run pip with MARKERS, a JSON object of the target's environment."""
    target = json.loads(sys.argv.pop(1))
    pip = import_module("pip._internal.cli.main")
    distributions: Any = import_module("pip._internal.distributions")
    errors = import_module("pip._internal.exceptions")
    markers: Any = import_module("pip._vendor.packaging.markers")

    def refuse(requirement: object) -> None:
        message = f"No matching distribution found for {requirement}"
        raise errors.DistributionNotFound(message)

    _ = markers.default_environment, distributions.SourceDistribution
    markers.default_environment = lambda: dict(target)
    distributions.SourceDistribution = refuse
    return int(pip.main())


if __name__ == "__main__":
    sys.exit(main())
