"""A real Chromium on the real app."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from driftline.settings import Settings
from driftline.store import Store
from service.api.app import create_app
from service.api.services import ApiServices
from tests.seeding.serving import serving
from tests.seeding.story import WINDOW_SECONDS

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium as the system has it; without one these tests are skipped, but not in CI."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        reason = (
            "Chromium is not installed (apt-get install chromium): the pages are not checked in a browser"
        )
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def base_url(store: Store, settings: Settings) -> Iterator[str]:
    """The app over the test's database, with windows of a minute."""
    quick = settings.model_copy(update={"window_seconds": WINDOW_SECONDS, "allowed_lateness_seconds": 1.0})
    with serving(create_app(ApiServices(store, quick))) as url:
        yield url


@dataclass
class Visit:
    """Pages of one test, and everything that went wrong in them."""

    browser: Browser
    base_url: str
    faults: list[str] = field(default_factory=list)

    def open(self, path: str, *, width: int = 1280, colours: Literal["light", "dark"] = "light") -> Page:
        """Open a page in a fresh profile."""
        context = self.browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=colours, base_url=self.base_url
        )
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on(
            "console",
            lambda message: (
                self.faults.append(message.text) if message.type in ("error", "warning") else None
            ),
        )
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.goto(path)
        return page


@pytest.fixture
def visit(browser: Browser, base_url: str) -> Iterator[Visit]:
    """Open pages; at the end no console may have complained."""
    visit = Visit(browser, base_url)
    yield visit
    for context in browser.contexts:
        context.close()
    assert visit.faults == []
