"""A function's code: which files are deployed, and their reproducible zip."""

from __future__ import annotations

import os
import re
import stat
import struct
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from cognito_gw import aws_rules
from cognito_gw.errors import UsageError
from cognito_gw.packages.build import build, build_here, silent
from cognito_gw.packages.lock import NPM_LOCK, PACKAGE, REQUIREMENTS, UV_LOCK, unlocked
from cognito_gw.packages.lock import find as find_lock
from cognito_gw.resources import archive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import PurePath

    from pathspec import GitIgnoreSpec

    from cognito_gw.config.model import FunctionConfig
    from cognito_gw.packages.lock import Lock
    from cognito_gw.packages.target import Target


_HISTORIES = {".bzr", ".git", ".hg", ".jj", ".svn"}
_FOLDERS = _HISTORIES | {".aws", ".azure", ".gnupg", ".kube", ".password-store", ".ssh"}
# The names of a file's folder and of the file.
_NAMES = re.compile(
    r"""
    .*/( \.env(\..+)? | .+\.env | \.envrc | \.flaskenv
    | (.+[._-])?id_(rsa|dsa|ecdsa|ed25519)(_sk)?(\.(bak|old|orig|txt))? | .+\.ppk
    | .+\.(p12|pfx|p8|jks|keystore|kdbx)
    | [._]?netrc | [._]pgpass | pgpass\.conf | \.my\.cnf | \.mylogin\.cnf | \.htpasswd
    | \.git-credentials | \.pypirc | \.dockercfg | \.dockerconfigjson | \.vault_pass
    | \.(bash|zsh|python|node_repl|psql|mysql|sqlite|rediscli)_history
    | (rootkey|accesskeys|.*credentials)\.csv | passwords?\.(txt|csv)
    | local\.settings\.json | token\.json | kubeconfig | .+\.kubeconfig
    | \.vault-token | \.s3cfg | \.boto | \.terraformrc | credentials\.tfrc\.json
    | (.+\.)?tfstate(\..+)? | .+\.tfvars(\.json)?
    | credentials(\.(db|ini|json|toml|xml|ya?ml))? | secrets?\.(json|toml|ya?ml)
    | application_default_credentials\.json
    | (client[_-]?secret|service[_-]?account|.*firebase-adminsdk).*\.json )
    | gh/hosts\.yml | \.docker/config\.json | \.m2/settings\.xml
    """,
    re.VERBOSE,
)
_EXAMPLE = re.compile(r"\.env\.(example|sample|template|dist)")
# Names that may be of secrets, and the content that shows it.
_CONTENT = {
    re.compile(r".+\.(pem|key)"): re.compile(
        rb"PRIVATE KEY|\A(?!.*-----BEGIN )", re.DOTALL
    ),
    re.compile(r"\.npmrc|\.yarnrc(\.yml)?"): re.compile(
        rb"auth|token|password", re.IGNORECASE
    ),
    re.compile(r"[^.]+|.+\.(cfg|conf|csv|ini|json|properties|toml|txt|xml|ya?ml)"): (
        re.compile(
            rb"-----BEGIN ([A-Z]+ )*PRIVATE KEY-----"
            rb"|aws_secret_access_key\W{1,5}[\w/+]{40}",
            re.IGNORECASE,
        )
    ),
}
ENOUGH = 1 << 20  # bytes of a file that are searched for a secret
_SHOWN = 5  # refused files that the message names


def is_secret(path: PurePath, read: Callable[[], bytes]) -> bool:
    """Whether a file looks like a secret by its name, or by its name and content."""
    *folders, name = (part.lower() for part in path.parts)
    if _FOLDERS & {*folders}:
        return True
    if _NAMES.fullmatch(f"{folders[-1] if folders else ''}/{name}"):
        return not _EXAMPLE.fullmatch(name)
    return any(
        names.fullmatch(name) and bool(content.search(read()))
        for names, content in _CONTENT.items()
    )


def is_included(path: PurePath, include: Sequence[str]) -> bool:
    """Whether `include` lists a file: by path, by name, or by one of its folders."""
    listed = {entry.removeprefix("./").rstrip("/") for entry in include}
    paths = {part.as_posix() for part in (path, *path.parents)} - {"."}
    return bool(listed & {path.name, *paths})


def refuse(code: Path, secrets: Iterable[PurePath], include: Sequence[str]) -> None:
    """Raise for secrets in a function's code that `include` does not list."""
    names = [
        secret.as_posix() for secret in secrets if not is_included(secret, include)
    ]
    if names:
        more = f" and {len(names) - _SHOWN} more" if names[_SHOWN:] else ""
        raise UsageError(
            f"{code} has files that look like secrets: "
            f"{', '.join(names[:_SHOWN])}{more}",
            hint="list them in the folder's .cgwignore, or move them out of it; or, to "
            "deploy them, list them under the function's `include`, such as "
            f"`include: [{names[0]}]`",
        )


IGNORE_FILE = ".cgwignore"
# Left out unless the ignore file or `include` says otherwise, in upper case too. vim
# makes a 4913 to see whether it can write there.
LEFT_OUT = (
    *(".env", ".env.*"),
    *(".bzr", ".git", ".hg", ".jj", ".svn"),
    *(".venv", "venv", "__pycache__", "*.pyc", "**/node_modules/.cache"),
    *(".mypy_cache", ".nox", ".pytest_cache", ".ruff_cache", ".tox"),
    *(".fleet", ".idea", ".vs", ".vscode", ".zed"),
    *(".*.sw[a-p]", ".#*", r"\#*#", "*~", "4913"),
    *(".ds_store", "thumbs.db", IGNORE_FILE),
)
_EMPTY = (
    "put the function's code there; caches, editors' files and what "
    f"{IGNORE_FILE} lists are left out"
)


@dataclass(frozen=True)
class CodeFolder:
    """A function's `code`, and the files that its `include` names.

    It may be a .zip, too, which has no folders.
    """

    path: Path
    include: tuple[str, ...] = ()
    is_node: bool = False

    @cached_property
    def root(self) -> Path:
        """The folder itself, where `path` is a link to it."""
        return self.path.resolve()

    @cached_property
    def ignored(self) -> GitIgnoreSpec:
        """What the folder's ignore file says, read once."""
        file = self.root / IGNORE_FILE
        try:
            lines = file.read_text("utf-8").splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return _patterns([])
        except OSError as error:
            raise unreadable(file, error) from None
        except UnicodeDecodeError:
            raise UsageError(f"{file} is not UTF-8 text") from None
        for number, line in enumerate(lines, 1):
            try:
                _patterns([line])
            except (ValueError, re.error):
                raise UsageError(
                    f"{file}:{number}: `{line}` is not a valid pattern",
                    hint="the syntax is that of .gitignore",
                ) from None
        return _patterns(lines)

    def lock(self, target: Target) -> Lock | None:
        """Return the packages that the folder lists for a target."""
        return find_lock(self.root, target, self._leaves_out)

    def build_here(self, target: Target, tell: Callable[[str], None]) -> None:
        """Build the packages for this machine, unless those for the target run here."""
        build_here(self.root, target, self._leaves_out, tell)

    def unlocked(self) -> str | None:
        """Return a warning if it lists packages in a way that cgw does not deploy."""
        if not self.path.is_dir():
            return None
        is_python = not self.is_node
        return unlocked(self.root, is_python=is_python, is_ignored=self._leaves_out)

    @property
    def tool(self) -> str | None:
        """What installs the packages that it lists: "python" or "npm"."""
        names = [REQUIREMENTS, UV_LOCK]
        if self.is_node:
            return "npm" if self._has_npm_lock else None
        found = ((self.root / n).is_file() and not self._leaves_out(n) for n in names)
        return "python" if any(found) else None

    @cached_property
    def _has_npm_lock(self) -> bool:
        """Whether cgw builds its node_modules: the folder's own is not deployed."""
        return self.is_node and all(
            (self.root / name).is_file() and not self._leaves_out(name)
            for name in (PACKAGE, NPM_LOCK)
        )

    def files(self) -> list[Path]:
        """Return the files to deploy, in the order of their names."""
        found = sorted(self._paths())
        for path in found:
            try:
                why = _refusal(path, self.root)
            except OSError as error:
                raise unreadable(path, error) from None
            if why:
                hint = (
                    "put the file itself there, move it out of the folder, "
                    f"or list it in {IGNORE_FILE}"
                )
                raise UsageError(f"{path} {why}: Lambda takes files", hint=hint)
        if not found:
            raise UsageError(f"{self.path} has no file to deploy", hint=_EMPTY)
        return found

    def secrets(self) -> Iterator[Path]:
        """Yield the files that look like secrets, relative to the folder."""
        for path in sorted(self._paths()):
            if _is_secret(path):
                yield path.relative_to(self.root)

    def folders(self) -> list[Path]:
        """Return the folder and those in it whose files are deployed."""
        return [at for at, _, _ in self._walked(self.path)]

    def settings_left_out(self) -> list[str]:
        """Return the `.env` files that are left out by default."""
        names = sorted(path.name for path in self.root.glob(".env*"))
        said = {name for name in names if self.ignored.match_file(name)}
        return [name for name in names if name not in said and self._leaves_out(name)]

    def deploys(self, path: Path) -> bool:
        """Whether a change of this path may change what is deployed."""
        if not path.is_relative_to(self.path):
            return False
        inner = path.relative_to(self.path)
        above = [folder.as_posix() for folder in inner.parents if folder.name]
        name = inner.as_posix() + "/" * path.is_dir()
        return inner.name == IGNORE_FILE or not any(
            map(self._leaves_out, [*(f"{folder}/" for folder in above), name])
        )

    def _leaves_out(self, name: str) -> bool:
        """Whether a path of the folder is not deployed; that of a folder ends in /."""
        if name.startswith("node_modules/") and self._has_npm_lock:
            return True
        said = self.ignored.check_file(name).include
        if said is not None:
            return said
        is_useless = _defaults().match_file(name.lower())
        return is_useless and not is_included(PurePosixPath(name), self.include)

    def _paths(self) -> Iterator[Path]:
        for folder, inner, names in self._walked(self.root, _stop):
            links = [name for name in inner if (folder / name).is_symlink()]
            at = folder.relative_to(self.root)
            for name in [*names, *links]:
                if not self._leaves_out((at / name).as_posix()):
                    yield folder / name

    def _walked(
        self, root: Path, refused: Callable[[OSError], None] | None = None
    ) -> Iterator[tuple[Path, list[str], list[str]]]:
        for at, inner, names in os.walk(root, onerror=refused):
            here = Path(at).relative_to(root)
            inner[:] = [
                name
                for name in inner
                if not self._leaves_out(f"{(here / name).as_posix()}/")
            ]
            yield Path(at), inner, names


def code_folder(function: FunctionConfig) -> CodeFolder | None:
    """Return the code of a function; None for the default code."""
    if function.code is None:
        return None
    is_node = function.runtime.startswith("nodejs")
    return CodeFolder(function.code, tuple(function.include), is_node)


def code_folders(functions: Iterable[FunctionConfig]) -> frozenset[CodeFolder]:
    """Return the code of functions, each once."""
    return frozenset(filter(None, map(code_folder, functions)))


@cache
def _defaults() -> GitIgnoreSpec:
    return _patterns(LEFT_OUT)


def _patterns(lines: Iterable[str]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(lines)


def _is_secret(path: Path) -> bool:
    """Whether a file looks like a secret, by its name or that of what it links to."""
    paths = {path, Path(os.path.realpath(path))} if path.is_symlink() else {path}
    return any(is_secret(place, partial(_file_start, path)) for place in paths)


def _file_start(path: Path) -> bytes:
    try:
        if not path.is_file():  # reading a pipe would block
            return b""
        with path.open("rb") as file:
            return file.read(ENOUGH)
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: Path | str, error: OSError) -> UsageError:
    """Return the error that says which file cannot be read, and why."""
    return UsageError(f"{path} cannot be read: {error.strerror}")


def _stop(error: OSError) -> None:
    raise unreadable(error.filename, error)


def _refusal(path: Path, root: Path) -> str | None:
    real = Path(os.path.realpath(path, strict=True))
    if not real.is_relative_to(root):
        return f"is a link out of {root}"
    if real.is_dir():
        return "is a link to a folder"
    if not stat.S_ISREG(real.stat().st_mode):
        return "is neither a file nor a folder"
    name = str(path)
    is_text = name.encode("utf-8", "replace").decode("utf-8") == name
    return None if is_text else "has a name that is not UTF-8"


# What the Lambda console puts into a new Python function.
HELLO = """\
import json

def lambda_handler(event, context):
    # TODO implement
    return {
        'statusCode': 200,
        'body': json.dumps('Hello from Lambda!')
    }
"""
_NO_ZIP = (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error)


def zipped(
    code: Path | None,
    include: Sequence[str] = (),
    target: Target | None = None,
    tell: Callable[[str], None] = silent,
) -> bytes:
    """Return the zip of a folder, a given .zip as it is, or the default code.

    With a target, the zip of a folder also has the packages that the folder lists,
    built for the target if they are new. `tell` reports such a build.
    """
    if code is None:
        return archive.make([("lambda_function.py", HELLO.encode(), False)])
    try:
        if not code.is_dir():
            return code.read_bytes()
        folder = CodeFolder(
            code, tuple(include), is_node=bool(target and not target.version)
        )
        lock = folder.lock(target) if target else None
        packages = build(lock, target, tell) if lock and target else None
        return _of_folder(folder, packages)
    except OSError as error:
        raise unreadable(error.filename or code, error) from None


def refuse_secrets(
    code: Path | None, include: Sequence[str], *, is_node: bool = False
) -> None:
    """Raise for files of the code that look like secrets, unless `include` names them.

    What is only read of a stack does not ask for this.
    """
    if code is None:
        return
    try:
        folder = CodeFolder(code, tuple(include), is_node=is_node)
        found = folder.secrets() if code.is_dir() else _secrets_in(code)
        refuse(code, found, include)
    except OSError as error:
        raise unreadable(error.filename or code, error) from None


def _of_folder(folder: CodeFolder, packages: Path | None) -> bytes:
    found = folder.files()
    sizes = {path.relative_to(folder.root).as_posix(): path for path in found}
    if packages is not None:
        added = archive.files_in(packages)
        _refuse_both(folder, sizes.keys() & added.keys())
        sizes |= added
    size = sum(path.stat().st_size for path in sizes.values())
    _bound(folder, sizes, unzipped=size)  # before reading it
    content = b""
    for method in archive.methods(size):
        base = archive.kept(packages, method) if packages else b""
        content = archive.make(archive.entries(folder.root, found), method, base)
        if len(content) <= aws_rules.ZIPPED:
            return content
    _bound(folder, sizes, len(content))
    return content


def _refuse_both(folder: CodeFolder, both: Iterable[str]) -> None:
    """Raise for files that the code and its packages both have."""
    if names := sorted({PurePosixPath(path).parts[0] for path in both}):
        raise UsageError(
            f"{folder.path} has {', '.join(names[:_SHOWN])}, and so have the packages "
            "that it lists",
            hint="delete it from the folder, as cgw installs the packages; or, to "
            f"deploy the folder as it is, add that list to {IGNORE_FILE}",
        )


def _secrets_in(file: Path) -> Iterator[PurePath]:
    with suppress(*_NO_ZIP), zipfile.ZipFile(file) as opened:
        for entry in opened.infolist():
            path = PurePosixPath(entry.filename.replace("\\", "/"))
            is_file = bool(path.name) and not entry.is_dir()
            if is_file and is_secret(path, partial(_entry_start, opened, entry)):
                yield path


def _entry_start(opened: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    try:
        with opened.open(entry) as file:
            return file.read(ENOUGH)
    except Exception:  # noqa: BLE001 - damaged and encrypted zips raise many types
        return b""


def _bound(
    folder: CodeFolder, files: Mapping[str, Path], zipped: int = 0, unzipped: int = 0
) -> None:
    if fault := aws_rules.size_fault(zipped, unzipped):
        sizes = ((name, path.stat().st_size) for name, path in files.items())
        ignore = folder.path / IGNORE_FILE
        raise UsageError(
            f"{folder.path}: {fault}; the largest: {aws_rules.largest(sizes)}",
            hint=f"list what the function does not need in {ignore}, or use `layers`",
        )
