"""`cgw explain --error` works from text alone, without a file, stack, or network."""

from __future__ import annotations

import pytest

FILE = "name: shop\napi: {routes: {GET /orders: {}}}\n"
SECRET = "Client abc is configured with secret but SECRET_HASH was not received"


def codes_of(outcome):
    """The codes of the reported causes."""
    return [cause["code"] for cause in outcome.document["causes"]]


@pytest.fixture(autouse=True)
def _offline(monkeypatch):
    """Fail on any call or process."""

    def refuse(*_, **__):
        raise AssertionError("the network was asked")

    monkeypatch.setattr("socket.create_connection", refuse)
    monkeypatch.setattr("cognito_gw.local.process.start", refuse)


@pytest.mark.parametrize("options", [[], ["--local"]])
@pytest.mark.parametrize("file", [None, FILE, "name: [", "name: shop\nfoo: 1\n"])
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (SECRET, "client-secret-required"),
        ("redirect_mismatch", "callback-mismatch"),
        ("Incorrect username or password.", "wrong-password"),
        ("User is not confirmed.", "user-unconfirmed"),
        ("Client abc does not exist.", "client-missing"),
        ("USER_PASSWORD_AUTH flow not enabled for this client", "flow-not-enabled"),
        ('{"message":"Missing Authentication Token"}', "route-not-found"),
    ],
)
def test_the_cause_is_named_without_a_stack(cgw, options, file, words, code):
    """The output also says what could not be read."""
    if file is not None:
        cgw.write(file)
    found = cgw(*options, "explain", "--error", words, "-o", "json")
    assert codes_of(found)[0] == code
    (unknown,) = found.document["unknown"]
    assert unknown["what"] == "the stack"
    assert unknown["codes"] == []
    first = found.document["causes"][0]
    assert first["evidence"]["told"] == words
    assert ".." not in first["fix"]  # an unknown name is written in full
    assert not first["fix"].endswith(" `")


@pytest.mark.parametrize(
    "words", ["kaboom", "NotAuthorizedException: kaboom", "404", "…"]
)
def test_unknown_text_is_not_guessed_at(cgw, words):
    """Whatever may be wrong with the stack."""
    found = cgw("explain", "--error", words, "-o", "json").document
    assert found["causes"] == []
    assert found["ruled_out"] == []
    assert found["note"] == "no known cause matches this text"
    assert "ruled out" not in cgw("explain", "--error", words).out


def test_text_comes_from_a_file_or_stdin_too(cgw):
    """A whole stack trace works best."""
    trace = f"Uncaught (in promise) NotAuthorizedException: {SECRET}\n    at a (b.js:1)"
    cgw.write(trace, "trace.txt")
    for given, typed in (("@trace.txt", None), ("-", trace)):
        found = cgw("explain", "--error", given, "-o", "json", typed=typed)
        assert codes_of(found) == ["client-secret-required"]


def test_the_callback_url_of_the_app_is_enough(cgw):
    """It has no client and needs none."""
    address = "http://localhost:8765/cb?error=invalid_request&error_description="
    for end in ("invalid_scope", "invalid_scope#"):
        found = cgw("explain", f"{address}{end}", "-o", "json")
        assert codes_of(found) == ["scope-not-allowed"]


def test_a_token_in_the_text_is_not_repeated(cgw):
    """The output only says that there was one."""
    token = "eyJhbGciOi.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
    found = cgw("explain", "--error", f"invalid_token {token}")
    assert "access-token-refused" in found.out
    assert token not in found.out + found.err
