"""Two versions side by side in a real browser: reached, drawn, chosen, fit for a phone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from driftline.store import Store
from tests.browser.conftest import Visit
from tests.browser.test_pages import overflow
from tests.seeding.two_versions import Traffic, seed_two_versions

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_versions_are_drawn_and_chosen(visit: Visit, store: Store) -> None:
    start = datetime.now(UTC) - timedelta(hours=1)
    seed_two_versions(store, Traffic(rows=1500, errors=(0.1, 0.2), worse_desk=0.4), start)
    page = visit.open("/models/letters/versions")
    expect(page.locator(".title-row .pill")).to_have_text("worse")
    rows = page.locator("table.risks tbody tr")
    expect(rows).to_have_count(3)
    interval = rows.first.locator("rect.interval")
    # Right of the line of equality, which is in the middle.
    assert float(interval.get_attribute("x") or 0) > 50
    assert float(interval.get_attribute("width") or 0) > 0
    page.get_by_label("Champion").select_option("2")
    page.get_by_label("Challenger").select_option("1")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".title-row .pill")).to_have_text("better")
    phone = visit.open("/models/letters/versions", width=390, colours="dark")
    expect(phone.locator("table.risks")).to_be_visible()
    assert overflow(phone) == 0
