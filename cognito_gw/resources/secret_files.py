"""Files that look like secrets: no function is deployed with one by accident."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cognito_gw.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path, PurePath

_HISTORIES = {".bzr", ".git", ".hg", ".jj", ".svn"}
_FOLDERS = _HISTORIES | {".aws", ".azure", ".gnupg", ".kube", ".password-store", ".ssh"}
# A file's name, after that of its folder.
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
# Names that alone do not tell, and the content of a secret: a certificate is not one.
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
ENOUGH = 1 << 20  # bytes of a file that tell whether it holds a secret
_SHOWN = 5  # of the files that are refused


def is_secret(path: PurePath, read: Callable[[], bytes]) -> bool:
    """Whether a file's name says that it holds a secret, or its name and content."""
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
    """Whether a file is listed: by its path or name, or with a folder that has it."""
    listed = {each.removeprefix("./").rstrip("/") for each in include}
    paths = {each.as_posix() for each in (path, *path.parents)} - {"."}
    return bool(listed & {path.name, *paths})


def refuse(code: Path, secrets: Iterable[PurePath], include: Sequence[str]) -> None:
    """Raise for secrets in a function's code, but for those that are included."""
    names = [each.as_posix() for each in secrets if not is_included(each, include)]
    if names:
        more = f" and {len(names) - _SHOWN} more" if names[_SHOWN:] else ""
        raise UsageError(
            f"{code} has files that look like secrets: "
            f"{', '.join(names[:_SHOWN])}{more}",
            hint="list them in the folder's .cgwignore, or move them out of it; or, to "
            "deploy them, list them under the function's `include`, such as "
            f"`include: [{names[0]}]`",
        )
