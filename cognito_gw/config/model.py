"""The shape of the file: one frozen model for each section, with its defaults."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from cognito_gw import aws_rules
from cognito_gw.config.variables import Password
from cognito_gw.gateway_rules import ANY, METHODS
from cognito_gw.text import guess, unknown

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
    from itertools import pairwise

    for above, below in pairwise(body.body):
        match above, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, " ".join(text.split())


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"(\d{1,9})([smhd])")
VERBS = (*METHODS, ANY)
API_NAME = r"^[\x21-\x7E](?:[\x20-\x7E]{0,126}[\x21-\x7E])?$"
# Apps have origins of their own schemes, such as capacitor://localhost.
ORIGIN = r"^(\*|[a-z][a-z0-9+.-]*://[A-Za-z0-9._~:\[\]-]+)$"
LAYER_ARN = (
    r"^arn:aws[a-z-]*:lambda:[a-z]{2,4}(-[a-z]+)+-[0-9]:[0-9]{12}"
    r":layer:[A-Za-z0-9_-]{1,140}:[0-9]+$"
)
HEADER = r"^[A-Za-z0-9!#$%&*+.^_`|~-]{1,128}$"
MEDIA_TYPE = (
    r"^(\*/\*|[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
    r"/(\*|[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}))$"
)
POLICY_ARN = r"^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9_+=,.@/-]+$"
ROLE_ARN = (
    r"^arn:(aws[a-z-]*|\{partition\}):iam::([0-9]{12}|\{account\}):role/"
    r"([A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,64}$"
)
IAM_PATH = r"^/([A-Za-z0-9_+=,.@-]+/)*$"
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


def _retention(value: Any) -> Any:
    """Return the days of a retention; 0 for `never`, and for as long as AWS has it."""
    if value == "never":
        return 0
    try:
        age: timedelta = _duration(value)
    except ValueError:
        raise ValueError("write a number of days, such as 30d, or `never`") from None
    kept = aws_rules.LOG_RETENTIONS
    if age not in map(timedelta, kept):
        below = [f"{days}d" for days in kept if timedelta(days) < age][-1:]
        above = [f"{days}d" for days in kept if timedelta(days) > age][:1]
        raise ValueError(
            "CloudWatch Logs does not offer this retention; the nearest: "
            f"{' and '.join(below + above)}; or `never`, to keep the events"
        )
    return age.days


def _switch(value: Any) -> Any:
    """Return a Boolean for the text of one, which a variable gives."""
    meant = {"true": True, "false": False}
    return meant.get(value, value) if isinstance(value, str) else value


def _access_log(value: Any) -> Any:
    value = _switch(value)
    if value is not None and not isinstance(value, bool | dict):
        raise ValueError("write true or false, or {retention: 90d}")
    return value if isinstance(value, dict) else {} if value else None


def _distinct_headers(values: list[str]) -> list[str]:
    return list({name.lower(): name for name in reversed(values)}.values())[::-1]


def _cors(value: Any) -> Any:
    value = _switch(value)
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


def _attribute_name(value: str) -> str:
    if value in aws_rules.STANDARD_ATTRIBUTES or aws_rules.is_custom_name(value):
        return value
    if value.startswith(aws_rules.CUSTOM):
        raise ValueError(
            "write 1 to 20 visible characters without spaces after custom:"
        )
    if value in aws_rules.COGNITOS_ATTRIBUTES:
        raise ValueError("each pool has it, and only Cognito sets it: leave it out")
    lower, standard = value.lower(), aws_rules.STANDARD_ATTRIBUTES
    prefix = next((p for p in (aws_rules.CUSTOM, "dev:") if lower.startswith(p)), "")
    custom = aws_rules.CUSTOM + value[len(prefix) :]
    advice = f"write {custom}, or " if aws_rules.is_custom_name(custom) else ""
    if lower in standard:
        advice = f"write {lower}, or "
    elif found := guess(value, standard):
        advice = f"{found} {advice}"
    raise ValueError(
        f"is not a standard attribute; {advice}one of {', '.join(standard)}"
    )


def _rotation(value: Any) -> Any:
    value = _switch(value)
    match value:
        case True:
            return {}
        case False | None:
            return None
        case dict():
            return value
    raise ValueError("must be true, false or a mapping")


def _once(values: list[Any]) -> list[Any]:
    return [*dict.fromkeys(values)]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _action(value: str) -> str:
    if not aws_rules.is_action(value):
        raise ValueError(
            f"`{value}` must be SERVICE:ACTION, such as dynamodb:GetItem or s3:Get*"
        )
    return value


def _resource(value: str) -> str:
    """Check the ARN of a statement, with the values that AWS has for placeholders."""
    for name in re.findall(r"\{([^{}]*)\}", value):
        if name not in aws_rules.ARN_PLACES:
            what = f"unknown placeholder `{{{name}}}`"
            raise ValueError(unknown(what, name, aws_rules.ARN_PLACES))
    if not aws_rules.is_resource(aws_rules.filled_arn(value, aws_rules.AN_ACCOUNT)):
        raise ValueError(
            f"`{value}` must be `*` or an ARN, such as "
            '"arn:{partition}:dynamodb:{region}:{account}:table/orders"'
        )
    return value


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
Retention = Annotated[
    int,
    BeforeValidator(_retention),
    PlainSerializer(lambda days: f"{days}d" if days else "never", when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^(never|\d{1,9}[smhd])$"}),
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
Headers = Annotated[
    list[Annotated[str, Field(pattern=HEADER)]], AfterValidator(_distinct_headers)
]
Url = Annotated[str, Field(min_length=1, max_length=1024)]
AttributeName = Annotated[str, Field(min_length=1, max_length=32)]
RouteKey = Annotated[str, AfterValidator(_route_key)]
Symbols = Literal["lowercase", "uppercase", "numbers", "symbols"]


_NUMBERS = (int, float, int | None, float | None)


class Section(BaseModel):
    """A part of the file. Unknown keys are errors; models are immutable.

    The docstring below a key describes it. Only the JSON Schema needs it, and every
    command waits for these models: hence no `use_attribute_docstrings`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_switch(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse `true` for a number: pydantic would read it as 1."""
        takes = cls.model_fields[info.field_name or ""].annotation
        if isinstance(value, bool) and takes in _NUMBERS:
            raise ValueError("must be a number, not true or false")
        return value

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
    """Minimum length."""
    require: list[Symbols] = ["lowercase", "uppercase", "numbers", "symbols"]
    """Kinds of characters that a password must contain."""


class AttributeConfig(Section):
    required: bool = False
    """Refuse sign-ups without it. Only for standard attributes; fixed at creation."""
    mutable: bool = True
    """Whether it can change after the user is created. Fixed at creation."""
    type: Literal["string", "number", "datetime", "boolean"] = "string"
    """Only for custom attributes; fixed at creation."""
    min: int | None = Field(default=None, ge=0)
    """Least length of a string (default 0), or value of a number."""
    max: int | None = Field(default=None, ge=0)
    """Greatest length of a string (default 2048), or value of a number."""


class UserPoolConfig(Section):
    id: str | None = Field(
        default=None, max_length=55, pattern=r"^[A-Za-z0-9-]+_[0-9A-Za-z]+$"
    )
    """An existing pool: cgw uses it and never changes or deletes it."""
    name: Label | None = None
    """Default: the stack's name."""
    sign_in_with: Annotated[list[Literal["email", "phone_number"]], Once] = ["email"]
    """Fixed at creation. With an empty list, users sign in with a user name."""
    attributes: dict[
        Annotated[str, AfterValidator(_attribute_name)],
        Annotated[AttributeConfig, BeforeValidator(_or_empty)],
    ] = {}
    """What AWS stores of users: standard attributes that differ from AWS's defaults,
    and `custom:NAME`. `up` adds custom ones; AWS never removes or changes any."""
    tier: Literal["lite", "essentials", "plus"] | None = None
    """Feature plan, which sets the price. Omit to leave it as it is; AWS creates pools
    with `essentials`."""
    self_sign_up: bool = False
    """Let anyone on the internet sign up, and so get a token."""
    password_policy: PasswordPolicy = PasswordPolicy()
    """Requirements for passwords."""
    mfa: Annotated[Literal["off", "optional", "required"], BeforeValidator(_off)] = (
        "off"
    )
    """Time-based one-time passwords (TOTP)."""
    groups: list[GroupName] = []
    """Names of groups; tokens list the groups of their user."""
    deletion_protection: bool = False
    """Make AWS and `cgw down` refuse to delete the pool."""


class Validity(Section):
    id: Annotated[Duration, between("5m", "1d")] = lasting("1h")
    """Lifetime of the ID token."""
    access: Annotated[Duration, between("5m", "1d")] = lasting("1h")
    """Lifetime of the access token."""
    refresh: Annotated[Duration, between("1h", "3650d")] = lasting("30d")
    """Lifetime of the refresh token; at least as long as the other two."""


class RefreshRotation(Section):
    grace_seconds: int = Field(default=0, ge=0, le=60)
    """For how long the refresh token that was replaced stays valid."""


class AppClientConfig(Section):
    id: str | None = Field(default=None, max_length=128, pattern=r"^[A-Za-z0-9_+]+$")
    """An existing app client: cgw uses it and never changes or deletes it."""
    name: Label | None = None
    """Default: the stack's name, a hyphen, and the key here."""
    callback_urls: Annotated[list[Url], Once] = Field(
        default=["http://localhost:8765/callback"], max_length=100
    )
    """URLs to which the sign-in page may redirect after sign-in."""
    logout_urls: Annotated[list[Url], Once] = Field(
        default=["http://localhost:8765/"], max_length=100
    )
    """URLs to which it may redirect after sign-out."""
    oauth_flows: Annotated[
        list[Literal["code", "implicit", "client_credentials"]], Once
    ] = Field(default=["code"], max_length=3)
    """`client_credentials` must be the only flow and requires `secret: true`."""
    oauth_scopes: Annotated[list[Annotated[str, Field(max_length=256)]], Once] = Field(
        default=["openid", "email", "profile"], max_length=50
    )
    """OpenID Connect scopes, and custom scopes as `server/scope`."""
    secret: bool = False
    """Whether it has a client secret. Fixed at creation."""
    validity: Annotated[Validity, BeforeValidator(_or_empty)] = Validity()
    """Lifetimes of its tokens."""
    auth_flows: (
        Annotated[list[Literal["srp", "password", "choice", "custom"]], Once] | None
    ) = None
    """How users can sign in through Cognito's API. Default: `srp` and `password`; none
    for machines. `[]`: only on the sign-in pages. `choice` is the flow USER_AUTH."""
    refresh_rotation: Annotated[RefreshRotation | None, BeforeValidator(_rotation)] = (
        Field(default=None, json_schema_extra={"default": False})
    )
    """Return a new refresh token at each refresh: `true`, or a mapping."""
    session_minutes: int = Field(default=3, ge=3, le=15)
    """How long a user has for each step of a sign-in through the API."""
    read: Annotated[list[AttributeName], Once] | None = None
    """Attributes that it can read, also in tokens. `[]`: AWS's default. Omit to leave
    them as they are."""
    write: Annotated[list[AttributeName], Once] | None = None
    """Attributes that its users can set. `[]`: AWS's default. Omit to leave them as
    they are."""


class ResourceServerConfig(Section):
    name: Label | None = None
    """Default: its identifier, without characters that a name cannot have."""
    scopes: dict[
        Annotated[str, Field(pattern=r"^[\x21\x23-\x2E\x30-\x5B\x5D-\x7E]{1,256}$")],
        Annotated[str, Field(min_length=1, max_length=256)],
    ] = Field(min_length=1, max_length=100)
    """Scope names with descriptions; a token lists one as `server/scope`."""


class DomainConfig(Section):
    prefix: str | None = Field(
        default=None, pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"
    )
    """Unique in the Region. Default: the stack name and a hash of the account ID."""
    login: Literal["classic", "managed"] = "classic"
    """Classic hosted UI, or managed login with its default branding."""


class UserConfig(Section):
    username: str = Field(min_length=1, max_length=128)
    """User name, or the email address or phone number that `sign_in_with` asks for."""
    password: Password | None = None
    """Use ${VARIABLE}. If omitted, cgw generates a password and shows it once."""
    groups: Annotated[list[GroupName], Once] | None = Field(
        default=None, max_length=100
    )
    """The user's exact groups. Omit to leave groups unmanaged."""
    attributes: dict[AttributeName, Annotated[str, Field(max_length=2048)]] = {}
    """Values of attributes, which `up` restores; others are left alone. "" removes one.
    An address counts as verified unless `email_verified` is "false"."""


def _one_or_more(check: Any) -> Any:
    """Take a text for a list of one, and check each."""
    item = {"type": "string", "minLength": 1}
    schema = {"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]}
    texts = list[Annotated[str, AfterValidator(check)]]
    return Annotated[texts, BeforeValidator(_listed), Once, WithJsonSchema(schema)]


class Permission(Section):
    """What the code of a function may do, as a statement of its role's policy."""

    allow: _one_or_more(_action) = Field(min_length=1)  # type: ignore[valid-type]
    """Actions, such as `dynamodb:GetItem`; `*` and `?` are wildcards."""
    on: _one_or_more(_resource) = Field(min_length=1)  # type: ignore[valid-type]
    """ARNs, with `{partition}`, `{region}` and `{account}` filled in."""


class FunctionConfig(Section):
    name: FunctionName | None = None
    """Default: the stack's name, a hyphen, and the key here."""
    runtime: str = Field(
        default="python3.13",
        pattern=r"^[a-z][a-z0-9.-]{1,31}$",
    )
    """Lambda runtime identifier. The local AWS runs Python and Node.js."""
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    """The CPU on AWS; packages are installed for it."""
    handler: str = Field(
        default="lambda_function.lambda_handler", pattern=r"^\S{1,128}$"
    )
    """Module and function."""
    code: Path | None = None
    """A folder or a .zip. Default: the console's "Hello from Lambda!"."""
    include: list[str] = []
    """Files of `code` to deploy even if they look like secrets, such as .env."""
    environment: dict[
        Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9_]+$")], str
    ] = {}
    """Environment variables; cgw never shows their values."""
    layers: Annotated[list[Annotated[str, Field(pattern=LAYER_ARN)]], Once] = Field(
        default=[], max_length=5
    )
    """ARNs of layer versions in the stack's Region; later ones come first."""
    local_layers: list[Path] = []
    """Folders that the local AWS uses as the content of the layers, as in /opt."""
    memory: int = Field(default=128, ge=128, le=10240)
    """Memory in MiB."""
    timeout: int = Field(default=3, ge=1, le=900)
    """Time limit of a call, in seconds."""
    concurrency: int | None = Field(default=None, ge=0)
    """Reserved concurrency: how many calls may run at once. 0 turns it off."""
    log_retention: Retention | None = None
    """How long to keep its log, such as 90d, or `never`. Default: 30d at creation."""
    permissions: list[Permission] = []
    """What its code may do on AWS besides writing its log."""
    role: str | None = Field(default=None, max_length=2048, pattern=ROLE_ARN)
    """ARN of an existing role: cgw uses it and never changes or deletes it."""


class Iam(Section):
    permissions_boundary: str | None = Field(
        default=None, max_length=2048, pattern=POLICY_ARN
    )
    """ARN of a policy that limits the permissions of the functions' roles."""
    path: str = Field(default="/", max_length=512, pattern=IAM_PATH)
    """Path of the functions' roles, such as /apps/. A change replaces the roles."""


class Throttle(Section):
    rate: float = Field(ge=0, allow_inf_nan=False)
    """Requests a second, on average."""
    burst: int = Field(ge=0, le=2**31 - 1)
    """Requests that may come at once."""


class Route(Section):
    function: str | None = None
    """Default: the only function."""
    auth: Literal["cognito", "none"] = "cognito"
    """`none`: anyone can call the route without a token."""
    scopes: Annotated[list[str], Once] = []
    """Require an access token with one of these scopes. Empty: require an ID token."""
    timeout: float | None = Field(default=None, ge=0.05, le=29, allow_inf_nan=False)
    """Seconds after which API Gateway responds with 504. Default: 29."""
    throttle: Throttle | None = None
    """Limit of this route, instead of that in `api.throttle`."""


class AuthorizerConfig(Section):
    name: Name = "cognito"
    """Name of the authorizer."""
    ttl: int = Field(default=300, ge=0, le=3600)
    """Seconds for which API Gateway caches a decision; AWS does not report it."""
    identity_source: str = Field(default="Authorization", pattern=r"^[A-Za-z0-9_-]+$")
    """Request header that carries the token."""


class Cors(Section):
    origins: Annotated[list[Annotated[str, Field(pattern=ORIGIN)]], Once] = Field(
        min_length=1
    )
    """Origins whose web pages may call the API, or `*`."""
    headers: Headers | None = None
    """Request headers that pages may set, besides the token's. Default: see below."""
    expose: Headers = []
    """Headers of 4xx and 5xx responses of API Gateway that pages may read."""
    credentials: bool = False
    """Let pages send cookies. Browsers then do not accept `*` as an origin."""
    max_age: int | None = Field(default=None, ge=-1, le=86400)
    """Seconds for which a browser may remember a preflight; -1: never."""


class AccessLog(Section):
    retention: Retention = Field(default=30, json_schema_extra={"default": "30d"})
    """How long to keep its events, such as 90d, or `never` to keep them."""


class Api(Section):
    id: str | None = Field(default=None, pattern=r"^[a-z0-9]+$")
    """An existing REST API: cgw uses it and never changes or deletes it."""
    name: ApiName | None = None
    """Default: the stack's name."""
    stage: str = Field(default="dev", pattern=r"^[A-Za-z0-9_-]{1,128}$")
    """Stage name, the last part of the invoke URL."""
    endpoint: Literal["regional", "edge"] = "regional"
    """Endpoint type; `edge` goes through CloudFront."""
    cors: Annotated[Cors | None, BeforeValidator(_cors)] = None
    """Answer preflight requests, and add CORS headers to 401 and 403."""
    binary_media_types: Annotated[
        list[Annotated[str, Field(pattern=MEDIA_TYPE)]], Once
    ] = []
    """Media types whose bodies are bytes: base64 for the function. `*/*` is all."""
    throttle: Throttle | None = None
    """Limit of each route. API Gateway responds with 429 above it."""
    access_log: Annotated[AccessLog | None, BeforeValidator(_access_log)] = None
    """`true` writes one JSON line for each request to CloudWatch Logs."""
    routes: dict[RouteKey, Annotated[Route, BeforeValidator(_or_empty)]] = Field(
        default={"GET /transactions": Route()}, min_length=1
    )
    """Method and path. `up` deletes routes that are not in the file from the API."""
    authorizer: Annotated[AuthorizerConfig, BeforeValidator(_or_empty)] = (
        AuthorizerConfig()
    )
    """The Cognito authorizer of all secured routes."""


class Endpoints(Section):
    """Where a foreign AWS-compatible endpoint serves what it deploys."""

    invoke: str | None = None
    """Template of the invoke URL, with `{api_id}`, `{stage}` and `{region}`."""
    hosted_ui: str | None = None
    """Template of the sign-in pages' URL, with `{domain}` and `{region}`."""
    issuer: str | None = None
    """Template of the tokens' issuer, with `{user_pool_id}` and `{region}`."""


Keyed = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")
ENVIRONMENT = r"^[A-Za-z0-9][A-Za-z0-9-]*$"
ENVIRONMENT_TAG = "cgw:env"


Overlay = Annotated[dict[str, Any], BeforeValidator(_or_empty)]


class Config(Section):
    """A cognito-gw stack: a user pool, functions, and the REST API that it secures."""

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,31}$")
    """Stack name: the ownership tag, and the default name of each resource."""
    region: str | None = Field(default=None, pattern=r"^[a-z]{2,4}(-[a-z]+)+-[0-9]$")
    """Default: the Region of your AWS settings, or us-east-1 locally."""
    target: Literal["aws", "local"] = "aws"
    """`local`: run every command with `--local`."""
    tags: dict[TagKey, TagValue] = Field(default={}, max_length=49)
    """Tags for everything that can be tagged, in addition to `cgw:stack`."""
    user_pool: Annotated[UserPoolConfig, BeforeValidator(_or_empty)] = UserPoolConfig()
    """The user pool: who can sign in, and how."""
    app_clients: dict[
        Annotated[str, Keyed], Annotated[AppClientConfig, BeforeValidator(_or_empty)]
    ] = Field(default={"web": AppClientConfig()})
    """The apps through which people or machines sign in."""
    resource_servers: dict[
        Annotated[str, Field(pattern=r"^[\x21\x23-\x5B\x5D-\x7E]{1,256}$")],
        ResourceServerConfig,
    ] = {}
    """Custom scopes, by the identifier of their resource server."""
    domain: Annotated[DomainConfig, BeforeValidator(_prefix)] = DomainConfig()
    """Domain of the sign-in pages: a prefix, or a mapping."""
    users: list[UserConfig] = []
    """Users that `up` creates; it sets their passwords once."""
    functions: dict[
        Annotated[str, Keyed], Annotated[FunctionConfig, BeforeValidator(_or_empty)]
    ] = Field(default={"hello": FunctionConfig()})
    """The Lambda functions behind the routes."""
    iam: Annotated[Iam, BeforeValidator(_or_empty)] = Iam()
    """Settings of the functions' execution roles."""
    api: Annotated[Api, BeforeValidator(_or_empty)] = Api()
    """The REST API."""
    endpoints: Annotated[Endpoints, BeforeValidator(_or_empty)] = Endpoints()
    """URLs of another AWS-compatible endpoint; unused on AWS itself."""
    protect: bool = False
    """`up` asks before every change; `down` needs `--yes-really-delete NAME`."""
    environments: Annotated[
        dict[Annotated[str, Field(pattern=ENVIRONMENT)], Overlay],
        BeforeValidator(_or_empty),
    ] = {}
    """Keys that differ in an environment, which `--env NAME` or CGW_ENV chooses."""

    @property
    def env(self) -> str | None:
        """The chosen environment."""
        return self.tags.get(ENVIRONMENT_TAG)

    @property
    def stacks(self) -> list[str]:
        """The names of all stacks that the file describes."""
        name = self.name.removesuffix(f"-{self.env}") if self.env else self.name
        return [name, *(f"{name}-{env}" for env in self.environments)]

    def in_environment(self, env: str) -> Self:
        """Return the configuration of the stack of a chosen environment."""
        tags = {ENVIRONMENT_TAG: env, **self.tags}
        return self.model_copy(update={"name": f"{self.name}-{env}", "tags": tags})
