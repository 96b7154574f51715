"""The check of the file reports what AWS would refuse, before any call."""

from __future__ import annotations

import zipfile

import pytest
from refusals import LONG, archive, refusals

ROWS = refusals()
NODE = "runtime: nodejs22.x, code: FOLDER/node"
ZIPS = (
    ("none.zip",),
    ("outside.zip", "../app.py"),
    ("deeper.zip", "code/app.py"),
    ("program.zip", "bootstrap"),
)
UNIX, WINDOWS = 3, 0  # zips store the system that created them


@pytest.fixture
def folder(tmp_path):
    """Return a folder with the code that the rows refer to."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.zip").write_bytes(b"no zip")
    for name, *entries in ZIPS:
        (tmp_path / name).write_bytes(archive(*entries))
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
        ("app_clients: {web: {callback_urls: ['com.example.app:/cb']}}", "one slash"),
        ("app_clients: {web: {callback_urls: ['exp://127.0.0.1:19000/--/']}}", "Expo"),
        ("app_clients: {web: {callback_urls: ['http://127.0.0.1:3000']}}", "loopback"),
        ("app_clients: {web: {callback_urls: ['http://[::1]:8765/cb?x=1']}}", "IPv6"),
        ("app_clients: {web: {callback_urls: ['http://localhost?x=1']}}", "no path"),
        ("app_clients: {web: {logout_urls: ['https://bücher.example/ü']}}", "letters"),
        (
            "user_pool: {groups: [Verwaltung-Zürich, 管理者, '👍']}",
            "letters and symbols",
        ),
        ("user_pool: {sign_in_with: []}\nusers: [{username: josé}]", "letters"),
        ("user_pool: {sign_in_with: []}\nusers: [{username: bob@home}]", "a name"),
        (
            "user_pool: {sign_in_with: [phone_number]}\nusers: [{username: '+4930'}]",
            "a phone number",
        ),
        (f"users: [{{username: a@b.c, password: '{'Aa1-' * 64}'}}]", "256 characters"),
        ("users: [{username: a@b.c, password: 'Correct horse 1!'}]", "spaces within"),
        (
            "users: [{username: a@b.c, password: Leading-1\N{NO-BREAK SPACE}}]",
            "not ASCII",
        ),
        ("tags: {team: 東京}", "letters"),
        ("tags: {awsome: 'aws', a: ''}", "without the colon, and empty"),
        ("api: {name: 'My API (v2)'}", "as the console's examples have it"),
        ("api: {cors: {origins: ['capacitor://localhost']}}", "an app's origin"),
        ("api: {authorizer: {identity_source: X_Token}}", "an underscore"),
        (
            "functions: {h: {runtime: java8.al2023, code: FOLDER/code, handler: A}}",
            "new",
        ),
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


def test_what_is_said_twice_is_sent_once(loaded):
    config = loaded(
        "name: t\n"
        "user_pool: {sign_in_with: [email, email], groups: [a]}\n"
        "app_clients: {web: {oauth_flows: [code, code], oauth_scopes: [openid, openid]"
        ", callback_urls: ['https://a.example', 'https://a.example']}}\n"
        "users: [{username: a@b.co, groups: [a, a]}]\n"
        "api: {routes: {GET /: {scopes: [openid, openid]}}}\n"
    ).config
    web = config.app_clients["web"]
    assert (web.oauth_flows, web.oauth_scopes) == (["code"], ["openid"])
    assert web.callback_urls == ["https://a.example"]
    assert config.user_pool.sign_in_with == ["email"]
    assert config.users[0].groups == ["a"]
    assert config.api.routes["GET /"].scopes == ["openid"]


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
    assert warning.startswith(f"{file}:5: no app client can get x/read, so no token")
    taken = "app_clients: {web: {oauth_scopes: [openid, x/read]}}\n"
    assert loaded(text + taken).warnings == []


def test_a_zip_that_unfolds_to_too_much_is_refused(complaints, file):
    """Lambda accepts 250 MiB of unzipped files, whatever the size of the zip."""
    with zipfile.ZipFile(file.parent / "code.zip", "w") as archive:
        archive.writestr("app.py", b"a")
        archive.filelist[0].file_size = 251 << 20
    function = "{handler: app.handler, code: code.zip}"
    (told,) = complaints(f"name: x\nfunctions: {{hello: {function}}}\n")
    assert "functions.hello.code: " in told
    fault = "code.zip: 251 MiB unzipped; Lambda takes 250 MiB; the largest: "
    assert told.endswith(f"{fault}app.py (251 MiB)")


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
