"""Finds and changes users of the pool by name."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC
from typing import TYPE_CHECKING, Any, cast

from cognito_gw.app.walks import look, walk
from cognito_gw.aws_rules import attribute_faults, unlike_a_name
from cognito_gw.engine.resource import Step
from cognito_gw.errors import CgwError, Missing, UsageError
from cognito_gw.text import guess, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cognito_gw.app.context import Context
    from cognito_gw.config.variables import Password
    from cognito_gw.engine.resource import Action, Resource
    from cognito_gw.resources.user import Person


def person(
    context: Context, name: str, *, password: Password | None = None, **more: Any
) -> Person:
    """Return a user of the stack's pool, not read yet."""
    from cognito_gw.resources.user import Person

    stack = context.stack
    policy = stack.config.user_pool.password_policy
    groups = more.pop("groups", None)
    return Person(stack.pool, name, groups, (), policy, password, **more)


def require_own_pool(context: Context) -> None:
    """Raise for an existing pool, which cgw never changes."""
    if pool_id := context.config.user_pool.id:
        raise CgwError(
            f"cgw never changes the existing user pool `{pool_id}`",
            hint="change its users with the tool that manages it, or with the AWS CLI",
        )


def look_at_pool(context: Context, people: Sequence[Person] = ()) -> None:
    """Read the pool and these users in it; raise if there is no pool."""
    pool = context.stack.pool
    look(context, [pool, *people])
    if pool.live is None:
        hint = "run `cgw pool` first" if pool.managed else "see `user_pool.id`"
        raise Missing(f"{pool} does not exist yet", hint=hint)


def found(context: Context, names: Iterable[str], **more: Any) -> list[Person]:
    """Return the users, each once; raise one error for all that do not exist."""
    from cognito_gw.resources.user import sign_in_name

    people = [person(context, name, **more) for name in names]
    look_at_pool(context, people)
    absent = [user.username for user in people if user.live is None]
    if absent:
        raise no_such_user(context, absent)
    for user in people:
        user.username = sign_in_name(context.stack.pool, user.live or {})
    return list({user["Username"]: user for user in people}.values())


def require_user(context: Context, name: str) -> None:
    """Raise for a user who does not exist in the pool, if it can be read."""
    from botocore.exceptions import BotoCoreError, ClientError

    them = person(context, name)
    try:
        look(context, [them])
    except (BotoCoreError, ClientError, CgwError) as problem:
        context.ui.trace(f"cannot find out whether the user `{name}` exists: {problem}")
        return
    if them.live is None:
        raise no_such_user(context, [name])


def no_such_user(context: Context, names: Sequence[str]) -> Missing:
    """Return the error for users who do not exist, with suggestions."""
    guesses = (guess(name, _known_users(context)) for name in names)
    meant = " ".join(dict.fromkeys(filter(None, guesses)))
    absent = ", ".join(f"`{name}`" for name in names)
    return Missing(
        f"no such user in {context.stack.pool}: {absent}" + (meant and f"; {meant}"),
        hint="`cgw user list` shows all users",
    )


def _known_users(context: Context) -> list[str]:
    """Return the users of the file, and some of the pool if it can be read."""
    from botocore.exceptions import BotoCoreError, ClientError

    from cognito_gw.resources.user import sign_in_name

    pool, names = context.stack.pool, [user.username for user in context.config.users]
    with suppress(BotoCoreError, ClientError):
        users = context.aws.cognito.list_users(UserPoolId=pool["Id"])["Users"]
        names += [sign_in_name(pool, user) for user in users]
    return names


def check_name(context: Context, name: str) -> None:
    """Raise for a name that the pool does not allow for signing in."""
    words = unlike_a_name(name, context.config.user_pool.sign_in_with)
    if words:
        raise UsageError(
            f"`{name}` must be {words}: users of this pool sign in with it"
        )


def require_attributes(context: Context, new: Person) -> None:
    """Raise for attributes that the pool's schema does not allow, or lacks.

    A user with a temporary password gives missing ones at the first sign-in.
    """
    given = new.attributes
    schema = (context.stack.pool.live or {}).get("SchemaAttributes", [])
    faults = attribute_faults(schema, given) if schema else []
    if faults:
        names = ", ".join(sorted(attribute["Name"] for attribute in schema))
        raise UsageError(f"--attribute {faults[0]}", hint=f"the pool has: {names}")
    required = {field["Name"] for field in schema if field.get("Required")} - {"sub"}
    lacking = sorted(required - new.initial_attributes.keys())
    if lacking and not new.is_temporary:
        raise UsageError(
            f"the pool requires {', '.join(lacking)}",
            hint=" ".join(f"--attribute {name}=…" for name in lacking),
        )


def require_groups(context: Context, names: Iterable[str]) -> None:
    """Raise for groups that do not exist, with a list of those that do."""
    from cognito_gw.resources.user import groups_of

    names = list(names)
    there = groups_of(context.stack.pool, context.aws) if names else []
    absent = [name for name in dict.fromkeys(names) if name not in there]
    if absent:
        spelled = ", ".join(f"`{name}`" for name in absent)
        raise Missing(
            unknown(f"no such group: {spelled}", absent[0], there),
            hint="add it to `user_pool.groups`, then run `cgw pool`",
        )


def change(
    context: Context, people: Sequence[Person], verb: Callable[[Person], Action]
) -> list[Step]:
    """Call `verb` for each user, and return the steps, failures included."""

    def visit(resource: Resource) -> Step:
        return Step(resource, verb(cast("Person", resource)), done=True)

    graph: dict[Resource, set[Resource]] = {person: set() for person in people}
    return walk(context, visit, graph, list(people), report="none")


def described(context: Context, user: dict[str, Any]) -> dict[str, Any]:
    """Return a user as JSON-ready data; `user` is as ListUsers returns it."""
    from cognito_gw.resources.user import attributes_of, is_called, sign_in_name

    pool, attributes = context.stack.pool, attributes_of(user)
    in_file = [configured.username for configured in context.config.users]
    created = user["UserCreateDate"].astimezone(UTC).isoformat(timespec="milliseconds")
    return {
        "username": sign_in_name(pool, user),
        "sub": attributes.get("sub"),
        "status": user["UserStatus"],
        "enabled": user["Enabled"],
        "in_file": is_called(pool, user, in_file),
        "attributes": attributes,
        "created": created.replace("+00:00", "Z"),
    }
