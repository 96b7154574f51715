"""The domain of the sign-in pages, and the branding that managed login needs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from botocore.exceptions import ClientError

from cognito_gw.aws.errors import is_domain_taken
from cognito_gw.aws.waits import wait_for
from cognito_gw.engine.resource import Change, Resource
from cognito_gw.errors import CgwError, NotOurs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.aws.clients import Account, Aws
    from cognito_gw.resources.app_client import AppClient
    from cognito_gw.resources.user_pool import UserPool

_PATIENCE = 180.0  # seconds; a domain usually takes a minute
_VERSIONS = {"classic": 1, "managed": 2}
_RESERVED = {"cognito": "cgnt", "amazon": "amzn", "aws": "a-w-s"}


def default_prefix(stack: str, account: Account) -> str:
    """Return a prefix that is likely to be free: prefixes are unique in a Region."""
    name = stack.lower()
    for word, stand_in in _RESERVED.items():
        name = name.replace(word, stand_in)
    seed = f"{account.number}/{account.region}/{stack}"
    return f"{name}-{hashlib.sha256(seed.encode()).hexdigest()[:8]}"


@dataclass(eq=False)
class ManagedLoginBranding(Resource):
    """The style of an app client's pages: managed login requires one."""

    kind = "branding"
    command = "domain"
    id_field = "ManagedLoginBrandingId"

    client: AppClient

    @property
    def label(self) -> str:
        return self.client.label

    @property
    def parent(self) -> Resource | None:
        return self.client.pool

    def desired(self) -> dict[str, Any]:
        return {}  # users may change the style: only its existence matters

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        answer = aws.cognito.describe_managed_login_branding_by_client(**self._key())
        return dict(answer["ManagedLoginBranding"])

    def create(self, aws: Aws) -> dict[str, Any]:
        answer = aws.cognito.create_managed_login_branding(
            **self._key(), UseCognitoProvidedValues=True
        )
        return dict(answer["ManagedLoginBranding"])

    def delete(self, aws: Aws) -> None:
        aws.cognito.delete_managed_login_branding(
            UserPoolId=self.client.pool["Id"],
            ManagedLoginBrandingId=self["ManagedLoginBrandingId"],
        )

    def _key(self) -> dict[str, str]:
        return {
            "UserPoolId": self.client.pool["Id"],
            "ClientId": self.client["ClientId"],
        }


@dataclass(eq=False)
class Domain(Resource):
    """The prefix domain of the pool's sign-in pages and OAuth endpoints."""

    kind = "domain"
    command = "domain"
    id_field = "Domain"
    replaced: ClassVar[Mapping[str, str]] = {
        "Domain": "the old address of the sign-in pages stops working: users cannot "
        "sign in until the new one works"
    }

    pool: UserPool
    prefix: str
    login: str
    brandings: tuple[ManagedLoginBranding, ...]  # before version 2, or 403

    @property
    def label(self) -> str:
        return self.prefix

    def desired(self) -> dict[str, Any]:
        return {"Domain": self.prefix, "ManagedLoginVersion": _VERSIONS[self.login]}

    def observe(self, aws: Aws) -> dict[str, Any] | None:
        # For an unknown domain, AWS returns {} and not an error.
        found = _describe(aws, self.prefix)
        owner = found.get("UserPoolId")
        if owner and (self.pool.live is None or owner != self.pool["Id"]):
            raise NotOurs(
                f"{self}: the prefix is taken by the user pool {owner}",
                hint="choose another `domain:`, or leave it out for a generated one",
            )
        if not owner and (other := self.pool["Domain"] if self._has_other() else None):
            found = _describe(aws, other)
        return found or None

    def create(self, aws: Aws) -> dict[str, Any]:
        self._claim(aws)

        def active() -> dict[str, Any] | None:
            found = _describe(aws, self.prefix)
            if found.get("Status") == "FAILED":
                raise CgwError(f"{self}: Cognito failed to make it")
            return found if found.get("Status", "ACTIVE") == "ACTIVE" else None

        until = f"the domain {self.prefix} can be used"
        return wait_for(active, aws, until=until, patience=_PATIENCE)

    def _claim(self, aws: Aws) -> None:
        """Claim the prefix; raise at once if another user pool has it."""
        try:
            aws.cognito.create_user_pool_domain(**self._request())
        except ClientError as error:
            if not is_domain_taken(error):
                raise
            # The error is the same if a concurrent cgw gave it to this pool.
            if _describe(aws, self.prefix).get("UserPoolId") != self.pool["Id"]:
                raise

    def update(self, aws: Aws, changes: Mapping[str, Change]) -> dict[str, Any]:
        if "Domain" in changes:  # AWS cannot rename a domain
            self.delete(aws)
            return self.create(aws)
        aws.cognito.update_user_pool_domain(**self._request())
        return _describe(aws, self.prefix)

    def delete(self, aws: Aws) -> None:
        domain = self["Domain"]
        aws.cognito.delete_user_pool_domain(UserPoolId=self.pool["Id"], Domain=domain)
        # Until then, the pool cannot be deleted or get another domain.
        wait_for(
            lambda: not _describe(aws, domain),
            aws,
            until=f"the domain {domain} is gone",
            patience=_PATIENCE,
        )

    def _has_other(self) -> bool:
        return self.pool.live is not None and bool(self.pool.live.get("Domain"))

    def _request(self) -> dict[str, Any]:
        return {"UserPoolId": self.pool["Id"], **self.desired()}


def _describe(aws: Aws, domain: str) -> dict[str, Any]:
    answer = aws.cognito.describe_user_pool_domain(Domain=domain)["DomainDescription"]
    return {"ManagedLoginVersion": 1} | answer if answer else {}
