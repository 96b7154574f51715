"""Rules across sections, and rules of AWS that types cannot express."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from cognito_gw import aws_rules
from cognito_gw.aws_rules import API_SCOPE, STANDARD_SCOPES
from cognito_gw.config import attribute_rules, environment_rules, function_rules
from cognito_gw.config.yaml_file import Document, Problem, other_suffix
from cognito_gw.gateway_rules import INTEGRATION_TIMEOUT, split_route
from cognito_gw.text import is_private, unknown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from cognito_gw.config.model import (
        AppClientConfig,
        Config,
        FunctionConfig,
        PasswordPolicy,
        UserConfig,
    )
    from cognito_gw.config.variables import KeyPath

# The placeholders that each endpoint's template may contain.
PLACES = {
    "invoke": ("api_id", "stage", "region"),
    "hosted_ui": ("domain", "region"),
    "issuer": ("user_pool_id", "region"),
}
# The pattern and the name of each requirement of a password policy.
_SYMBOLS = r"[\^$*.\[\]{}()?\"!@#%&/\\,><':;|_~`=+\- ]"
_REQUIREMENTS = {
    "lowercase": ("[a-z]", "lowercase letters"),
    "uppercase": ("[A-Z]", "uppercase letters"),
    "numbers": ("[0-9]", "numbers"),
    "symbols": (_SYMBOLS, "symbols"),
}
_NAME_LIMIT = 64  # of functions and of roles


def check(config: Config, folder: Path) -> Iterator[Problem]:
    """Yield every violation of a rule that spans several keys."""
    yield from environment_rules.problems_of(config)
    yield from _external(config)
    yield from _tags(config)
    yield from _clients(config)
    if config.user_pool.id is None:
        yield from attribute_rules.of_pool(config)
    yield from _domain(config)
    yield from _users(config)
    yield from _functions(config, folder)
    yield from _routes(config)
    yield from _cors(config)
    yield from _endpoints(config)


def warnings_of(config: Config, document: Document) -> list[str]:
    """Return warnings on settings that are valid but risky."""
    warnings = [
        f"{document.where(path)}: plain-text password in the file; use ${{A_VARIABLE}}"
        for path in document.literal_passwords
    ]
    warnings += [
        f"{document.where(path)}: {spelled} is outside the project folder; cgw deploys "
        f"everything in {code}"
        for path, spelled, code in _outside(config, document.file.parent)
    ]
    warnings += [
        f"{document.where(('functions', key, 'code'))}: Lambda may not read "
        f"{', '.join(closed[:3])} in {function.code}: mode 644 (755 for programs) lets "
        "it"
        for key, function in config.functions.items()
        if function.code
        and (
            closed := function_rules.unreadable_entries(
                document.file.parent / function.code
            )
        )
    ]
    warnings += [
        f"{document.where(path)}: no app client can get {scopes}, so no token can call "
        "this route; add a scope of it to the `oauth_scopes` of a client"
        for path, scopes in _unreachable(config)
    ]
    warnings += [
        f"{document.where(('api', 'routes', key))}: API Gateway takes the path part "
        f"`{part}` literally; a path variable is `{meant}`"
        for key in config.api.routes
        for part in key.split("/")[1:]
        if aws_rules.is_path_part(part) and (meant := aws_rules.variable_meant(part))
    ]
    warnings += [
        f"{document.where(path)}: all environments have the name `{name}`, which AWS "
        "takes only once: set it in each environment"
        for path, name in environment_rules.shared_names(config, document)
    ]
    warnings += [
        f"{document.where(('api', 'routes', key))}: API Gateway waits {wait:g} s, but "
        f"the function `{function}` may run {seconds} s: a later response is lost, and "
        "the caller gets 504"
        for key, function, wait, seconds in _impatient(config)
    ]
    if beside := other_suffix(document.file):
        warnings.append(f"{beside} is ignored: {document.file} is read")
    open_routes = [
        key
        for key, route in config.api.routes.items()
        if route.auth == "cognito" and not route.scopes
    ]
    if config.user_pool.self_sign_up and open_routes:
        warnings.append(
            "user_pool.self_sign_up is on, so anyone on the internet can get a token "
            f"for {', '.join(open_routes)}: these routes ask for no scope"
        )
    return warnings


def _outside(config: Config, folder: Path) -> Iterator[tuple[KeyPath, Path, Path]]:
    """Yield code outside the file's folder: its key, its path, and the full path."""
    project = folder.resolve()
    for key, function in config.functions.items():
        code = (folder / function.code).resolve() if function.code else project
        if function.code and not code.is_relative_to(project):
            yield ("functions", key, "code"), function.code, code


def _unreachable(config: Config) -> Iterator[tuple[KeyPath, str]]:
    """Yield the routes whose scopes no app client in the file can get."""
    clients = config.app_clients.values()
    if config.user_pool.id or any(client.id for client in clients):
        return
    reachable = {
        scope
        for client in clients
        if client.oauth_flows
        for scope in client.oauth_scopes
    }
    if any(
        client.oauth_flows != ["client_credentials"] and client.auth_flows != []
        for client in clients
    ):
        reachable.add(API_SCOPE)  # every sign-in by API has it
    for key, route in config.api.routes.items():
        if route.scopes and not reachable.intersection(route.scopes):
            yield ("api", "routes", key, "scopes"), ", ".join(route.scopes)


def _impatient(config: Config) -> Iterator[tuple[str, str, float, int]]:
    """Yield the routes that wait for less time than their function may run."""
    only = next(iter(config.functions), "")
    for key, route in config.api.routes.items():
        name = route.function or only
        wait = route.timeout or INTEGRATION_TIMEOUT / 1000
        if name in config.functions and config.functions[name].timeout > wait:
            yield key, name, wait, config.functions[name].timeout


def known_scopes(config: Config) -> list[str]:
    """Return every scope that a token of this pool can contain."""
    custom = [
        f"{identifier}/{scope}"
        for identifier, server in config.resource_servers.items()
        for scope in server.scopes
    ]
    return [*STANDARD_SCOPES, *custom]


def _external(config: Config) -> Iterator[Problem]:
    if config.user_pool.id is None:
        return
    given = config.model_fields_set
    for section in ("resource_servers", "domain"):
        if section in given:
            yield Problem(
                (section,),
                "user_pool.id names an existing pool, which cgw does not change",
            )
    for key, client in config.app_clients.items():
        if client.id is None and "app_clients" in given:
            yield Problem(
                ("app_clients", key),
                "needs an `id`: user_pool.id names an existing pool, "
                "which cgw does not change",
            )


def _tags(config: Config) -> Iterator[Problem]:
    for key in aws_rules.doubles(config.tags):
        yield Problem(("tags", key), "IAM takes a key once, in whatever case")
    for key, value in config.tags.items():
        if not aws_rules.is_tag_value(value):
            yield Problem(
                ("tags", key),
                f"`{value}` may hold letters, numbers, spaces and _ . : / = + - @",
            )


def _clients(config: Config) -> Iterator[Problem]:
    scopes = known_scopes(config)
    names: dict[str, str] = {}
    for key, client in config.app_clients.items():
        if client.id is not None or config.user_pool.id is not None:
            continue
        at: KeyPath = ("app_clients", key)
        yield from _name(client.name or f"{config.name}-{key}", key, at, names)
        yield from _urls(client, at)
        yield from _flows(client, at)
        yield from _validity(client, at)
        yield from attribute_rules.of_client(client, config, at)
        for index, scope in enumerate(client.oauth_scopes):
            yield from _known("scope", scope, scopes, (*at, "oauth_scopes", index))


def _known(
    kind: str, name: str, known: Collection[str], at: KeyPath
) -> Iterator[Problem]:
    """Yield the problem of a name that is not among the known ones."""
    if name not in known:
        yield Problem(at, unknown(f"no such {kind} `{name}`", name, known))


def _urls(client: AppClientConfig, at: KeyPath) -> Iterator[Problem]:
    for field in ("callback_urls", "logout_urls"):
        for index, url in enumerate(getattr(client, field)):
            if aws_rules.url_fault(url) or not aws_rules.is_username(url):
                yield Problem(
                    (*at, field, index),
                    f"`{url}` must be https://…, http://localhost or an app's own "
                    "scheme, absolute and without `#` and spaces",
                )


def _flows(client: AppClientConfig, at: KeyPath) -> Iterator[Problem]:
    flows = set(client.oauth_flows)
    if "client_credentials" in flows:
        if len(flows) > 1:
            yield Problem(
                (*at, "oauth_flows"),
                "client_credentials must be the only flow; make a second app client",
            )
        if not client.secret:
            yield Problem((*at, "secret"), "client_credentials needs `secret: true`")
        if not any("/" in scope for scope in client.oauth_scopes):
            yield Problem(
                (*at, "oauth_scopes"),
                "client_credentials needs a scope of a resource server, "
                "such as transactions/read",
            )
        elif users := aws_rules.users_scopes(client.oauth_scopes):
            yield Problem(
                (*at, "oauth_scopes"),
                f"client_credentials has no user, and cannot have {', '.join(users)}",
            )
        return
    if flows and not client.oauth_scopes:
        yield Problem(
            (*at, "oauth_scopes"),
            f"{', '.join(sorted(flows))} needs a scope, such as openid",
        )
    if flows and not client.callback_urls:
        yield Problem(
            (*at, "callback_urls"), f"{', '.join(sorted(flows))} needs a callback URL"
        )


def _validity(client: AppClientConfig, at: KeyPath) -> Iterator[Problem]:
    for name in ("id", "access"):
        if getattr(client.validity, name) > client.validity.refresh:
            yield Problem(
                (*at, "validity", name),
                "must not be longer than that of the refresh token, `refresh`",
            )


def _domain(config: Config) -> Iterator[Problem]:
    if word := aws_rules.reserved_word(config.domain.prefix or ""):
        yield Problem(("domain",), f"AWS reserves the word `{word}` in domains")


def _users(config: Config) -> Iterator[Problem]:
    names: set[str] = set()
    for index, user in enumerate(config.users):
        at: KeyPath = ("users", index)
        if user.username.lower() in names:
            yield Problem((*at, "username"), "duplicate user")
        names.add(user.username.lower())
        yield from _user(user, config, at)


def _user(user: UserConfig, config: Config, at: KeyPath) -> Iterator[Problem]:
    pool = config.user_pool
    if pool.id is None:
        if words := aws_rules.unlike_a_name(user.username, pool.sign_in_with):
            kinds = ", ".join(pool.sign_in_with)
            yield Problem(
                (*at, "username"),
                f"`{user.username}` must be {words}: "
                f"user_pool.sign_in_with is [{kinds}]",
            )
        for index, group in enumerate(user.groups or []):
            yield from _known("group", group, pool.groups, (*at, "groups", index))
        yield from attribute_rules.of_user(user, config, at)
        if user.password and not user.password.missing:
            fault = _password_fault(user.password.reveal(), pool.password_policy)
            if fault:
                yield Problem((*at, "password"), fault, step="user")


def _password_fault(password: str, policy: PasswordPolicy) -> str | None:
    """Return why Cognito would refuse a password, without quoting it."""
    if not aws_rules.is_password(password):
        return aws_rules.PASSWORDS
    lacks = weaknesses(password, policy)
    what = "too weak for user_pool.password_policy: needs "
    return what + ", ".join(lacks) if lacks else None


def weaknesses(password: str, policy: PasswordPolicy) -> list[str]:
    """Return what the password lacks under the policy."""
    is_short = len(password) < policy.min_length
    wanted = [_REQUIREMENTS[kind] for kind in policy.require]
    return [f"{policy.min_length} characters"] * is_short + [
        words for pattern, words in wanted if not re.search(pattern, password)
    ]


def _functions(config: Config, folder: Path) -> Iterator[Problem]:
    names: dict[str, str] = {}
    for key, function in config.functions.items():
        at: KeyPath = ("functions", key)
        if what := _wrong_code(function, folder):
            yield Problem((*at, "code"), what, step="lambda")
        for problem in function_rules.problems_of(function, folder, at):
            yield replace(problem, step="lambda")
        name = function.name or f"{config.name}-{key}"
        yield from _name(name, key, at, names)
        if len(name) > _NAME_LIMIT:
            yield Problem(
                at, f"the function's name `{name}` is over {_NAME_LIMIT} characters"
            )


def _name(name: str, key: str, at: KeyPath, names: dict[str, str]) -> Iterator[Problem]:
    if (first := names.setdefault(name, key)) != key:
        yield Problem(at, f"its name `{name}` is also the name of `{first}`")


def _wrong_code(function: FunctionConfig, folder: Path) -> str | None:
    if function.code is None:
        is_python = function.runtime.startswith("python")
        needs = f"{function.runtime} needs `code`: the default is Python"
        return None if is_python else needs
    code = folder / function.code
    try:
        if not code.exists():
            return f"there is no folder or .zip file {code}"
        is_code = code.is_dir() or (code.is_file() and code.suffix == ".zip")
    except OSError as error:
        return f"{code} cannot be read: {error.strerror}"
    return None if is_code else f"{code} is neither a folder nor a .zip file"


def _routes(config: Config) -> Iterator[Problem]:
    scopes = known_scopes(config)
    variables: dict[str, str] = {}
    for key, route in config.api.routes.items():
        at: KeyPath = ("api", "routes", key)
        _, path = split_route(key)
        yield from _path(path, at, variables)
        functions = config.functions
        if route.function is not None:
            yield from _known("function", route.function, functions, (*at, "function"))
        elif len(functions) != 1:
            there = ", ".join(functions) or "none"
            yield Problem(at, f"`function` is required; one of: {there}")
        if route.auth == "none" and route.scopes:
            yield Problem(
                (*at, "scopes"), "a public route (`auth: none`) has no scopes"
            )
        for index, scope in enumerate(route.scopes):
            if config.user_pool.id is None:
                yield from _known("scope", scope, scopes, (*at, "scopes", index))


def _cors(config: Config) -> Iterator[Problem]:
    cors = config.api.cors
    if cors is None or not cors.credentials:
        return
    at: KeyPath = ("api", "cors")
    if "*" in cors.origins:
        yield Problem(
            (*at, "credentials"),
            "browsers refuse credentials for the origin `*`: name the `origins`",
        )
    for field in ("headers", "expose"):
        if "*" in (getattr(cors, field) or ()):
            yield Problem(
                (*at, field),
                "with credentials, browsers take `*` literally: name the headers",
            )


def _path(path: str, at: KeyPath, variables: dict[str, str]) -> Iterator[Problem]:
    parent = ""
    segments = path[1:].removesuffix("/").split("/") if path != "/" else []
    if path != "/" and path.endswith("/"):
        yield Problem(at, "a path does not end with `/`")
    for index, segment in enumerate(segments):
        if not aws_rules.is_path_part(segment):
            meant = aws_rules.variable_meant(segment)
            guess = f"; did you mean `{meant}`?" if meant else ""
            yield Problem(
                at,
                f"API Gateway does not take the path part `{segment}`: letters, "
                "numbers and . _ - : or a variable such as {id} or {proxy+}" + guess,
            )
        if segment.endswith("+}") and index < len(segments) - 1:
            yield Problem(at, f"the greedy `{segment}` must be the last path part")
        if segment.startswith("{") and variables.setdefault(parent, segment) != segment:
            yield Problem(
                at,
                f"`{segment}` conflicts with `{variables[parent]}` of another route: "
                "API Gateway takes one path variable at a place",
            )
        parent += f"/{segment}"


def _endpoints(config: Config) -> Iterator[Problem]:
    for key, template in config.endpoints:
        places = PLACES[key]
        named = "|".join(places)
        address = re.sub(rf"\{{({named})\}}", "x", template or "")
        if {"{", "}"} & {*address}:
            known = ", ".join(f"{{{place}}}" for place in places)
            yield Problem(
                ("endpoints", key), f"it may hold {known} and no other braces"
            )
        elif address and not is_private(address):
            yield Problem(
                ("endpoints", key),
                f"`{template}` must be https://…, or http:// on localhost, 127.0.0.1 "
                "or [::1]; without a user name, a query or `#`",
            )
