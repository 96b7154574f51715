"""A function's code does not deploy secrets by accident."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import PurePosixPath

import pytest
from commandline import QuickTerminal
from hypothesis import given
from hypothesis import strategies as st

from cognito_gw.config.load import load
from cognito_gw.errors import UsageError
from cognito_gw.resources import code as code_of

KEY = b"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n"
CERTIFICATE = b"# CA\n-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----\n"
_SECRETS = """
.env .env.local .env.production .envrc prod.env .ENV sub/.env
id_rsa id_dsa id_ecdsa id_ed25519 id_ed25519_sk ID_RSA id_rsa.bak
.ssh/work .SSH/config .aws/credentials .aws/config .gnupg/private-keys-v1.d/a.key
.kube/config .docker/config.json .azure/accessTokens.json .m2/settings.xml
terraform.tfstate terraform.tfstate.backup .terraform/terraform.tfstate x.tfvars
prod.auto.tfvars.json .terraformrc .vault-token
.netrc _netrc .pgpass .my.cnf .pypirc .git-credentials .dockercfg .htpasswd
store.jks debug.keystore cert.p12 cert.pfx AuthKey.p8 passwords.kdbx putty.ppk
credentials credentials.json service-account.json service_account_prod.json
client_secret_1.json application_default_credentials.json secrets.yaml kubeconfig
rootkey.csv accessKeys.csv credentials.csv new_user_credentials.csv passwords.txt
my_id_rsa id_rsa.txt netrc .dockerconfigjson .config/gh/hosts.yml .bash_history
.zsh_history .python_history secret.yaml .flaskenv .vault_pass .password-store/a.gpg
local.settings.json token.json credentials.xml x-firebase-adminsdk-1.json
"""
SECRETS = _SECRETS.split()
BY_CONTENT = {
    "server.key": KEY,
    "server.pem": KEY,
    "both.pem": CERTIFICATE + KEY,
    "encrypted.pem": KEY.replace(b"RSA", b"ENCRYPTED"),
    "master.key": b"0123456789abcdef",
    "der.key": b"\x30\x82\x04\xa4",
    "empty.pem": b"",
    "gcp.json": b'{"private_key": "-----BEGIN PRIVATE KEY-----"}',
    "notes.txt": b"aws_secret_access_key = " + b"a" * 40,
    "deploy-key": KEY,
    ".npmrc": b"//registry.npmjs.org/:_authToken=npm_x\n",
    ".yarnrc.yml": b"npmAuthToken: x\n",
}
HARMLESS = {
    "settings.json": b'{"aws_secret_access_key": "from the environment"}',
    "notes.txt": b"-----BEGIN CERTIFICATE-----",
    "LICENSE": b"MIT",
    "cacert.pem": CERTIFICATE,
    "public.pem": b"-----BEGIN PUBLIC KEY-----\n",
    "public.key": b"-----BEGIN PUBLIC KEY-----\n",
    "id_rsa.pub": b"ssh-rsa AAAA",
    ".env.example": b"A=\n",
    ".env.sample": b"A=\n",
    ".env.template": b"A=\n",
    ".npmrc": b"package-lock=false\n",
    "environment.py": b"",
    "env": b"",
    "secrets.py": b"",
    "credentials.py": b"",
    "tokens.json": b"{}",
    "docker/config.json": b"{}",
    "config.json": b"{}",
    "monkey": b"",
}
LEFT_OUT = [
    ".env",
    ".env.local",
    ".env.production",
    ".ENV",
    "sub/.env",
    ".git/config",
    ".GIT/config",
    ".hg/hgrc",
    ".jj/repo",
    ".svn/wc.db",
    ".tox/py/.env",
    ".venv/a.pem",
    "venv/.env",
]


@pytest.fixture
def code(tmp_path):
    """The folder of a function."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "app.py").write_text("a = 1")
    return folder


def put(folder, name, content=b"x"):
    """Write a file into a folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def archived(path, files):
    """Write a .zip file."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("app.py", "a = 1")
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def refusal(code, *include):
    """Return the error for the code, and its hint."""
    with pytest.raises(UsageError) as error:
        code_of.refuse_secrets(code, include)
    return error.value


def test_a_secret_is_refused_by_its_name(tmp_path):
    """Anywhere in the folder or in a .zip; the message names the file."""
    for number, name in enumerate([*SECRETS, *BY_CONTENT]):
        content = BY_CONTENT.get(name, b"x")
        folder = tmp_path / str(number)
        put(folder, "app.py", b"a = 1")
        put(folder, name, content)
        archive = archived(tmp_path / f"{number}.zip", {name: content})
        for where in [archive] if name in LEFT_OUT else [folder, archive]:
            problem = refusal(where)
            assert problem.what == f"{where} has files that look like secrets: {name}"
            assert f"include: [{name}]" in problem.hint
            code_of.refuse_secrets(where, [name])
            code_of.refuse_secrets(where, [PurePosixPath(name).name])
            refusal(where, "other", "app.py", f"x{name}", "*", ".", "")


@pytest.mark.parametrize("name", HARMLESS)
def test_files_that_only_look_secret_are_deployed(code, tmp_path, name):
    """Certificates, examples, and code: libraries contain many of them."""
    put(code, name, HARMLESS[name])
    code_of.refuse_secrets(code, [])
    code_of.refuse_secrets(archived(tmp_path / "a.zip", {name: HARMLESS[name]}), [])


def test_a_folder_is_included_with_all_that_is_in_it(code):
    """Files next to it are not included."""
    put(code, ".aws/config")
    put(code, ".aws/credentials")
    code_of.refuse_secrets(code, [".aws"])
    code_of.refuse_secrets(code, ["./.aws/"])
    put(code, ".awsx/id_rsa")
    assert refusal(code, ".aws").what.endswith(": .awsx/id_rsa")


def test_a_link_to_a_secret_is_one(code):
    """Under any name, and from a place that deploys nothing else."""
    put(code, ".git/config", b"url = https://user:password@example.com")
    (code / "settings.txt").symlink_to(".git/config")
    assert refusal(code).what.endswith(": settings.txt")


@pytest.mark.parametrize("place", [".ssh", ".aws", ".git", ".kube/cache"])
def test_a_folder_of_secrets_is_not_code(tmp_path, place):
    """Also if `code` itself points to it."""
    put(tmp_path, f"{place}/work")
    assert refusal(tmp_path / place).what.endswith(": work")


def test_a_pipe_is_not_waited_for(code):
    """Whatever its name, reading it does not block."""
    os.mkfifo(code / "server.pem")
    refusal(code)


@pytest.mark.parametrize("name", LEFT_OUT)
def test_histories_and_environments_are_never_deployed(code, name):
    """They are left out because a function never needs them."""
    put(code, name)
    code_of.refuse_secrets(code, [])
    assert deployed(code) == ["app.py"]


def deployed(code, *include):
    """Return the deployed files."""
    with zipfile.ZipFile(io.BytesIO(code_of.zipped(code, include))) as archive:
        return archive.namelist()


@pytest.mark.parametrize("include", [".env", "sub/.env", "./sub/"])
def test_include_deploys_an_ignored_file(code, include):
    """`include` takes a path, a name, or a folder, and deploys nothing else."""
    put(code, "sub/.env")
    put(code, "sub2/.env.local")
    assert deployed(code, include) == ["app.py", "sub/.env"]
    code_of.refuse_secrets(code, [include])


def test_the_ignore_file_leaves_secrets_out(code):
    """Files that are not deployed cause no error."""
    put(code, "keys/server.pem", KEY)
    refusal(code)
    put(code, ".cgwignore", b"keys/")
    code_of.refuse_secrets(code, [])
    assert deployed(code) == ["app.py"]


def test_the_ignore_file_does_not_deploy_a_secret(code):
    """The ignore file can re-include `.env`, but only `include` deploys it."""
    put(code, ".env")
    put(code, ".cgwignore", b"!.env")
    assert refusal(code).what.endswith(": .env")


@pytest.mark.parametrize("name", [".git/config", "a/.hg/hgrc", "a\\.env", "A/.Env"])
def test_a_zip_with_them_is_refused(tmp_path, name):
    """A .zip is deployed unchanged or not at all."""
    refusal(archived(tmp_path / "code.zip", {name: b"x"}))


def test_a_zip_with_an_unreadable_key_is_refused(tmp_path):
    """An encrypted entry cannot be distinguished from a key."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("server.pem", CERTIFICATE)
    encrypted = bytearray(content.getvalue())
    encrypted[6] |= 1  # the flag in the entry
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    (tmp_path / "code.zip").write_bytes(encrypted)
    refusal(tmp_path / "code.zip")


@given(
    st.lists(st.sampled_from(["a", "lib", "node_modules", "x.y"]), max_size=3),
    st.sampled_from([each for each in SECRETS if "/" not in each]),
    st.randoms(use_true_random=False),
)
def test_no_place_and_no_case_hides_a_secret(folders, name, random):
    """Names in a .zip can be anything."""
    spelled = "".join(random.choice([each.upper(), each.lower()]) for each in name)
    path = PurePosixPath(*folders, spelled)
    assert code_of.is_secret(path, lambda: b"x")


def test_the_function_is_not_made_with_a_secret(built, do, code):
    """By any command; a secret that `include` names is deployed."""
    put(code, "id_rsa")
    made = {"runtime": "python3.13", "handler": "app.f", "code": code}
    file = "name: shop"
    hello = built(file, functions={"hello": made}).functions["hello"]
    assert isinstance(do("apply", hello)[hello].error, UsageError)
    made["include"] = ["id_rsa"]
    hello = built(file, functions={"hello": made}).functions["hello"]
    assert do("apply", hello)[hello].error is None


FILE = """\
name: code-folder
functions: {hello: {code: ./code, handler: app.f}}
api: {routes: {GET /orders: {}}}
"""


def test_deploying_is_refused_and_reading_is_not(code, tmp_path, at_home):
    """The whole stack, its step, and the plan fail before cgw creates anything."""
    at_home.chdir(tmp_path)
    cgw = QuickTerminal(tmp_path, ("--local",))
    cgw.write(FILE)
    put(code, "id_rsa")
    for command in ("plan", "up"):
        assert f"{code} has files that look like" in cgw(command, code=2).err
    assert {each["state"] for each in states(cgw)} == {"missing"}
    (code / "id_rsa").unlink()
    cgw("up", "-q")
    put(code, "id_rsa")
    for command in ("up", "lambda"):
        assert "include: [id_rsa]" in cgw(command, code=2).err
    cgw("outputs")
    changed = [each for each in states(cgw) if each["state"] != "ok"]
    assert [each["kind"] for each in changed] == ["function"]
    cgw.write(FILE.replace("./code,", "./code, include: [id_rsa],"))
    cgw("plan")
    cgw.write(FILE)
    (code / "id_rsa").unlink()
    put(code, ".env")
    told = f"{code / '.env'} is not deployed"
    assert told in cgw("plan").err
    put(code, ".cgwignore", b".env")
    assert told not in cgw("plan").err


def states(cgw):
    """Return the resources that `status` reports."""
    return cgw("status", "-o", "json").document["resources"]


@pytest.fixture
def project(tmp_path, code):
    """The folder of a project, next to other code."""
    folder = tmp_path / "project"
    put(folder, "code/app.py")
    put(folder, "app.py")
    (folder / "link").symlink_to(code)
    (folder / "inner").symlink_to("code")
    return folder


@pytest.mark.parametrize("spelled", ["../code", "{code}", "link", "./code/../../code"])
def test_code_that_leads_out_of_the_project_is_warned_of(project, code, spelled):
    """By its path, from the root, or through a link."""
    spelled = spelled.format(code=code)
    file = put(
        project,
        "cgw.yaml",
        f"name: x\nfunctions: {{hello: {{code: {spelled}, handler: app.f}}}}".encode(),
    )
    (warning,) = load(file, {}).warnings
    assert warning.startswith(f"{file}:2: ")
    assert f"everything in {code}" in warning


@pytest.mark.parametrize("spelled", ["code", "./code", "inner", ".", "../project/code"])
def test_code_in_the_project_is_not_warned_of(project, spelled):
    """Whatever the spelling of the path."""
    file = put(
        project,
        "cgw.yaml",
        f"name: x\nfunctions: {{hello: {{code: {spelled}, handler: app.f}}}}".encode(),
    )
    assert load(file, {}).warnings == []
