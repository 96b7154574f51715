"""YAML with line numbers and ${VARIABLES}, and text that is not YAML."""

from __future__ import annotations

import pytest

from cognito_gw.config.yaml_file import read_document
from cognito_gw.errors import UsageError


@pytest.fixture
def read(file):
    """Return a function that reads a text in an environment."""

    def run(text, **environment):
        file.write_text(text, encoding="utf-8")
        return read_document(file, environment)

    return run


@pytest.mark.parametrize(
    ("text", "expected", "reason"),
    [
        ("${A}", "one", "a variable"),
        ("a ${A} b ${A}", "a one b one", "within text, and twice"),
        ("${A:-other}", "one", "a default that is not needed"),
        ("${NO:-other}", "other", "a default that is needed"),
        ("${NO:-}", "", "an empty default"),
        ("${EMPTY}", "", "a variable that is set to nothing"),
        ("${EMPTY:-other}", "", "set to nothing is set"),
        ("$${A}", "${A}", "an escaped one"),
        ("$A $$ $", "$A $$ $", "dollars that stand for themselves"),
        ("${NESTED}", "${A}", "what a variable holds is not read again"),
        ("${NO:-${A}", "${A", "a default ends at the first brace"),
    ],
)
def test_variables(read, text, expected, reason):
    """Variables come from the environment."""
    document = read(f"tags: {{x: '{text}'}}", A="one", EMPTY="", NESTED="${A}")
    assert document.data == {"tags": {"x": expected}}, reason
    assert document.problems == [], reason


def test_variables_in_keys(read):
    """Keys are literal: variables are replaced only in values."""
    assert read("'${A}': 1", A="one").data == {"${A}": 1}


def test_unset_variable(read):
    """An unset variable is reported with its line."""
    (problem,) = read("name: a\ntags:\n  x: ${NO}").problems
    assert problem.path == ("tags", "x")
    assert problem.what == "the environment variable NO is not set"


class TestPasswords:
    """A password's variable may be unset until a command needs it."""

    def test_missing(self, read):
        """A missing password names its variable when a command reads it."""
        document = read("users: [{password: '${NO}'}]")
        assert document.problems == []
        with pytest.raises(UsageError, match="NO") as error:
            document.data["users"][0]["password"].reveal()
        assert error.value.hint == "export NO=…"

    def test_partly_missing(self, read):
        """A password with one of two variables unset is missing as a whole."""
        document = read("users: [{password: '${A}-${NO}'}]", A="one")
        assert document.data["users"][0]["password"].missing == "NO"

    def test_alias(self, read):
        """An alias of a missing password is missing as well."""
        text = "users: [{password: &p '${NO}'}, {password: *p}]"
        first, second = read(text).data["users"]
        assert first["password"].missing == second["password"].missing == "NO"

    def test_merged(self, read):
        """A password from a merge key may be missing as well."""
        text = "users: [{<<: {password: '${NO}'}}]"
        assert read(text).data["users"][0]["password"].missing == "NO"

    def test_elsewhere(self, read):
        """A key `password` outside of users may not be missing."""
        assert len(read("tags: {password: '${NO}'}").problems) == 1

    @pytest.mark.parametrize(
        ("text", "is_literal"),
        [("hunter2", True), ("${A}", False), ("$${A}", False), ("${NO:-x}", False)],
    )
    def test_literal(self, read, text, is_literal):
        """A plain-text password in the file is marked as such."""
        document = read(f"users: [{{password: '{text}'}}]", A="one")
        expected = [("users", 0, "password")] if is_literal else []
        assert document.literal_passwords == expected

    def test_aliased_variable_is_not_literal(self, read):
        """An alias of a variable counts as a variable, and is replaced once."""
        text = "users: [{password: &p '${A}'}, {password: *p}]"
        document = read(text, A="${B}")
        assert document.literal_passwords == []
        assert [user["password"] for user in document.data["users"]] == ["${B}"] * 2


class TestLines:
    """The line of each key."""

    def test_lines(self, read, file):
        """A key's line is that of the key itself, and an item's that of the item."""
        document = read("a:\n  b: 1\n\n  c:\n  - x\n  -\n    d: 2\n")
        expected = {
            ("a",): 1,
            ("a", "b"): 2,
            ("a", "c"): 4,
            ("a", "c", 0): 5,
            ("a", "c", 1): 7,
            ("a", "c", 1, "d"): 7,
        }
        assert {path: document.line(path) for path in expected} == expected
        assert document.where(("a", "b")) == f"{file}:2"

    def test_absent_key(self, read):
        """A missing key has the line of its nearest parent."""
        document = read("a: 1\nb:\n  c: 2\n")
        assert document.line(("b", "x", "y")) == 2
        assert document.line(("z",)) == 1

    def test_double_key(self, read):
        """A duplicate key is reported at the second occurrence."""
        document = read("a: 1\nb: 2\na: 3\n")
        (problem,) = document.problems
        assert problem.what == "duplicate key; first used on line 1"
        assert document.where(problem.path).endswith(":3")


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n"])
def test_empty(read, text):
    """An empty file is an empty mapping or nothing, and never a crash."""
    assert not read(text).data


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 2020-01-01", "2020-01-01"),
        ("a: 2020-99-99", "2020-99-99"),
        ("a: 12:30:45", 45045),
    ],
)
def test_dates_are_text(read, text, expected):
    """Dates in the file are text, even impossible ones."""
    assert read(text).data == {"a": expected}


@pytest.mark.parametrize(
    ("text", "words", "reason"),
    [
        ("a: [", "line 1, column 5: this is not YAML", "a list without an end"),
        ("a: 1\nb: c: d", "line 2, column 5: this is not YAML", "two on a line"),
        ("\ta: 1", "line 1, column 1: this is not YAML", "a tab"),
        ("a: *b", "begins with * or & needs quotes", "an alias of nothing"),
        ("a: 1\n---\nb: 2", "line 2, column 1", "two documents"),
        ("a: \x00", "this is not YAML", "a control character"),
        ("a: !!python/object:os.system {}", "line 1, column 4", "a foreign type"),
        ("a: !!set {b}", "line 1, column 4", "a type that no key has"),
        ("a: !!timestamp x", "line 1, column 4", "another such"),
        ("a: !!int x", "does not fit its type", "text as a number"),
        ("a: !!int ''", "does not fit its type", "nothing as a number"),
        ("a: !!bool x", "does not fit its type", "text as a truth"),
        ("a: 0x_", "does not fit its type", "a number without digits"),
        ("a: " + "9" * 5000, "does not fit its type", "more digits than Python reads"),
        ("? [a]\n: b", "line 1, column 3", "a list as a key"),
        ("<<: 3", "line 1", "a merge with no mapping"),
        ("a: &x {b: *x}", "an alias contains itself", "endless"),
        ("[" * 5000, "nested too deep", "deep"),
    ],
)
def test_not_yaml(read, text, words, reason):
    """Unreadable YAML is one error with its position."""
    with pytest.raises(UsageError) as error:
        read(text)
    assert words in error.value.what, reason


def test_no_file(file):
    """The error for a missing file names the command that creates one."""
    with pytest.raises(UsageError, match="there is no file") as error:
        read_document(file, {})
    assert "cgw init" in error.value.hint


def test_folder(tmp_path):
    """A folder is not accepted as a file."""
    with pytest.raises(UsageError, match="cannot be read"):
        read_document(tmp_path, {})


def test_not_text(file):
    """Bytes that are not UTF-8 are reported."""
    file.write_bytes(b"name: \xff")
    with pytest.raises(UsageError, match="cannot be read"):
        read_document(file, {})
