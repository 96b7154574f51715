"""A token as people have it at hand: from the clipboard, a header, or an address."""

from __future__ import annotations

import pytest

from cognito_gw.cli.credential import credential
from cognito_gw.cli.inputs import given_token
from cognito_gw.cli.requested import Requested
from cognito_gw.errors import UsageError

ID, ACCESS = "eyJh.eyJpZ.c2ln", "eyJh.eyJhY.c2ln"
CALLBACK = "http://localhost:8765/callback"
BOTH = f"id_token={ID}&access_token={ACCESS}&expires_in=3600&token_type=Bearer"
WITH_SCOPES = {"authorizationType": "X", "authorizationScopes": ["a/b"]}
WITHOUT = {"authorizationType": "X"}


@pytest.mark.parametrize(
    "text",
    [
        f"{CALLBACK}#{BOTH}",
        f"{CALLBACK}?{BOTH}",
        f" {CALLBACK}#{BOTH}\n",
        f"#{BOTH}",
        BOTH,
        f"myapp://signed-in#state=1&{BOTH}",
    ],
)
def test_tokens_are_taken_out_of_the_callback_address(text):
    """The one that the method takes."""
    assert given_token(text) == ID
    assert given_token(text, "access") == ACCESS
    assert credential(None, text, WITH_SCOPES, None).value == ACCESS
    assert credential(None, text, WITHOUT, None).value == ID
    assert credential(None, text, None, None).value == ID


@pytest.mark.parametrize(
    "text",
    [
        f" {ID}",
        f"{ID}\n",
        f"Bearer {ID}",
        f"bearer  {ID}",
        f"Authorization: Bearer {ID}",
        f'"{ID}"',
    ],
)
def test_what_is_around_a_token_goes(text, tmp_path):
    """From a file, too."""
    assert given_token(text) == ID
    (tmp_path / "token").write_text(text)
    assert given_token(f"@{tmp_path / 'token'}") == ID
    assert credential(None, f" {text}", WITHOUT, None).kind == "given"


@pytest.mark.parametrize(
    ("data", "given", "sent"),
    [
        ('{"amount": 1}', (), "application/json"),
        (" [1]\n", (), "application/json"),
        ("true", (), "application/json"),
        ("amount=1&b=2", (), "text/plain; charset=utf-8"),
        ("{amount: 1}", (), "text/plain; charset=utf-8"),
        ("[" * 100_000, (), "text/plain; charset=utf-8"),
        ("@image", (), "application/octet-stream"),
        ("{}", ("content-type: text/csv",), "text/csv"),
        ("{}", ("Content-Type:",), ""),
        ("", (), None),
        (None, (), None),
    ],
    ids=lambda value: f"{value}"[:20],
)
def test_content_type(tmp_path, environment, data, given, sent):
    """What the body is, unless a header says it."""
    environment.chdir(tmp_path)
    (tmp_path / "image").write_bytes(b"\x89PNG\xff")
    options = {"verb": None, "path": "/", "headers": given, "queries": ()}
    headers = Requested.of(options | {"data": data}).headers
    found = [value for name, value in headers if name.lower() == "content-type"]
    assert found == ([] if sent is None else [sent])


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (f"{CALLBACK}?code=SECRET-CODE", "has an authorization code, and no token"),
        (f"{CALLBACK}?error=invalid_request", "an error: invalid_request"),
        (f"{CALLBACK}#expires_in=3600&refresh=SECRET", "has no token"),
        ("https://[::1#id_token=SECRET", "an address that is not valid"),
    ],
)
def test_an_address_without_a_token_is_told_without_its_values(address, words):
    """What it holds may be a secret."""
    with pytest.raises(UsageError) as told:
        given_token(address)
    assert words in f"{told.value}"
    assert "SECRET" not in f"{told.value} {told.value.hint}"
