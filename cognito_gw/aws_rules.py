"""Limits of AWS that its service models lack: for the file and for the local AWS.

Facts and functions; callers write the messages.
"""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from cognito_gw.text import LOOPBACK_HOST

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from zipfile import ZipInfo

# The scope of Cognito's own API: the only one that a sign-in through the API gets.
API_SCOPE = "aws.cognito.signin.user.admin"
STANDARD_SCOPES = ("openid", "email", "phone", "profile", API_SCOPE)

# The days for which CloudWatch Logs keeps events, by API_PutRetentionPolicy.
LOG_RETENTIONS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)

# Lambda guide, "Defined runtime environment variables", reserved ones, 2026-11.
_RESERVED_VARIABLES = (
    "_HANDLER _X_AMZN_TRACE_ID AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_DEFAULT_REGION "
    "AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_NAME "
    "AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_INITIALIZATION_TYPE "
    "AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME AWS_LAMBDA_MAX_CONCURRENCY "
    "AWS_LAMBDA_METADATA_API AWS_LAMBDA_METADATA_TOKEN AWS_LAMBDA_RUNTIME_API "
    "AWS_REGION AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN LAMBDA_RUNTIME_DIR "
    "LAMBDA_TASK_ROOT"
)
RESERVED_VARIABLES = frozenset(_RESERVED_VARIABLES.split())
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

# The other runtimes, by botocore 1.44.8.
_VERSIONS = {
    "dotnet{}": "6 8 10",
    "java{}": "8.al2 8.al2023 11 11.al2023 17 17.al2023 21 25",
    "nodejs{}.x": "16 18 20 22 24 26",
    "provided.{}": "al2 al2023",
    "python3.{}": "8 9 10 11 12 13 14 15",
    "ruby{}": "3.2 3.3 3.4 4.0",
}
RUNTIMES = frozenset(
    family.format(version)
    for family, versions in _VERSIONS.items()
    for version in versions.split()
)
UNZIPPED = 250 << 20  # bytes: the limit of a function's files
ZIPPED = 50 << 20  # bytes: the limit of a direct upload
_ENCRYPTED = 1  # a flag bit of a zip's entry
LARGEST_REQUEST = 70_167_211  # bytes, with the code in Base64

# IAM guide, "IAM and AWS STS quotas": characters of all inline policies of a role,
# without white space.
LARGEST_ROLE_POLICY = 10_240
ARN_PLACES = ("partition", "region", "account")
AN_ACCOUNT = {"partition": "aws", "region": "us-east-1", "account": "123456789012"}
# IAM's words for others: "Actions/Conditions must be prefaced by a vendor, e.g., iam,
# sdb, ec2, etc.", and `Resource x must be in ARN format or "*".`
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
_RESOURCE = re.compile(
    r"\*|arn:(aws[a-z-]*|\*):[A-Za-z0-9-]+:[^:\s]*:[^:\s]*:[^\s{}]([^{}]*[^\s{}])?"
)

PASSWORDS = (
    "a password has 2 to 256 characters and no line breaks, and does not begin or end "
    "with a space"
)
# Cognito's pattern of passwords, with Java's meaning of `\S` and the dot.
_PASSWORD = re.compile(r"[^\s][^\n\r\x85\u2028\u2029]{0,254}[^\s]", re.ASCII)
# Cognito guide, "Standard attributes": those that a pool can require.
STANDARD_ATTRIBUTES = (
    "address",
    "birthdate",
    "email",
    "family_name",
    "gender",
    "given_name",
    "locale",
    "middle_name",
    "name",
    "nickname",
    "phone_number",
    "picture",
    "preferred_username",
    "profile",
    "updated_at",
    "website",
    "zoneinfo",
)
CUSTOM = "custom:"  # how the names of custom attributes begin
MOST_CUSTOM_ATTRIBUTES = 50
LONGEST_ATTRIBUTE = 2048  # characters of a value
_LONGEST_CUSTOM_NAME = 20
# Attributes that are addresses: their patterns and names.
ADDRESSES = {
    "email": (re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"), "email address"),
    "phone_number": (re.compile(r"\+[0-9]{4,15}"), "phone number"),
}
# Sign-in names, by `UsernameAttributes`: their patterns and names.
_NAMES = {
    "email": (ADDRESSES["email"][0], "an email address"),
    "phone_number": (
        ADDRESSES["phone_number"][0],
        "a phone number like +14155550123",
    ),
}
_PLAIN_NAME = (re.compile(r"\S{1,128}"), "a user name without spaces")
_NUMBER = re.compile(r"-?[0-9]{1,100}")
RESERVED_WORDS = ("aws", "amazon", "cognito")
# How other frameworks begin a variable: :id, <int:id>, [id], $id, *rest.
_LIKE_VARIABLE = re.compile(r"[:<{\[$*]")
_PATH_PART = re.compile(r"[A-Za-z0-9._:-]+|\{[A-Za-z0-9._-]+\+?\}")
_TAG_EXTRAS = "_.:/=+-@"
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):/.*", re.DOTALL)
_WEB_HOST = re.compile(r"[a-z]+://(?P<host>[^/?]+)", re.IGNORECASE)
_LOOPBACK = re.compile(rf"{LOOPBACK_HOST}(:[0-9]{{1,5}})?")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_ +=,.@-]+")


def reserved_variables(names: Iterable[str]) -> list[str]:
    """Return the environment variables that Lambda sets itself."""
    return sorted(RESERVED_VARIABLES.intersection(names))


def environment_size(variables: Mapping[str, str]) -> int:
    """Return the size of an environment in bytes, which Lambda measures as JSON."""
    text = json.dumps(dict(variables), separators=(",", ":"), ensure_ascii=False)
    return len(text.encode("utf-8", "surrogatepass"))


def size_fault(zipped: int, unzipped: int) -> str | None:
    """Return the exceeded limit on the size of code, if any."""
    for size, most, state in (
        (unzipped, UNZIPPED, "unzipped"),
        (zipped, ZIPPED, "zipped"),
    ):
        if size > most:
            return f"{-(-size >> 20)} MiB {state}; Lambda takes {most >> 20} MiB"
    return None


def largest(sizes: Iterable[tuple[str, int]]) -> str:
    """Return the names of the five largest files with their sizes."""
    found = sorted(sizes, key=lambda each: (-each[1], each[0]))[:5]
    return ", ".join(f"{name} ({-(-size >> 20)} MiB)" for name, size in found)


def unzip_fault(entries: Iterable[ZipInfo]) -> str | None:
    """Return why Lambda cannot unzip these entries, if so."""
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts:
            return f"`{entry.filename}` would be outside of the code"
        if entry.flag_bits & _ENCRYPTED:
            return f"`{entry.filename}` is encrypted"
    return None


def is_action(action: str) -> bool:
    """Return whether IAM takes the action of a statement, which may be a pattern."""
    return _ACTION.fullmatch(action) is not None


def is_resource(arn: str) -> bool:
    """Return whether IAM takes the resource of a statement, which may be a pattern."""
    return _RESOURCE.fullmatch(arn) is not None


def filled_arn(arn: str, place: Mapping[str, str]) -> str:
    """Return an ARN with the values of `place` for its `ARN_PLACES`."""
    for name in ARN_PLACES:
        arn = arn.replace(f"{{{name}}}", place[name])
    return arn


def allowing(
    permissions: Iterable[tuple[Sequence[str], Sequence[str]]], place: Mapping[str, str]
) -> dict[str, Any]:
    """Return the policy that allows, in each pair, the actions on the ARNs."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": [*actions],
                "Resource": [filled_arn(arn, place) for arn in arns],
            }
            for actions, arns in permissions
        ],
    }


def policy_size(document: Mapping[str, Any]) -> int:
    """Return the characters that IAM counts: all but white space."""
    return len("".join(json.dumps(document).split()))


def reserved_word(prefix: str) -> str | None:
    """Return the reserved word in a domain prefix, if any."""
    tokens = prefix.split("-")
    return next((word for word in RESERVED_WORDS if word in tokens), None)


def is_path_part(part: str) -> bool:
    """Return whether API Gateway accepts a part of a path."""
    return _PATH_PART.fullmatch(part) is not None


def variable_meant(part: str) -> str | None:
    """Return the path variable that a part means in another framework's syntax.

    None for other parts. API Gateway takes `:id` literally, and refuses the others.
    """
    if not _LIKE_VARIABLE.match(part) or (part[0] == "{" and is_path_part(part)):
        return None
    names = re.findall(r"[A-Za-z_]\w*", part)
    if not names:
        return "{proxy+}" if part.startswith("*") else None
    is_greedy = any(mark in part for mark in ("*", "...", "<path:", ":path}"))
    name = names[-1] if part.startswith("<") else names[0]
    return f"{{{name}{'+' * is_greedy}}}"


def is_username(name: str) -> bool:
    """Return whether Cognito accepts a user's name or a URL: visible characters."""
    return bool(name) and all(_major(letter) in "LMSNP" for letter in name)


# Cognito guide, "Standard attributes", and botocore's CreateUserPoolClient: no app
# client may write these; cdk-preflight pf-cognito-write-attributes-immutable.
COGNITOS_ATTRIBUTES = ("sub", *(f"{name}_verified" for name in ADDRESSES))


def is_custom_name(name: str) -> bool:
    """Return whether it can be the name of a custom attribute, with its prefix."""
    own = name.removeprefix(CUSTOM)
    is_short = len(own) <= _LONGEST_CUSTOM_NAME
    return name.startswith(CUSTOM) and is_short and is_username(own)


def standard_schema() -> list[dict[str, Any]]:
    """Return the standard attributes of every pool, as SchemaAttributes."""
    kinds = dict.fromkeys((*STANDARD_ATTRIBUTES, "sub"), "String")
    kinds |= {f"{name}_verified": "Boolean" for name in ADDRESSES}
    kinds["updated_at"] = "Number"
    limits = {"birthdate": {"MinLength": "10", "MaxLength": "10"}}
    return [
        {
            "Name": name,
            "AttributeDataType": kind,
            f"{kind}AttributeConstraints": limits.get(name, {}),
        }
        for name, kind in kinds.items()
    ]


def unlike_a_name(name: str, kinds: Sequence[str]) -> str | None:
    """Return what a user's name must be in a pool with these `UsernameAttributes`."""
    forms = [_NAMES[kind] for kind in kinds] or [_PLAIN_NAME]
    if is_username(name) and any(form.fullmatch(name) for form, _ in forms):
        return None
    return " or ".join(words for _, words in forms)


def is_password(password: str) -> bool:
    """Return whether Cognito accepts a password, apart from the pool's policy."""
    return _PASSWORD.fullmatch(password) is not None


def url_fault(url: str) -> str | None:
    """Return what is wrong with a callback or sign-out URL, in Cognito's words.

    Botocore's CreateUserPoolClient, and cdk-preflight pf-cognito-callback-url-fragment
    and -https. Of the URLs that are not absolute, AWS's words are not on record.
    """
    form = _URL.fullmatch(url)
    if form is None:
        return "is not an absolute URI"
    if "#" in url:
        return "cannot use fragment"
    if form["scheme"].lower() not in ("http", "https"):
        return None  # an app's own: myapp://, com.example.app:/callback
    host = _WEB_HOST.match(url)
    if host is None:
        return "is not an absolute URI"
    if form["scheme"].lower() == "http" and not _LOOPBACK.fullmatch(host["host"]):
        return "cannot use the HTTP protocol."
    return None


def is_reserved_tag(text: str) -> bool:
    """Return whether the key or the value of a tag has AWS's reserved prefix.

    IAM guide, "Tagging IAM resources": neither may; Lambda guide: in whatever case.
    """
    return text[:4].lower() == "aws:"


def is_tag_value(value: str) -> bool:
    """Return whether IAM, Lambda and CloudWatch Logs accept the value of a tag."""
    return all(_major(letter) in "LZN" or letter in _TAG_EXTRAS for letter in value)


def doubles(keys: Iterable[str]) -> list[str]:
    """Return the keys that differ from an earlier one only in case."""
    first: dict[str, str] = {}
    return [key for key in keys if first.setdefault(key.lower(), key) != key]


def server_name(identifier: str) -> str:
    """Return a name for a resource server: identifiers allow more characters."""
    return _NOT_IN_NAMES.sub("-", identifier).strip("-") or "resource-server"


def users_scopes(scopes: Sequence[str]) -> list[str]:
    """Return the scopes that only users can have, not client_credentials."""
    return [scope for scope in scopes if scope in STANDARD_SCOPES]


def _major(letter: str) -> str:
    return unicodedata.category(letter)[0]


def attribute_faults(
    schema: Sequence[Mapping[str, Any]], given: Mapping[str, str]
) -> list[str]:
    """Return Cognito's messages for attributes that violate a pool's schema."""
    known = {attribute["Name"]: attribute for attribute in schema}
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
    """Return the violated limit, if any; Cognito stores limits as text."""
    least, most = limits.get(f"Min{what}"), limits.get(f"Max{what}")
    if least and size < int(least):
        return f"{begin} a {what.lower()} of at least {least}."
    if most and size > int(most):
        return f"{begin} a {what.lower()} of at most {most}."
    return None
