"""What a code folder lists: `requirements.txt`, `uv.lock` or `package-lock.json`."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_wheel_filename

from cognito_gw.errors import UsageError
from cognito_gw.text import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cognito_gw.packages.target import Target

REQUIREMENTS, UV_LOCK, PYPROJECT = "requirements.txt", "uv.lock", "pyproject.toml"
PACKAGE, NPM_LOCK = "package.json", "package-lock.json"
_PYPI = "https://pypi.org/simple"
_NPM_SCHEMES = ("http", "https", "npm")


@dataclass(frozen=True)
class Lock:
    """What to install, in the words of the tool that installs it."""

    file: Path  # for messages
    tool: str  # "python" or "npm"
    files: Mapping[str, str]  # the tool's input: names with contents
    is_complete: bool = False  # it lists the dependencies of each package, too
    # Whether builds for other machines differ; of Python, the interpreter counts, too.
    is_native: bool = True


def find(
    folder: Path, target: Target, is_ignored: Callable[[str], bool] = lambda _: False
) -> Lock | None:
    """Return what a code folder lists for its language; None if nothing.

    Files that `.cgwignore` lists do not count, so that a folder can be deployed as it
    is. Raises UsageError for what cannot be installed, with the file and the line.
    """

    def has(*names: str) -> bool:
        return all((folder / n).is_file() and not is_ignored(n) for n in names)

    try:
        if not target.version:
            return _npm(folder) if has(PACKAGE, NPM_LOCK) else None
        if has(REQUIREMENTS):
            return _requirements(folder)
        return _uv(folder, target) if has(PYPROJECT, UV_LOCK) else None
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"a list of packages in {folder} is not UTF-8") from None


def unlocked(
    folder: Path, *, is_python: bool, is_ignored: Callable[[str], bool]
) -> str | None:
    """Return a warning if a folder lists packages in a way that cgw does not deploy."""
    name, lock, fix = (
        (
            PYPROJECT,
            (UV_LOCK, REQUIREMENTS),
            "run `uv lock`, or list them in a requirements.txt",
        )
        if is_python
        else (PACKAGE, (NPM_LOCK, "node_modules"), "run `npm install`")
    )
    file = folder / name
    if is_ignored(name) or not file.is_file():
        return None
    if any((folder / each).exists() for each in lock):
        return None
    try:
        text = file.read_text("utf-8")
        if is_python:
            listed = tomllib.loads(text).get("project", {}).get("dependencies")
        else:
            listed = json.loads(text).get("dependencies")
    except (OSError, ValueError, AttributeError):
        return None  # the file is of another tool
    return f"{file} lists packages that are not deployed: {fix}" if listed else None


_VARIABLE = re.compile(r"\$\{|\$[A-Za-z_]|%\w+%")
_OPTIONS = {"-i": "--index-url", "-f": "--find-links", "-r": "--requirement"}
_OPTIONS |= {"-c": "--constraint", "-e": "--editable"}
_ADDRESSES = ("--index-url", "--extra-index-url", "--find-links")
_USELESS = ("--prefer-binary", "--only-binary")  # cgw installs only wheels anyhow
_COMMENT = re.compile(r"(^|\s)#.*$")
_HASH = re.compile(r"\s--hash[= ](\S+)")
_PINNED = "list packages by name, such as `requests==2.32.5`"
_SETTING = (
    "it would be deployed with the code: set PIP_INDEX_URL or UV_INDEX_URL, or use "
    "pip's or uv's configuration or ~/.netrc"
)


def _requirements(folder: Path) -> Lock:
    lines: list[str] = []
    limits: list[str] = []
    for kind, line in _lines(folder / REQUIREMENTS, folder.resolve(), ()):
        (limits if kind == "limit" else lines).append(line)
    files = {REQUIREMENTS: "".join(f"{line}\n" for line in lines)}
    if limits:
        files["constraints.txt"] = "".join(f"{line}\n" for line in limits)
    return Lock(folder / REQUIREMENTS, "python", files)


def _lines(
    file: Path, root: Path, above: tuple[Path, ...]
) -> Iterator[tuple[str, str]]:
    """Yield checked lines with their kind, also those of files that a file includes."""
    kind = "requirement"
    for number, line in _logical(file.read_text("utf-8-sig")):
        at = f"{file}:{number}"
        if _VARIABLE.search(line.partition(" ; ")[0]):
            what = "variables are not replaced, as they could leak secrets"
            raise UsageError(f"{at}: {what}", hint=_SETTING)
        if not line.startswith("-"):
            yield kind, _requirement(line, at)
            continue
        name, value = _option(line)
        if name in ("--requirement", "--constraint"):
            inner = _included(file, value, root, at, above)
            for below, text in _lines(inner, root, (*above, file)):
                limits = name == "--constraint" and below == "requirement"
                yield ("limit" if limits else below), text
        elif checked := _checked(name, value, at):
            yield "option", checked


def _logical(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines with their numbers, joined at backslashes, without comments."""
    joined, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        bare = _COMMENT.sub("", line)
        first = first or number
        joined += bare.removesuffix("\\")
        if not bare.endswith("\\"):
            if joined.strip():
                yield first, " ".join(joined.split())
            joined, first = "", 0
    if joined.strip():
        yield first, " ".join(joined.split())


def _requirement(line: str, at: str) -> str:
    hashes = _HASH.findall(line)
    text = _HASH.sub("", line)
    try:
        found = Requirement(text)
    except InvalidRequirement:
        is_place = re.match(r"(\.{0,2}/|~|[\w+.-]+:)|.*\.(whl|zip|gz)\b", text)
        kind = "a local path or an address" if is_place else "not a requirement"
        raise UsageError(f"{at}: `{redacted(text)}` is {kind}", hint=_PINNED) from None
    if found.url:
        raise UsageError(
            f"{at}: {found.name} comes from an address, and may have to be built",
            hint=f"{_PINNED}; a folder of wheels is set by PIP_FIND_LINKS",
        )
    return " ".join([str(found), *(f"--hash={each}" for each in hashes)])


def _option(line: str) -> tuple[str, str]:
    """Return an option's long name and its value."""
    name, _, value = re.sub(r"^(--[\w-]+)=", r"\1 ", line).partition(" ")
    if not name.startswith("--") and len(name) > 2:  # noqa: PLR2004 - `-rbase.txt`
        name, value = name[:2], name[2:]
    return _OPTIONS.get(name, name), " ".join(shlex.split(value))


def _included(
    file: Path, name: str, root: Path, at: str, above: tuple[Path, ...]
) -> Path:
    found = (file.parent / name).resolve()
    if not found.is_relative_to(root) or not found.is_file():
        what = f"there is no file {name} in the code folder"
        raise UsageError(f"{at}: {what}", hint="copy the file there")
    if found in (file.resolve(), *(each.resolve() for each in above)):
        raise UsageError(f"{at}: {name} includes itself")
    return found


def _checked(name: str, value: str, at: str) -> str | None:
    """Return an option for the tool; None if it has no effect here."""
    if name in _USELESS:
        return None
    if name in ("--no-index", "--require-hashes"):
        return name
    if name in _ADDRESSES:
        _check_address(value, at)
        return f"{name} {value}"
    kind = {
        "--editable": "an editable package is not deployed",
        "--no-binary": "Lambda's packages are wheels: nothing is built",
        "--pre": "pin the version of a pre-release instead, such as `name==1.0rc1`",
    }
    what = kind.get(name, f"cgw does not support the option {name}")
    raise UsageError(f"{at}: {what}", hint=_PINNED)


def _check_address(value: str, at: str) -> None:
    parts = urlsplit(value)
    is_loopback = parts.scheme == "http" and parts.hostname in LOOPBACK
    if parts.scheme != "https" and not is_loopback:
        hint = "set PIP_FIND_LINKS or UV_FIND_LINKS to a folder of wheels"
        what = "is not an https address, and no path is deployed"
        raise UsageError(f"{at}: {redacted(value)} {what}", hint=hint)
    if parts.username or parts.password:
        raise UsageError(f"{at}: the address holds credentials", hint=_SETTING)


def redacted(text: str) -> str:
    """Return a text without the credentials of its addresses."""
    return re.sub(r"(\w://)[^/@\s]+@", r"\1****@", text)


def _uv(folder: Path, target: Target) -> Lock:
    """Return the packages of uv.lock with their hashes, for the target's markers."""
    file = folder / UV_LOCK
    try:
        lock = tomllib.loads(file.read_text("utf-8"))
        project = tomllib.loads((folder / PYPROJECT).read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{folder}: {UV_LOCK} or {PYPROJECT}: {error}") from None
    try:
        walked = _Walk(file, lock["package"], target)
        _check_lock(file, lock, project, walked.root, target)
        lines = [*walked.lines()]
    except (KeyError, TypeError, AttributeError, StopIteration):
        hint = "run `uv lock`"
        raise UsageError(f"{file} is not a lock of uv's", hint=hint) from None
    text = "".join(f"{line}\n" for line in lines)
    return Lock(file, "python", {REQUIREMENTS: text}, is_complete=True)


def _check_lock(file: Path, lock: Any, project: Any, root: Any, target: Target) -> None:
    """Raise for a lock that another Python needs, or that is out of date."""
    needs = lock.get("requires-python", "")
    if not SpecifierSet(needs).contains(f"{target.version}.99"):
        what = f"{file} is for Python {needs}, and the function runs on {target.name}"
        raise UsageError(what, hint="change `runtime`, or `requires-python`")
    wanted = project.get("project", {}).get("dependencies", [])
    locked = root.get("metadata", {}).get("requires-dist", [])
    locked = {canonicalize_name(each["name"]) for each in locked}
    for text in wanted:
        name = canonicalize_name(Requirement(text).name)
        if name not in locked:
            raise UsageError(f"{file} lacks {name} of {PYPROJECT}", hint="`uv lock`")


class _Walk:
    """What a lock's project needs on a target, directly or not."""

    def __init__(self, file: Path, packages: list[Any], target: Target) -> None:
        self._file = file
        self._packages = packages
        self._target = target
        self._seen: set[tuple[str, str, str]] = set()
        self._indexes: dict[str, None] = {}
        self.root = next(each for each in packages if self._is_project(each))

    def lines(self) -> Iterator[str]:
        """Yield requirements, and the addresses of indexes other than PyPI."""
        found = sorted(set(self._needed(self.root, "")))
        yield from (f"--extra-index-url {address}" for address in self._indexes)
        yield from found

    @staticmethod
    def _is_project(package: Any) -> bool:
        source = package["source"]
        return "." in (source.get("virtual"), source.get("editable"))

    def _needed(self, package: Any, extra: str) -> Iterator[str]:
        key = (package["name"], package.get("version", ""), extra)
        if key in self._seen:
            return
        self._seen.add(key)
        needs = package.get("dependencies", [])
        if extra:
            needs = package.get("optional-dependencies", {}).get(extra, [])
        for need in needs:
            if "marker" in need and not self._applies(need["marker"]):
                continue
            found = next(each for each in self._packages if _is_it(each, need))
            yield self._line(found)
            for part in ("", *need.get("extra", [])):
                yield from self._needed(found, part)

    def _applies(self, marker: str) -> bool:
        return Marker(marker).evaluate({**self._target.markers, "extra": ""})

    def _line(self, package: Any) -> str:
        name, version = package["name"], package["version"]
        index = package["source"].get("registry")
        if index is None:
            what = f"{self._file}: {name} does not come from a package index"
            raise UsageError(what, hint="publish it to an index, or copy its code")
        if urlsplit(index).scheme in ("http", "https") and index != _PYPI:
            _check_address(index, str(self._file))
            self._indexes[index] = None
        wheels = package.get("wheels", [])
        if not any(self._fits(wheel) for wheel in wheels):
            raise no_wheel(self._file, f"{name} {version}", self._target)
        hashes = [f"--hash={wheel['hash']}" for wheel in wheels if "hash" in wheel]
        return " ".join([f"{name}=={version}", *hashes])

    def _fits(self, wheel: Any) -> bool:
        address = wheel.get("url") or wheel.get("path") or wheel["filename"]
        name = Path(urlsplit(address).path).name
        _, _, _, found = parse_wheel_filename(name)
        return not self._target.tags.isdisjoint(found)


def _is_it(package: Any, need: Any) -> bool:
    return all(
        package.get(key) == need[key]
        for key in ("name", "version", "source")
        if key in need
    )


def no_wheel(file: Path, package: str, target: Target) -> UsageError:
    """Return the error for a package that Lambda cannot run as it is published."""
    return UsageError(
        f"{file}: {package} has no wheel for {target.name}",
        hint="cgw builds no package from source: choose a version that has such a "
        "wheel (see the package's files on pypi.org), or change `runtime` or "
        "`architecture`",
    )


def _npm(folder: Path) -> Lock:
    """Return the files for `npm ci`, which must only fetch published packages."""
    texts = {name: (folder / name).read_text("utf-8") for name in (PACKAGE, NPM_LOCK)}
    file = folder / NPM_LOCK
    try:
        packages = json.loads(texts[NPM_LOCK])["packages"]
        needs = _npm_needs(json.loads(texts[PACKAGE]), packages)
        wanted = [
            (path, entry)
            for path, entry in packages.items()
            if path and (_npm_name(path) in needs or not entry.get("dev"))
        ]
        places = [
            (path, str(place))
            for path, entry in wanted
            for place in (entry.get("resolved", ""), *needs.get(_npm_name(path), ()))
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        what = f"{file} is not a lock of npm 7 or later"
        raise UsageError(what, hint="run `npm install`") from None
    for path, place in places:
        is_foreign = place and urlsplit(place).scheme not in _NPM_SCHEMES
        if is_foreign or not path.startswith("node_modules/"):
            what = f"{file}: {path} does not come from a package registry"
            raise UsageError(
                what,
                hint="publish it, or deploy a node_modules folder: "
                f"list {NPM_LOCK} in .cgwignore",
            )
    is_native = any("os" in entry or "cpu" in entry for _, entry in wanted)
    return Lock(file, "npm", texts, is_native=is_native)


def _npm_name(path: str) -> str:
    return path.rpartition("node_modules/")[2]


def _npm_needs(project: Any, packages: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return the names that a project needs, with the places that are given.

    npm does not trust the `dev` of a lock's entry either.
    """
    needs: dict[str, set[str]] = {}
    found = [project]
    while found:
        above = found.pop()
        for kind in ("dependencies", "optionalDependencies", "peerDependencies"):
            for name, version in above.get(kind, {}).items():
                if name not in needs:
                    found += [packages[p] for p in packages if _npm_name(p) == name]
                # No version has these characters; every other place has one.
                places = {version} if {*version} & {*"/:"} else set()
                needs[name] = needs.get(name, set()) | places
    return needs
