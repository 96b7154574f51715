"""Who may call the control plane."""

from __future__ import annotations

import hmac
import os
import re
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cognito_gw.aws.clients import AccessKey
from cognito_gw.local.errors import AwsFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.local.awslambda.lambda_store import Function


# https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 "
    r"Credential=(?P<key>\w+)/\d{8}/(?P<region>[a-z0-9-]+)/(?P<service>[a-z0-9-]+)"
    r"/aws4_request, ?SignedHeaders=[\w;-]+, ?Signature=\w+",
    re.ASCII,
)
_OF_BROWSERS = ("Origin", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site")
# What the role that cgw gives a function allows it, in its own log group.
_LOG_WRITES = ("logs:CreateLogStream", "logs:PutLogEvents")
# Services of the REST-XML and query protocols, whose code has no "Exception".
_WITH_SHORT_CODES = frozenset(
    {"cloudformation", "cloudwatch", "iam", "rds", "s3", "sns", "sqs", "sts"}
)


@dataclass(frozen=True)
class Signature:
    """What a request's Authorization header says: whose key, for which service."""

    key: str
    region: str
    service: str


def read_signature(headers: Mapping[str, str]) -> Signature | None:
    """Return the signature of a request; None where the header is none of SigV4."""
    found = _SIGNED.fullmatch(headers.get("Authorization", ""))
    return Signature(**found.groupdict()) if found else None


def is_from_browser(headers: Mapping[str, str]) -> bool:
    """Tell whether a web page sent the request: it cannot leave these headers out."""
    return any(name in headers for name in _OF_BROWSERS)


def is_by_script(headers: Mapping[str, str]) -> bool:
    """Tell whether a script or a frame asks for a page, and not a person.

    What a function answers runs in the origin of our own pages, and must not read them.
    """
    is_preload = "Service-Worker-Navigation-Preload" in headers
    return is_preload or headers.get("Sec-Fetch-Dest", "document") != "document"


class AccessKeys:
    """The user's access key, and one for each function that runs."""

    def __init__(self, owner: AccessKey) -> None:
        """Let `owner` do everything."""
        self._owner = owner
        self._of_functions: dict[str, AccessKey] = {}  # by ARN

    def for_function(self, arn: str) -> AccessKey:
        """Return a function's own key, which stays the same."""
        return self._of_functions.setdefault(arn, AccessKey.create())

    def authenticate(self, headers: Mapping[str, str]) -> str | None:
        """Return the ARN of the function that signed, or None for the user.

        Raises AwsFault for anybody else, as AWS does for a key that it does not know.
        """
        signature = read_signature(headers)
        if signature is None:
            raise AwsFault(
                "MissingAuthenticationTokenException", "Missing Authentication Token"
            )
        if is_from_browser(headers):
            raise AwsFault(
                "AccessDeniedException",
                "The local AWS takes no signed calls from web pages",
                HTTPStatus.FORBIDDEN,
            )
        if _is(self._owner, signature.key):
            return None
        for arn, key in self._of_functions.items():
            if _is(key, signature.key):
                return arn
        raise AwsFault(
            "UnrecognizedClientException",
            "The security token included in the request is invalid. The local AWS "
            'takes the access key of its start: eval "$(cgw local env)"',
            HTTPStatus.FORBIDDEN,
        )


def identity(function: Function) -> dict[str, str]:
    """Return what GetCallerIdentity tells a function, which needs no permission."""
    account = function.role.split(":")[4]
    arn = _session_arn(function)
    return {"UserId": f"AROALOCAL:{function.name}", "Account": account, "Arn": arn}


def require_allowed(
    function: Function | None, action: str, params: Mapping[str, Any]
) -> None:
    """Refuse what the role that cgw gives a function does not allow.

    That is all but writes to its own log group. A function that is deleted has no role.
    """
    group = params.get("logGroupName")
    if function and action in _LOG_WRITES and group == function.log_group:
        return
    is_older = action.partition(":")[0] in _WITH_SHORT_CODES
    raise AwsFault(
        "AccessDenied" if is_older else "AccessDeniedException",
        f"User: {_session_arn(function)} is not authorized to perform: {action} "
        f"because no identity-based policy allows the {action} action",
        HTTPStatus.FORBIDDEN,
    )


def _session_arn(function: Function | None) -> str:
    if function is None:
        return "a deleted function"
    account, role = function.role.split(":")[4], function.role.rpartition("/")[2]
    return f"arn:aws:sts::{account}:assumed-role/{role}/{function.name}"


def _is(key: AccessKey, given: str) -> bool:
    return hmac.compare_digest(key.id, given)


# One line a socket: https://docs.kernel.org/networking/proc_net_tcp.html
_SOCKETS = Path("/proc/net/tcp")
_LOCAL, _REMOTE, _USER, _INODE = 1, 2, 7, 9  # columns
# Where a client has a socket of IPv6, this stands before its address of IPv4.
_MAPPED = "0000000000000000FFFF0000" if sys.byteorder == "little" else f"{0xFFFF:024X}"
_SOCKETS_OF_IPV6 = Path("/proc/net/tcp6")
ROOT = 0

Address = tuple[str, int]


def is_another_user(peer: Address, own: Address) -> bool:
    """Tell whether the socket at `peer` that is connected to `own` is another user's.

    Root may do everything anyway. A socket that the system does not list counts as
    another's: its user has closed it. False where there is no list, as on macOS.
    """
    if not _SOCKETS.exists():
        return False
    ends = [_spelled(peer), _spelled(own)]
    user = _user_of(_SOCKETS, ends)
    if user is None:
        user = _user_of(_SOCKETS_OF_IPV6, [f"{_MAPPED}{end}" for end in ends])
    return user not in (ROOT, os.geteuid())


def _user_of(sockets: Path, ends: list[str]) -> int | None:
    with suppress(OSError), sockets.open(encoding="ascii") as lines:
        for line in lines:
            columns = line.split()
            # A socket that is closed has no inode, and seems to be root's.
            if columns[_LOCAL : _REMOTE + 1] == ends and columns[_INODE] != "0":
                return int(columns[_USER])
    return None


def _spelled(address: Address) -> str:
    """Return an address as the kernel prints it: an integer in the machine's order."""
    octets = socket.inet_aton(address[0])
    return f"{int.from_bytes(octets, sys.byteorder):08X}:{address[1]:04X}"
