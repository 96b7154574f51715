"""Finds and changes the users that a command names."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from cognito_gw.aws_rules import attribute_faults, unlike_a_name
from cognito_gw.cli.results import failure_code, show_json
from cognito_gw.errors import CgwError, Missing, UsageError
from cognito_gw.report.say import say
from cognito_gw.text import guess, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cognito_gw.app.context import Session
    from cognito_gw.engine.resource import Action, Resource, Step
    from cognito_gw.resources.user import Person


def require_own_pool(session: Session) -> None:
    """Refuse to change a pool that was made elsewhere."""
    if pool_id := session.config.user_pool.id:
        raise CgwError(
            f"user pool `{pool_id}` was made elsewhere: cgw never changes it",
            hint="change its users with what made it, or with the AWS CLI",
        )


def look_at_pool(session: Session, people: Sequence[Person] = ()) -> None:
    """Read the pool, and these users in it; raise when there is no pool."""
    pool = session.stack.pool
    session.look([pool, *people])
    if pool.live is None:
        hint = "run `cgw pool` first" if pool.managed else "see `user_pool.id`"
        raise Missing(f"{pool} does not exist yet", hint=hint)


def found(session: Session, names: Iterable[str], **more: Any) -> list[Person]:
    """Return the users, each once; raise for all that are not there."""
    from cognito_gw.resources.user import person, sign_in_name

    people = [person(session.stack, name, **more) for name in names]
    look_at_pool(session, people)
    absent = [each.username for each in people if each.live is None]
    if absent:
        raise no_such_user(session, absent)
    for each in people:
        each.username = sign_in_name(session.stack.pool, each.live or {})
    return list({each["Username"]: each for each in people}.values())


def require_user(session: Session, name: str) -> None:
    """Raise for a user whom neither the file nor the file's pool has."""
    from botocore.exceptions import BotoCoreError, ClientError

    from cognito_gw.resources.user import person

    them = person(session.stack, name)
    try:
        session.look([them])
    except (BotoCoreError, ClientError, CgwError) as problem:
        session.trace(f"cannot tell whether there is a user `{name}`: {problem}")
        return
    if them.live is None:
        raise no_such_user(session, [name])


def no_such_user(session: Session, names: Sequence[str]) -> Missing:
    """Return the error for users who are not in the pool, with who may be meant."""
    guesses = (guess(name, _known_users(session)) for name in names)
    meant = " ".join(dict.fromkeys(filter(None, guesses)))
    absent = ", ".join(f"`{name}`" for name in names)
    return Missing(
        f"no such user in {session.stack.pool}: {absent}" + (meant and f"; {meant}"),
        hint="`cgw user list` shows who is there",
    )


def _known_users(session: Session) -> list[str]:
    """Return the users of the file, and the first of the pool, if they may be read."""
    from botocore.exceptions import BotoCoreError, ClientError

    from cognito_gw.resources.user import sign_in_name

    pool, names = session.stack.pool, [each.username for each in session.config.users]
    with suppress(BotoCoreError, ClientError):
        users = session.aws.cognito.list_users(UserPoolId=pool["Id"])["Users"]
        names += [sign_in_name(pool, each) for each in users]
    return names


def check_name(session: Session, name: str) -> None:
    """Refuse a name with which nobody could sign in to the pool."""
    words = unlike_a_name(name, session.config.user_pool.sign_in_with)
    if words:
        raise UsageError(f"`{name}` must be {words}: so users of this pool sign in")


def require_attributes(session: Session, given: Mapping[str, str]) -> None:
    """Raise for attributes that the pool does not have, or not with these values."""
    schema = (session.stack.pool.live or {}).get("SchemaAttributes", [])
    faults = attribute_faults(schema, given) if schema else []
    if faults:
        there = ", ".join(sorted(each["Name"] for each in schema))
        raise UsageError(f"--attribute {faults[0]}", hint=f"the pool has: {there}")


def require_groups(session: Session, names: Iterable[str]) -> None:
    """Raise for groups that are not there, naming those that are."""
    from cognito_gw.resources.user import groups_of

    names = list(names)
    there = groups_of(session.stack.pool, session.aws) if names else []
    absent = [name for name in dict.fromkeys(names) if name not in there]
    if absent:
        spelled = ", ".join(f"`{name}`" for name in absent)
        raise Missing(
            unknown(f"no such group: {spelled}", absent[0], there),
            hint="add it to `user_pool.groups`, then run `cgw pool`",
        )


def change(
    session: Session, people: Sequence[Person], verb: Callable[[Person], Action]
) -> None:
    """Do it to each user, tell what came of it, and exit as the failures say."""
    from cognito_gw.engine.resource import Step

    def visit(resource: Resource) -> Step:
        return Step(resource, verb(cast("Person", resource)), done=True)

    graph: dict[Resource, set[Resource]] = {each: set() for each in people}
    steps = session.walk(visit, graph, list(people), silently=True)
    if session.settings.as_json:
        name = session.config.name
        show_json({"stack": name, "users": [_document(step) for step in steps]})
    _finish(steps, as_text=not session.settings.as_json)


def _finish(steps: list[Step], *, as_text: bool) -> None:
    from cognito_gw.cli import show_error
    from cognito_gw.report.lines import step_lines

    for step in steps:
        if step.error:
            show_error(step.error)
        elif as_text:
            for each in step_lines(step):
                say(each)
    if code := failure_code(steps):
        raise SystemExit(code)


def _document(step: Step) -> dict[str, Any]:
    live = step.resource.live or {}
    document = {
        "username": step.resource.label,
        "action": step.word,
        "status": live.get("UserStatus"),
        "enabled": live.get("Enabled"),
    }
    return document | ({"error": str(step.error)} if step.error else {})
