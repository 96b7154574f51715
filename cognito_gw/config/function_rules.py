"""Lambda's requirements for the code and the environment of a function."""

from __future__ import annotations

import stat
import zipfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from cognito_gw import aws_rules
from cognito_gw.config.yaml_file import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cognito_gw.config.model import FunctionConfig
    from cognito_gw.config.variables import KeyPath

_HELLO = "lambda_function"  # the module of the code that a function has by default
# What Python and Node.js load for the file that a handler names.
_SUFFIXES = {
    "python": (".py", ".pyc", ".so"),
    "nodejs": (".js", ".mjs", ".cjs"),
    "ruby": (".rb",),
}
_PROGRAM = "bootstrap"  # that a runtime without a language runs
_NO_ZIP = (zipfile.BadZipFile, NotImplementedError, ValueError, OSError)
_UNIX = 3  # the zip's system: only Unix stores modes


def problems_of(
    function: FunctionConfig, folder: Path, at: KeyPath
) -> Iterator[Problem]:
    """Yield what Lambda would refuse, and what would fail at the first call."""
    yield from _runtime(function, at)
    yield from _environment(function, at)
    yield from _permissions(function, at)
    yield from _layers(function, at)
    if function.code and (what := _zip_fault(folder / function.code)):
        yield Problem((*at, "code"), what)
    elif _language(function) and not _is_handler(function):
        what = f"`{function.handler}` must be FILE.FUNCTION, such as app.handler"
        yield Problem((*at, "handler"), what)
    else:
        yield from _handler_file(function, folder, at)


def _zip_fault(code: Path) -> str | None:
    """Return why Lambda would not take a .zip."""
    try:
        if code.suffix != ".zip" or not code.is_file():
            return None  # a folder, or another rule reports it
        with zipfile.ZipFile(code) as archive:
            entries = archive.infolist()
    except _NO_ZIP:
        return f"{code} cannot be unzipped"
    unzipped = sum(entry.file_size for entry in entries)
    if fault := aws_rules.unzip_fault(entries):
        return f"{code}: {fault}"
    if fault := aws_rules.size_fault(code.stat().st_size, unzipped):
        sizes = ((entry.filename, entry.file_size) for entry in entries)
        return f"{code}: {fault}; the largest: {aws_rules.largest(sizes)}"
    return None


def _is_handler(function: FunctionConfig) -> bool:
    if _language(function) == "python":
        *module, name = function.handler.replace("/", ".").split(".")
        return bool(module) and all((*module, name))
    file, _, name = function.handler.rpartition("/")[2].partition(".")
    return bool(file and name)


def unreadable_entries(file: Path) -> list[str]:
    """Return the entries of a zip that Lambda may not read after unpacking."""
    try:
        with zipfile.ZipFile(file) as archive:
            return [entry.filename for entry in archive.infolist() if _is_closed(entry)]
    except _NO_ZIP:
        return []


def _is_closed(entry: zipfile.ZipInfo) -> bool:
    """Whether only its owner can read it; without a mode, all users can."""
    mode = entry.external_attr >> 16
    needed = stat.S_IROTH | (stat.S_IXOTH if entry.is_dir() else 0)
    return entry.create_system == _UNIX and mode != 0 and mode & needed != needed


def _runtime(function: FunctionConfig, at: KeyPath) -> Iterator[Problem]:
    since = aws_rules.GONE_RUNTIMES.get(function.runtime)
    if since:
        yield Problem(
            (*at, "runtime"),
            f"Lambda takes no new function with {function.runtime}: its support ended "
            f"{since}",
        )
    elif not _is_runtime(function.runtime):
        yield Problem(
            (*at, "runtime"),
            f"Lambda has no runtime {function.runtime}, as far as the installed "
            "botocore knows",
        )


def _is_runtime(name: str) -> bool:
    """Whether Lambda has a runtime; a new one needs an updated botocore."""
    if name in aws_rules.RUNTIMES:
        return True
    from botocore.loaders import Loader

    shapes = Loader().load_service_model("lambda", "service-2")["shapes"]
    return name in shapes["Runtime"]["enum"]


def _environment(function: FunctionConfig, at: KeyPath) -> Iterator[Problem]:
    for name in aws_rules.reserved_variables(function.environment):
        yield Problem(
            (*at, "environment", name), "Lambda sets this variable itself: rename it"
        )
    for name, value in function.environment.items():
        if "\0" in value:
            what = "holds a NUL character, which no variable can"
            yield Problem((*at, "environment", name), what)
    size = aws_rules.environment_size(function.environment)
    if size > aws_rules.LARGEST_ENVIRONMENT:
        yield Problem(
            (*at, "environment"),
            f"{size:,} bytes with the names and quotes; Lambda takes "
            f"{aws_rules.LARGEST_ENVIRONMENT:,} for all variables of a function",
        )


# The characters of the policy by which the function writes its log.
_LOG_POLICY = 340


def _permissions(function: FunctionConfig, at: KeyPath) -> Iterator[Problem]:
    if function.role and function.permissions:
        what = (
            "the role that `role` names has its own permissions: remove one of the two"
        )
        yield Problem((*at, "permissions"), what)
    pairs = [(each.allow, each.on) for each in function.permissions]
    policy = aws_rules.allowing(pairs, aws_rules.AN_ACCOUNT)
    size, most = aws_rules.policy_size(policy), aws_rules.LARGEST_ROLE_POLICY
    if size > most - _LOG_POLICY:
        yield Problem(
            (*at, "permissions"),
            f"{size:,} characters as a policy; IAM takes {most:,} for a role, and "
            f"{_LOG_POLICY} of them are for the log: use wildcards, or name a `role`",
        )


def unlimited(function: FunctionConfig) -> Iterator[tuple[KeyPath, str]]:
    """Yield the keys of permissions that allow everything, and what that is."""
    for index, permission in enumerate(function.permissions):
        if "*" in permission.on:
            what = ", ".join(permission.allow)
            yield ("permissions", index, "on"), f"{what} on everything in the account"
        elif "*" in permission.allow:
            what = f"every action on {', '.join(permission.on)}"
            yield ("permissions", index, "allow"), what


def _layers(function: FunctionConfig, at: KeyPath) -> Iterator[Problem]:
    """Two versions of a layer: Lambda refuses them (lambda-live-debugger#37)."""
    layers = [arn.rpartition(":")[0] for arn in function.layers]
    for number, layer in enumerate(layers):
        if layer in layers[:number]:
            what = "Lambda takes one version of a layer; another one is listed above"
            yield Problem((*at, "layers", number), what)


def _language(function: FunctionConfig) -> str | None:
    return next(
        (language for language in _SUFFIXES if function.runtime.startswith(language)),
        None,
    )


def _handler_file(
    function: FunctionConfig, folder: Path, at: KeyPath
) -> Iterator[Problem]:
    language = _language(function)
    if function.code is None:
        if language == "python" and _module(function) != _HELLO:
            what = f"the default code has no {_module(function)}.py; see `code`"
            yield Problem((*at, "handler"), what)
        return
    names = _names(folder / function.code)
    if names is None:
        return  # absent or not a zip: another rule reports it
    if not names:
        yield Problem((*at, "code"), f"there is no file in {folder / function.code}")
    elif function.runtime.startswith("provided"):
        if fault := _program_fault(folder / function.code, names):
            what = f"{function.runtime} runs `bootstrap`: {fault}"
            yield Problem((*at, "code"), what)
    elif language and not _has_module(names, _module(function), language):
        first, *others = (f"{_module(function)}{s}" for s in _SUFFIXES[language])
        file = " or ".join([first, *others]) if language == "nodejs" else first
        is_given = "handler" in function.model_fields_set
        key, where = ("handler", "`code`") if is_given else ("code", "it for `handler`")
        deeper = (path for path in sorted(names) if path.endswith(f"/{first}"))
        found = next((path for path in deeper if not path.startswith(".")), None)
        there = f", but {found}" if found else ""
        yield Problem((*at, key), f"there is no {file} in {where}{there}")


def _program_fault(code: Path, names: set[str]) -> str | None:
    if _PROGRAM not in names:
        return "there is none in `code`"
    if code.is_dir():
        is_program = bool((code / _PROGRAM).stat().st_mode & stat.S_IXUSR)
    else:
        with zipfile.ZipFile(code) as archive:
            entry = archive.getinfo(_PROGRAM)
        mode = entry.external_attr >> 16
        is_program = entry.create_system != _UNIX or bool(mode & stat.S_IXOTH)
    return None if is_program else "it is not executable; mode 755 lets Lambda run it"


def _module(function: FunctionConfig) -> str:
    """Return the path of the handler's file, without its suffix."""
    if function.runtime.startswith("python"):
        return function.handler.rpartition(".")[0].replace(".", "/")
    path, slash, name = function.handler.rpartition("/")
    return path + slash + name.partition(".")[0]


def _has_module(names: set[str], module: str, language: str) -> bool:
    wanted = str(PurePosixPath(module))
    if language == "python" and any(name.startswith(f"{wanted}/") for name in names):
        return True  # a package
    return any(
        name.startswith(wanted)
        and name[len(wanted) :].startswith(".")
        and name.endswith(_SUFFIXES[language])
        for name in names
    )


def _names(code: Path) -> set[str] | None:
    """Return the paths of the code's files; None if they cannot be listed."""
    try:
        if code.is_dir():
            return {
                path.relative_to(code).as_posix()
                for path in code.rglob("*")
                if not path.is_dir()
            }
        with zipfile.ZipFile(code) as archive:
            return {name for name in archive.namelist() if not name.endswith("/")}
    except _NO_ZIP:
        return None
