"""What scripts of a foreign page and of a function can do in a real browser."""

from __future__ import annotations

import io
import json
import shutil
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from selenium import webdriver
from selenium.webdriver.support.wait import WebDriverWait

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
COGNITO = "AWSCognitoIdentityProviderService"
FUNCTION = """
def handler(event, context):
    headers = {"Content-Type": "text/html", "Service-Worker-Allowed": "/"}
    page = "<!doctype html><title>a function's answer</title>"
    if (event["queryStringParameters"] or {}).get("script"):
        headers["Content-Type"] = "text/javascript"
        page = "addEventListener('fetch', (event) => event.respondWith('owned'))"
    return {"statusCode": 200, "headers": headers, "body": page}
"""
REGISTER = """
const done = arguments[1];
navigator.serviceWorker.register(arguments[0], {scope: "/"}).then(
  () => done("registered"), (error) => done(error.name));
"""
# Tries one request, and reports what the script can read of the response.
TRY = """
const [url, options, done] = arguments;
fetch(url, options).then(
  async (answer) => done([answer.status, (await answer.text()).slice(0, 200)]),
  (error) => done([0, String(error)]),
);
"""

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="Chromium and its driver are not installed"
)


class Foreign(BaseHTTPRequestHandler):
    """A page of another origin."""

    def do_GET(self):
        """Serve the page."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>foreign</title>")

    def log_message(self, *_):
        """Log nothing."""


@pytest.fixture(scope="module")
def foreign():
    """The address of a page of another origin."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Foreign) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def stage(server, client):
    """The address of a deployed function that returns a page."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", FUNCTION)
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
    role = client("iam").create_role(
        RoleName="page", AssumeRolePolicyDocument=json.dumps(trust)
    )
    function = client("lambda").create_function(
        FunctionName="page",
        Runtime="python3.13",
        Handler="app.handler",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]
    client("lambda").add_permission(
        FunctionName="page",
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    gateway = client("apigateway")
    made = gateway.create_rest_api(name="page")
    method = {
        "restApiId": made["id"],
        "resourceId": made["rootResourceId"],
        "httpMethod": "GET",
    }
    gateway.put_method(**method, authorizationType="NONE")
    path = f"lambda:path/2015-03-31/functions/{function}/invocations"
    gateway.put_integration(
        **method,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:eu-west-1:{path}",
    )
    gateway.create_deployment(restApiId=made["id"], stageName="dev")
    return f"{server.url}/_aws/execute-api/{made['id']}/dev/"


@pytest.fixture(scope="module")
def domain(client):
    """The domain of a pool's sign-in pages."""
    pools = client("cognito-idp")
    pool = pools.create_user_pool(PoolName="page")["UserPool"]["Id"]
    pools.create_user_pool_domain(UserPoolId=pool, Domain="a-page")
    return "a-page"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A real browser."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    profile = tmp_path_factory.mktemp("profile")
    for flag in ("headless", "no-sandbox", "disable-gpu", "disable-sync"):
        options.add_argument(f"--{flag}")
    options.add_argument("--disable-extensions")
    options.add_argument("--disable-background-networking")
    options.add_argument(f"--user-data-dir={profile}")
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(params=["foreign", "function"])
def attempt(request, browser, foreign, stage):
    """Return what makes a request in a page's script, by origin of the page."""
    browser.get(foreign if request.param == "foreign" else stage)
    browser.set_script_timeout(20)
    return lambda url, **options: browser.execute_async_script(TRY, url, options)


@pytest.mark.parametrize(
    "target", ["ListUserPools", "UpdateAuthEventFeedback", "AdminCreateUser"]
)
def test_no_script_calls_the_control_plane(attempt, server, signed, target):
    """Signed with the right key, which no page has, or unsigned."""
    named = {"X-Amz-Target": f"{COGNITO}.{target}"}
    for headers in (named, named | signed("cognito-idp")):
        for path in ("/", "/moto-api/data.json"):
            options = {"method": "POST", "headers": headers, "body": "{}"}
            status, text = attempt(server.url + path, **options)
            assert status in (0, 400, 403, 404), text
            assert "kept" not in text


def test_no_script_reads_our_pages(attempt, server, domain):
    """The page at the root, its events, and the sign-in pages."""
    login = f"/_aws/cognito/{domain}/login?client_id=x"
    for path in ("/", "/_cgw/events?after=0", login):
        status, _ = attempt(server.url + path, credentials="include")
        assert status in (0, 403), path


def test_a_function_s_page_does_not_answer_for_ours(browser, stage):
    """A service worker would receive every request to this origin."""
    browser.get(stage)
    browser.set_script_timeout(20)
    for script in (f"{stage}?script=1", stage):
        refused = browser.execute_async_script(REGISTER, script)
        assert refused in ("SecurityError", "TypeError")


@pytest.mark.parametrize("page", ["/", "/_aws/cognito/a-page/login?client_id=x"])
@pytest.mark.usefixtures("domain")
def test_a_function_s_page_cannot_read_a_window_that_it_opens(
    browser, stage, server, page
):
    """Our pages are isolated from the page that opened them."""
    browser.get(stage)
    own = browser.current_window_handle
    address = server.url + page
    browser.execute_script("window.opened = window.open(arguments[0])", address)
    WebDriverWait(browser, 20).until(lambda page: len(page.window_handles) > 1)
    read = "try { return opened.document.body.innerHTML } catch { return '' }"
    WebDriverWait(browser, 20).until(
        lambda page: page.execute_script("return opened.closed")
    )
    assert browser.execute_script(read) in ("", None)
    for handle in browser.window_handles:
        if handle != own:
            browser.switch_to.window(handle)
            assert server.url in browser.current_url
            browser.close()
    browser.switch_to.window(own)


def test_people_see_our_pages(browser, server, domain):
    """Pages that scripts cannot read are available to people."""
    browser.get(server.url)
    assert "cgw" in browser.page_source
    browser.get(f"{server.url}/_aws/cognito/{domain}/nowhere")
    assert "/login" in browser.page_source
