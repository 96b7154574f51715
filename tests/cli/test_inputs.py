"""A token in the forms that users paste: from the clipboard, a header, or a URL."""

from __future__ import annotations

import pytest
from diagnosis.call import unsigned

from cognito_gw.app.api_client import credential
from cognito_gw.app.explain import address_in
from cognito_gw.app.request_options import RequestOptions, given_token, pair
from cognito_gw.errors import UsageError

ID, ACCESS = "eyJh.eyJpZ.c2ln", "eyJh.eyJhY.c2ln"
CALLBACK = "http://localhost:8765/callback"
A_TOKEN = unsigned({"token_use": "access"})
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
        f"http://localhost/#/callback?{BOTH}",
        f'{{"id_token": "{ID}", "access_token": "{ACCESS}", "refresh_token": "eyJ.."}}',
        f'{{"AuthenticationResult": {{"AccessToken":"{ACCESS}",\n "IdToken":"{ID}"}}}}',
    ],
)
def test_tokens_are_taken_out_of_the_callback_address(text):
    """The token that the method requires."""
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
        f"Bearer Bearer {ID}",
        f"\u201c{ID}\u201d",
        f"`{ID}`;",
        f'"Authorization": "Bearer {ID}",',
        f"{ID[:6]}\n{ID[6:]}\n",
        f"{ID[:9]} \r\n  {ID[9:]}",
        f"\ufeff{ID}",
    ],
)
def test_text_around_a_token_is_removed(text, tmp_path):
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
    """It follows from the body, unless a header sets it."""
    environment.chdir(tmp_path)
    (tmp_path / "image").write_bytes(b"\x89PNG\xff")
    options = {"verb": None, "path": "/", "headers": given, "queries": ()}
    headers = RequestOptions.of(options | {"data": data}).headers
    found = [value for name, value in headers if name.lower() == "content-type"]
    assert found == ([] if sent is None else [sent])


@pytest.mark.parametrize(
    ("verb", "data", "sent"),
    [(None, None, "GET"), (None, "", "POST"), ("put", "{}", "PUT"), ("get", "", "GET")],
)
def test_a_body_is_posted(verb, data, sent):
    """Unless the user gives a method."""
    options = {"verb": verb, "path": "/", "headers": (), "queries": (), "data": data}
    assert RequestOptions.of(options).verb == sent


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (f"{CALLBACK}?code=SECRET-CODE", "but an authorization code"),
        (f"{CALLBACK}?error=invalid_request", "an error: invalid_request"),
        (
            f"{CALLBACK}#expires_in=3600&refresh=SECRET",
            "no id_token and no access_token",
        ),
        ('{"error": "invalid_grant", "x": "SECRET"}', "an error: invalid_grant"),
        ('{"refresh_token": "SECRET"}', "no id_token and no access_token"),
        ("", "token is empty"),
        ("Bearer ", "token is empty"),
        (f"eyJSECRET.e30.x {ACCESS}", "2 tokens were given"),
    ],
)
def test_an_address_without_a_token_is_shown_without_its_values(address, words):
    """A value may be a secret."""
    with pytest.raises(UsageError) as told:
        given_token(address)
    assert words in f"{told.value}"
    assert "SECRET" not in f"{told.value} {told.value.hint}"


def test_several_tokens_are_distinguished_by_their_claims(tmp_path):
    """For example, two lines of a terminal."""
    (tmp_path / "both").write_text(f"{unsigned({'token_use': 'id'})}\n{A_TOKEN}\n")
    assert given_token(f"@{tmp_path / 'both'}", "access") == A_TOKEN


@pytest.mark.parametrize("text", [f"Authorization {A_TOKEN}", A_TOKEN, "x-api-key k3y"])
def test_an_invalid_header_is_shown_without_its_value(text):
    """The value may be a token."""
    with pytest.raises(UsageError) as told:
        pair(text, ":", "-H")
    assert text not in f"{told.value}"
    assert "k3y" not in f"{told.value}"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" https://a1.execute-api.eu-west-1.amazonaws.com/dev/x\n", True),
        ("'https://a1.execute-api.eu-west-1.amazonaws.com/dev/x'", True),
        ("a1.execute-api.eu-west-1.amazonaws.com/dev/x?y=z", True),
        ("/orders?next=https://example.com/", False),
        ("orders", False),
    ],
)
def test_a_pasted_address_is_distinguished_from_a_path(text, address):
    """Including characters that copying adds."""
    assert address_in(text) == (text.strip(" '\n") if address else None)


@pytest.mark.parametrize(
    ("options", "address"),
    [
        (["--local"], "https://a1.execute-api.eu-west-1.amazonaws.com/dev/x"),
        (["--region", "eu-west-1"], "http://127.0.0.1:1/_aws/execute-api/a1/dev/x"),
        ([], "http://127.0.0.1:1/_aws/execute-api/a1/dev/x"),
    ],
)
@pytest.mark.parametrize("command", ["call", "explain"])
def test_an_address_of_the_other_target_is_refused(cgw, command, options, address):
    """Otherwise cgw would call an API of the same ID there."""
    assert "but the target is" in cgw(*options, command, address, code=2).err


def test_an_address_that_cannot_be_called_is_shown_without_its_secrets(cgw):
    """The part after the path may be a token."""
    for command in ("call", "explain"):
        told = cgw(command, "http://localhost:8765/cb#id_token=SECRET", code=2).err
        assert "http://localhost:8765/cb" in told
        assert "SECRET" not in told
