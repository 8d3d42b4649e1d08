"""Search, filter, sort and paging of the fleet, as a pure function."""

from __future__ import annotations

import pytest

from driftline.readmodel.fleet import FleetQuery, FleetSort, ModelSummary, Quality, select_page
from driftline.readmodel.status import STATUSES, ModelStatus
from service.api.examples import SUMMARY


def entry(model: str, status: ModelStatus, team: str = "ocr", accuracy: float | None = None) -> ModelSummary:
    quality = Quality.model_validate(dict(SUMMARY.quality or {}) | {"value": accuracy})
    return SUMMARY.model_copy(
        update={
            "model": model,
            "status": status,
            "team": team,
            "quality": None if accuracy is None else quality,
            "predictions": len(model),
        }
    )


FLEET = [
    entry("b-healthy", "healthy", "face", 0.9),
    entry("a-healthy", "healthy", "speech", 0.8),
    entry("drifter", "drifting", "face"),
    entry("decayer", "decaying", "", 0.7),
]


def names(query: FleetQuery) -> list[str]:
    return [found.model for found in select_page(FLEET, query).items]


def test_worst_comes_first_and_names_break_ties() -> None:
    assert names(FleetQuery()) == ["decayer", "drifter", "a-healthy", "b-healthy"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("model", ["a-healthy", "b-healthy", "decayer", "drifter"]),
        ("quality", ["decayer", "a-healthy", "b-healthy", "drifter"]),
        ("team", ["b-healthy", "drifter", "a-healthy", "decayer"]),
        ("traffic", ["decayer", "drifter", "a-healthy", "b-healthy"]),
    ],
)
def test_each_sort(sort: FleetSort, expected: list[str]) -> None:
    assert names(FleetQuery(sort=sort)) == expected


def test_unknown_values_stay_last_when_the_order_turns_round() -> None:
    assert names(FleetQuery(sort="quality", descending=True)) == [
        "b-healthy",
        "a-healthy",
        "decayer",
        "drifter",
    ]


def test_search_looks_into_names_and_teams_without_case() -> None:
    assert names(FleetQuery(search="FACE")) == ["drifter", "b-healthy"]
    assert names(FleetQuery(search="dec")) == ["decayer"]


def test_counts_ignore_the_status_filter_but_not_the_search() -> None:
    page = select_page(FLEET, FleetQuery(search="face", status="healthy"))
    assert page.counts == {"drifting": 1, "healthy": 1}
    assert (page.total, [found.model for found in page.items]) == (1, ["b-healthy"])
    assert page.teams == ("face", "speech")


def test_pages_cover_the_fleet_once() -> None:
    pages = [names(FleetQuery(limit=3, offset=offset)) for offset in (0, 3, 6)]
    assert [len(page) for page in pages] == [3, 1, 0]
    assert sorted(name for page in pages for name in page) == sorted(found.model for found in FLEET)


def test_counts_come_worst_first() -> None:
    found = list(select_page(FLEET, FleetQuery()).counts)
    assert found == [status for status in STATUSES if status in found]
