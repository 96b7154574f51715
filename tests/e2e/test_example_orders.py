"""examples/orders as its README says: its tests, its page, and both environments."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from chromium import SECONDS, headless, needs_chromium
from commandline import PASSWORD, QuickTerminal
from e2e.conftest import in_process
from flows import free_port
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

EXAMPLE = Path(__file__).parents[2] / "examples/orders"
ADA, BOB = "ada@example.com", "bob@example.com"
SETTINGS = ("PIP_", "UV_", "NPM_", "SSL_CERT", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def reaches_pypi():
    """Whether the packages of the example can be downloaded here."""
    try:
        with urllib.request.urlopen("https://pypi.org/simple/pydantic/", timeout=10):
            return True
    except OSError:
        return False


class Project:
    """A copy of the example, in a shell of its newcomer."""

    def __init__(self, folder, variables):
        self.folder = folder
        self.port = free_port()
        shutil.copytree(
            EXAMPLE,
            folder,
            ignore=shutil.ignore_patterns("outputs.json", "__pycache__"),
        )
        for file in ("cgw.yaml", "start.sh", "tests/test_orders.py"):
            path = folder / file
            text = path.read_text("utf-8")
            assert "8000" in text
            path.write_text(text.replace("8000", str(self.port)), "utf-8")
        programs = [str(Path(sys.executable).parent), os.environ["PATH"]]
        network = {
            name: value
            for name, value in os.environ.items()
            if name.upper().startswith(SETTINGS)
        }
        own = {"PATH": os.pathsep.join(programs)}
        self.environment = network | variables | own
        self.dev = QuickTerminal(folder, ("--env", "dev"))
        self.prod = QuickTerminal(folder, ("--local", "--env", "prod"))

    def run(self, *arguments, **options):
        """Start another program in the folder."""
        return subprocess.Popen(
            arguments,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            **options,
        )


@pytest.fixture(scope="module")
def deployed(tmp_path_factory, variables, local):  # noqa: ARG001 - it must be running
    """The example with both environments up, and `start.sh` serving the page."""
    if not reaches_pypi():
        pytest.skip("the example's packages come from PyPI, which is unreachable here")
    project = Project(tmp_path_factory.mktemp("example") / "orders", variables)
    with in_process(project.environment, project.folder):
        project.dev("up")
        project.prod("up", "--yes")
        server = project.run("./start.sh")
        started = next(iter(server.stdout.readline, ""))
        yield project
        server.terminate()
        server.communicate(timeout=SECONDS)
        assert f"http://localhost:{project.port}/" in started


@pytest.fixture
def project(deployed, environment):
    """The same, with its folder and environment for commands in this process."""
    for name, value in deployed.environment.items():
        environment.setenv(name, value)
    environment.chdir(deployed.folder)
    return deployed


def test_its_own_tests_pass(project):
    """With a private local AWS, whatever else runs."""
    tests = project.run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    told, _ = tests.communicate(timeout=300)
    assert tests.returncode == 0, told


@needs_chromium
def test_the_page_signs_in_and_calls(project):
    """An admin and another user, in a real browser."""
    with headless() as page:
        for user, everything in ((ADA, "1 order\n"), (BOB, "403: only for the group")):
            page.open(f"http://localhost:{project.port}/")
            button = shown(page, "#sign-in")
            page._then(button.click)  # noqa: SLF001
            page.fill(username=user, password=PASSWORD)
            assert shown(page, "#user").text == user
            wait(page, lambda page: "0 orders" in page.text)
            if user == ADA:
                shown(page, "[name=product]").send_keys("<b>tea</b>")
                shown(page, "form button").click()
                wait(page, lambda page: "1 x <b>tea</b>" in page.text)
            shown(page, "#all").click()
            wait(page, lambda page, text=everything: text in f"{page.text}\n")
            assert "code=" not in page.driver.current_url
            page._then(shown(page, "#sign-out").click)  # noqa: SLF001


def shown(page, selector):
    """Return an element, when the page's script has shown it."""

    def found(_):
        elements = page.driver.find_elements(By.CSS_SELECTOR, selector)
        return next((each for each in elements if each.is_displayed()), None)

    return WebDriverWait(page.driver, SECONDS).until(found)


def wait(page, condition):
    """Wait until the page shows something."""
    WebDriverWait(page.driver, SECONDS).until(lambda _: condition(page))


def test_two_environments_live_side_by_side(project):
    """The last test of the file: at its end, `dev` is gone."""
    dev, prod = project.dev, project.prod
    assert dev("call", "/totals").document in ({}, {"<b>tea</b>": 1})
    dev("check")
    for environment in (dev, prod):
        plan = environment("plan", "--detailed-exitcode", "-o", "json")
        assert plan.changed == {}
    listed = dev("list", "-o", "json").document["stacks"]
    assert {"dev", "prod"} <= {stack["env"] for stack in listed}
    before = prod("status", "-o", "json").document
    dev("down", "--yes")
    assert prod("status", "-o", "json").document == before
    assert "orders-prod" in prod("down", "--yes", code=2).err
