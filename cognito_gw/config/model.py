"""The shape of the file: one frozen model for each section, with its defaults."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from cognito_gw import aws_rules
from cognito_gw.config.variables import Password
from cognito_gw.gateway_rules import ANY, METHODS

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema


def docstrings(of: type) -> dict[str, str]:
    """Return what the source says of each field; nothing where there is no source."""
    import ast
    import inspect

    try:
        source = inspect.getsource(of)
    except OSError:
        return {}
    body = ast.parse(source).body[0]
    return dict(_beneath(body)) if isinstance(body, ast.ClassDef) else {}


def _beneath(body: ast.ClassDef) -> Iterator[tuple[str, str]]:
    import ast
    from inspect import cleandoc
    from itertools import pairwise

    for above, below in pairwise(body.body):
        match above, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, cleandoc(text)


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"(\d{1,9})([smhd])")
VERBS = (*METHODS, ANY)
API_NAME = r"^[\x21-\x7E](?:[\x20-\x7E]{0,126}[\x21-\x7E])?$"
# Apps have origins of their own schemes, such as capacitor://localhost.
ORIGIN = r"^(\*|[a-z][a-z0-9+.-]*://[A-Za-z0-9._~:\[\]-]+)$"
POLICY_ARN = r"^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9_+=,.@/-]+$"
_ROUTE = re.compile(rf"({'|'.join(VERBS)}) /\S*")


def _or_empty(value: Any) -> Any:
    return {} if value is None else value


def _duration(value: Any) -> Any:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise ValueError("write a number and a unit, such as 15m, 1h or 30d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _off(value: Any) -> Any:
    return "off" if value is False else value  # YAML reads a bare `off` as false


def _prefix(value: Any) -> Any:
    is_scalar = isinstance(value, str | bool | int | float)
    return {"prefix": value} if is_scalar else _or_empty(value)


def _cors(value: Any) -> Any:
    if value is True:
        raise ValueError("name the origins: {origins: [https://app.example.com]}")
    return None if value is False else value


def _route_key(value: str) -> str:
    if not _ROUTE.fullmatch(value):
        raise ValueError(
            f"write a method ({', '.join(VERBS)}), one space and a path from `/` on, "
            "such as GET /transactions"
        )
    return value


def _tag_key(value: str) -> str:
    if aws_rules.is_reserved_tag(value) or value.lower().startswith("cgw:"):
        raise ValueError("tags that begin with aws: or cgw: are reserved")
    return value


def _tag_value(value: str) -> str:
    if aws_rules.is_reserved_tag(value):
        raise ValueError("values that begin with aws: are reserved")
    return value


def _name_of_users(value: str) -> str:
    if not aws_rules.is_username(value):
        raise ValueError("must be visible characters, without spaces")
    return value


def _once(values: list[Any]) -> list[Any]:
    return [*dict.fromkeys(values)]


def between(low: str, high: str) -> Any:
    """Constrain a duration to a range that AWS accepts."""

    def check(value: timedelta) -> timedelta:
        if not _duration(low) <= value <= _duration(high):
            raise ValueError(f"must be from {low} to {high}")
        return value

    return AfterValidator(check)


def _spelled(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    for unit, name in reversed(_UNITS.items()):
        count, rest = divmod(seconds, int(timedelta(**{name: 1}).total_seconds()))
        if not rest:
            return f"{count}{unit}"
    raise AssertionError


def lasting(text: str) -> Any:
    """Set a default duration, and spell it in the JSON Schema as the file would."""
    return Field(default=_duration(text), json_schema_extra={"default": text})


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(_spelled, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,9}[smhd]$"}),
]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$")]
Label = Annotated[
    str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_ +=,.@-]+$")
]
ApiName = Annotated[str, Field(pattern=API_NAME)]
FunctionName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
TagKey = Annotated[
    str,
    Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9+=._:/-]+$"),
    AfterValidator(_tag_key),
]
TagValue = Annotated[str, Field(max_length=256), AfterValidator(_tag_value)]
GroupName = Annotated[
    str, Field(pattern=r"^\S{1,128}$"), AfterValidator(_name_of_users)
]
Once = AfterValidator(_once)  # what is said twice is sent once
Url = Annotated[str, Field(min_length=1, max_length=1024)]
RouteKey = Annotated[str, AfterValidator(_route_key)]
Symbols = Literal["lowercase", "uppercase", "numbers", "symbols"]


class Section(BaseModel):
    """A part of the file. Unknown keys are errors; models are immutable.

    What stands beneath a key describes it. It is read for the JSON Schema alone, as
    every command waits for these models: hence no `use_attribute_docstrings`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe each key by the docstring beneath it."""
        described = handler(schema)
        properties = handler.resolve_ref_schema(described)["properties"]
        for name, text in docstrings(cls).items():
            properties[name]["description"] = text
        return described


class PasswordPolicy(Section):
    min_length: int = Field(default=8, ge=6, le=99)
    """Characters."""
    require: list[Symbols] = ["lowercase", "uppercase", "numbers", "symbols"]
    """What a password must contain."""


class UserPoolConfig(Section):
    id: str | None = Field(
        default=None, max_length=55, pattern=r"^[A-Za-z0-9-]+_[0-9A-Za-z]+$"
    )
    """A pool made elsewhere: used, never changed or deleted."""
    name: Label | None = None
    """Default: the stack's name."""
    sign_in_with: Annotated[list[Literal["email", "phone_number"]], Once] = ["email"]
    """Fixed at creation. An empty list: users have names of their own."""
    self_sign_up: bool = False
    """true: anyone on the internet can sign up, and so get a token."""
    password_policy: PasswordPolicy = PasswordPolicy()
    """What AWS asks of passwords."""
    mfa: Annotated[Literal["off", "optional", "required"], BeforeValidator(_off)] = (
        "off"
    )
    """Time-based one-time passwords (TOTP)."""
    groups: list[GroupName] = []
    """Tokens carry the names of a user's groups."""
    deletion_protection: bool = False
    """true: AWS and `cgw down` refuse to delete the pool."""


class Validity(Section):
    id: Annotated[Duration, between("5m", "1d")] = lasting("1h")
    """Of the ID token."""
    access: Annotated[Duration, between("5m", "1d")] = lasting("1h")
    """Of the access token."""
    refresh: Annotated[Duration, between("1h", "3650d")] = lasting("30d")
    """Of the refresh token; not shorter than the other two."""


class AppClientConfig(Section):
    id: str | None = Field(default=None, max_length=128, pattern=r"^[A-Za-z0-9_+]+$")
    """An app client made elsewhere: used, never changed or deleted."""
    name: Label | None = None
    """Default: the stack's name, a hyphen, and the key here."""
    callback_urls: Annotated[list[Url], Once] = Field(
        default=["http://localhost:8765/callback"], max_length=100
    )
    """Where the sign-in page may send people back to."""
    logout_urls: Annotated[list[Url], Once] = Field(
        default=["http://localhost:8765/"], max_length=100
    )
    """Where signing out may lead to."""
    oauth_flows: Annotated[
        list[Literal["code", "implicit", "client_credentials"]], Once
    ] = Field(default=["code"], max_length=3)
    """`client_credentials` stands alone, and needs `secret: true`."""
    oauth_scopes: Annotated[list[Annotated[str, Field(max_length=256)]], Once] = Field(
        default=["openid", "email", "profile"], max_length=50
    )
    """Those of OpenID Connect, and `server/scope` of a resource server."""
    secret: bool = False
    """Fixed at creation."""
    validity: Annotated[Validity, BeforeValidator(_or_empty)] = Validity()
    """How long its tokens are good."""


class ResourceServerConfig(Section):
    name: Label | None = None
    """Default: the key under `resource_servers`, its identifier, as far as names go."""
    scopes: dict[
        Annotated[str, Field(pattern=r"^[\x21\x23-\x2E\x30-\x5B\x5D-\x7E]{1,256}$")],
        Annotated[str, Field(min_length=1, max_length=256)],
    ] = Field(min_length=1, max_length=100)
    """Scope name to description; a token carries it as `server/scope`."""


class DomainConfig(Section):
    prefix: str | None = Field(
        default=None, pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"
    )
    """Unique in the region. Default: the name and a hash of the account id."""
    login: Literal["classic", "managed"] = "classic"
    """The classic hosted UI, or managed login with its default branding."""


class UserConfig(Section):
    username: str = Field(min_length=1, max_length=128)
    """An address, where users sign in with one."""
    password: Password | None = None
    """Best as ${VARIABLE}. Without one, a generated password is shown once."""
    groups: Annotated[list[GroupName], Once] | None = Field(
        default=None, max_length=100
    )
    """The user's exact groups. Omit to leave groups unmanaged."""


class FunctionConfig(Section):
    name: FunctionName | None = None
    """Default: the stack's name, a hyphen, and the key here."""
    runtime: str = Field(
        default="python3.13",
        pattern=r"^[a-z][a-z0-9.-]{1,31}$",
    )
    """Lambda's identifier. The local AWS runs Python and Node.js."""
    handler: str = Field(
        default="lambda_function.lambda_handler", pattern=r"^\S{1,128}$"
    )
    """File and function."""
    code: Path | None = None
    """A folder or a .zip. Default: the console's "Hello from Lambda!"."""
    include: list[str] = []
    """Files of `code` to deploy though they look like secrets, such as .env."""
    environment: dict[
        Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9_]+$")], str
    ] = {}
    """Environment variables; never shown."""
    memory: int = Field(default=128, ge=128, le=10240)
    """MiB."""
    timeout: int = Field(default=3, ge=1, le=900)
    """Seconds."""


class Iam(Section):
    permissions_boundary: str | None = Field(
        default=None, max_length=2048, pattern=POLICY_ARN
    )
    """ARN of a policy: the roles of functions have no more rights than it allows."""


class Route(Section):
    function: str | None = None
    """Default: the only function."""
    auth: Literal["cognito", "none"] = "cognito"
    """Secured unless it says `none`."""
    scopes: Annotated[list[str], Once] = []
    """Empty: an ID token is wanted. Otherwise an access token with any one of these."""


class AuthorizerConfig(Section):
    name: Name = "cognito"
    """As the console shows it."""
    ttl: int = Field(default=300, ge=0, le=3600)
    """Seconds for which API Gateway keeps a decision; AWS does not report it."""
    identity_source: str = Field(default="Authorization", pattern=r"^[A-Za-z0-9_-]+$")
    """The request header with the token."""


class Cors(Section):
    origins: Annotated[list[Annotated[str, Field(pattern=ORIGIN)]], Once] = Field(
        min_length=1
    )
    """Origins that may call the API from a web page, or `*`."""


class Api(Section):
    id: str | None = Field(default=None, pattern=r"^[a-z0-9]+$")
    """A REST API made elsewhere: used, never changed or deleted."""
    name: ApiName | None = None
    """Default: the stack's name."""
    stage: str = Field(default="dev", pattern=r"^[A-Za-z0-9_-]{1,128}$")
    """The last part of the invoke URL."""
    endpoint: Literal["regional", "edge"] = "regional"
    """`edge`: through CloudFront."""
    cors: Annotated[Cors | None, BeforeValidator(_cors)] = None
    """false, or {origins: [...]}; also puts CORS headers on 401 and 403."""
    routes: dict[RouteKey, Annotated[Route, BeforeValidator(_or_empty)]] = Field(
        default={"GET /transactions": Route()}, min_length=1
    )
    """Method and path. Routes that vanish from the file vanish from the API."""
    authorizer: Annotated[AuthorizerConfig, BeforeValidator(_or_empty)] = (
        AuthorizerConfig()
    )
    """The Cognito authorizer of all secured routes."""


class Endpoints(Section):
    """Where a foreign AWS-compatible endpoint serves what it deploys."""

    invoke: str | None = None
    """Template of the invoke URL, with `{api_id}`, `{stage}` and `{region}`."""
    hosted_ui: str | None = None
    """Template of the sign-in pages' address, with `{domain}` and `{region}`."""
    issuer: str | None = None
    """Template of the tokens' issuer, with `{user_pool_id}` and `{region}`."""


Keyed = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")


class Config(Section):
    """A cognito-gw stack: a user pool, functions, and the REST API that it secures."""

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,31}$")
    """Stack name: default for every resource's name, and the ownership tag."""
    region: str | None = Field(default=None, pattern=r"^[a-z]{2,4}(-[a-z]+)+-[0-9]$")
    """Default: that of the AWS settings, or us-east-1 locally."""
    target: Literal["aws", "local"] = "aws"
    """`local`: as if every command had `--local`."""
    tags: dict[TagKey, TagValue] = Field(default={}, max_length=49)
    """Put on everything that can be tagged, beside `cgw:stack`."""
    user_pool: Annotated[UserPoolConfig, BeforeValidator(_or_empty)] = UserPoolConfig()
    """Who can sign in, and how."""
    app_clients: dict[
        Annotated[str, Keyed], Annotated[AppClientConfig, BeforeValidator(_or_empty)]
    ] = Field(default={"web": AppClientConfig()})
    """The apps through which people or machines sign in."""
    resource_servers: dict[
        Annotated[str, Field(pattern=r"^[\x21\x23-\x5B\x5D-\x7E]{1,256}$")],
        ResourceServerConfig,
    ] = {}
    """Identifier to custom scopes."""
    domain: Annotated[DomainConfig, BeforeValidator(_prefix)] = DomainConfig()
    """Of the sign-in pages: a prefix, or a mapping."""
    users: list[UserConfig] = []
    """Made, with their passwords set once."""
    functions: dict[
        Annotated[str, Keyed], Annotated[FunctionConfig, BeforeValidator(_or_empty)]
    ] = Field(default={"hello": FunctionConfig()})
    """The Lambda functions behind the routes."""
    iam: Annotated[Iam, BeforeValidator(_or_empty)] = Iam()
    """The execution roles of the functions."""
    api: Annotated[Api, BeforeValidator(_or_empty)] = Api()
    """The REST API."""
    endpoints: Annotated[Endpoints, BeforeValidator(_or_empty)] = Endpoints()
    """Where an AWS-compatible endpoint serves what it deploys; unused on AWS itself."""
