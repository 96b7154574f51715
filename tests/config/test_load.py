"""The file as a whole: all errors at once, or a configuration."""

from __future__ import annotations

from contextlib import suppress

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cognito_gw.config.load import load, spell
from cognito_gw.config.model import Config
from cognito_gw.errors import UsageError

SMALLEST = "name: transactions\napi:\n  routes: {GET /transactions: {}}\n"


class TestSmallest:
    """The three lines that are enough for the tutorial."""

    def test_defaults(self, loaded):
        """Everything else has the tutorial's defaults."""
        config = loaded(SMALLEST).config
        assert config.user_pool.sign_in_with == ["email"]
        assert config.user_pool.mfa == "off"
        assert not config.user_pool.self_sign_up
        assert list(config.app_clients) == ["web"]
        assert config.app_clients["web"].oauth_flows == ["code"]
        assert list(config.functions) == ["hello"]
        assert config.api.routes["GET /transactions"].auth == "cognito"
        assert config.api.stage == "dev"
        assert config.api.cors is None
        assert config.target == "aws"

    def test_no_warnings(self, loaded):
        """It has no warnings."""
        assert loaded(SMALLEST).warnings == []

    def test_name_alone(self, loaded):
        """The name alone creates the tutorial's route."""
        assert loaded("name: x").config.api == loaded(SMALLEST).config.api

    def test_empty_sections(self, loaded):
        """An empty section has its defaults."""
        text = "name: x\nuser_pool:\ndomain:\napi:\nfunctions: {hello: }\n"
        assert loaded(text).config == loaded("name: x").config


class TestAtOnce:
    """One run reports all errors."""

    def test_every_layer(self, complaints):
        """Wrong types, unset variables, duplicate keys and other errors together."""
        text = (
            "name: shop\n"
            "regoin: eu-west-1\n"
            "tags: {team: '${NO}'}\n"
            "user_pool: {mfa: perhaps}\n"
            "users: [{username: a@example.com, groups: [nobody]}]\n"
            "target: aws\n"
            "target: local\n"
        )
        found = complaints(text)
        assert [line.split(": ")[:2] for line in found] == [
            ["2", "regoin"],
            ["3", "tags.team"],
            ["4", "user_pool.mfa"],
            ["5", "users[0].groups[0]"],
            ["7", "target"],
        ]

    def test_without_a_name(self, complaints):
        """The rest is checked even if the name is missing."""
        assert complaints("domain: my-cognito") == [
            "1: name: this key is required",
            "1: domain: AWS reserves the word `cognito` in domains",
        ]

    def test_unset_variable_is_one_complaint(self, complaints):
        """The empty value of an unset variable is not reported again."""
        assert complaints("name: x\nregion: ${NO}") == [
            "2: region: the environment variable NO is not set"
        ]

    def test_exit_code(self, loaded):
        """An invalid file is a usage error."""
        with pytest.raises(UsageError) as error:
            loaded("name: 1")
        assert error.value.exit_code == 2


@pytest.mark.parametrize("text", ["- a", "text", "5", "null", "[]"])
def test_not_a_mapping(complaints, text):
    """The error for a file without a mapping describes what it should contain."""
    assert complaints(text) == ["1: the file must be a mapping, such as `name: my-api`"]


def test_empty_file(complaints):
    """The error for an empty file is the missing name."""
    assert complaints("") == ["1: name: this key is required"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("name",), "name: "),
        (("app_clients", "web", "oauth_flows", 1), "app_clients.web.oauth_flows[1]: "),
        (("users", 0, "groups", 2), "users[0].groups[2]: "),
        (("api", "routes", "GET /x"), "api.routes.GET /x: "),
    ],
)
def test_spell(path, text):
    """Key paths are written in a readable form."""
    assert spell(path) == text


class TestWarnings:
    """Settings that are allowed but questionable."""

    def test_literal_password(self, loaded, file):
        """A plain-text password is accepted with a warning that does not show it."""
        text = "name: x\nusers:\n- {username: a@b.c, password: Hunter-2-secret}\n"
        (warning,) = loaded(text).warnings
        assert warning.startswith(f"{file}:3: plain-text password in the file")
        assert "Hunter" not in warning

    def test_variable_password(self, loaded):
        """A password from the environment has no warning."""
        text = "name: x\nusers:\n- {username: a@b.c, password: '${P}'}\n"
        assert loaded(text, P="Hunter-2-secret").warnings == []

    def test_self_sign_up(self, loaded):
        """Open sign-up causes a warning for routes that accept any token."""
        text = (
            "name: x\n"
            "user_pool: {self_sign_up: true}\n"
            "resource_servers: {o: {scopes: {read: r}}}\n"
            "app_clients: {web: {oauth_scopes: [openid, o/read]}}\n"
            "api:\n"
            "  routes:\n"
            "    GET /any: {}\n"
            "    GET /scoped: {scopes: [o/read]}\n"
            "    GET /public: {auth: none}\n"
        )
        (warning,) = loaded(text).warnings
        assert "GET /any:" in warning
        assert "/scoped" not in warning
        assert "/public" not in warning

    def test_variables_of_others(self, loaded, file):
        """API Gateway has no `:id` variables; a colon within a part is literal."""
        text = (
            "name: x\n"
            "api:\n"
            "  routes:\n"
            "    GET /users/{id}: {}\n"
            "    GET /users:batch: {}\n"
            "    GET /at/12:30/:10: {}\n"
            "    GET /orders/:order_id/items/:id: {}\n"
        )
        assert loaded(text).warnings == [
            f"{file}:7: API Gateway takes the path part `{part}` literally; a path "
            f"variable is `{meant}`"
            for part, meant in ((":order_id", "{order_id}"), (":id", "{id}"))
        ]

    def test_the_other_suffix(self, loaded, file):
        """If two files exist, a warning says that one is not read."""
        other = file.with_suffix(".yml")
        other.write_text("name: y\n", encoding="utf-8")
        assert loaded("name: x\n").warnings == [f"{other} is ignored: {file} is read"]

    def test_closed_sign_up(self, loaded):
        """Without open sign-up, that warning does not appear."""
        assert loaded("name: x\nuser_pool: {self_sign_up: false}").warnings == []


class TestPasswords:
    """Passwords stay secret and may be missing."""

    def test_missing_is_tolerated(self, loaded):
        """The file is valid while a password's variable is unset."""
        text = "name: x\nusers: [{username: a@b.c, password: '${NO}'}]"
        password = loaded(text).config.users[0].password
        assert password.missing == "NO"
        with pytest.raises(UsageError, match="NO"):
            password.reveal()

    def test_kept(self, loaded):
        """The password is the combination of the file and the environment."""
        text = "name: x\nusers: [{username: a@b.c, password: 'A-${P}-1'}]"
        config = loaded(text, P="secret").config
        assert config.users[0].password.reveal() == "A-secret-1"

    def test_never_shown(self, loaded):
        """No representation of the configuration shows it."""
        text = "name: x\nusers: [{username: a@b.c, password: Hunter-2-secret}]"
        assert "Hunter" not in repr(loaded(text).config)

    @pytest.mark.parametrize("password", ["hunter2", "12345678", "[hunter2]", "''"])
    def test_not_in_complaints(self, complaints, password):
        """The error for an invalid password does not contain it."""
        text = f"name: x\nusers: [{{username: a@b.c, password: {password}}}]"
        (complaint,) = complaints(text)
        assert complaint.startswith("2: users[0].password: ")
        assert "hunter2" not in complaint
        assert "12345678" not in complaint


class TestCode:
    """Where the code of functions is read from."""

    def test_beside_the_file(self, loaded, file):
        """A relative path starts at the file, whatever the current directory is."""
        (file.parent / "hello").mkdir()
        (file.parent / "hello" / "lambda_function.py").touch()
        text = "name: x\nfunctions: {hello: {code: ./hello}}"
        assert loaded(text).config.functions["hello"].code == file.parent / "hello"

    def test_absolute(self, loaded, tmp_path):
        """An absolute path is used unchanged."""
        (tmp_path / "lambda_function.py").touch()
        text = f"name: x\nfunctions: {{hello: {{code: {tmp_path}}}}}"
        assert loaded(text).config.functions["hello"].code == tmp_path

    def test_none(self, loaded):
        """Without `code`, the default code is used, and there is no path."""
        assert loaded("name: x").config.functions["hello"].code is None


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.sampled_from(["${A}", "${", "$${", "1h", "code", "off", "GET /x", "a@b.c"]),
)
KEYS = st.one_of(
    SCALARS,
    st.sampled_from([*Config.model_fields, "id", "routes", "scopes", "web", "hello"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inside: st.one_of(
        st.lists(inside, max_size=3), st.dictionaries(KEYS, inside, max_size=3)
    ),
    max_leaves=12,
)
SECTIONS = st.dictionaries(st.sampled_from(list(Config.model_fields)), VALUES)
WORDS = [
    "name: ",
    "users",
    "&a ",
    "*a",
    "!!int ",
    "!!set ",
    "<<: ",
    "---\n",
    "${A}",
    "0x",
]
PIECES = st.lists(
    st.sampled_from([*WORDS, "2020-01-01", *"[]{}'\"#%|>,~.-?:&*! \n\t\0é"])
)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """One file for all examples: its earlier content does not matter."""
    return tmp_path_factory.mktemp("property") / "cgw.yaml"


def _load_or_refuse(file, text):
    file.write_text(text, encoding="utf-8")
    with suppress(UsageError):
        load(file, {"A": "a"})


QUICK = settings(
    max_examples=60,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@QUICK
@given(SECTIONS.map(lambda data: yaml.safe_dump({"name": "x"} | data)))
@example("app_clients: {web: {validity: {id: 99999999999999999999d}}}")
@example("endpoints: {invoke: '{region.x}'}")
@example("functions: {hello: {code: " + "a" * 5000 + "}}")
def test_any_data(scratch, text):
    """Any data under the known keys is either loaded or refused with a message."""
    _load_or_refuse(scratch, text)


@QUICK
@given(VALUES.map(yaml.safe_dump))
def test_any_document(scratch, text):
    """Any YAML is either loaded or refused with a message."""
    _load_or_refuse(scratch, text)


@QUICK
@given(PIECES.map("".join) | st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text(scratch, text):
    """Any text is either loaded or refused with a message."""
    _load_or_refuse(scratch, text)
