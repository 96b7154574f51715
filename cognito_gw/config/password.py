"""A password in the file: never printed, and required only when it is used.

Apart from the model, as completion reads files without pydantic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw.errors import UsageError

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import core_schema


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
        """Show that there is one, and nothing of it."""
        return "Password(…)"

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Let pydantic take a string, or what the loader has put in its place."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(_password)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe it to editors as the string that it is in the file."""
        return {"type": "string"}


def _password(value: Any) -> Password:
    if isinstance(value, Password):
        return value
    if isinstance(value, str):
        return Password(value)
    raise ValueError("must be text: put it in quotes")
