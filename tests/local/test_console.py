"""The page at the root shows deployed resources and activity, to its user alone."""

from __future__ import annotations

import asyncio
import http.client
import io
import json
import shutil
import socket
import zipfile
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from aiohttp import web
from local.conftest import REGION, RestApi

from cognito_gw.aws.endpoints import AccessKey
from cognito_gw.local import process
from cognito_gw.local.console import cells, sent
from cognito_gw.local.events import Event
from cognito_gw.local.server import Start, application

PAGE = {"Accept": "text/html,application/xhtml+xml"}
HOSTILE = "<script>alert('x')</script>"
ESCAPED = "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"
CHATTY = f'def handler(event, context):\n    print("{HOSTILE}")\n'
# Flags of Chromium without which it starts unneeded services.
QUICK = (
    "disable-gpu",
    "disable-sync",
    "disable-extensions",
    "disable-background-networking",
    "disable-component-update",
)
MOCK = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}


@contextmanager
def opened(url, headers=PAGE, verb="GET"):
    """Open an address, and yield the response."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    target = parts._replace(scheme="", netloc="").geturl() or "/"
    connection.request(verb, target, headers=headers)
    response = connection.getresponse()
    try:
        yield response
    finally:
        response.close()
        connection.close()


@pytest.fixture
def get(local_url):
    """Return a function that reads an address: its status, headers, and text."""

    def read(path="/", headers=PAGE):
        with opened(f"{local_url}{path}", headers) as response:
            return response.status, response.headers, response.read().decode()

    return read


@pytest.fixture
def page(get):
    """Return a function that reads the current page."""
    return lambda: get()[2]


@pytest.fixture
def deployed(api):
    """An API with a public mock, deployed as `dev`."""
    api.method()
    api.on_method("put_integration", **MOCK)
    api.on_method("put_method_response", statusCode="200")
    api.on_method("put_integration_response", statusCode="200")
    api.deployment(stageName="dev")
    return api


@pytest.fixture
def call(local_url, deployed):
    """Return a function that calls the deployed API; it returns the status."""

    def get(path="/", verb="GET"):
        url = f"{local_url}/_aws/execute-api/{deployed.id}/dev{path}"
        with opened(url, {}, verb) as response:
            response.read()
            return response.status

    return get


def follow(stream):
    """Yield each event of a stream: its ID, its kind, and its data."""
    event = {}
    for line in stream:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        event[name] = value
        if name == "data":
            yield event["id"], event["event"], json.loads(value)


def first(events, wanted, **facts):
    """Return the ID and the data of the first event of a kind with these values."""
    return next(
        (event_id, data)
        for event_id, kind, data in events
        if kind == wanted and facts.items() <= data.items()
    )


def test_a_browser_is_shown_the_page(get, local_url):
    status, headers, text = get()
    assert status == 200
    assert headers.get_content_type() == "text/html"
    assert "not AWS" in text
    assert local_url in text


def test_the_page_runs_nothing_but_its_own_script(get):
    _, headers, text = get()
    policy = dict(
        each.strip().split(" ", 1)
        for each in headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert text.count("<script") == text.count('<script src="/_cgw/console.js"') == 1
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/_cgw/console.js", "text/javascript"), ("/_cgw/console.css", "text/css")],
)
def test_its_files_are_served(get, path, kind):
    status, headers, text = get(path)
    assert (status, headers.get_content_type()) == (200, kind)
    assert text


@pytest.mark.parametrize("service", ["s3", "iam"])
def test_an_aws_call_to_the_root_is_one(get, signed, service):
    assert "<html" not in get(headers=PAGE | signed(service))[2]


def test_every_client_other_than_aws_clients_gets_the_page(get):
    status, headers, _ = get(headers={})
    assert (status, headers.get_content_type()) == (200, "text/html")


def test_shows_the_allowed_callers_of_routes(page, api, deployed, name):
    api.authorizer()
    secured = {"authorizationType": "COGNITO_USER_POOLS"}
    secured["authorizerId"] = api.call("get_authorizers")["items"][0]["id"]
    api.method("POST", **secured)
    api.method("PUT", **secured, authorizationScopes=["x/read", "x/write"])
    api.method("DELETE", authorizationType="AWS_IAM")
    for verb in ("POST", "PUT", "DELETE"):
        api.integration(verb)
    assert "Not deployed: <code>DELETE /</code> (signed (IAM))" in page()
    deployed.deployment(stageName="dev")
    shown = page()
    assert f"<h2>{name} " in shown
    assert f"/_aws/execute-api/{api.id}/dev</code>" in shown
    for callers in (
        "public",
        "ID token",
        "access token with scope x/read or x/write",
        "signed (IAM)",
    ):
        assert f">{callers}</span>" in shown


def test_shows_deleted_routes_that_are_still_live(page, deployed):
    deployed.method("HEAD")
    deployed.on_method("put_integration", "HEAD", **MOCK)
    deployed.deployment(stageName="dev")
    deployed.on_method("delete_method", "HEAD")
    assert "deleted from the API: <code>HEAD /</code> (public)" in page()


def test_links_to_the_sign_in_pages(page, make_pool, name):
    pool = make_pool(AdminCreateUserConfig={"AllowAdminCreateUserOnly": False})
    pool.domain(name)
    client = pool.oauth_client("implicit")
    shown = page()
    links = [
        part.partition('"')[0].replace("&amp;", "&")
        for part in shown.split('href="')
        if client["ClientId"] in part.partition('"')[0]
    ]
    login, signup = map(urlsplit, links)
    assert login.path == f"/_aws/cognito/{name}/login"
    assert signup.path == f"/_aws/cognito/{name}/signup"
    assert login.query == signup.query
    assert parse_qs(login.query) == {
        "client_id": [client["ClientId"]],
        "response_type": ["token"],
        "scope": ["openid"],
        "redirect_uri": client["CallbackURLs"],
    }


def test_without_self_sign_up_or_a_flow_the_link_is_missing(page, make_pool, name):
    pool = make_pool(AdminCreateUserConfig={"AllowAdminCreateUserOnly": True})
    pool.domain(name)
    pool.oauth_client("code")
    pool.app_client()
    shown = page()
    assert f"/_aws/cognito/{name}/login" in shown
    assert f"/_aws/cognito/{name}/signup" not in shown


def test_shows_no_secret(page, pool, name):
    client = pool.machine_client(GenerateSecret=True)
    email = f"{name}@example.com"
    pool.user(email, UserAttributes=[{"Name": "email", "Value": email}])
    password = {"Password": "Correct-horse-7", "Permanent": True}
    pool.call("admin_set_user_password", Username=email, **password)
    shown = page()
    assert client["ClientId"] in shown
    assert client["ClientSecret"] not in shown
    assert f"{email} <small>CONFIRMED" in shown
    assert "Correct-horse-7" not in shown


def test_names_are_text_and_not_markup(page, aws, make_pool):
    aws("apigateway").create_rest_api(name=HOSTILE)
    make_pool().user(HOSTILE)
    shown = page()
    assert HOSTILE not in shown
    assert shown.count(ESCAPED) >= 2


def test_what_a_function_prints_is_text(page, aws, name):
    trust = {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole"}}
    trust |= {"Version": "2012-10-17"}
    trust["Statement"] |= {"Principal": {"Service": "lambda.amazonaws.com"}}
    role = aws("iam").create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps(trust)
    )
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", CHATTY)
    aws("lambda").create_function(
        FunctionName=name,
        Role=role["Role"]["Arn"],
        Runtime="python3.13",
        Handler="app.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    aws("lambda").invoke(FunctionName=name)
    shown = page()
    assert HOSTILE not in shown
    assert f">{ESCAPED}</td>" in shown
    assert f"{name} <small>python3.13, 128 MB, at most 3 s</small>" in shown


def test_shows_requests_with_decision_and_reason(page, call):
    call()
    call("/no/such/path?token=secret")
    shown = page()
    newest, older = shown.index("/no/such/path"), shown.index("the mock integration")
    assert newest < older
    assert ">refused</td>" in shown
    assert ">no such route is deployed</td>" in shown
    assert "token=secret" not in shown


@pytest.mark.parametrize(
    ("status", "why", "decision"),
    [
        (200, "function", "let in"),
        (204, "mock", "let in"),
        (403, "mock", "let in"),
        (302, "function", "let in"),
        (399, "function", "let in"),
        (400, "function", "function's own"),
        (500, "function", "function's own"),
        (401, "no token", "refused"),
        (502, "the function failed", "failed"),
    ],
)
def test_the_decision_follows_from_the_reason(status, why, decision):
    event = Event(1, 0.0, "request", {"status": status, "why": why})
    assert cells(event)["decision"] == decision


def test_an_error_of_the_function_is_shown_as_its_own():
    event = Event(1, 0.0, "request", {"status": 403, "why": "function"})
    assert cells(event)["why"] == "let in; the function itself returned 403"


def test_the_preflights_of_a_stage_are_folded(page, deployed):
    """Those that anyone may call; another OPTIONS is an ordinary route."""
    for verb, auth in (("OPTIONS", "NONE"), ("PUT", "AWS_IAM")):
        deployed.method(verb, authorizationType=auth)
        deployed.on_method("put_integration", verb, **MOCK)
    deployed.deployment(stageName="dev")
    (_, shown) = page().split(f"/{deployed.id}/dev</code>", 1)
    table, folded = shown.split("<details>", 1)
    assert "PUT" in table
    assert "OPTIONS" not in table.split("</table>")[0]
    assert folded.strip().startswith("<summary>OPTIONS on 1 path: CORS preflights")
    deployed.on_method("delete_method", "OPTIONS")
    deployed.method("OPTIONS", authorizationType="AWS_IAM")
    deployed.on_method("put_integration", "OPTIONS", **MOCK)
    deployed.deployment(stageName="dev")
    (_, shown) = page().split(f"/{deployed.id}/dev</code>", 1)
    assert '"method">OPTIONS</td>' in shown.split("</table>")[0]


def test_a_long_line_is_cut_and_stays_one_event():
    event = Event(7, 0.0, "log", {"line": "one\r\n\ndata: two" + "x" * 10_000})
    head, data = sent(event).decode().split("data: ", 1)
    assert head == "id: 7\nevent: log\n"
    assert data.endswith("}\n\n")
    assert data.count("\n") == 2
    assert len(data) < 1000


def test_streams_requests_and_changes_as_they_happen(local_url, call, api):
    with opened(f"{local_url}/_cgw/events") as stream:
        assert stream.headers.get_content_type() == "text/event-stream"
        events = follow(stream)
        call("/live")
        assert first(events, "request", path="/live")[1]["decision"] == "refused"
        api.resource("more")
        assert first(events, "change")[1]["operation"] == "CreateResource"


def test_a_client_that_reconnects_misses_nothing(local_url, call):
    url = f"{local_url}/_cgw/events?after=0"
    call("/before")
    with opened(url) as stream:
        last, _ = first(follow(stream), "request", path="/before")
    call("/meanwhile")
    with opened(url, PAGE | {"Last-Event-ID": last}) as stream:
        assert first(follow(stream), "request")[1]["path"] == "/meanwhile"


@pytest.mark.parametrize("path", ["/", "/_cgw/events", "/?key=x"])
@pytest.mark.parametrize("made_by", ["empty", "iframe", "script", "object"])
def test_another_page_cannot_read_it(get, path, made_by):
    """Not even a page of this origin: a function may have returned it."""
    status, headers, _ = get(path, PAGE | {"Sec-Fetch-Dest": made_by})
    assert status == 403
    assert "Access-Control-Allow-Origin" not in headers


@pytest.fixture
def state_dir(tmp_path):
    """The state directory of a local AWS for one test."""
    yield tmp_path
    process.stop(tmp_path)


def test_an_empty_local_aws_says_what_to_do_and_ends_its_streams_in_order(state_dir):
    url = process.start(state_dir).url
    with opened(url) as response:
        assert "<code>cgw --local up</code>" in response.read().decode()
    with opened(f"{url}/_cgw/events") as stream:
        process.stop(state_dir)
        assert stream.read() == b""  # an interrupted stream would raise


@contextmanager
def serving(folder, port=0, key=None):
    """Serve a local AWS from a thread of this process, and yield its address."""
    listener = socket.create_server(("127.0.0.1", port))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    ready = Future()

    async def serve():
        app = application(Start(url, "", key or AccessKey.create(), folder))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        end = asyncio.Event()
        ready.set_result(
            partial(asyncio.get_running_loop().call_soon_threadsafe, end.set)
        )
        await end.wait()
        await runner.cleanup()

    with ThreadPoolExecutor(1) as thread:
        served = thread.submit(asyncio.run, serve())
        end = ready.result(30)
        yield url
        end()
        served.result(30)


@pytest.fixture(scope="module")
def browser():
    """One browser for all tests: starting it takes longer than most of them."""
    webdriver = pytest.importorskip("selenium.webdriver")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("needs chromium and its driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in ("headless=new", "no-sandbox", "disable-dev-shm-usage", *QUICK):
        options.add_argument(f"--{flag}")
    started = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield started
    started.quit()


@pytest.fixture
def wait_for(browser):
    """Return a function that waits until an element of the page has a text."""
    from selenium.webdriver.support.wait import WebDriverWait

    script = "return document.querySelector(arguments[0])?.textContent ?? ''"

    def wait(selector, text):
        WebDriverWait(browser, 60).until(
            lambda page: text in page.execute_script(script, selector)
        )

    return wait


@pytest.fixture(scope="module")
def apart(tmp_path_factory):
    """A local AWS without other tests' resources: a long page takes a browser long."""
    key = AccessKey.create()
    with serving(tmp_path_factory.mktemp("apart"), key=key) as url:
        yield url, key


class TestInABrowser:
    """The page runs its script."""

    @pytest.fixture
    def local_url(self, apart):
        return apart[0]

    @pytest.fixture
    def api(self, apart, name):
        url, key = apart
        client = boto3.client(
            "apigateway",
            endpoint_url=url,
            region_name=REGION,
            aws_access_key_id=key.id,
            aws_secret_access_key=key.secret,
        )
        return RestApi(client, name)

    def test_the_page_is_live(self, browser, wait_for, local_url, call, deployed):
        browser.get(local_url)
        wait_for("#connection", "live")
        call("/shown")
        wait_for("#request tr", "no such route is deployed")
        deployed.deployment(stageName="another-stage")
        wait_for("#deployed", "another-stage")
        assert browser.get_log("browser") == []

    def test_requests_are_filtered(self, browser, wait_for, local_url, call, api):
        """By path, status, and decision; a passed preflight is shown on demand."""
        from selenium.webdriver.common.by import By
        from selenium.webdriver.common.keys import Keys
        from selenium.webdriver.support.select import Select

        api.method("OPTIONS")
        api.on_method("put_integration", "OPTIONS", **MOCK)
        api.on_method("put_method_response", "OPTIONS", statusCode="200")
        api.on_method("put_integration_response", "OPTIONS", statusCode="200")
        api.deployment(stageName="dev")

        def shown():
            rows = browser.find_elements(By.CSS_SELECTOR, "#request tr")
            texts = [row.text.split()[1:4] for row in rows if row.is_displayed()]
            return [each for each in texts if each[1].startswith("/row-")]

        def control(name):
            return browser.find_element(By.ID, f"filter-{name}")

        browser.get(local_url)
        wait_for("#connection", "live")
        call("/row-one")
        call("/row-two", "OPTIONS")
        wait_for("#request tr", "/row-two")
        refused = [["OPTIONS", "/row-two", "403"], ["GET", "/row-one", "403"]]
        assert shown() == refused
        call("/", "OPTIONS")
        call("/last")
        wait_for("#request tr", "/last")
        passed = "#request tr[data-decision='let in'] [data-cell=method]"
        methods = browser.find_elements(By.CSS_SELECTOR, passed)
        preflight = next(
            each for each in methods if each.get_attribute("textContent") == "OPTIONS"
        )
        assert not preflight.is_displayed()
        control("preflights").send_keys(Keys.SPACE)
        assert preflight.is_displayed()
        control("path").send_keys("ROW-ONE")
        assert shown() == refused[1:]
        call("/row-one/more")
        wait_for("#request tr", "/row-one/more")
        call("/elsewhere")
        wait_for("#request tr", "/elsewhere")
        assert shown() == [["GET", "/row-one/more", "403"], *refused[1:]]
        wait_for("#filter-count", " shown")
        control("status").send_keys("2")
        assert shown() == []
        control("status").send_keys(Keys.BACKSPACE, "4xx")
        Select(control("decision")).select_by_visible_text("let in")
        assert shown() == []
        Select(control("decision")).select_by_visible_text("refused")
        assert shown() == [["GET", "/row-one/more", "403"], *refused[1:]]
        assert browser.get_log("browser") == []

    def test_a_lost_connection_is_reported_and_restored(
        self, browser, wait_for, tmp_path
    ):
        with serving(tmp_path) as url:
            browser.get(url)
            wait_for("#connection", "live")
        wait_for("#connection", "connection lost")
        with serving(tmp_path, urlsplit(url).port):
            wait_for("#connection", "live")
            browser.get("about:blank")  # so that no request is open at the end
