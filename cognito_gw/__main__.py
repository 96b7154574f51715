"""`python -m cognito_gw`, and the `cgw` command."""

from __future__ import annotations

import sys

from cognito_gw import __version__
from cognito_gw.search_path import leave_working_folder


def main() -> None:
    """Run the command line; answer `--version` before anything is loaded."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"cgw {__version__}\n")
        return
    leave_working_folder(is_module=__name__ == "__main__")
    from cognito_gw.cli import cgw

    cgw.main(prog_name="cgw")


if __name__ == "__main__":
    main()
