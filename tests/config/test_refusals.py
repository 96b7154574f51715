"""The check of the file says what AWS would refuse, before any call."""

from __future__ import annotations

import zipfile

import pytest
from refusals import LONG, refusals

ROWS = refusals()
NODE = "runtime: nodejs22.x, code: FOLDER/node"
UNIX, WINDOWS = 3, 0  # as zips name the systems that made them


@pytest.fixture
def folder(tmp_path):
    """Return a folder with the code that the rows name."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").touch()
    (tmp_path / "empty").mkdir()
    return tmp_path


@pytest.mark.parametrize("row", ROWS, ids=[row["case"] for row in ROWS])
def test_the_file_is_refused(complaints, folder, row):
    text = row["file"].replace("FOLDER", str(folder)).replace("LONG", LONG)
    found = complaints(f"name: t\n{text}")
    wanted = row["says"].replace("FOLDER", str(folder))
    assert [each for each in found if each.startswith(wanted)], found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("app_clients: {web: {callback_urls: ['myapp://']}}", "a scheme alone"),
        ("domain: my-awsome-shop", "a reserved word is one between hyphens"),
        ("app_clients: {web: {validity: {access: 1h, refresh: 1h}}}", "as long"),
        ("tags: {team: 'Zürich: a/b+c=d@e-f_1.0'}", "what tags may hold"),
        ("api: {routes: {'GET /v1.0/a:b/{id}/c-d_e': {}}}", "characters of paths"),
        (
            "resource_servers: {'https://api.example.com': {scopes: {read: Read}}}",
            "an identifier that is an address",
        ),
        ("functions: {h: {code: FOLDER/code, handler: app.main}}", "a file"),
        ("functions: {h: {code: FOLDER/package, handler: a.b.main}}", "a package"),
        ("functions: {h: {code: FOLDER/package, handler: a/b.main}}", "a path"),
        (
            f"functions: {{h: {{{NODE}, handler: src/index.a}}}}",
            "a module, and a name in it",
        ),
        ("functions: {h: {runtime: java21, code: FOLDER/code, handler: A}}", "Java"),
        ("functions: {h: {environment: {AWS_LAMBDA_EXEC_WRAPPER: /x}}}", "settable"),
    ],
)
def test_what_aws_takes_is_taken(loaded, folder, text, why):
    for path in ("package/a/b.py", "node/src/index.mjs"):
        (folder / path).parent.mkdir(parents=True)
        (folder / path).touch()
    text = text.replace("FOLDER", str(folder))
    assert loaded(f"name: t\n{text}").config.name == "t", why


def test_4096_bytes_of_environment_are_taken(loaded):
    text = f"functions: {{h: {{environment: {{AB: {LONG[9:]}}}}}}}"
    assert loaded(f"name: t\n{text}").config


def test_a_scope_that_no_client_can_get_is_pointed_out(loaded, file):
    text = (
        "name: t\n"
        "resource_servers: {x: {scopes: {read: Read}}}\n"
        "api:\n"
        "  routes:\n"
        "    GET /a: {scopes: [x/read]}\n"
        "    GET /b: {scopes: [x/read, openid]}\n"
        "    GET /c: {scopes: [aws.cognito.signin.user.admin]}\n"
    )
    (warning,) = loaded(text).warnings
    assert warning.startswith(f"{file}:5: no app client can get x/read, so nobody")
    taken = "app_clients: {web: {oauth_scopes: [openid, x/read]}}\n"
    assert loaded(text + taken).warnings == []


@pytest.mark.parametrize(
    ("system", "mode", "is_told"),
    [
        (UNIX, 0o600, True),
        (UNIX, 0o640, True),
        (UNIX, 0o644, False),
        (WINDOWS, 0o600, False),
    ],
)
def test_a_zip_that_lambda_may_not_read_is_pointed_out(
    loaded, file, system, mode, is_told
):
    with zipfile.ZipFile(file.parent / "code.zip", "w") as archive:
        entry = zipfile.ZipInfo("lambda_function.py")
        entry.create_system, entry.external_attr = system, mode << 16
        archive.writestr(entry, "")
    warnings = loaded("name: t\nfunctions: {h: {code: code.zip}}").warnings
    assert len(warnings) == is_told
    assert all("Lambda may not read lambda_function.py" in each for each in warnings)
