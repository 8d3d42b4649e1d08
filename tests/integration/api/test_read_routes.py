"""Every read route answers as its documented example promises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from driftline.events import Label, record_labels
from driftline.store import Store
from tests.seeding.stages import seed_stages
from tests.seeding.story import EPISODE_ID, MODEL, RETRAIN_ID
from tests.seeding.two_versions import Traffic, seed_two_versions

API = "/api/v1"
PATHS = {
    "/models": "/models",
    "/models/{model}": f"/models/{MODEL}",
    "/models/{model}/health": f"/models/{MODEL}/health",
    "/models/{model}/fields": f"/models/{MODEL}/fields",
    "/models/{model}/fields/{field}": f"/models/{MODEL}/fields/image.sharpness",
    "/models/{model}/fields/{field}/explanation": f"/models/{MODEL}/fields/image.sharpness/explanation",
    "/models/{model}/attribution": f"/models/{MODEL}/attribution",
    "/models/{model}/budget": f"/models/{MODEL}/budget",
    "/models/{model}/windows": f"/models/{MODEL}/windows",
    "/models/{model}/labels/coverage": f"/models/{MODEL}/labels/coverage",
    "/models/{model}/labels/{event_id}": f"/models/{MODEL}/labels/batch-1/7",
    "/models/{model}/quality": f"/models/{MODEL}/quality",
    "/models/{model}/quality/attribution": f"/models/{MODEL}/quality/attribution",
    "/models/{model}/performance": f"/models/{MODEL}/performance",
    "/models/{model}/episodes": f"/models/{MODEL}/episodes",
    "/models/{model}/actions": f"/models/{MODEL}/actions",
    "/models/{model}/baselines": f"/models/{MODEL}/baselines",
    "/models/{model}/baseline-recipes": f"/models/{MODEL}/baseline-recipes",
    "/models/{model}/comparison": "/models/letters/comparison?champion=1&challenger=2",
    "/models/{model}/parity": "/models/letters/parity?a=1&b=2",
    "/models/{model}/costs": f"/models/{MODEL}/costs",
    "/fleet/changed": "/fleet/changed",
    "/stage-graphs": "/stage-graphs",
    "/stage-graphs/{name}": "/stage-graphs/reading",
    "/episodes": "/episodes",
    "/episodes/{episode_id}": f"/episodes/{EPISODE_ID}",
    "/actions": "/actions",
    "/actions/{action_id}": f"/actions/{RETRAIN_ID}",
}


def get(client: httpx2.Client, path: str, **query: Any) -> Any:
    answer = client.get(API + path, params=query or None)
    assert answer.status_code == 200, answer.text
    return answer.json()


def documented(app: FastAPI) -> dict[str, Any]:
    paths: dict[str, Any] = app.openapi()["paths"]
    return {path: methods["get"] for path, methods in paths.items() if "get" in methods}


def assert_alike(answer: dict[str, Any], example: dict[str, Any]) -> None:
    """The same members; an OpenAPI document leaves members out that are null in its examples."""
    assert set(example) | {"resolved_at"} & set(answer) == set(answer)


def test_every_route_is_documented_with_an_example_and_its_failures(app: FastAPI) -> None:
    routes = documented(app)
    assert {path.removeprefix(API) for path in routes if path.startswith(API)} == set(PATHS)
    for path, route in routes.items():
        content = route["responses"]["200"]["content"]
        assert all("example" in kind for kind in content.values()), path
        assert route["summary"], path
        if path.startswith(API):
            assert {"404", "422", "503"} <= set(route["responses"]), path


@pytest.mark.parametrize("template", PATHS)
def test_answers_have_the_shape_of_the_example(
    app: FastAPI, client: httpx2.Client, store: Store, template: str
) -> None:
    record_labels(store, MODEL, [Label("batch-1/7", "3")])
    if "letters" in PATHS[template]:
        seed_two_versions(store, Traffic(rows=200), datetime.now(UTC) - timedelta(hours=1))
    if "stage-graphs" in template:
        seed_stages(store)
    example = documented(app)[API + template]["responses"]["200"]["content"]["application/json"]["example"]
    answer = get(client, PATHS[template])
    assert_alike(answer, example)
    if "items" in example:
        assert answer["items"], "the story has entries of every kind"
        assert_alike(answer["items"][0], example["items"][0])


def test_models_are_searched_filtered_sorted_and_paged(client: httpx2.Client) -> None:
    found = get(client, "/models", team="face", status="healthy", sort="model", limit=2, offset=1)
    assert [entry["model"] for entry in found["items"]] == ["face-embed", "face-liveness"]
    assert found["total"] == 4
    assert found["counts"] == {"no_traffic": 1, "healthy": 4}
    assert get(client, "/models", search="DIGITS")["items"][0]["model"] == MODEL


def test_ranges_limit_histories(client: httpx2.Client) -> None:
    path = f"/models/{MODEL}/windows"
    newest = get(client, path, limit=3)["items"]
    assert len(newest) == 3
    older = get(client, path, until=newest[-1]["window_start"], limit=2)["items"]
    assert older[0]["window_start"] < newest[-1]["window_start"]
    # A time without an offset is UTC.
    naive = newest[-1]["window_start"].removesuffix("Z")
    assert get(client, path, since=naive)["items"] == newest
    assert get(client, path, since="2020-01-01T00:00:00+08:00", until="2020-01-02T00:00:00Z")["items"] == []
    assert {row["version"] for row in get(client, path, version="1")["items"]} == {"1"}


def test_episodes_and_actions_are_filtered(client: httpx2.Client) -> None:
    assert get(client, "/episodes", state="open")["items"] == []
    assert [found["episode_id"] for found in get(client, "/episodes", state="resolved")["items"]] == [
        EPISODE_ID
    ]
    retrains = get(client, "/actions", state="succeeded", episode_id=EPISODE_ID)["items"]
    assert [found["action_id"] for found in retrains] == [RETRAIN_ID]
    notes = get(client, f"/actions/{RETRAIN_ID}")["notes"]
    assert [note["state"] for note in notes] == ["pending", "sent", "running", "succeeded"]


def test_a_field_name_may_hold_a_slash(client: httpx2.Client) -> None:
    answer = client.get(f"{API}/models/{MODEL}/fields/a/b")
    assert answer.status_code == 404
    assert "no findings of a field 'a/b'" in answer.json()["message"]


def test_costs_say_what_was_measured(client: httpx2.Client) -> None:
    costs = get(client, f"/models/{MODEL}/costs")
    assert costs["total"]["grade"] == "measured"
    assert costs["total"]["gpu_usd"] is None
    assert costs["total"]["usd_per_1000_predictions"] > 0
    assert len(costs["steps"]) >= 30
    assert get(client, "/models/face-mask/costs")["total"] is None


def test_numbers_that_are_not_finite_are_null(client: httpx2.Client) -> None:
    bins = get(client, f"/models/{MODEL}/fields/scores.class")["bins"]
    assert (bins["baseline_mean"], bins["current_mean"]) == (None, None)


def test_an_explanation_is_in_words_and_figures(client: httpx2.Client) -> None:
    found = get(client, f"/models/{MODEL}/fields/scores.class/explanation")
    assert "'scores.class'" in found["words"][0]
    assert {one["name"] for one in found["rates"]} == {"missing", "unseen"}
    assert found["row_tests"]["tests"] == []
    assert found["row_tests"]["reason"]


def test_an_explanation_of_what_is_not_there_names_what_is_close(client: httpx2.Client) -> None:
    missing = client.get(f"{API}/models/{MODEL}/fields/image.sharpnes/explanation")
    assert missing.status_code == 404
    assert "did you mean 'image.sharpness'" in missing.json()["message"]
    unknown = client.get(f"{API}/models/digit-ocr/fields/x/explanation").json()
    assert (unknown["code"], "'digits-ocr'" in unknown["message"]) == ("not_found", True)


def test_an_attribution_says_what_carries_a_drift_or_that_nothing_does(client: httpx2.Client) -> None:
    (newest,) = get(client, f"/models/{MODEL}/attribution")["windows"]
    assert (newest["version"], newest["status"], newest["fields"]) == ("2", "ok", [])
    assert newest["words"].startswith("Nothing beyond noise")
    (before,) = get(client, f"/models/{MODEL}/attribution", version="1")["windows"]
    assert before["fields"][0]["name"] == "image.sharpness"
    assert "carry the drift" in before["words"]
    again = get(client, f"/models/{MODEL}/attribution", window_start=before["window_start"])
    assert again["windows"] == [before]
    missing = client.get(f"{API}/models/{MODEL}/attribution", params={"version": "9"})
    assert missing.status_code == 404
    assert "called '9'; there are '1', '2'" in missing.json()["message"]
    unknown = client.get(f"{API}/models/digit-ocr/attribution").json()
    assert (unknown["code"], "'digits-ocr'" in unknown["message"]) == ("not_found", True)


def test_changed_models_are_listed_at_a_level(client: httpx2.Client) -> None:
    found = get(client, "/fleet/changed", level=0.2)
    assert found["level"] == 0.2
    assert found["judged"] > 5
    assert f"of {found['judged']} models changed" in found["words"]
    for level in (0, 1, "nan", "much"):
        assert client.get(f"{API}/fleet/changed", params={"level": level}).status_code == 422
