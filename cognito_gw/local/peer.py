"""Which user of this machine is at the other end of a loopback connection."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

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
