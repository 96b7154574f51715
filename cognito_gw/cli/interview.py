"""What `cgw init` asks at a terminal, each answer judged before the next question."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.errors import UsageError
from cognito_gw.report.say import ask, confirm, line, say

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from cognito_gw.config.starter import Starter

_WANTED = {
    "name": ("stack name", "a letter first, then letters, digits and -, at most 32"),
    "region": ("AWS region", "such as us-east-1"),
}


def answered(starter: Starter, field: str, value: Any) -> Starter:
    """Return the file with one more answer in it; raise what is wrong with that."""
    changed = replace(starter, **{field: value})
    try:
        changed.validated()
    except UsageError as problem:
        if field not in _WANTED:
            raise
        kind, hint = _WANTED[field]
        raise UsageError(f"`{value}` is no {kind}", hint=hint) from problem
    return changed


@dataclass
class Interview:
    """Asks for what the command line does not give."""

    starter: Starter
    given: Collection[str]

    def held(self) -> Starter:
        """Ask, and return the file with the answers in it."""
        say("Enter takes what is in brackets; Ctrl-C writes nothing.", err=True)
        questions: dict[str, Callable[[], None]] = {
            "name": partial(self._ask, "name", "Stack name"),
            "region": partial(self._ask, "region", "AWS region"),
            "sign_in_with": self._ask_sign_in,
            "routes": self._ask_routes,
        }
        for field, question in questions.items():
            if field not in self.given:
                question()
        return self.starter

    def _ask(self, field: str, words: str) -> None:
        self.starter = ask(
            words,
            default=getattr(self.starter, field),
            value_proc=partial(self._with, field),
        )

    def _ask_sign_in(self) -> None:
        from cognito_gw.config.starter import SIGN_INS

        kinds, default = click.Choice([*SIGN_INS]), self.starter.sign_in_with
        kind = ask("Users sign in with", type=kinds, default=default)
        self.starter = replace(self.starter, sign_in_with=kind)

    def _ask_routes(self) -> None:
        words = "Route, such as GET /orders (Enter: /transactions and /health)"
        while route := ask(
            words, default="", show_default=False, value_proc=self._route
        ):
            is_public = confirm("  public, without a token?")
            routes = self.starter.routes | {route: is_public}
            self.starter = replace(self.starter, routes=routes)
            words = "Another route (Enter: no more)"

    def _route(self, answer: str) -> str:
        route = answer.strip()
        if route:
            self._with("routes", self.starter.routes | {route: False})
        return route

    def _with(self, field: str, answer: Any) -> Starter:
        """Return the file with one more answer; have it asked again if it is bad."""
        try:
            return answered(self.starter, field, answer)
        except UsageError as problem:
            words = ": ".join(filter(None, (problem.what, problem.hint)))
            raise click.UsageError(line(words)) from None
