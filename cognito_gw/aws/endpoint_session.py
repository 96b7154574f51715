"""Sessions for an AWS-compatible endpoint: nothing is the user's own in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.session import Session

from cognito_gw.aws.models import read_quickly

if TYPE_CHECKING:
    from cognito_gw.aws.access_key import AccessKey

_UNSET = (None, None, None, None)


def without_profile() -> Session:
    """Return a session that heeds no AWS_PROFILE, which may name none that is here."""
    return read_quickly(Session({"profile": _UNSET}))


class EndpointSession(boto3.Session):
    """A boto3 session all of whose clients call the same endpoint, on this machine."""

    def __init__(self, endpoint_url: str, region: str, key: AccessKey) -> None:
        """Sign with the endpoint's `key`."""
        super().__init__(
            aws_access_key_id=key.id,
            aws_secret_access_key=key.secret,
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
