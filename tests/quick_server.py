"""The local AWS as `python -m cognito_gw.local` runs it, but with few signing keys.

Each user pool has two RSA keys, and generating them takes longer than most tests. Here
all pools share six keys in turn, so that those of two successive pools differ.
"""

from __future__ import annotations

import runpy
from collections import deque

from cryptography.hazmat.primitives.asymmetric import rsa

_generate, _keys = rsa.generate_private_key, deque()


def _next_key(**settings):
    _keys.append(_keys.popleft() if len(_keys) == 6 else _generate(**settings))
    return _keys[-1]


if __name__ == "__main__":
    rsa.generate_private_key = _next_key
    runpy.run_module("cognito_gw.local", run_name="__main__", alter_sys=True)
