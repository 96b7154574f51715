"""Which user of this machine is at the other end of a loopback connection."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

# One line a socket: https://docs.kernel.org/networking/proc_net_tcp.html
_SOCKETS = Path("/proc/net/tcp")
_LOCAL, _REMOTE, _USER = 1, 2, 7  # columns
ROOT = 0

Address = tuple[str, int]


def is_another_user(peer: Address, own: Address) -> bool:
    """Tell whether the socket at `peer` that is connected to `own` is another user's.

    Root may do everything anyway. False where the system does not tell, as on macOS.
    """
    user = _user_of(peer, own)
    return user is not None and user not in (ROOT, os.geteuid())


def _user_of(peer: Address, own: Address) -> int | None:
    ends = [_spelled(peer), _spelled(own)]
    with suppress(OSError), _SOCKETS.open(encoding="ascii") as lines:
        for line in lines:
            columns = line.split()
            if columns[_LOCAL : _REMOTE + 1] == ends:
                return int(columns[_USER])
    return None


def _spelled(address: Address) -> str:
    """Return an address as the kernel prints it: an integer in the machine's order."""
    octets = socket.inet_aton(address[0])
    return f"{int.from_bytes(octets, sys.byteorder):08X}:{address[1]:04X}"
