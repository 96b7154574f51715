"""Cached tokens: their owner, who can read them, and which files are ignored."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
import threading

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cognito_gw.oauth import cache
from cognito_gw.oauth.cache import Key
from cognito_gw.oauth.tokens import Tokens
from cognito_gw.state import state_directory

KEY = Key("shop", "work eu-west-1", "web", "alice@example.com")
TOKENS = Tokens("access", 2.5, id_token="id", refresh_token="refresh")


def the_file():
    """The only file of the cache."""
    (file,) = (state_directory() / "tokens" / "shop").iterdir()
    return file


def test_cached_tokens_are_found():
    """With every field."""
    assert cache.recall(KEY) is None
    cache.keep(KEY, TOKENS)
    assert cache.recall(KEY) == TOKENS


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stack", "other"),
        ("target", "other"),
        ("client", "other"),
        ("user", "other"),
        ("flow", "browser"),
        ("scopes", ("openid",)),
    ],
)
def test_other_tokens_are_not_found(field, value):
    """Each of stack, AWS, app client, user, flow and scopes must match."""
    cache.keep(KEY, TOKENS)
    assert cache.recall(dataclasses.replace(KEY, **{field: value})) is None


def test_the_keys_of_what_is_kept_are_listed():
    """Of one stack; other files are ignored."""
    scoped = dataclasses.replace(KEY, scopes=("a", "b"), flow="browser")
    for key in (KEY, scoped, dataclasses.replace(KEY, stack="other")):
        cache.keep(key, TOKENS)
    folder = state_directory() / "tokens" / "shop"
    for name, content in {"a": "{}", "b": '{"key": {"stack": 1}}', "c": "["}.items():
        (folder / f"{name}.json").write_text(content)
    assert set(cache.kept("shop")) == {KEY, scoped}
    cache.drop(KEY)
    cache.drop(KEY)
    assert cache.kept("shop") == [scoped]


def test_only_the_user_may_read_them():
    """Files have mode 0600 in directories of 0700, and no other files remain."""
    cache.keep(KEY, TOKENS)
    cache.keep(KEY, TOKENS)
    file = the_file()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for folder in (file.parent, file.parent.parent, state_directory()):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_another_users_file_is_ignored():
    """A file copied to the path of ours."""
    other = dataclasses.replace(KEY, user="mallory@example.com")
    cache.keep(KEY, TOKENS)
    content = the_file().read_text()
    the_file().unlink()
    cache.keep(other, TOKENS)
    the_file().write_text(content)
    assert cache.recall(other) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"access"', "1"),
        ('"access"', "null"),
        ("2.5", '"soon"'),
        ('"refresh"', "[]"),
        ('"id_token"', '"idt"'),
        ('"by_oauth": false', '"by_oauth": 0'),
        ("}", ""),
    ],
)
def test_a_file_that_is_not_what_we_wrote_is_ignored(old, new):
    """The next sign-in replaces it."""
    cache.keep(KEY, TOKENS)
    file = the_file()
    file.write_text(file.read_text().replace(old, new))
    assert cache.recall(KEY) is None
    cache.keep(KEY, TOKENS)
    assert cache.recall(KEY) == TOKENS


def test_a_reader_sees_the_old_tokens_or_the_new():
    """Never a partial file or an error during concurrent writes."""
    cache.keep(KEY, TOKENS)
    writers = [
        threading.Thread(
            target=lambda: [cache.keep(KEY, TOKENS) for _ in range(50)],
        )
        for _ in range(2)
    ]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert cache.recall(KEY) == TOKENS
    assert the_file().suffix == ".json"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_is_not_private_is_ignored(mode):
    """Another user may have written it."""
    cache.keep(KEY, TOKENS)
    the_file().chmod(mode)
    assert cache.recall(KEY) is None


def test_a_link_is_not_followed(tmp_path):
    """It may lead to another user's file."""
    cache.keep(KEY, TOKENS)
    file = the_file()
    moved = file.rename(tmp_path / "moved")
    file.symlink_to(moved)
    assert cache.recall(KEY) is None
    cache.keep(KEY, TOKENS)
    assert not file.is_symlink()
    assert cache.recall(KEY) == TOKENS


def test_a_pipe_in_its_place_is_not_waited_for():
    """A read could block forever; the next sign-in replaces it."""
    cache.keep(KEY, TOKENS)
    file = the_file()
    file.unlink()
    os.mkfifo(file, 0o600)
    assert cache.recall(KEY) is None
    cache.keep(KEY, TOKENS)
    assert cache.recall(KEY) == TOKENS


@pytest.mark.parametrize("kept", [{}, {"challenge": None}, {"challenge": [1]}])
def test_a_changed_file_is_not_a_challenge(kept):
    """A file with the right key and other content."""
    cache.keep_waiting(KEY, {"name": "EMAIL_OTP"})
    (file,) = (state_directory() / "challenges" / "shop").iterdir()
    content = json.loads(file.read_text())
    file.write_text(json.dumps({"key": content["key"]} | kept))
    assert cache.waiting(KEY) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(st.sampled_from(["key", "tokens", "stack", "scopes"]), inside)
    ),
    max_leaves=6,
)
CHANGES = st.tuples(st.sampled_from(["key", "tokens"]), st.none() | st.text(), JSON)


@settings(
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.binary() | JSON | CHANGES)
@example(b"[" * 100_000)
@example(("tokens", None, {}))
@example(("key", "stack", "../shop"))
@example(("key", "scopes", {"a": 1}))
def test_whatever_is_in_the_file_is_tokens_or_nothing(odd):
    """Random bytes, other JSON, and our file with one change."""
    cache.keep(KEY, TOKENS)
    file = the_file()
    content = json.loads(file.read_text())
    if isinstance(odd, tuple):
        part, name, value = odd
        content[part] = value if name is None else content[part] | {name: value}
        odd = content
    file.write_bytes(odd if isinstance(odd, bytes) else json.dumps(odd).encode())
    assert isinstance(cache.recall(KEY), Tokens | None)
    assert {key.stack for key in cache.kept("shop")} <= {"shop"}


def test_what_waits_for_an_answer_is_given_once():
    """Only for the same key."""
    asked = {"name": "EMAIL_OTP", "session": "one"}
    cache.keep_waiting(KEY, asked)
    assert cache.waiting(dataclasses.replace(KEY, user="bob")) is None
    assert cache.waiting(KEY) == asked
    assert cache.waiting(KEY) is None
    cache.keep_waiting(KEY, asked)
    cache.forget("shop")
    assert cache.waiting(KEY) is None


def test_one_at_a_time_gets_tokens():
    """The second process reports that it waits, then uses the first one's tokens."""
    told, found = threading.Event(), []

    def second():
        with cache.alone(KEY, told.set):
            found.append(cache.recall(KEY))

    with cache.alone(KEY, lambda: pytest.fail("nobody else is at it")):
        waiter = threading.Thread(target=second)
        waiter.start()
        assert told.wait(30)
        assert not found
        cache.keep(KEY, TOKENS)
    waiter.join()
    assert found == [TOKENS]


def test_forgetting_drops_the_tokens_of_one_stack():
    """Including temporary files left by a crash; other stacks' tokens stay."""
    other = dataclasses.replace(KEY, stack="other")
    cache.keep(KEY, TOKENS)
    cache.keep(other, TOKENS)
    (the_file().parent / "tmpabc").write_text("half a file")
    assert cache.forget("shop") == 2
    assert cache.recall(KEY) is None
    assert cache.recall(other) == TOKENS
    assert cache.forget("shop") == 0
