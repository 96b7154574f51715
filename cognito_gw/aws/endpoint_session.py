"""Sessions for an AWS-compatible endpoint: nothing is the user's own in them."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config
from botocore.session import Session

from cognito_gw.aws.models import read_quickly

_UNSET = (None, None, None, None)


def without_profile() -> Session:
    """Return a session that heeds no AWS_PROFILE, which may name none that is here."""
    return read_quickly(Session({"profile": _UNSET}))


class EndpointSession(boto3.Session):
    """A boto3 session all of whose clients call the same endpoint, on this machine."""

    def __init__(self, endpoint_url: str, region: str, key: str) -> None:
        """Sign with a `key` that is also its own secret: nobody checks it."""
        super().__init__(
            aws_access_key_id=key,
            aws_secret_access_key=key,
            region_name=region,
            botocore_session=without_profile(),
        )
        self._endpoint_url = endpoint_url

    def client(self, *args: Any, **options: Any) -> Any:
        """Return a client, of this endpoint unless another is given."""
        make: Any = super().client  # its overloads want a literal
        return make(*args, **self._completed(options))

    def resource(self, *args: Any, **options: Any) -> Any:
        """Return a resource, of this endpoint unless another is given."""
        make: Any = super().resource
        return make(*args, **self._completed(options))

    def _completed(self, options: dict[str, Any]) -> dict[str, Any]:
        direct = Config(proxies={})  # no proxy leads to this machine itself
        config = direct.merge(options.get("config") or Config())
        return {"endpoint_url": self._endpoint_url} | options | {"config": config}
