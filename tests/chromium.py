"""A real browser without a display, controlled by keyboard alone."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support import expected_conditions
from selenium.webdriver.support.wait import WebDriverWait

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
SECONDS = 30

needs_chromium = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="Chromium and its driver are not installed"
)


@contextmanager
def headless():
    """Run Chromium."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    try:
        yield Page(driver)
    finally:
        driver.quit()


class Page:
    """A real browser, controlled by keyboard alone."""

    def __init__(self, driver):
        self.driver = driver

    def forget(self):
        """Drop all cookies and thus the sign-ins."""
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        return self

    def open(self, url):
        self.driver.get(url)

    def fill(self, **fields):
        """Fill in fields; Enter in the last one submits the form."""
        for name, value in fields.items():
            box = self.driver.find_element(By.NAME, name)
            box.clear()
            box.send_keys(value)
        self._then(lambda: box.send_keys(Keys.ENTER))

    def follow(self, text):
        link = self.driver.find_element(By.PARTIAL_LINK_TEXT, text)
        self._then(lambda: link.send_keys(Keys.ENTER))

    def shown_code(self):
        return self.driver.find_element(By.CSS_SELECTOR, ".sent strong").text

    @property
    def text(self):
        return self.driver.find_element(By.TAG_NAME, "body").text

    @property
    def url(self):
        return urlsplit(self.driver.current_url)

    def _then(self, act):
        """Act, and wait for the next page."""
        page = self.driver.find_element(By.TAG_NAME, "html")
        act()
        gone = expected_conditions.staleness_of(page)
        WebDriverWait(self.driver, SECONDS).until(gone)
