"""Access control of the control plane: keys, roles, browsers, and other users."""

from __future__ import annotations

import hmac
import json
import os
import re
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator

from cognito_gw import aws_rules
from cognito_gw.aws.endpoints import AccessKey
from cognito_gw.local.errors import AwsFault
from cognito_gw.local.operations import iam

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.local.operations import Call


# https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 "
    r"Credential=(?P<key>\w+)/\d{8}/(?P<region>[a-z0-9-]+)/(?P<service>[a-z0-9-]+)"
    r"/aws4_request, ?SignedHeaders=[\w;-]+, ?Signature=\w+",
    re.ASCII,
)
_OF_BROWSERS = ("Origin", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site")


@dataclass(frozen=True)
class Signature:
    """The access key, region and service of a request's Authorization header."""

    key: str
    region: str
    service: str


def read_signature(headers: Mapping[str, str]) -> Signature | None:
    """Return the signature of a request, or None without a SigV4 header."""
    found = _SIGNED.fullmatch(headers.get("Authorization", ""))
    return Signature(**found.groupdict()) if found else None


def is_from_browser(headers: Mapping[str, str]) -> bool:
    """Whether a web page sent the request: it cannot leave these headers out."""
    return any(name in headers for name in _OF_BROWSERS)


def is_by_script(headers: Mapping[str, str]) -> bool:
    """Whether a script or a frame requests a page, and not a person.

    A function's response runs in the origin of our pages, and must not read them.
    """
    is_preload = "Service-Worker-Navigation-Preload" in headers
    return is_preload or headers.get("Sec-Fetch-Dest", "document") != "document"


@dataclass(frozen=True)
class AccessKeys:
    """The access key of the user, and one for each function that runs."""

    _owner: AccessKey  # of the user, whose every call is allowed
    _of_functions: dict[str, AccessKey] = field(default_factory=dict)  # by ARN

    def for_function(self, arn: str) -> AccessKey:
        """Return the key of a function, always the same one."""
        return self._of_functions.setdefault(arn, AccessKey.create())

    def authenticate(self, headers: Mapping[str, str]) -> str | None:
        """Return the ARN of the function that signed, or None for the user.

        Raises AwsFault for any other key, as AWS does for an unknown one.
        """
        signature = read_signature(headers)
        if signature is None:
            message = "Missing Authentication Token"
            raise AwsFault("MissingAuthenticationTokenException", message)
        if is_from_browser(headers):
            message = "The local AWS accepts no signed calls from web pages"
            raise AwsFault("AccessDeniedException", message, HTTPStatus.FORBIDDEN)
        if _is(self._owner, signature.key):
            return None
        for arn, key in self._of_functions.items():
            if _is(key, signature.key):
                return arn
        raise AwsFault(
            "UnrecognizedClientException",
            "The security token included in the request is invalid. The local AWS "
            'creates an access key at each start: eval "$(cgw local env)"',
            HTTPStatus.FORBIDDEN,
        )


def _is(key: AccessKey, given: str) -> bool:
    return hmac.compare_digest(key.id, given)


# One line a socket: https://docs.kernel.org/networking/proc_net_tcp.html
_SOCKETS = Path("/proc/net/tcp")
_LOCAL, _REMOTE, _USER, _INODE = 1, 2, 7, 9  # columns
# The prefix of an IPv4 address in an IPv6 socket.
_MAPPED = "0000000000000000FFFF0000" if sys.byteorder == "little" else f"{0xFFFF:024X}"
_SOCKETS_OF_IPV6 = Path("/proc/net/tcp6")
ROOT = 0

Address = tuple[str, int]


def is_another_user(peer: Address, own: Address) -> bool:
    """Whether the socket at `peer`, connected to `own`, belongs to another user.

    Root has access to everything anyway. A socket that the system does not list counts
    as another user's: it is closed. False where there is no list, as on macOS.
    """
    if not _SOCKETS.exists():
        return False
    ends = [_in_hex(peer), _in_hex(own)]
    user = _user_of(_SOCKETS, ends)
    if user is None:
        user = _user_of(_SOCKETS_OF_IPV6, [f"{_MAPPED}{end}" for end in ends])
    return user not in (ROOT, os.geteuid())


def _user_of(sockets: Path, ends: list[str]) -> int | None:
    with suppress(OSError), sockets.open(encoding="ascii") as lines:
        for line in lines:
            columns = line.split()
            # A closed socket has no inode, and would count as root's.
            if columns[_LOCAL : _REMOTE + 1] == ends and columns[_INODE] != "0":
                return int(columns[_USER])
    return None


def _in_hex(address: Address) -> str:
    """Return an address as the kernel prints it: an integer in the machine's order."""
    octets = socket.inet_aton(address[0])
    return f"{int.from_bytes(octets, sys.byteorder):08X}:{address[1]:04X}"


@iam.refuses("CreateRole")
def malformed_trust_policy(call: Call) -> None:
    """Refuse an invalid trust policy: MalformedPolicyDocument; moto accepts it."""
    document = call["AssumeRolePolicyDocument"]
    try:
        json.loads(document)
    except ValueError as error:
        message = "This policy contains invalid Json"
        raise AwsFault("MalformedPolicyDocument", message) from error
    IAMTrustPolicyDocumentValidator(document).validate()


@iam.refuses("CreateRole", "TagRole")
def same_tag_in_other_case(call: Call) -> None:
    """Refuse tag keys that differ in case only: InvalidInput."""
    if aws_rules.doubles(tag["Key"] for tag in call.get("Tags", [])):
        raise AwsFault(
            "InvalidInput",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        )


@iam.refuses("CreateRole")
def same_name_in_other_case(call: Call) -> None:
    """Refuse a name that differs in case only: EntityAlreadyExists, 409."""
    name = call["RoleName"]
    if name.lower() in (role.name.lower() for role in call.backend.get_roles()):
        message = f"Role with name {name} already exists."
        raise AwsFault("EntityAlreadyExists", message, HTTPStatus.CONFLICT)
