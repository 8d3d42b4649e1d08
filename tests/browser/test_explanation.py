"""The explanation of a field in a real browser: reached from the model's page, drawn, fit for a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from driftline.settings import Settings
from driftline.store import Store
from tests.browser.conftest import Visit
from tests.browser.test_pages import overflow
from tests.integration.detectors.traffic import window
from tests.seeding.shop import seed_shop
from tests.seeding.story import WINDOW_SECONDS

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def shop(store: Store, settings: Settings) -> None:
    quick = {"window_seconds": WINDOW_SECONDS, "allowed_lateness_seconds": 1.0}
    seed_shop(store, settings.model_copy(update=quick))


@pytest.mark.usefixtures("shop")
def test_an_explanation_says_and_shows_why(visit: Visit) -> None:
    page = visit.open("/models/shop/explanation?field=amount")
    expect(page.get_by_role("heading", level=1)).to_have_text("amount")
    expect(page.locator(".words p").first).to_contain_text("than in its baseline 'training'")
    expect(page.locator(".words")).to_contain_text("less than once in 8 years")
    bars = page.locator("ol.bins rect.current")
    assert bars.count() > 20
    heights = [float(bars.nth(at).get_attribute("height") or 0) for at in range(bars.count())]
    assert max(heights) > 50
    expect(page.locator("tr.moved")).to_have_count(5)
    origin = page.locator(".origin", has_text="country").locator("tbody tr").first
    expect(origin).to_contain_text("B")
    events = page.get_by_role("region", name="Events to look at").locator("tbody tr")
    assert 0 < events.count() <= 10
    page.get_by_role("link", name="shop").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("shop")


@pytest.mark.usefixtures("shop")
def test_an_explanation_fits_a_phone_and_another_window(visit: Visit) -> None:
    moment = window(10).strftime("%Y-%m-%dT%H:%M:%S")
    page = visit.open(f"/models/shop/explanation?field=payment&window={moment}", width=390, colours="dark")
    expect(page.locator(".words p").first).to_contain_text("looked as in its baseline")
    assert overflow(page) == 0
