"""A function cannot do on this machine what it cannot do on Lambda."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
import uuid
from pathlib import Path

import lambdas
import pytest
from commandline import QuickTerminal
from lambdas import URL, answers, deploy, node_client, running

pytestmark = pytest.mark.server
LANDLOCK_CREATE_RULESET, VERSION = 444, 1


def landlock():
    """The kernel's Landlock version; 0 if it has none."""
    if sys.platform != "linux":
        return 0
    call = ctypes.CDLL(None).syscall
    call.restype = ctypes.c_long
    return max(call(LANDLOCK_CREATE_RULESET, None, 0, VERSION), 0)


def may_mount():
    """Whether this user can have mounts for one process alone."""
    users = [] if os.geteuid() == 0 else ["--user"]
    try:
        command = ["unshare", "--mount", *users, "true"]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


confined = pytest.mark.skipif(not landlock(), reason="this kernel has no Landlock")
own_tmp = pytest.mark.skipif(
    not may_mount(), reason="no mounts for one process alone are allowed here"
)
with_node = pytest.mark.skipif(
    node_client() is None, reason="aws-lambda-ric for Node.js is not installed"
)

# For each name in the event, whether the action succeeded; an error means refused.
WRITER = """
import os, pathlib, shutil, subprocess, tempfile

def write(path): pathlib.Path(path).write_text("written by a function")
def append(path): open(path, "a").write("written by a function")
def truncate(path): os.truncate(path, 0)
def remove(path): os.unlink(path)
def folder(path): os.mkdir(path)
def no_folder(path): os.rmdir(path)
def pipe(path): os.mkfifo(path)
def link(path): os.symlink("/etc/passwd", path)
def rename(path): os.rename(path, path + ".renamed")
def steal(path): os.rename(path, tempfile.mktemp())
def drop(path):
    write(drafts := tempfile.mktemp())
    os.rename(drafts, path)
def by_symlink(path):
    os.symlink(path, name := tempfile.mktemp())
    write(name)
def by_hard_link(path):
    os.link(path, name := tempfile.mktemp())
    write(name)
def by_mode(path):
    os.chmod(os.path.dirname(path), 0o700)
    write(path)
def by_shell(path):
    subprocess.run(["/bin/sh", "-c", 'echo no > "$1"', "sh", path], check=True)
def by_chdir(path):
    os.chdir(os.path.dirname(path))
    write(os.path.basename(path))

def handler(event, context):
    done = {}
    for name, (deed, path) in event.items():
        try:
            globals()[deed](path)
            done[name] = "done"
        except Exception as error:
            done[name] = "refused"
    return done
"""


@pytest.fixture(scope="module")
def answer():
    """Deploy a function, run it once with those of other tests; return its answer."""
    with running() as run:

        def answer_of(files, event=None, **settings):
            (result,) = run(deploy(files, **settings), event)
            return json.loads(result.payload)

        yield answer_of


@pytest.fixture
def outside(tmp_path):
    """A folder of the user that functions must not access."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "file").write_text("the user's")
    (folder / "empty").mkdir()
    return folder


def seen(folder):
    """The content of a folder: every path, and the data of the files."""
    return {
        str(path): path.read_text() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


DEEDS = [
    ("write", "file"),
    ("write", "new"),
    ("append", "file"),
    ("remove", "file"),
    ("folder", "new"),
    ("no_folder", "empty"),
    ("pipe", "new"),
    ("link", "new"),
    ("rename", "file"),
    ("steal", "file"),
    ("drop", "new"),
    ("by_symlink", "file"),
    ("by_symlink", "new"),
    ("by_hard_link", "file"),
    ("by_mode", "new"),
    ("by_shell", "new"),
    ("by_chdir", "new"),
    *([("truncate", "file")] if landlock() >= 3 else []),
]


@confined
def test_a_function_changes_nothing_of_the_users(answer, outside):
    before = seen(outside)
    event = {f"{deed} {name}": (deed, str(outside / name)) for deed, name in DEEDS}
    told = answer({"app.py": WRITER}, event)
    assert (told, seen(outside)) == (dict.fromkeys(event, "refused"), before)


@confined
def test_a_function_writes_nowhere_but_in_its_tmp(answer):
    """Not next to its code, in the home directory, or in world-writable folders."""
    name = uuid.uuid4().hex
    paths = [
        f"{folder}/{name}"
        for folder in ("/var/tmp", "/dev/shm", Path.home(), "/etc", "/dev", "/")  # noqa: S108
    ]
    source = f"{WRITER}\ncode = os.path.dirname(__file__)\nhome = os.environ['HOME']\n"
    source += """
def near(event, context):
    event = {path: ("write", path) for path in event}
    event |= {"beside": ("write", f"{code}/new"), "code": ("append", __file__)}
    event |= {"working folder": ("write", "new"), "home": ("write", f"{home}/new")}
    event |= {"bytecode": ("folder", f"{code}/__pycache__")}
    return handler(event, context)
"""
    told = answer({"app.py": source}, paths, Handler="app.near")
    assert set(told.values()) == {"refused"}
    assert len(told) == len(paths) + 5
    assert not [path for path in paths if Path(path).exists()]


TMP = """
import os, shutil, socket, sqlite3, subprocess, sys, tempfile

def handler(event, context):
    top = event or tempfile.gettempdir()
    a, b = os.path.join(top, "a"), os.path.join(top, "b")
    os.makedirs(a); os.makedirs(b)
    with tempfile.NamedTemporaryFile("w", dir=a, delete=False) as file:
        file.write("kept")
    moved = os.path.join(b, "moved")
    os.rename(file.name, moved)
    os.symlink(moved, os.path.join(b, "link"))
    os.link(moved, os.path.join(a, "hard"))
    os.truncate(moved, 2)
    socket.socket(socket.AF_UNIX).bind(os.path.join(top, "socket"))
    sqlite3.connect(os.path.join(top, "db")).execute("create table t (n)")
    subprocess.run(["/bin/sh", "-c", f"echo shell > {top}/s 2>/dev/null"], check=True)
    open("/dev/null", "w").write("nothing")
    with open("/dev/stdout", "w") as out:
        out.write("to the log\\n")
    kept = open(os.path.join(a, "hard")).read()
    shutil.rmtree(a)
    return [kept, sorted(os.listdir(top)), top]
"""
MADE = {"b", "db", "s", "socket"}


def test_a_function_has_a_tmp_for_itself():
    """The module tempfile uses it; the next worker gets another; cgw deletes it."""
    first, second = (lambdas.answer({"app.py": TMP}) for _ in range(2))
    assert first[0] == second[0] == "ke"
    assert set(first[1]) >= MADE
    assert "a" not in second[1]
    folders = {first[2], second[2]} - {"/tmp"}  # noqa: S108 - theirs, not the machine's
    assert not [folder for folder in folders if Path(folder).exists()]


@own_tmp
def test_a_function_writes_to_tmp_by_its_name(answer):
    """Much code does this; the machine's own /tmp shows nothing of it."""
    folder = f"/tmp/{uuid.uuid4().hex}"  # noqa: S108
    told = answer({"app.py": TMP}, folder)
    assert told == ["ke", sorted(MADE), folder]
    assert not Path(folder).exists()


@own_tmp
def test_a_function_does_not_see_the_tmp_of_others(answer):
    source = "import os\ndef handler(event, _): return os.path.exists(event)"
    mine = Path("/tmp", f"of-another-{uuid.uuid4().hex}")  # noqa: S108
    mine.write_text("secret")
    try:
        assert answer({"app.py": source}, str(mine)) is False
    finally:
        mine.unlink()


STAT = """
import os
def handler(event, context):
    here = os.path.dirname(__file__)
    paths = [here]
    for top, folders, names in os.walk(here):
        paths += [os.path.join(top, name) for name in folders + names]
    return {path[len(here):]: os.stat(path).st_mode for path in paths}
"""


def test_the_code_is_read_only(answer):
    """The file modes enforce this without Landlock, in subfolders too."""
    modes = answer({"app.py": STAT, "part/of/it.txt": "", "part/x.py": ""})
    assert set(modes) >= {"", "/app.py", "/part", "/part/of", "/part/of/it.txt"}
    assert not [path for path, mode in modes.items() if mode & 0o222]
    assert not [path for path, mode in modes.items() if mode & 0o077]


HOME = """
import os, pathlib, boto3, botocore.session

def handler(event, context):
    session = boto3.Session()
    key = session.get_credentials()
    client = session.client("s3")
    return {
        "home": os.environ["HOME"], "there": os.listdir(os.path.expanduser("~")),
        "profiles": session.available_profiles, "region": session.region_name,
        "source": key.method, "key": key.access_key,
        "url": client.meta.endpoint_url, "dns": client.meta.config.user_agent_extra,
        "config": botocore.session.Session().full_config["profiles"],
        "metadata": os.environ.get("AWS_EC2_METADATA_DISABLED"),
    }
"""


@pytest.fixture
def users_home(tmp_path):
    """A home directory with settings that point elsewhere."""
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    config = "[default]\nregion = ap-south-1\nendpoint_url = http://evil.example\n"
    config += "user_agent_extra = from-the-user\n[profile work]\nregion = eu-west-3\n"
    (home / ".aws/config").write_text(config)
    key = "[default]\naws_access_key_id = AKIAUSER\naws_secret_access_key = secret\n"
    (home / ".aws/credentials").write_text(key)
    (home / ".netrc").write_text("machine evil.example login user password secret\n")
    (home / ".npmrc").write_text("prefix=/evil\n")
    return home


SECRETS = {
    "AWS_PROFILE": "work",
    "AWS_SESSION_TOKEN": "of-the-user",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/token",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://evil.example",
    "CGW_ALICE_PASSWORD": "secret",
    "DATABASE_URL": "postgres://user:secret@example.com",
    "GITHUB_TOKEN": "secret",
    "HTTPS_PROXY": "http://evil.example",
    "SSH_AUTH_SOCK": "/agent",
    "XDG_CONFIG_HOME": "/config",
    "XDG_RUNTIME_DIR": "/run/user/0",
    "NODE_OPTIONS": "--require ./evil.js",
    "NPM_CONFIG_USERCONFIG": "/npmrc",
    "PIP_CONFIG_FILE": "/pip.conf",
    "PYTHONPATH": "/evil",
    "PYTHONSTARTUP": "/evil.py",
    "LD_PRELOAD": "",
    "MOTO_CALL_RESET_API": "true",
}


def test_a_function_gets_no_settings_of_the_users(users_home):
    own = {"PATH": os.environ["PATH"], "HOME": str(users_home)}
    own |= {
        "AWS_CONFIG_FILE": str(users_home / ".aws/config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(users_home / ".aws/credentials"),
        **SECRETS,
    }
    told = lambdas.answer({"app.py": HOME}, environment=own)
    assert told["home"] != str(users_home)
    assert told["there"] == []
    assert told["url"] == URL
    assert (told["profiles"], told["config"]) == ([], {})
    assert (told["source"], told["region"]) == ("env", "us-east-1")
    assert told["key"] != "AKIAUSER"
    assert told["dns"] is None
    assert told["metadata"] == "true"


def test_a_function_sees_only_the_variables_it_needs(users_home):
    source = "import os\ndef handler(event, context): return dict(os.environ)"
    own = {"PATH": os.environ["PATH"], "HOME": str(users_home), **SECRETS}
    seen = lambdas.answer({"app.py": source}, environment=own)
    given = {"HOME", "PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "TZ"}
    given |= {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "LAMBDA_TASK_ROOT"}
    given |= {"_HANDLER", "_X_AMZN_TRACE_ID", "LC_CTYPE"}
    assert {
        name for name in seen.keys() - given if not name.startswith("AWS_")
    } == set()
    assert not {f"{name}={seen.get(name)}" for name in seen} & {
        f"{name}={value}" for name, value in SECRETS.items()
    }
    assert "secret" not in json.dumps(seen)


def test_relative_entries_of_the_path_are_left_out():
    source = "import os\ndef handler(event, context): return os.environ['PATH']"
    own = {"PATH": f".::bin:{os.environ['PATH']}:../x:"}
    entries = lambdas.answer({"app.py": source}, environment=own).split(os.pathsep)
    assert entries
    assert all(map(os.path.isabs, entries))


LIMITS = """
import os, resource
def handler(event, context):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = []
    try:
        while len(held) < 5000: held.append(os.open("/dev/null", os.O_RDONLY))
    except OSError as error:
        return [most, error.errno, len(held), resource.getrlimit(resource.RLIMIT_NPROC)]
    finally:
        for each in held: os.close(each)
"""


def test_a_function_opens_as_many_files_as_on_lambda(answer):
    most, error, count, _ = answer({"app.py": LIMITS})
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    expected = 1024 if hard == resource.RLIM_INFINITY else min(hard, 1024)
    assert most == [expected] * 2
    assert error == 24  # EMFILE
    assert count < expected


@pytest.mark.skipif(os.geteuid() == 0, reason="root's processes have no limit")
def test_a_function_starts_as_many_processes_as_on_lambda(answer):
    *_, (soft, hard) = answer({"app.py": LIMITS})
    assert soft == hard != resource.RLIM_INFINITY
    assert soft >= 1024


def test_a_function_imports_nothing_of_ours(answer):
    """A module that is not in its code fails here as it would on Lambda."""
    source = """
import importlib
def handler(names, context):
    found = []
    for name in names:
        try: importlib.import_module(name)
        except ModuleNotFoundError: continue
        found.append(name)
    return found
"""
    ours = [
        "requests",
        "moto",
        "pydantic",
        "cognito_gw",
        "click",
        "pytest",
        "yaml",
        "json",
    ]
    assert answer({"app.py": source}, ours) == ["json"]
    told = answer({"app.py": "import moto\nhandler = str"})
    assert told["errorType"] == "Runtime.ImportModuleError"
    assert "No module named 'moto'" in told["errorMessage"]


def test_a_function_imports_what_lambda_has(answer):
    names = (
        "boto3 botocore s3transfer jmespath dateutil six urllib3 awslambdaric sqlite3"
    )
    source = f"import {', '.join(names.split())}, importlib.metadata as m, sys\n"
    source += """
def handler(event, context):
    found = {each.name.lower() for each in m.distributions()}
    return [sorted(found), sys.path, callable(exit)]
"""
    found, path, has_exit = answer({"app.py": source})
    assert {"boto3", "botocore", "awslambdaric"} <= set(found)
    assert not {"moto", "cognito-gw", "requests", "pytest"} & set(found)
    assert not [entry for entry in path if entry.endswith("site-packages")]
    assert has_exit


def test_a_functions_own_packages_come_first(answer):
    files = {"requests.py": "where = 'own'", "boto3/__init__.py": "where = 'bundled'"}
    source = "import boto3, requests\n"
    source += "def handler(e, c): return [requests.where, boto3.where]"
    assert answer({"app.py": source, **files}) == ["own", "bundled"]


def test_a_function_may_add_to_its_path(answer):
    files = {
        "app.py": "import deep\nhandler = lambda e, c: deep.n",
        "lib/deep.py": "n=1",
    }
    settings = {"Environment": {"Variables": {"PYTHONPATH": "lib"}}}
    assert answer(files, **settings) == 1


@confined
@pytest.mark.parametrize("variable", ["PYTHONPATH", "PYTHONHOME"])
def test_no_code_of_the_function_runs_before_it_is_confined(answer, outside, variable):
    """Modules imported before that are Python's own."""
    path = str(outside / "planted")
    planted = f"open({path!r}, 'w').write(__name__)\n"
    names = ["ctypes", "json", "resource", "struct", "contextlib", "typing", "site"]
    names += ["sitecustomize", "usercustomize", "runpy", "http", "logging"]
    files = {f"{name}.py": planted for name in names}
    files["awslambdaric/__init__.py"] = planted
    settings = {"Environment": {"Variables": {variable: "."}}}
    answer({"app.py": "def handler(e, c): return 1", **files}, **settings)
    assert not Path(path).exists()


def test_nothing_is_left_when_functions_end(tmp_path, monkeypatch):
    """Neither the read-only code nor files written by functions."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    source = """
import os, tempfile
def handler(event, context):
    os.makedirs(tempfile.gettempdir() + "/deep/er")
    os.chmod(tempfile.gettempdir() + "/deep", 0)
"""
    answers(deploy({"app.py": source, "folder/file": ""}), {})
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_a_killed_server_are_removed(tmp_path):
    """The next start deletes the read-only folders of its functions."""
    from cognito_gw.local.awslambda.environment import Places

    left = tmp_path / "cgw-functions-left/function-left/code"
    left.mkdir(parents=True)
    (left / "app.py").write_text("secret = 1")
    left.chmod(0o500)
    other = tmp_path / "local.json"
    other.write_text("{}")
    places = Places(tmp_path)
    assert places.packages.is_dir()
    assert not left.exists()
    places.remove()
    assert list(tmp_path.iterdir()) == [other]


NODE = """
const fs = require("fs"), os = require("os");
exports.handler = async (event) => {
  const done = {};
  for (const path of event.paths) {
    try { fs.writeFileSync(path, "written"); done[path] = "done"; }
    catch (error) { done[path] = "refused"; }
  }
  return {
    done, env: process.env, home: fs.readdirSync(os.homedir()), tmp: os.tmpdir(),
    limits: fs.readFileSync("/proc/self/limits", "utf8"),
  };
};
"""


@with_node
@confined
def test_it_holds_for_node_too(outside, users_home):
    own = {"PATH": os.environ["PATH"], "HOME": str(users_home), **SECRETS}
    own["NODE_PATH"] = str(node_client().parent)
    forbidden = [str(outside / "file"), "app.js", f"{users_home}/new", "/var/tmp/x"]  # noqa: S108
    told = lambdas.answer(
        {"app.js": NODE},
        {"paths": forbidden},
        environment=own,
        Runtime="nodejs22.x",
    )
    assert set(told["done"].values()) == {"refused"}
    assert (outside / "file").read_text() == "the user's"
    assert told["home"] == []
    assert "secret" not in json.dumps(told["env"])
    assert told["env"]["AWS_CONFIG_FILE"] == os.devnull
    files = next(x for x in told["limits"].splitlines() if x.startswith("Max open"))
    assert int(files.split()[3]) <= 1024


@with_node
@own_tmp
def test_node_writes_to_tmp_by_its_name(answer):
    path = f"/tmp/{uuid.uuid4().hex}"  # noqa: S108
    told = answer({"app.js": NODE}, {"paths": [path]}, Runtime="nodejs22.x")
    assert told["done"] == {path: "done"}
    assert not Path(path).exists()


def test_local_status_shows_the_active_restrictions(tmp_path, request, environment):
    cgw = QuickTerminal(tmp_path)
    stopped = cgw("local", "status", "-o", "json").document
    assert stopped == {"running": False, "url": None, "pid": None, "log": None}
    environment.setenv("XDG_STATE_HOME", request.getfixturevalue("local_home"))
    document = cgw("local", "status", "-o", "json").document
    text = cgw("local", "status").out
    assert document.keys() == {"running", "url", "pid", "log", "functions"}
    functions = document["functions"]
    assert functions["open_files"] == 1024
    assert functions["landlock_abi"] == (landlock() or None)
    assert functions["private_tmp"] == may_mount()
    line = next(line for line in text.splitlines() if line.startswith("functions: "))
    assert "own home, no AWS configuration, 1024 open files" in line
    confinement = f"writes confined to their /tmp (Landlock ABI {landlock()})"
    assert (confinement if landlock() else "writes not confined") in line


def test_status_hides_nothing_where_the_system_offers_nothing():
    from cognito_gw.local.awslambda.process import Floor

    bare = Floor(landlock=0, own_tmp=False, processes=None)
    assert "processes not limited" in str(bare)
    assert "writes not confined (this system has no Landlock)" in str(bare)
    assert "$TMPDIR" in str(bare)
    assert bare.document["landlock_abi"] is None
    assert bare.document["private_tmp"] is False
