"""The page of a stage graph in a real browser: drawn, coloured by verdict, fit for a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from driftline.store import Store
from tests.browser.conftest import Visit
from tests.browser.test_pages import overflow
from tests.seeding.stages import BEGIN, CHANGED_FROM, WINDOW, change, seed_stages

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PAGE = f"/stages/reading?since={BEGIN + CHANGED_FROM * WINDOW:%Y-%m-%dT%H:%M}"


@pytest.fixture
def stages(store: Store) -> None:
    seed_stages(store, change({"scan-prepare": 0.8}))


@pytest.mark.usefixtures("stages")
def test_the_graph_is_drawn_where_it_begins(visit: Visit) -> None:
    page = visit.open("/stages")
    page.get_by_role("link", name="reading").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("reading")
    page.goto(PAGE)
    expect(page.locator(".words p").first).to_contain_text("The change begins at stage preprocess")
    boxes = page.locator("g.box rect")
    expect(boxes).to_have_count(3)
    left = [float(box["x"]) for at in range(3) if (box := boxes.nth(at).bounding_box()) is not None]
    assert left == sorted(left)
    assert len(set(left)) == 3
    fills = [boxes.nth(at).evaluate("box => getComputedStyle(box).fill") for at in range(3)]
    assert fills[0] != fills[1] == fills[2]
    expect(page.locator("g.box.begins .name")).to_have_text("preprocess")
    expect(page.get_by_role("region", name="Stages").locator("tbody tr")).to_have_count(3)


@pytest.mark.usefixtures("stages")
def test_the_graph_fits_a_phone(visit: Visit) -> None:
    page = visit.open(PAGE, width=390, colours="dark")
    expect(page.locator(".words p").first).to_contain_text("preprocess")
    assert overflow(page) == 0
