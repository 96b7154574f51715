"""Rules of AWS for the attributes of users, and for what needs a feature plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw import aws_rules
from cognito_gw.aws_rules import CUSTOM
from cognito_gw.config.yaml_file import Problem
from cognito_gw.text import unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cognito_gw.config.model import (
        AppClientConfig,
        AttributeConfig,
        Config,
        UserConfig,
    )
    from cognito_gw.config.variables import KeyPath

_TYPES = {
    "string": "String",
    "number": "Number",
    "datetime": "DateTime",
    "boolean": "Boolean",
}
_LIMITS = {"String": ("MinLength", "MaxLength"), "Number": ("MinValue", "MaxValue")}


def schema_of(attributes: dict[str, AttributeConfig]) -> list[dict[str, Any]]:
    """Return the file's attributes as SchemaAttributes, standard ones first."""
    named = [_described(name, attribute) for name, attribute in attributes.items()]
    return sorted(named, key=lambda field: field["Name"].startswith(CUSTOM))


def _described(name: str, attribute: AttributeConfig) -> dict[str, Any]:
    described: dict[str, Any] = {"Name": name, "Mutable": attribute.mutable}
    if not name.startswith(CUSTOM):
        return described | {"Required": attribute.required}
    described["AttributeDataType"] = kind = _TYPES[attribute.type]
    limits = _limits(kind, attribute)
    return described | ({f"{kind}AttributeConstraints": limits} if limits else {})


def _limits(kind: str, attribute: AttributeConfig) -> dict[str, str]:
    """Return the limits; of a string always, as AWS does not document its default."""
    least, most = attribute.min, attribute.max
    if kind == "String":
        least = least or 0
        most = aws_rules.LONGEST_ATTRIBUTE if most is None else most
    sizes = zip(_LIMITS.get(kind, ()), (least, most), strict=False)
    return {limit: str(size) for limit, size in sizes if size is not None}


def of_pool(config: Config) -> Iterator[Problem]:
    """Yield what AWS does not accept of the pool's attributes and feature plan."""
    pool = config.user_pool
    custom = [name for name in pool.attributes if name.startswith(CUSTOM)]
    if len(custom) > aws_rules.MOST_CUSTOM_ATTRIBUTES:
        yield Problem(
            ("user_pool", "attributes"),
            f"a pool has at most {aws_rules.MOST_CUSTOM_ATTRIBUTES} custom attributes, "
            f"not {len(custom)}",
        )
    for name, attribute in pool.attributes.items():
        yield from _attribute(name, attribute)
    if pool.tier == "lite" and config.domain.login == "managed":
        yield _needs_plan(("domain", "login"), "managed login", "`login: classic`")


def _attribute(name: str, attribute: AttributeConfig) -> Iterator[Problem]:
    at: KeyPath = ("user_pool", "attributes", name)
    if not name.startswith(CUSTOM):
        for key in ("type", "min", "max"):
            if key in attribute.model_fields_set:
                yield Problem((*at, key), "only custom attributes (`custom:…`) have it")
        return
    if attribute.required:
        yield Problem(
            (*at, "required"),
            "AWS cannot require a custom attribute; give it to each user who needs it",
        )
    yield from _range(attribute, at)


def _range(attribute: AttributeConfig, at: KeyPath) -> Iterator[Problem]:
    sizes = {"min": attribute.min, "max": attribute.max}
    given = {key: size for key, size in sizes.items() if size is not None}
    longest = aws_rules.LONGEST_ATTRIBUTE
    for key, size in given.items():
        if attribute.type not in ("string", "number"):
            yield Problem((*at, key), f"a {attribute.type} has no `{key}`")
        elif attribute.type == "string" and size > longest:
            yield Problem((*at, key), f"strings have at most {longest} characters")
    if given.get("min", 0) > given.get("max", given.get("min", 0)):
        yield Problem((*at, "min"), f"must not be above `max`, {given['max']}")


def of_client(
    client: AppClientConfig, config: Config, at: KeyPath
) -> Iterator[Problem]:
    """Yield what AWS does not accept of an app client's attributes and flows."""
    required = [
        name for name, field in config.user_pool.attributes.items() if field.required
    ]
    for key in ("read", "write"):
        for index, name in enumerate(getattr(client, key) or []):
            yield from _known(name, config, (*at, key, index))
            if key == "write" and name in aws_rules.COGNITOS_ATTRIBUTES:
                yield Problem((*at, key, index), f"only Cognito sets `{name}`")
    if client.write and (lacking := set(required) - {*client.write}):
        yield Problem(
            (*at, "write"),
            f"must include what the pool requires: {', '.join(sorted(lacking))}",
        )
    yield from _sign_in(client, config, at)


def _sign_in(client: AppClientConfig, config: Config, at: KeyPath) -> Iterator[Problem]:
    is_lite = config.user_pool.tier == "lite"
    if is_lite and "choice" in (client.auth_flows or []):
        index = (client.auth_flows or []).index("choice")
        key: KeyPath = (*at, "auth_flows", index)
        yield _needs_plan(key, "the flow `choice`", "leave it out")
    if client.refresh_rotation is None:
        return
    key = (*at, "refresh_rotation")
    if is_lite:
        yield _needs_plan(key, "refresh token rotation", "leave it out")
    if "client_credentials" in client.oauth_flows:
        yield Problem(key, "client_credentials gets no refresh token")
    elif client.auth_flows == []:
        yield Problem(
            key,
            "needs one of `auth_flows`: without any, AWS enables its defaults, which "
            "do not go with rotation",
        )


def _needs_plan(at: KeyPath, what: str, otherwise: str) -> Problem:
    return Problem(
        at,
        f"{what} needs `user_pool.tier: essentials` or `plus`; the file has `lite` "
        f"(or {otherwise})",
    )


def of_user(user: UserConfig, config: Config, at: KeyPath) -> Iterator[Problem]:
    """Yield what AWS does not accept of a user's attributes, or what is missing."""
    pool, at = config.user_pool, (*at, "attributes")
    own = {
        name: user.username
        for name in pool.sign_in_with
        if aws_rules.ADDRESSES[name][0].fullmatch(user.username)
    }
    for name, attribute in pool.attributes.items():
        if attribute.required and not (user.attributes.get(name) or name in own):
            yield Problem(at, f"the pool requires `{name}`: add it")
    schema = aws_rules.standard_schema() + schema_of(pool.attributes)
    for name, value in user.attributes.items():
        key: KeyPath = (*at, name)
        if name in own and value.lower() != own[name].lower():
            yield Problem(key, f"is the user's name, `{own[name]}`: leave it out")
        elif fault := list(_known(name, config, key)):
            yield from fault
        elif name == "sub":
            yield Problem(key, "only Cognito sets `sub`: leave it out")
        elif value and (wrong := aws_rules.attribute_faults(schema, {name: value})):
            yield Problem(key, wrong[0].removeprefix(f"{name}: "))


def _known(name: str, config: Config, at: KeyPath) -> Iterator[Problem]:
    """Yield the problem of an attribute that the pool does not have."""
    standard = (*aws_rules.STANDARD_ATTRIBUTES, *aws_rules.COGNITOS_ATTRIBUTES)
    custom = [name for name in config.user_pool.attributes if name.startswith(CUSTOM)]
    if name not in (*standard, *custom):
        what = unknown(f"no such attribute `{name}`", name, (*standard, *custom))
        advice = "; add it to `user_pool.attributes`" if name.startswith(CUSTOM) else ""
        yield Problem(at, what + advice)
