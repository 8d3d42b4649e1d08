"""The pages in a real browser: drawn, clickable, kept current, and fit for a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from driftline.store import Store
from tests.browser.conftest import Visit
from tests.seeding.fleet import seed_fleet
from tests.seeding.story import EPISODE_ID, MODEL, Stage, seed_digits

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

CHARTS = ("quality", "evidence", "effect", "traffic", "cost")

_INK = """canvas => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const seen = new Set();
  for (let i = 0; i < pixels.length; i += 4) if (pixels[i + 3] > 0) seen.add(pixels.slice(i, i + 3).join());
  return seen.size;
}"""


def ink(page: Page, chart: str) -> int:
    """How many colours a chart's canvas holds; an empty canvas has none."""
    canvas = page.locator(f"[data-chart={chart}] canvas")
    canvas.wait_for()
    return int(canvas.evaluate(_INK))


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than the screen."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def test_from_the_fleet_to_a_model_to_the_bins_of_a_field(visit: Visit, store: Store) -> None:
    seed_digits(store, Stage.DECAYING)
    total = 1 + seed_fleet(store)
    page = visit.open("/")
    rows = page.locator("table.fleet tbody tr")
    expect(rows).to_have_count(total)
    expect(rows.first).to_contain_text("decaying")
    page.get_by_role("link", name=MODEL, exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_have_text(MODEL)
    expect(page.locator(".model-head .why")).to_contain_text("below the baseline's 96.7%")
    for chart in CHARTS:
        assert ink(page, chart) > 3, f"chart {chart} is empty"
    expect(page.locator("#bins h3")).to_have_text("image.sharpness")

    page.get_by_role("link", name="image.noise", exact=True).click()
    expect(page.locator("#bins h3")).to_have_text("image.noise")
    expect(page).to_have_url(re.compile(r"field=image\.noise"))
    expect(page.locator("#bins svg rect.current").first).to_be_attached()
    # The choice outlives the next refresh, and so does what the reader has unfolded.
    page.locator("#bins summary").click()
    with page.expect_response(lambda response: "/models/" in response.url and "series" not in response.url):
        pass
    expect(page.locator("#bins h3")).to_have_text("image.noise")
    expect(page.locator("#bins table.shares")).to_be_visible()
    page.go_back()
    expect(page.locator("#bins h3")).to_have_text("image.sharpness")


def test_a_page_left_open_picks_up_a_new_episode(visit: Visit, store: Store) -> None:
    seed_digits(store, Stage.HEALTHY)
    model, fleet = visit.open(f"/models/{MODEL}"), visit.open("/")
    expect(model.locator(".title-row .pill")).to_have_text("healthy")
    expect(model.get_by_text("No episode", exact=True)).to_be_visible()
    store.command("TRUNCATE TABLE windows")
    store.command("TRUNCATE TABLE findings")
    seed_digits(store, Stage.DECAYING)
    expect(model.locator(f"#{EPISODE_ID}")).to_contain_text("Retrain requested")
    expect(model.locator(".title-row .pill")).to_have_text("decaying")
    expect(fleet.locator(f"#row-{MODEL}")).to_contain_text("harmful drift")
    expect(fleet.locator("#freshness")).to_contain_text("Updated")


def test_the_fleet_is_searched_while_typing_and_sorted_by_keyboard(visit: Visit, store: Store) -> None:
    seed_fleet(store, extra=60)
    page = visit.open("/")
    expect(page.locator(".paging")).to_contain_text("1 to 50 of")
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".paging")).to_contain_text("51 to")
    page.goto("/")
    page.get_by_role("searchbox").press_sequentially("asr-")
    expect(page.locator("table.fleet tbody tr")).to_have_count(4)
    expect(page).to_have_url(re.compile("search=asr-"))
    # Filters survive the refresh that follows.
    with page.expect_response(lambda response: "search=asr-" in response.url):
        pass
    expect(page.locator("table.fleet tbody tr")).to_have_count(4)
    heading = page.get_by_role("link", name="Model", exact=True)
    heading.focus()
    page.keyboard.press("Enter")
    expect(page.locator("th[aria-sort=ascending]")).to_have_text(re.compile("Model"))
    assert page.locator("table.fleet tbody th a").all_inner_texts() == sorted(
        page.locator("table.fleet tbody th a").all_inner_texts()
    )
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_scrolls_sideways_and_text_can_be_read(
    visit: Visit, store: Store, width: int, colours: str
) -> None:
    seed_digits(store, Stage.RECOVERED)
    seed_fleet(store)
    for path in ("/", f"/models/{MODEL}", "/models/face-mask"):
        page = visit.open(path, width=width, colours="dark" if colours == "dark" else "light")
        if path.endswith(MODEL):
            assert ink(page, "evidence") > 3
        assert overflow(page) == 0, path
        assert contrast(page, "body") >= 7
        assert contrast(page, ".pill") >= 4.5


def test_a_recovered_model_tells_the_whole_story(visit: Visit, store: Store) -> None:
    seed_digits(store, Stage.RECOVERED)
    page = visit.open(f"/models/{MODEL}")
    steps = page.locator(f"#{EPISODE_ID} .steps b").all_inner_texts()
    assert steps == [
        "Harmful drift found",
        "Notified: opened",
        "Retrain requested",
        "Pipeline run succeeded",
        "Evaluation gate passed",
        "Version 2 deployed",
        "Recovered",
        "Notified: resolved",
    ]


def test_a_lost_server_is_said_and_the_figures_stay(visit: Visit, store: Store) -> None:
    seed_fleet(store)
    page = visit.open("/")
    page.route("**/*", lambda route: route.fulfill(status=503, body="gone"))
    expect(page.locator("#freshness")).to_contain_text("does not answer")
    expect(page.locator("table.fleet tbody tr").first).to_be_visible()
    page.unroute_all()
    expect(page.locator("#freshness")).to_contain_text("Updated")
    # Chromium itself notes the answers that were made to fail.
    assert all("503" in fault for fault in visit.faults)
    visit.faults.clear()


def contrast(page: Page, selector: str) -> float:
    """WCAG contrast of an element's text on its background (its own, or the page's)."""
    script = """element => {
      const solid = (node) => {
        while (node) {
          const colour = getComputedStyle(node).backgroundColor;
          if (!/, 0\\)$|transparent/.test(colour)) return colour;
          node = node.parentElement;
        }
        return "rgb(255, 255, 255)";
      };
      const luminance = (colour) => {
        const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255);
        const linear = parts.map((part) => {
          return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
      };
      const [text, ground] = [luminance(getComputedStyle(element).color), luminance(solid(element))];
      return (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
    }"""
    return float(page.locator(selector).first.evaluate(script))
