"""The local AWS of tests/local, for the attacks on it."""

from local.conftest import (  # noqa: F401 - fixtures
    aws,
    local_url,
    mailed,
    make_pool,
    name,
    refusal,
    server,
)
