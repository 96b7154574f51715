"""`cgw user` and its commands, on the users of an existing pool."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import threading
import uuid

import pytest
import yaml
from botocore.exceptions import ClientError

ALICE = "alice@example.com"
STRONG, OTHER = "Strong-pass-1", "Other-horse-2"
DONE = {"username", "action", "status", "enabled"}


@pytest.fixture
def cgw(standing):
    """The command line in the folder of the standing stack's file."""
    return standing.cgw


@pytest.fixture
def name():
    """An address that no other test uses."""
    return f"u{uuid.uuid4().hex[:8]}@example.com"


class Pool:
    """The standing stack's pool, without `cgw`."""

    def __init__(self, cognito, outputs):
        self.cognito = cognito
        self.id = outputs["user_pool_id"]
        self.client_id = outputs["app_client_id"]

    def call(self, operation, **params):
        return getattr(self.cognito, operation)(UserPoolId=self.id, **params)

    def names(self):
        """The addresses of all users."""
        users = self.call("list_users")["Users"]
        pairs = [pair for user in users for pair in user["Attributes"]]
        return {pair["Value"] for pair in pairs if pair["Name"] == "email"}

    def sign_in(self, name, password):
        """Return the challenge, the tokens' kind, or the error message."""
        parameters = {"USERNAME": name, "PASSWORD": password}
        try:
            answer = self.cognito.initiate_auth(
                ClientId=self.client_id,
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters=parameters,
            )
        except ClientError as error:
            return error.response["Error"]["Message"]
        return (
            answer.get("ChallengeName") or answer["AuthenticationResult"]["TokenType"]
        )


@pytest.fixture
def pool(standing, account):
    """The pool; users added by a test are deleted at its end."""
    pool = Pool(account.cognito_idp, standing.outputs)
    before = pool.names()
    yield pool
    for name in pool.names() - before:
        pool.call("admin_delete_user", Username=name)


@pytest.fixture
def dora(cgw, pool, environment, name):  # noqa: ARG001 - the pool tidies up
    """A user that is missing from the file."""
    environment.setenv("CGW_PASSWORD", STRONG)
    cgw("user", "add", name)
    environment.delenv("CGW_PASSWORD")
    return name


def only(outcome):
    """Return the one user of a JSON answer."""
    assert outcome.document.keys() == {"stack", "users"}
    (found,) = outcome.document["users"]
    assert found.keys() == DONE
    return found


def test_alone_it_is_the_step_of_the_tutorial(cgw):
    """With the step's options and JSON."""
    assert cgw("user", "-o", "json").actions == {f"user {ALICE}": "unchanged"}
    dry = cgw("user", "--with-deps", "--dry-run", "-o", "json")
    assert dry.document.keys() == {"stack", "steps", "outputs"}
    assert set(dry.actions.values()) == {"keep"}


@pytest.mark.parametrize("option", ["--dry-run", "--with-deps"])
def test_the_options_of_the_step_are_not_for_the_commands(cgw, option):
    """Otherwise a user might believe that they had no effect."""
    outcome = cgw("user", option, "disable", ALICE, "-v", code=2)
    assert "are for `cgw user` without a subcommand" in outcome.err
    assert outcome.calls == []


def test_an_added_user_signs_in_at_once(standing, cgw, pool, environment, name):
    """The password comes from CGW_PASSWORD and is not written anywhere."""
    environment.setenv("CGW_PASSWORD", STRONG)
    outcome = cgw(
        "user", "add", name, "--group", "readers", "--attribute", "name=Bob B", "-v"
    )
    assert outcome.out == f"created   user              {name}\n"
    assert outcome.writes == [
        "AdminCreateUser",
        "AdminSetUserPassword",
        "AdminAddUserToGroup",
    ]
    assert STRONG not in outcome.err
    assert pool.sign_in(name, STRONG) == "Bearer"
    found = pool.call("admin_get_user", Username=name)["UserAttributes"]
    values = {each["Name"]: each["Value"] for each in found}
    assert (values["name"], values["email_verified"]) == ("Bob B", "true")
    assert cgw("user", "groups", name).out == "readers\n"
    assert standing.cgw("up", "-o", "json").changed == {}


@pytest.mark.nightly  # security/test_global_options.py has the rule
def test_global_options_stand_before_and_after_the_command(cgw, pool, name):
    """And in between."""
    before = only(cgw("-o", "json", "user", "add", name))
    assert before == {
        "username": name,
        "action": "created",
        "status": "CONFIRMED",
        "enabled": True,
    }
    between = only(cgw("user", "-o", "json", "enable", name))
    after = only(cgw("user", "enable", name, "-o", "json"))
    assert between == after == before | {"action": "unchanged"}
    assert name in pool.names()


def test_a_made_up_password_is_shown_once_and_works(cgw, pool, name):
    """On stderr, even with --quiet and with JSON on stdout."""
    outcome = cgw("user", "add", name, "-q", "-o", "json")
    announced = rf"user `{name}`: generated password, shown this once: (\S+)\n"
    password = re.fullmatch(announced, outcome.err)[1]
    assert password not in outcome.out
    assert pool.sign_in(name, password) == "Bearer"


def test_a_password_of_stdin_is_its_first_line(cgw, pool, name):
    """Without the line ending, whatever it is."""
    cgw("user", "add", name, "--password-stdin", typed=f"{STRONG}\r\nmore\n")
    assert pool.sign_in(name, STRONG) == "Bearer"


def test_a_temporary_password_has_to_be_changed(cgw, pool, environment, name):
    """At the first sign-in of a new user, or after a change."""
    environment.setenv("CGW_PASSWORD", STRONG)
    made = only(cgw("user", "add", name, "--temporary", "-o", "json"))
    assert made["status"] == "FORCE_CHANGE_PASSWORD"
    assert pool.sign_in(name, STRONG) == "NEW_PASSWORD_REQUIRED"
    environment.setenv("CGW_PASSWORD", OTHER)
    lasting = only(cgw("user", "password", name, "-o", "json"))
    assert (lasting["action"], lasting["status"]) == ("updated", "CONFIRMED")
    assert pool.sign_in(name, OTHER) == "Bearer"
    cgw("user", "password", name, "--temporary")
    assert pool.sign_in(name, OTHER) == "NEW_PASSWORD_REQUIRED"


@pytest.mark.parametrize(
    ("command", "password", "words"),
    [
        ("add", "weak-one", "needs uppercase letters, numbers"),
        ("password", "", "a password has 2 to 256 characters"),
        ("password", " Strong-1 ", "does not begin or end with a space"),
    ],
)
def test_a_bad_password_is_refused_before_any_call(
    cgw, environment, command, password, words
):
    """From stdin or the variable; it is not repeated."""
    line = ("user", command, "bob@example.com", "-v")
    piped = cgw(*line, "--password-stdin", typed=f"{password}\n", code=2)
    environment.setenv("CGW_PASSWORD", password)
    for outcome in (piped, cgw(*line, code=2)):
        assert words in outcome.err
        assert not password or password not in outcome.err
        assert outcome.calls == []


def test_two_passwords_are_a_usage_error(cgw, environment):
    """`cgw` does not guess which one was meant."""
    environment.setenv("CGW_PASSWORD", STRONG)
    line = ("user", "password", ALICE, "--password-stdin", "-v")
    outcome = cgw(*line, typed=OTHER, code=2)
    assert "unset CGW_PASSWORD" in outcome.err
    assert outcome.calls == []


def _answered(terminal, process, replies):
    """Answer each prompt; return the prompts and the output."""
    told = []
    for prompt, reply in replies:
        heard = ""
        while not heard.endswith(prompt):
            letter = process.stderr.read(1)
            assert letter, heard
            heard += letter
        os.write(terminal, f"{reply}\n".encode())
        told.append(heard)
    out, err = process.communicate(timeout=60)
    return "".join([*told, err]), out


def test_in_a_terminal_the_password_is_asked_for(cgw, pool, name):
    """Hidden, twice, and again while it is weak or the two differ."""
    first = f"Password of {name} (empty: generate one): "
    second = "Repeat the password: "
    replies = [(first, "weak"), (first, STRONG), (second, "Differs")]
    replies += [(first, STRONG), (second, STRONG)]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "cognito_gw", "--local", "user", "add", name],
        cwd=cgw.folder,
        env=cgw.environment,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,  # or it prompts on the tests' terminal
    ) as process:
        alarm = threading.Timer(60, process.kill)  # for a prompt that never comes
        alarm.start()
        told, printed = _answered(ours, process, replies)
        alarm.cancel()
    os.close(ours)
    os.close(theirs)
    assert printed == f"created   user              {name}\n"
    assert "needs 8 characters" in told
    assert "the passwords differ" in told
    assert STRONG not in told
    assert pool.sign_in(name, STRONG) == "Bearer"


def test_an_existing_user_is_not_added_again(cgw, dora):
    """In upper or lower case; exit 1, and the commands that change a user."""
    outcome = cgw("user", "add", dora.upper(), "-v", code=1)
    assert "already exists\n  hint: see `cgw --local user password` and" in outcome.err
    assert outcome.writes == []


def test_a_refusal_of_aws_is_an_error_and_a_failed_user(cgw):
    """Cognito rejects the address; cgw shows no password for a user not created."""
    outcome = cgw("user", "add", "bob@x.y", "-o", "json", code=1)
    (failed,) = outcome.document["users"]
    assert (failed["action"], failed["status"]) == ("failed", None)
    assert "InvalidParameterException" in failed["error"]
    assert outcome.err == f"error: {failed['error']}\n"
    assert cgw("user", "add", "bob@x.y", code=1).out == ""


@pytest.mark.parametrize(
    ("sign_in_with", "wrong", "words"),
    [
        (["email"], "bob", "must be an email address"),
        (["phone_number"], "bob@example.com", "must be a phone number like"),
        (["email", "phone_number"], "bob", "an email address or a phone number"),
        ([], "two words", "must be a user name without spaces"),
    ],
)
def test_a_name_that_could_not_sign_in_is_a_usage_error(
    standing, sign_in_with, wrong, words
):
    """As the pool signs in; there is no AWS call."""
    data = yaml.safe_load(standing.text)
    data["user_pool"]["sign_in_with"], data["users"] = sign_in_with, []
    standing.cgw.write(yaml.safe_dump(data))
    outcome = standing.cgw("user", "add", wrong, "-v", code=2)
    standing.restore()
    assert words in outcome.err
    assert outcome.calls == []


def test_a_group_that_is_not_there_costs_no_user(cgw, pool, name):
    """The error lists the existing groups."""
    outcome = cgw("user", "add", name, "--group", "nobodies", code=3)
    assert "no such group: `nobodies`; known: readers" in outcome.err
    assert name not in pool.names()


def test_the_list_shows_all_users(cgw, pool, dora):
    """In columns for people."""
    cgw("user", "disable", dora)
    rows = [line.split() for line in cgw("user", "list").out.splitlines()]
    assert ["alice@example.com", "CONFIRMED", "enabled", "in", "the", "file"] in rows
    assert [dora, "CONFIRMED", "disabled"] in rows
    assert len(rows) == len(pool.names())


def test_the_list_as_json_has_all_that_aws_says(cgw, pool, dora):
    """In ASCII: text that users enter does not control the terminal."""
    nasty = [{"Name": "name", "Value": "\x9b31m Dora \u2603"}]
    pool.call("admin_update_user_attributes", Username=dora, UserAttributes=nasty)
    outcome = cgw("user", "list", "-o", "json")
    assert outcome.out.isascii()
    users = {user["username"]: user for user in outcome.document["users"]}
    assert [users[ALICE]["in_file"], users[dora]["in_file"]] == [True, False]
    found = users[dora]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z", found.pop("created"))
    assert found == {
        "username": dora,
        "sub": found["sub"],
        "status": "CONFIRMED",
        "enabled": True,
        "in_file": False,
        "attributes": {
            "sub": found["sub"],
            "email": dora,
            "email_verified": "true",
            "name": "\x9b31m Dora \u2603",
        },
    }


def test_the_disabled_cannot_sign_in_until_enabled(cgw, pool, dora):
    """Each happens once: a repeated command makes no changing call."""
    for command, enabled, then in (
        ("disable", False, "User is disabled."),
        ("enable", True, "Bearer"),
    ):
        first = only(cgw("user", command, dora, "-o", "json"))
        assert (first["action"], first["enabled"]) == ("updated", enabled)
        assert pool.sign_in(dora, STRONG) == then
        again = cgw("user", command, dora, "-v")
        assert again.out == f"unchanged user              {dora}\n"
        assert again.writes == []


def test_an_unknown_user_among_several_changes_nothing(cgw, pool, dora):
    """All are looked up first; exit 3 with the unknown ones named."""
    for command in ("disable", "remove"):
        line = ["user", command, dora, "no@example.com", "nor@example.com", "-v"]
        outcome = cgw(*line, code=3)
        assert outcome.out == ""
        assert ": `no@example.com`, `nor@example.com`\n" in outcome.err
        assert "hint: `cgw --local user list`" in outcome.err
        assert outcome.writes == []
    assert dora in pool.names()


@pytest.mark.parametrize("command", ["password", "groups"])
def test_an_unknown_user_is_named(cgw, command):
    """Before a password is generated or prompted for."""
    outcome = cgw("user", command, "no@example.com", code=3)
    assert "no such user in user pool" in outcome.err
    assert "generated" not in outcome.err


def test_one_user_by_several_names_is_one(cgw, pool, dora):
    """By address in any case, and by AWS's name; reported by the address."""
    sub = pool.call("admin_get_user", Username=dora)["Username"]
    outcome = cgw("user", "disable", sub, dora.upper(), dora, "-v")
    assert outcome.out == f"updated   user              {dora}\n"
    assert outcome.writes == ["AdminDisableUser"]


def test_a_signed_up_user_is_confirmed_once(cgw, standing, pool, dora, name):
    """A user that an administrator created needs a password instead."""
    signed_up = f"s{name}"
    standing.change(["user_pool", "self_sign_up"], value=True)
    cgw("pool")
    pool.cognito.sign_up(
        ClientId=pool.client_id,
        Username=signed_up,
        Password=STRONG,
        UserAttributes=[{"Name": "email", "Value": signed_up}],
    )
    standing.restore()
    cgw("pool")
    standing.is_changed = False
    assert pool.sign_in(signed_up, STRONG) == "User is not confirmed."
    outcome = cgw("user", "confirm", signed_up, dora)
    assert outcome.out.splitlines() == [
        f"updated   user              {signed_up}",
        f"unchanged user              {dora}",
    ]
    assert pool.sign_in(signed_up, STRONG) == "Bearer"
    cgw("user", "password", dora, "--temporary")
    refused = cgw("user", "confirm", signed_up, dora, "-v", code=1)
    assert "the status is FORCE_CHANGE_PASSWORD" in refused.err
    assert "hint: `cgw --local user password`" in refused.err
    assert refused.writes == []


def test_groups_are_shown_and_changed_once(cgw, dora):
    """One per line, or as JSON."""
    assert cgw("user", "groups", dora).out == ""
    joined = only(cgw("user", "groups", dora, "--add", "readers", "-o", "json"))
    assert joined["action"] == "updated"
    shown = cgw("user", "groups", dora.upper(), "-o", "json").document
    assert shown == {"username": dora, "groups": ["readers"]}
    again = cgw("user", "groups", dora, "--add", "readers", "-v")
    assert (again.out.split()[0], again.writes) == ("unchanged", [])
    left = cgw("user", "groups", dora, "--remove", "readers", "-v")
    assert left.writes == ["AdminRemoveUserFromGroup"]
    assert cgw("user", "groups", dora).out == ""


@pytest.mark.parametrize(
    "option", ["--add", pytest.param("--remove", marks=pytest.mark.nightly)]
)
def test_a_group_that_is_not_there_is_neither_joined_nor_left(cgw, dora, option):
    """Exit 3; the error lists the existing groups."""
    outcome = cgw("user", "groups", dora, option, "nobodies", "-v", code=3)
    assert "no such group: `nobodies`; known: readers" in outcome.err
    assert outcome.writes == []


def test_a_group_is_not_joined_and_left_at_once(cgw):
    """A usage error."""
    line = ("user", "groups", ALICE, "--add", "readers", "--remove", "readers", "-v")
    outcome = cgw(*line, code=2)
    assert "--add and --remove both name readers" in outcome.err
    assert outcome.calls == []


def test_no_user_is_removed_without_confirmation(cgw, pool, dora):
    """Without a terminal it refuses after showing the users it would delete."""
    refused = cgw("user", "remove", dora, code=2)
    assert f"  user              {dora}\n" in refused.err
    assert (
        "`cgw user remove` asks before it deletes\n  hint: add `--yes`" in refused.err
    )
    assert dora in pool.names()
    removed = only(cgw("user", "remove", dora, "--yes", "-o", "json"))
    assert removed == {
        "username": dora,
        "action": "deleted",
        "status": None,
        "enabled": None,
    }
    assert dora not in pool.names()
    assert cgw("user", "remove", dora, "--yes", code=3).out == ""


def test_a_user_of_the_file_is_created_again(cgw, pool):
    """The output says so, and no cached token of a deleted user is returned."""
    cgw("token", "--user", ALICE, "--id")
    removed = cgw("user", "remove", ALICE, "--yes")
    assert removed.out == f"deleted   user              {ALICE}\n"
    assert (
        f"user `{ALICE}` is in the file: `cgw --local up` will create it again"
        in removed.err
    )
    assert cgw("token", "--user", ALICE, "--id", code=1).out == ""
    assert cgw("user", "-o", "json").changed == {f"user {ALICE}": "created"}
    assert ALICE in pool.names()


def test_without_a_pool_the_error_names_the_command(cgw, standing):
    """Exit 3, like the steps."""
    cgw.write(standing.text.replace(standing.name, f"{standing.name}x"))
    for line in ("list", "add bob@example.com", f"disable {ALICE}"):
        outcome = cgw("user", *line.split(), code=3)
        assert "does not exist yet\n  hint: run `cgw --local pool` first" in outcome.err
        assert "generated" not in outcome.err
    standing.restore()


CHANGES = [
    "add bob@example.com",
    f"password {ALICE}",
    f"disable {ALICE}",
    f"enable {ALICE}",
    f"confirm {ALICE}",
    f"remove {ALICE} --yes",
    f"groups {ALICE} --add readers",
]


def test_a_pool_made_elsewhere_is_shown_and_never_changed(cgw, standing):
    """The file promises this for resources with an `id`."""
    pool_id = standing.outputs["user_pool_id"]
    text = (
        f"name: other\nuser_pool: {{id: {pool_id}}}\nusers: [{{username: {ALICE}}}]\n"
    )
    cgw.write(text)
    assert f"{ALICE}  CONFIRMED" in cgw("user", "list").out
    assert cgw("user", "groups", ALICE).out == "readers\n"
    for line in CHANGES:
        outcome = cgw("user", *line.split(), "-v", code=1)
        assert f"cgw never changes the existing user pool `{pool_id}`" in outcome.err
        assert outcome.calls == []
    cgw.write(text.replace(pool_id, "us-east-1_nowhere00"))
    assert "does not exist" in cgw("user", "list", code=3).err
    standing.restore()


@pytest.mark.parametrize(
    ("attribute", "fault"),
    [
        ("custom:tenant=acme", "custom:tenant: Attribute does not exist in the schema"),
        pytest.param(
            "sub=1", "sub: Attribute cannot be updated", marks=pytest.mark.nightly
        ),
        pytest.param(
            "phone_number=12",
            "phone_number: Invalid phone number format",
            marks=pytest.mark.nightly,
        ),
    ],
)
def test_an_attribute_missing_from_the_pool(cgw, name, attribute, fault):
    """It fails before the user is created."""
    outcome = cgw("user", "add", name, "--attribute", attribute, "-v", code=2)
    assert fault in outcome.err
    assert outcome.writes == []
