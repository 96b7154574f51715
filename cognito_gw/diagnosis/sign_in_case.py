"""One sign-in, or an app's settings, and the facts that rules read about it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cognito_gw.aws.errors import absent_is_none
from cognito_gw.diagnosis.refusals import named_by
from cognito_gw.diagnosis.rule import Facts, NotInQuestion, Unread, fact
from cognito_gw.oauth.app_client import AppClient

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cognito_gw.aws.clients import Aws


@dataclass(frozen=True)
class Attempt:
    """How a user or an app signs in, and the error it received, if any."""

    client: str = ""  # its name in the file
    user: str | None = None
    auth_flow: str | None = None  # of the API: USER_PASSWORD_AUTH…
    oauth_flows: tuple[str, ...] = ()  # of the sign-in pages: code, implicit…
    scopes: tuple[str, ...] = ()
    redirect_uris: tuple[str, ...] = ()
    told: str = ""  # the error code and message
    is_of_file: bool = True  # whether the file has the client
    routes: tuple[str, ...] = ()  # in the file

    def names(self, code: str) -> bool:
        """Return whether the error names this cause."""
        return code in self._named

    @cached_property
    def _named(self) -> frozenset[str]:
        return named_by(self.told)

    @property
    def uses_pages(self) -> bool:
        """Whether it uses the domain's endpoints."""
        return bool(self.oauth_flows or self.scopes or self.redirect_uris)


class SignInCase(Facts):
    """The facts about one sign-in."""

    def __init__(
        self,
        aws: Aws | str,
        pool_id: str,
        client_id: str | None,
        attempt: Attempt,
        *,
        is_ours: bool = True,
    ) -> None:
        """Read from `aws`, or keep the reason why nothing can be read."""
        super().__init__()
        self._aws = aws
        self.pool_id = pool_id
        self.client_id = client_id
        self.attempt = attempt
        self.is_ours = is_ours

    @property
    def aws(self) -> Aws:
        """The account to read from."""
        if isinstance(self._aws, str):
            raise Unread("the stack", self._aws)
        return self._aws

    @property
    def place(self) -> Mapping[str, str]:
        """The names that a fix can use."""
        return {
            "pool_id": self.pool_id or "POOL_ID",
            "client": self.attempt.client or self.client_id or "CLIENT",
            "client_id": self.client_id or "CLIENT_ID",
            "user": self.attempt.user or "USER",
        }

    def is_behind(self, statuses: Sequence[int]) -> bool:  # noqa: ARG002
        """Return True: sign-ins have no status, so that any rule can apply."""
        return True

    @fact
    def client(self) -> AppClient | None:
        """The app client."""
        cognito = self.aws.cognito
        if self.client_id is None:
            return None
        with absent_is_none():
            answer = cognito.describe_user_pool_client(
                UserPoolId=self.pool_id, ClientId=self.client_id
            )
            return AppClient.described(self.pool_id, answer["UserPoolClient"])
        return None

    @fact
    def pool(self) -> dict[str, Any]:
        """The user pool."""
        answer = self.aws.cognito.describe_user_pool(UserPoolId=self.pool_id)
        return dict(answer["UserPool"])

    @fact
    def user(self) -> dict[str, Any] | None:
        """The user."""
        with absent_is_none():
            return dict(
                self.aws.cognito.admin_get_user(
                    UserPoolId=self.pool_id, Username=self.attempt.user
                )
            )
        return None

    @fact
    def names(self) -> list[str]:
        """The sign-in names of the pool's first users, as far as readable."""
        with suppress(ClientError):
            users = self.aws.cognito.list_users(UserPoolId=self.pool_id)["Users"]
            aliases = [
                attribute["Value"]
                for user in users
                for attribute in user.get("Attributes", [])
                if attribute["Name"] in ("email", "phone_number", "preferred_username")
            ]
            return [*aliases, *(user["Username"] for user in users)]
        return []

    @property
    def named_user(self) -> dict[str, Any] | None:
        """The user; raises `NotInQuestion` for a sign-in without a user."""
        if not self.attempt.user:
            raise NotInQuestion
        return self.user

    def user_is(self, status: str) -> bool:
        """Return whether the user exists and has this UserStatus."""
        user = self.named_user
        return bool(user and user.get("UserStatus") == status)
