"""Access keys of the local AWS, apart from boto3: its client must start quickly."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field

_ID_BYTES = 20  # random: the local AWS checks the ID alone, so it is a secret too
_SECRET_BYTES = 30


@dataclass(frozen=True)
class AccessKey:
    """An access key ID, which has only letters and digits as on AWS, and its secret."""

    id: str = field(repr=False)
    secret: str = field(repr=False)

    @classmethod
    def create(cls) -> AccessKey:
        """Return a random key."""
        name = base64.b32encode(secrets.token_bytes(_ID_BYTES)).decode()
        return cls(f"LOCAL{name}", secrets.token_urlsafe(_SECRET_BYTES))

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables by which AWS's clients find it."""
        return {"AWS_ACCESS_KEY_ID": self.id, "AWS_SECRET_ACCESS_KEY": self.secret}
