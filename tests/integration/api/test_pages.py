"""Pages as a server sends them: escaped, guarded, and helpful when there is nothing to show."""

from __future__ import annotations

import httpx2
import pytest

from driftline.settings import Settings
from driftline.store import Store
from service.api.app import create_app
from service.api.services import ApiServices
from tests.seeding import tables
from tests.seeding.fleet import contract
from tests.seeding.serving import serving
from tests.seeding.story import MODEL, WINDOW_SECONDS, Stage, seed_digits

HTML = {"accept": "text/html"}


def test_pages_allow_nothing_from_elsewhere(client: httpx2.Client) -> None:
    for path in ("/", f"/models/{MODEL}", "/models/nobody"):
        answer = client.get(path, headers=HTML)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy


def test_an_unknown_model_is_a_page_for_people_and_json_for_programs(client: httpx2.Client) -> None:
    page = client.get("/models/nobody", headers=HTML)
    assert page.status_code == 404
    assert "is unknown" in page.text
    assert page.headers["x-request-id"] in page.text
    assert client.get("/models/nobody").json()["code"] == "not_found"


def test_what_others_wrote_is_escaped(client: httpx2.Client, store: Store) -> None:
    evil = contract("evil", "<script>alert(1)</script>")
    tables.register_many(store, [evil])
    for path in ("/?search=<script>alert(1)</script>", "/", "/models/evil", "/models/evil?field=<script>"):
        assert "<script>" not in client.get(path, headers=HTML).text.replace("<script defer", "")


def test_series_keep_their_columns_as_long_as_their_axis(client: httpx2.Client) -> None:
    series = client.get(f"/models/{MODEL}/series.json").json()
    for name, chart in series["charts"].items():
        assert chart["x"] == sorted(chart["x"]), name
        assert chart["x"], name
        assert {len(column) for column in chart["columns"].values()} == {len(chart["x"])}, name
    assert [mark["label"] for mark in series["versions"]] == ["v2"]
    assert [band["open"] for band in series["episodes"]] == [False]
    assert (series["fields_drawn"], series["fields_total"]) == (6, 8)


def test_an_empty_fleet_says_what_to_do_next(store: Store, settings: Settings) -> None:
    with (
        serving(create_app(ApiServices(store, settings))) as url,
        httpx2.Client(base_url=url, trust_env=False, headers=HTML) as client,
    ):
        assert "driftline collect" in client.get("/").text
        tables.register_many(store, [contract("new", "nlp")])
        page = client.get("/models/new").text
        assert "No field has been compared yet" in page
        assert "driftline baseline" in page


def test_a_drifting_model_shows_what_carries_it(store: Store, settings: Settings) -> None:
    seed_digits(store, Stage.DECAYING)
    quick = settings.model_copy(update={"window_seconds": WINDOW_SECONDS, "allowed_lateness_seconds": 1.0})
    with (
        serving(create_app(ApiServices(store, quick))) as url,
        httpx2.Client(base_url=url, trust_env=False, headers=HTML) as client,
    ):
        page = client.get(f"/models/{MODEL}").text
    assert "What carries it" in page
    assert "carry the drift" in page


def test_a_healthy_model_has_nothing_to_attribute(client: httpx2.Client) -> None:
    assert "What carries it" not in client.get(f"/models/{MODEL}", headers=HTML).text


@pytest.mark.parametrize("query", ["offset=-1", "status=ill", "sort=x", "search=" + "a" * 300])
def test_a_wrong_query_is_refused_with_a_page(client: httpx2.Client, query: str) -> None:
    answer = client.get(f"/?{query}", headers=HTML)
    assert answer.status_code == 422
    assert "query." in answer.text
