"""The names in a file that shell completion offers."""

from __future__ import annotations

import pytest

from cognito_gw.config.yaml_file import names_in

FILLED = """\
name: x
user_pool: {groups: [g]}
app_clients: {c: {oauth_scopes: [openid]}}
users: [{username: me@example.com}]
functions: {a: , b: }
api: {stage: live, routes: {GET /: {function: b}}}
"""


@pytest.mark.parametrize("text", ["name: x", FILLED])
def test_the_names_of_a_good_file_are_those_of_its_configuration(loaded, file, text):
    """Including the defaults, although the schema is not loaded."""
    config = loaded(text).config
    names = names_in(file, {})
    assert names.functions == list(config.functions)
    assert names.routes == list(config.api.routes)
    assert names.clients == list(config.app_clients)
    assert names.stages == [config.api.stage]
    assert names.users == [user.username for user in config.users]
    assert names.groups == config.user_pool.groups
    assert names.scopes == [
        scope for client in config.app_clients.values() for scope in client.oauth_scopes
    ]


def test_a_name_may_come_from_a_variable(file):
    """As in all values of the file."""
    file.write_text("users: [{username: '${WHO}'}, {username: '${NOBODY}'}]")
    assert names_in(file, {"WHO": "me"}).users == ["me"]


@pytest.mark.parametrize(
    "text",
    [
        "users: 3\napi: []\nuser_pool: x\nfunctions: 1\napp_clients: {a: 1}",
        "users: [1, [], {username: 7}, {username: [a]}]\napp_clients: {a: []}",
        "users: {a: b}\nuser_pool: {groups: {a: b}}\napp_clients: 7",
    ],
)
def test_what_is_not_as_it_should_be_is_passed_over(file, text):
    """The rest of the file may still contain names."""
    file.write_text(text)
    names = names_in(file, {})
    assert names.users == names.groups == names.scopes == []
