"""`cgw up --watch` applies saved changes and nothing else; tests simulate saves."""

from __future__ import annotations

import re
import sys
from itertools import count

import boto3
import pytest
from filelock import FileLock
from moto import mock_aws

from cognito_gw.app.context import Context, Options
from cognito_gw.app.watch import Watch
from cognito_gw.aws.clients import Aws
from cognito_gw.cli.stack import WatchScreen
from cognito_gw.cli.terminal import Terminal
from cognito_gw.errors import UsageError
from cognito_gw.resources.code import zipped

FILE = """\
name: shop
region: us-east-1
functions:
  hello: {code: ./hello}
api:
  routes: {GET /hello: {}}
"""
TWO = FILE.replace("api:", "  order: {code: ./order}\napi:").replace(
    "GET /hello: {}", "GET /hello: {function: hello}, GET /order: {function: order}"
)
CALL = re.compile(r"^  ([\w-]+) \w+: \S+, \d+ ms", re.MULTILINE)


def watching(begin, **settings):
    """Run `cgw up --watch`, with saves from a test."""
    options = Options(**settings)
    context = Context(options, ui=Terminal(options))
    Watch(context, begin, screen=WatchScreen(context)).run()


class Saving:
    """Makes one edit each time that `cgw` waits for a save."""

    def __init__(self, edits):
        self.saves = (edit() for edit in edits)
        self.watched = []

    def __call__(self, folders, has):
        """Start to watch."""
        self.watched.append((folders, has))
        return self.saves


@pytest.fixture
def account(cgw, environment):
    """An AWS account, and a folder with the file and the code."""
    environment.setenv("AWS_ACCESS_KEY_ID", "testing")
    environment.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    environment.setitem(Aws.__init__.__kwdefaults__, "sleep", lambda _: None)
    for name in ("hello", "order"):
        (cgw.folder / name).mkdir()
        (cgw.folder / name / "lambda_function.py").write_text("old")
    cgw.write(FILE)
    with mock_aws(config={"lambda": {"use_docker": False}}):
        yield boto3.Session(region_name="us-east-1")


@pytest.fixture
def watch(account, capsys):  # noqa: ARG001 - it must be there
    """Return what watches while edits happen, and splits its output by them."""

    def run(*edits, **settings):
        saving = Saving(edits)
        try:
            watching(saving, **settings)
        finally:
            run.watched = saving.watched
            run.out, err = capsys.readouterr()
            run.said = err.split("\n\n")
        return run.said

    return run


@pytest.fixture
def saved(cgw):
    """Return a function that makes edits of files in the folder."""

    def make(name, text="new"):
        return lambda: {cgw.write(text, name)}

    return make


CODE = "hello/lambda_function.py"


def test_only_saved_code_is_deployed(watch, saved, account):
    """The clients stay the same: the account is looked up once."""
    functions = account.client("lambda")
    first, second = watch(saved(CODE), verbose=True)
    assert "sts GetCallerIdentity" in first
    assert set(CALL.findall(second)) == {"lambda", "iam", "logs"}
    assert second.startswith(f"saved: {CODE}\n")
    assert re.search(r"^updated   function +shop-hello\n", second, re.MULTILINE)
    assert re.search(r"^1 updated in \d+\.\d\d s$", second, re.MULTILINE)
    assert len(functions.list_functions()["Functions"]) == 1


def test_unchanged_resources_are_not_reported(watch, saved):
    """Neither steps nor outputs appear again."""
    first, *rest = watch(saved("cgw.yaml", FILE), saved(CODE, "old"))
    assert "created   rest api" in first
    assert first.endswith("watching cgw.yaml, hello; press Ctrl-C to stop")
    for said, name in zip(rest, ["cgw.yaml", CODE], strict=True):
        pattern = rf"saved: {name}\nnothing to change in \d+\.\d\d s\n?"
        assert re.fullmatch(pattern, said)
    assert watch.out.count("invoke_url") == 1


def test_all_problems_of_a_file_are_shown_until_it_is_fixed(watch, saved):
    """Also if something else is saved meanwhile."""
    wrong = FILE.replace("api:", "apo:").replace("region", "regoin")
    _, broken, still, mended = watch(
        saved("cgw.yaml", wrong),
        saved(CODE),
        saved("cgw.yaml", FILE.replace("./hello", "./hello, timeout: 9")),
    )
    for said in (broken, still):
        assert "error: cgw.yaml has 2 problems:" in said
        assert "cgw.yaml:2: regoin: unknown key" in said
        assert said.endswith("waiting for the next save")
    assert "Timeout: 3 → 9" in mended
    assert "CodeSha256: " in mended


def test_a_file_that_is_wrong_at_first_ends_it(watch, cgw):
    """As it ends any `up`."""
    cgw.write("name: [")
    with pytest.raises(UsageError):
        watch()


def test_a_failed_step_is_reported_and_its_dependents_follow_later(watch, saved, cgw):
    """With the next save."""
    link = cgw.folder / "order" / "link.py"

    def linked():
        link.symlink_to("/etc/hostname")
        return saved("cgw.yaml", TWO)()

    def mended():
        link.unlink()
        return {link}

    _, failed, made, then = watch(linked, mended, saved("order/lambda_function.py"))
    assert "order/link.py is a link out of" in failed
    assert failed.rstrip().endswith("waiting for the next save")
    assert made.startswith("removed: order/link.py\n")
    assert "created   function          shop-order" in made
    assert "created   deployment" in made
    assert "1 updated in" in then


def test_files_added_to_the_configuration_are_watched(watch, saved, cgw):
    """It is watched before it is read, so a save in between is not lost."""
    _, added, then = watch(saved("cgw.yaml", TWO), saved("order/lambda_function.py"))
    assert "created   function          shop-order" in added
    assert "updated   function          shop-order" in then
    assert "functions.order" in watch.out
    (first, _), (second, _) = watch.watched
    assert second - first == {cgw.folder / "order"}


def test_another_zip_in_the_same_folder_is_watched(watch, saved, cgw):
    """The folder is watched already, so nothing changes."""
    for name in ("old.zip", "new.zip"):
        (cgw.folder / name).write_bytes(zipped(None))
    cgw.write(FILE.replace("./hello", "old.zip"))
    watch(saved("cgw.yaml", FILE.replace("./hello", "new.zip")))
    ((_, has),) = watch.watched
    assert has(cgw.folder / "new.zip")
    assert not has(cgw.folder / "old.zip")


def test_a_recreated_folder_is_watched_again(watch, cgw):
    """A watch on a deleted folder does not report the new one."""
    watch(lambda: {cgw.folder / "hello", cgw.folder / CODE})
    assert len(watch.watched) == 2
    assert watch.watched[0][0] == watch.watched[1][0]


def test_a_save_while_a_watch_starts_is_applied(account, cgw, capsys):
    """The file is read after that."""

    def begin(*_):
        cgw.write(FILE.replace("GET /hello", "GET /later"))
        return iter(())

    watching(begin)
    assert "/later" in capsys.readouterr().err
    assert account.client("apigateway").get_rest_apis()["items"]


@pytest.mark.parametrize(
    ("edit", "what"),
    [
        (("name: shop", "name: store"), "name"),
        (("us-east-1", "eu-west-1"), "region and target"),
        (("name: shop", "name: store\ntarget: local"), "name and local AWS"),
    ],
)
def test_another_stack_needs_a_new_start(watch, saved, account, edit, what):
    """It exits with 2, and nothing is created or changed."""
    with pytest.raises(UsageError, match=f"another {what} than") as caught:
        watch(saved("cgw.yaml", FILE.replace(*edit)), saved(CODE))
    assert "run `cgw up --watch` again" in caught.value.hint
    assert len(watch.said) == 2
    for region in ("us-east-1", "eu-west-1"):
        pools = account.client("cognito-idp", region_name=region)
        names = [
            each["Name"] for each in pools.list_user_pools(MaxResults=9)["UserPools"]
        ]
        assert names == ["shop"] * (region == "us-east-1")


def test_the_lock_is_free_while_it_waits(watch, cgw):
    """Other commands can change the stack."""
    taken = count()

    def lock():
        for file in (cgw.folder / "state").rglob("stack-locks/*"):
            with FileLock(file, timeout=0):
                next(taken)
        return {cgw.folder / "cgw.yaml"}

    watch(lock)
    assert next(taken) == 1


def test_quiet_shows_errors(watch, saved):
    """It prints nothing else."""
    watch(saved(CODE), saved("cgw.yaml", "name: ["), quiet=True)
    (said,) = watch.said
    error, line, *more = said.splitlines()
    assert error.startswith("error: cgw.yaml, line 1")
    assert (line, more) == ("  name: [", [])


def test_many_names_are_counted(watch, saved):
    names = [f"hello/{letter}.py" for letter in "abcde"]
    _, said = watch(lambda: set().union(*(saved(name)() for name in names)))
    assert said.startswith("saved: hello/a.py, hello/b.py, hello/c.py, and 2 more\n")


def test_json_is_refused(cgw):
    """JSON output is one document, and a watch does not end."""
    outcome = cgw("up", "--watch", "-o", "json", code=2)
    assert outcome.out == ""
    assert "`-o json` prints one document" in outcome.err


def test_says_how_to_install_what_is_missing(cgw, environment):
    """Before anything is created."""
    environment.setitem(sys.modules, "watchfiles", None)
    cgw.write(FILE)
    err = cgw("up", "--watch", code=1).err
    assert err.endswith("  hint: pip install 'cognito-gw[watch]'\n")
