"""A field over a range through the API: the same path, with ``since``; missing limits are null."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from tests.seeding.story import MODEL

PATH = f"/api/v1/models/{MODEL}/fields/image.sharpness/explanation"


def windows_of(client: httpx2.Client) -> list[dict[str, Any]]:
    """Windows of version 1, oldest first."""
    answer = client.get(f"/api/v1/models/{MODEL}/windows", params={"version": "1", "limit": 1000})
    items: list[dict[str, Any]] = answer.json()["items"]
    return sorted(items, key=lambda one: str(one["window_start"]))


def test_a_range_is_explained_until_now_or_until_a_time(client: httpx2.Client) -> None:
    windows = windows_of(client)
    first, third = windows[0]["window_start"], windows[3]["window_start"]
    part = client.get(PATH, params={"since": first, "until": third, "version": "1"})
    assert part.status_code == 200, part.text
    found = part.json()
    assert (found["windows"], found["first_window"], found["end"]) == (3, first, windows[2]["window_end"])
    assert found["rows"] == sum(one["rows"] for one in windows[:3])
    assert sum(one["windows"] for one in found["decided"] if one["change"] == "distribution") == 3
    assert sum(one["current"] for one in found["bins"]) == pytest.approx(1.0)
    assert found["baseline"]["mean"] is not None
    whole = client.get(PATH, params={"since": first, "version": "1"}).json()
    assert whole["windows"] == len(windows)
    assert any("drifted" in one for one in whole["words"])
    drifted = {one["status"]: one["windows"] for one in whole["decided"]}["drifted"]
    assert drifted > 0


@pytest.mark.parametrize(
    ("params", "status", "said"),
    [
        ({"until": "2026-01-01T00:00:00Z"}, 422, "until needs since"),
        ({"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, 422, "must be before until"),
        ({"since": "2026-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, 422, "must be before until"),
        ({"since": "2126-01-01T00:00:00Z"}, 422, "must be before now"),
        ({"since": "2026-01-01", "window": "2026-01-01T00:00:00"}, 422, "not for both"),
        (
            {"since": "2001-01-01T00:00:00", "until": "2001-01-02T00:00:00+01:00"},
            404,
            "windows begin between",
        ),
        ({"since": "yesterday"}, 422, "since"),
    ],
)
def test_a_range_that_cannot_be_explained_says_why(
    client: httpx2.Client, params: dict[str, str], status: int, said: str
) -> None:
    answer = client.get(PATH, params=params)
    assert (answer.status_code, said in answer.json()["message"]) == (status, True), answer.text


def test_both_answers_and_the_meaning_of_null_are_documented(app: FastAPI) -> None:
    document = app.openapi()
    route = document["paths"]["/api/v1/models/{model}/fields/{field}/explanation"]["get"]
    schema = route["responses"]["200"]["content"]["application/json"]["schema"]
    assert {one["$ref"].rpartition("/")[2] for one in schema["anyOf"]} == {"Explanation", "ExplainedRange"}
    upper = document["components"]["schemas"]["Measure"]["properties"]["upper"]["description"]
    assert "null: there is no upper limit" in upper


def test_an_hour_without_an_offset_is_utc(client: httpx2.Client) -> None:
    first = windows_of(client)[0]["window_start"]
    naive = first.removesuffix("Z").removesuffix("+00:00")
    answers = [client.get(PATH, params={"since": one, "version": "1"}).json() for one in (first, naive)]
    assert [one["first_window"] for one in answers] == [first, first]
    assert answers[0]["windows"] == answers[1]["windows"]
