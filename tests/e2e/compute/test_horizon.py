"""The dashboard in a browser: somebody logs in, launches a server, and sees it active."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from kolla_lite.engine import local

from .users import User

pytestmark = pytest.mark.e2e
SECONDS = 120
DASHBOARD = "http://127.0.0.1:8080"
# As root, without a screen, and asking nobody outside for anything.
FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1280,900",
]  # fmt: skip


class Browser:
    """Chromium, and what a person does in it."""

    def __init__(self, folder: Path) -> None:
        if not (shutil.which("chromium") and shutil.which("chromedriver")):
            local.install(["chromium", "chromium-driver"])
        options = webdriver.ChromeOptions()
        for flag in (*FLAGS, f"--user-data-dir={folder}"):
            options.add_argument(flag)
        options.binary_location = shutil.which("chromium") or ""
        service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
        self.driver = webdriver.Chrome(options=options, service=service)

    def see(self, selector: str, text: str = "") -> WebElement:
        """Wait for something that is shown, and holds a text."""

        def shown(driver: webdriver.Chrome) -> WebElement | None:
            found = driver.find_elements(By.CSS_SELECTOR, selector)
            return next((each for each in found if each.is_displayed() and text in each.text), None)

        wait = WebDriverWait(self.driver, SECONDS, ignored_exceptions=[WebDriverException])
        return wait.until(shown, f"{selector} {text} in {self.driver.current_url}")  # type: ignore[return-value, arg-type]

    def click(self, selector: str, text: str = "") -> None:
        """Click on it as soon as nothing lies over it."""

        def clicked(_driver: webdriver.Chrome) -> bool:
            self.see(selector, text).click()
            return True

        WebDriverWait(self.driver, SECONDS, ignored_exceptions=[WebDriverException]).until(clicked)  # type: ignore[arg-type]

    def write(self, selector: str, text: str) -> None:
        """Into a field."""
        field = self.see(selector)
        field.clear()
        field.send_keys(text)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """KOLLA_LITE_TEST_SCREENSHOT names the file that gets a picture of the page at the end, for the documentation."""
    made = Browser(tmp_path / "browser")
    yield made
    made.driver.save_screenshot(os.environ.get("KOLLA_LITE_TEST_SCREENSHOT", str(tmp_path / "end.png")))
    made.driver.quit()


def choose(browser: Browser, step: str, name: str) -> None:
    """Go to a step of the launch dialogue, and take what has this name from what is there."""
    browser.click(STEPS, step)
    row = browser.see("transfer-table tbody tr", name)
    row.find_elements(By.TAG_NAME, "button")[-1].click()


STEPS = ".wizard-navigation a"


def test_a_server_is_launched_and_seen_active(user: User, browser: Browser) -> None:
    flavor = user.flavor().name
    browser.driver.get(DASHBOARD)
    browser.write("#id_username", user.name)
    browser.write("#id_password", user.password)
    browser.click("#loginBtn")
    browser.see(".context-project", user.name)
    browser.driver.get(f"{DASHBOARD}/project/instances/")
    browser.click("#instances__action_launch-ng")
    browser.write("#name", "clicked")
    browser.click(STEPS, "Source")
    browser.click("label.btn", "No")  # without a volume for it
    choose(browser, "Source", "tiny")
    choose(browser, "Flavor", flavor)  # its one network is taken without being asked for
    browser.click("button.finish")
    browser.see("#instances tbody tr", "Active")
    server = next(iter(user.api.compute.servers(name="clicked")))
    assert server.status == "ACTIVE"
    user.api.compute.delete_server(server)
