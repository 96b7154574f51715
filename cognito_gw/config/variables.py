"""Which ${VARIABLES} a file may use where, and passwords, which are never shown.

Apart from the model, as completion reads files without pydantic.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cognito_gw.errors import UsageError

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import core_schema

KeyPath = tuple[str | int, ...]
_OF_AWS, _OURS = "AWS_", "CGW_"
_VARIABLES_SECRET = re.compile(
    r"PASSW|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|AUTHORIZATION|COOKIE|WEBHOOK|"
    r"(^|_)(\w*KEY|PASS|PASSCODE|PW|OTP|TOTP|MFA_CODE|PAT|JWT|DSN)(?=_|\d|$)|"
    r"_(PWD|AUTH)$"
)
_WITH_PASSWORD = re.compile(r"://[^/\s:@]*:[^/\s@]+@")  # as DATABASE_URL has one
_MERGE = "<<"


def refusal(path: KeyPath, name: str, value: str) -> str | None:
    """Return why a variable may not be used at a key; None if it may."""
    place, name = _merged(path), name.upper()
    is_secret = bool(_VARIABLES_SECRET.search(name) or _WITH_PASSWORD.search(value))
    if is_secret and name.startswith(_OF_AWS):
        return f"${{{name}}} is refused: a file may not use AWS credentials"
    if place[:1] == ("endpoints",) and (is_secret or not name.startswith(_OURS)):
        return (
            f"${{{name}}} is refused: requests go there, so only variables named "
            f"{_OURS}… are allowed, and none that holds a secret"
        )
    if is_secret and not _may_be_secret(place):
        return (
            f"${{{name}}} is refused: it looks like a secret, and this value is shown "
            "or sent; a secret belongs in a user's `password` or a function's "
            "`environment`"
        )
    return None


def is_password(path: KeyPath) -> bool:
    """Whether a key holds a user's password."""
    place = _merged(path)
    return place[:1] == ("users",) and place[-1:] == ("password",)


def _may_be_secret(place: KeyPath) -> bool:
    is_variable = place[:1] == ("functions",) and place[2:3] == ("environment",)
    return is_variable or is_password(place)


def _merged(path: KeyPath) -> KeyPath:
    """Return the key path after merging: `<<` merges a mapping into its parent."""
    place: list[str | int] = []
    above: str | int | None = None
    for key in path:
        is_item = above == _MERGE and isinstance(key, int)  # `<<` also takes a list
        if key != _MERGE and not is_item:
            place.append(key)
        above = key
    return tuple(place)


class Password:
    """A secret, or the environment variable that should hold it and does not."""

    def __init__(self, value: str | None, *, missing: str | None = None) -> None:
        """Keep the `value`, or the name of the `missing` variable."""
        self._value = value
        self.missing = missing

    def reveal(self) -> str:
        """Return the password; raise if the variable that holds it is not set."""
        if self._value is None:
            raise UsageError(
                f"the password needs the environment variable {self.missing}",
                hint=f"export {self.missing}=…",
            )
        return self._value

    def __repr__(self) -> str:
        """Return a text without the secret."""
        return "Password(…)"

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Accept a string, or a `Password` that the loader created."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(_password)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe it as a string."""
        return {"type": "string"}


def _password(value: Any) -> Password:
    if isinstance(value, Password):
        return value
    if isinstance(value, str):
        return Password(value)
    raise ValueError("must be text: put it in quotes")
