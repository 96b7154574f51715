"""What AWS refuses that its service models do not say: one rule for file and local AWS.

Plain facts and functions; who asks words the complaint.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

STANDARD_SCOPES = (
    "openid",
    "email",
    "phone",
    "profile",
    "aws.cognito.signin.user.admin",
)

# Lambda guide, "Defined runtime environment variables", reserved ones, 2026-11.
RESERVED_VARIABLES = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)
LARGEST_ENVIRONMENT = 4096  # bytes

# Lambda creates no function with these; the date on which each lost its support.
# Lambda guide, "Lambda runtimes", by tflint-ruleset-aws@01037935. Only those of which
# AWS has blocked creation for sure: it has put off the dates of later ones repeatedly.
GONE_RUNTIMES = {
    "dotnet5.0": "2022-05-10",
    "dotnetcore1.0": "2019-07-27",
    "dotnetcore2.0": "2019-05-30",
    "dotnetcore2.1": "2022-01-05",
    "dotnetcore3.1": "2023-04-03",
    "go1.x": "2024-01-08",
    "java8": "2024-01-08",
    "nodejs": "2016-10-31",
    "nodejs10.x": "2021-07-30",
    "nodejs12.x": "2023-03-31",
    "nodejs14.x": "2023-12-04",
    "nodejs4.3": "2020-03-05",
    "nodejs4.3-edge": "2020-03-05",
    "nodejs6.10": "2019-08-12",
    "nodejs8.10": "2020-03-06",
    "provided": "2024-01-08",
    "python2.7": "2021-07-15",
    "python3.6": "2022-07-18",
    "python3.7": "2023-12-04",
    "ruby2.5": "2021-07-30",
    "ruby2.7": "2023-11-27",
}

LONGEST_PASSWORD = 256
PASSWORDS = (
    "a password does not begin or end with a space, and has up to 256 characters"
)
# How users sign in: what their names look like, and how that is called.
_NAMES = {
    "email": (re.compile(r"[^@\s]+@[^@\s]+"), "an email address"),
    "phone_number": (re.compile(r"\+[0-9]{1,15}"), "a phone number like +14155550123"),
}
_PLAIN_NAME = (re.compile(r"\S{1,128}"), "a user name without spaces")
# Attributes that are addresses: what they look like, and how that is called.
ADDRESSES = {
    "email": (re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"), "email address"),
    "phone_number": (re.compile(r"\+[0-9]{4,15}"), "phone number"),
}
_NUMBER = re.compile(r"-?[0-9]{1,100}")
RESERVED_WORDS = ("aws", "amazon", "cognito")
# How other frameworks begin a variable: :id, <int:id>, [id], $id, *rest.
_LIKE_VARIABLE = re.compile(r"[:<{\[$*]")
_PATH_PART = re.compile(r"[A-Za-z0-9._:-]+|\{[A-Za-z0-9._-]+\+?\}")
_TAG_EXTRAS = "_.:/=+-@"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_ +=,.@-]+")


def reserved_variables(names: Iterable[str]) -> list[str]:
    """Return those environment variables that Lambda sets itself."""
    return sorted(RESERVED_VARIABLES.intersection(names))


def environment_size(variables: Mapping[str, str]) -> int:
    """Return the bytes of an environment, as Lambda counts them: of its JSON."""
    text = json.dumps(dict(variables), separators=(",", ":"), ensure_ascii=False)
    return len(text.encode("utf-8", "surrogatepass"))


def reserved_word(prefix: str) -> str | None:
    """Return the word between the hyphens of a domain that AWS keeps to itself."""
    tokens = prefix.split("-")
    return next((word for word in RESERVED_WORDS if word in tokens), None)


def is_path_part(part: str) -> bool:
    """Tell whether API Gateway takes a part of a path."""
    return _PATH_PART.fullmatch(part) is not None


def variable_meant(part: str) -> str | None:
    """Return the path variable that a part spells as other frameworks do, if it does.

    API Gateway takes `:id` literally, and refuses the others.
    """
    if not _LIKE_VARIABLE.match(part) or (part[0] == "{" and is_path_part(part)):
        return None
    names = re.findall(r"[A-Za-z_]\w*", part)
    if not names:
        return "{proxy+}" if part.startswith("*") else None
    is_greedy = any(each in part for each in ("*", "...", "<path:", ":path}"))
    name = names[-1] if part.startswith("<") else names[0]
    return f"{{{name}{'+' * is_greedy}}}"


def is_username(name: str) -> bool:
    """Tell whether Cognito takes a user's or a group's name: visible characters."""
    return bool(name) and all(_major(each) in "LMSNP" for each in name)


def unlike_a_name(name: str, kinds: Sequence[str]) -> str | None:
    """Return what a user's name must be in a pool with these `UsernameAttributes`."""
    forms = [_NAMES[kind] for kind in kinds] or [_PLAIN_NAME]
    if is_username(name) and any(form.fullmatch(name) for form, _ in forms):
        return None
    return " or ".join(words for _, words in forms)


def is_password(password: str) -> bool:
    """Tell whether Cognito takes a password before it looks at the pool's policy."""
    is_long = len(password) > LONGEST_PASSWORD
    return password == password.strip() and not is_long


def is_tag_value(value: str) -> bool:
    """Tell whether IAM, Lambda and CloudWatch Logs take the value of a tag."""
    return all(_major(each) in "LZN" or each in _TAG_EXTRAS for each in value)


def doubles(keys: Iterable[str]) -> list[str]:
    """Return the keys that an earlier one spells in other case: IAM takes one."""
    first: dict[str, str] = {}
    return [key for key in keys if first.setdefault(key.lower(), key) != key]


def server_name(identifier: str) -> str:
    """Return a name for a resource server: identifiers may hold more than names."""
    return _NOT_IN_NAMES.sub("-", identifier).strip("-") or "resource-server"


def users_scopes(scopes: Sequence[str]) -> list[str]:
    """Return the scopes that only users can have, not client_credentials."""
    return [scope for scope in scopes if scope in STANDARD_SCOPES]


def _major(character: str) -> str:
    return unicodedata.category(character)[0]


def attribute_faults(
    schema: Sequence[Mapping[str, Any]], given: Mapping[str, str]
) -> list[str]:
    """Return what Cognito says of attributes that do not fit a pool's schema."""
    known = {each["Name"]: each for each in schema}
    said = (
        (name, _attribute_fault(known.get(name), name, value))
        for name, value in given.items()
    )
    return [f"{name}: {fault}" for name, fault in said if fault]


def _attribute_fault(
    attribute: Mapping[str, Any] | None, name: str, value: str
) -> str | None:
    if attribute is None:
        return "Attribute does not exist in the schema."
    if name == "sub":
        return "Attribute cannot be updated."
    form, words = ADDRESSES.get(name, (None, ""))
    if form and not form.fullmatch(value):
        return f"Invalid {words} format."
    return _value_fault(attribute, value)


def _value_fault(attribute: Mapping[str, Any], value: str) -> str | None:
    match attribute.get("AttributeDataType"):
        case "Number":
            return _number_fault(
                value, attribute.get("NumberAttributeConstraints") or {}
            )
        case "Boolean" if value.lower() not in ("true", "false"):
            return "Attribute must be true or false."
        case "String":
            limits = attribute.get("StringAttributeConstraints") or {}
            return _outside(len(value), limits, "Length", "String must have")
    return None


def _number_fault(value: str, limits: Mapping[str, str]) -> str | None:
    if not _NUMBER.fullmatch(value):
        return "Attribute must be a number."
    return _outside(int(value), limits, "Value", "Number must have")


def _outside(size: int, limits: Mapping[str, str], what: str, begin: str) -> str | None:
    """Return which of the limits, which Cognito keeps as text, a size breaks."""
    least, most = limits.get(f"Min{what}"), limits.get(f"Max{what}")
    if least and size < int(least):
        return f"{begin} a {what.lower()} of at least {least}."
    if most and size > int(most):
        return f"{begin} a {what.lower()} of at most {most}."
    return None
