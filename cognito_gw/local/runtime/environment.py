"""The environment variables that a function sees."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cognito_gw.search_path import absolute

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cognito_gw.local.records import Function

# Of the server's own, just what a process needs to run.
_PASSED_ON = ("LANG", "LC_ALL", "SYSTEMROOT", "LD_LIBRARY_PATH")


def surroundings(environment: Mapping[str, str], home: Path) -> dict[str, str]:
    """Return what of the server's environment a function may see, and its own home.

    Nothing leads it to the user's settings, least of all to those for the real AWS.
    """
    passed_on = {name: environment[name] for name in _PASSED_ON if name in environment}
    return passed_on | {
        "PATH": absolute(environment.get("PATH", "")),
        "HOME": str(home),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def variables(
    function: Function, folder: Path, *, url: str, port: int, stream: str
) -> dict[str, str]:
    """Return Lambda's variables but for the access key, and the function's own."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "LAMBDA_TASK_ROOT": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "TZ": ":UTC",
        "_HANDLER": function.handler,
        **function.environment,
    }
