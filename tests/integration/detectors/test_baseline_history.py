"""What a baseline learns from its windows, its segments, and the book that keeps baselines in memory."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from detectors.baselines.baseline import Baseline
from detectors.baselines.book import BaselineBook
from detectors.baselines.making import make_baseline
from detectors.baselines.recipe import RollingRecipe, SeasonalRecipe, WindowRecipe
from detectors.baselines.stored import load_baselines, save_baseline
from detectors.reference_rows import Batch, baseline_from_rows
from driftline.contracts import Contract, parse_contract
from driftline.readmodel.baseline_proposal import with_proposals
from driftline.readmodel.baseline_quality import Quality, parse_quality
from driftline.readmodel.baselines import baselines
from driftline.settings import Settings
from driftline.store import Store
from tests.integration.detectors.hourly import BEGIN, CONTRACT, HOUR, Hours

SEGMENTED = parse_contract(
    {
        "model": "shops",
        "fields": [
            {"name": "x", "kind": "numeric"},
            {"name": "c", "kind": "categorical"},
            {"name": "site", "kind": "categorical", "role": "segment"},
            {"name": "lane", "kind": "categorical", "role": "segment"},
        ],
    }
)


@pytest.fixture
def hourly(settings: Settings) -> Settings:
    return settings.model_copy(
        update={"window_seconds": 3600, "allowed_lateness_seconds": 0.0, "min_samples": 20}
    )


def made(store: Store, contract: Contract, settings: Settings, recipe: Any, **more: Any) -> Baseline:
    result = make_baseline(store, contract, settings, recipe, **more)
    assert isinstance(result, Baseline), result
    return result


def report(baseline: Baseline) -> Quality:
    quality = parse_quality(baseline.quality)
    assert quality is not None
    return quality


def assert_equal(first: Any, second: Any) -> None:
    """Equal in every part, NaN and arrays included."""
    if dataclasses.is_dataclass(first) and not isinstance(first, type):
        for part in dataclasses.fields(first):
            assert_equal(getattr(first, part.name), getattr(second, part.name))
    elif isinstance(first, dict):
        assert first.keys() == second.keys()
        for key, value in first.items():
            assert_equal(value, second[key])
    elif isinstance(first, (np.ndarray, float)):
        np.testing.assert_array_equal(first, second)
    else:
        assert first == second


class TestNoise:
    def test_two_weeks_with_a_daily_course(self, store: Store, hourly: Settings) -> None:
        hours = Hours(store, begin=BEGIN - timedelta(days=9))
        rng = np.random.default_rng(5)
        for hour in range(336):
            values = rng.normal(size=40) + np.sin(2 * np.pi * hour / 24)
            hours.send_values(hour, {"x": values.tolist(), "c": ["a", "b"] * 20})
        baseline = made(store, CONTRACT, hourly, SeasonalRecipe(weeks=2), now=hours.now(336))
        quality = report(baseline)
        assert quality.history is not None
        assert (quality.history.taken, quality.history.hours_of_week) == (336, 168)
        x, c = (next(one for one in quality.fields if one.field == name) for name in ("x", "c"))
        assert "regular course" in x.noise
        assert "regular course" not in c.noise
        assert baseline.columns["x"].noise
        shifts = [one.location_sd for one in x.detects]
        assert None not in shifts
        assert shifts == sorted(shifts, reverse=True, key=lambda shift: shift or 0)
        assert load_baselines(store, "hourly")[""].columns["x"].noise == baseline.columns["x"].noise

    def test_a_broken_hour_is_found_and_reported_without_any_finding(
        self, store: Store, hourly: Settings
    ) -> None:
        hours = Hours(store)
        hours.send(0, 72, rows=40)
        hours.send(30, 31, rows=400, shift=6.0)
        recipe = WindowRecipe(since=BEGIN, until=BEGIN + 72 * HOUR)
        baseline = made(store, CONTRACT, hourly, recipe, now=hours.now(72))
        assert baseline.columns["x"].rows == 71 * 40
        assert baseline.columns["c"].rows == 72 * 40 + 400
        history = report(baseline).history
        assert history is not None
        (stretch,) = history.stretches_left_out
        assert (stretch.since, stretch.until) == (BEGIN + 30 * HOUR, BEGIN + 31 * HOUR)
        assert stretch.why.startswith("x ")

    def test_a_day_teaches_nothing_that_live_windows_would_not(self, store: Store, hourly: Settings) -> None:
        hours = Hours(store)
        hours.send(0, 12, rows=40)
        recipe = WindowRecipe(since=BEGIN, until=BEGIN + 12 * HOUR)
        baseline = made(store, CONTRACT, hourly, recipe, now=hours.now(12))
        assert baseline.columns["x"].noise == b""
        quality = report(baseline)
        assert quality.verdict == "usable"
        assert any(reason.startswith("12 windows: too few") for reason in quality.reasons)
        assert quality.fields[0].detects[0].location_sd is not None


class TestSegments:
    def test_values_with_enough_rows_are_counted_apart(self, store: Store, hourly: Settings) -> None:
        self.send(store)
        recipe = RollingRecipe(days=1, exclude_last_hours=0)
        baseline = made(store, SEGMENTED, hourly, recipe, now=BEGIN + 30 * HOUR)
        assert set(baseline.segments) == {"site=north", "site=south", "lane=1"}
        north, south = baseline.segments["site=north"]["x"], baseline.segments["site=south"]["x"]
        assert north.layout is baseline.columns["x"].layout
        assert (north.rows, south.rows) == (24 * 30, 24 * 15)
        assert north.mean == pytest.approx(0, abs=0.2)
        assert south.mean == pytest.approx(4, abs=0.2)
        assert baseline.segments["lane=1"]["x"].rows == 24 * 50 == baseline.rows
        left = [one for one in report(baseline).segments if not one.kept]
        assert [(one.segment, one.rows) for one in left] == [("site=east", 24 * 5)]
        assert left[0].why == "120 rows, 200 are needed"

    def test_profiles_and_noise_are_kept_a_segment(self, store: Store, hourly: Settings) -> None:
        self.send(store)
        recipe = RollingRecipe(days=1, exclude_last_hours=0)
        baseline = made(store, SEGMENTED, hourly, recipe, now=BEGIN + 30 * HOUR)
        found = store.query(
            "SELECT toString(segment) AS segment, count() AS windows, sum(profiles.rows) AS events "
            "FROM profiles WHERE baseline_id = {id:String} AND field = 'x' GROUP BY segment ORDER BY segment",
            {"id": baseline.baseline_id},
        )
        assert [(row["segment"], row["windows"], row["events"]) for row in found] == [
            ("", 24, 1200),
            ("lane=1", 24, 1200),
            ("site=north", 24, 720),
            ("site=south", 24, 360),
        ]
        assert baseline.segments["site=north"]["x"].noise
        assert_equal(load_baselines(store, "shops")[""].segments, dict(baseline.segments))

    def test_none_when_the_owner_wants_none(self, store: Store, hourly: Settings) -> None:
        self.send(store)
        recipe = RollingRecipe(days=1, exclude_last_hours=0, per_segment=False)
        assert made(store, SEGMENTED, hourly, recipe, now=BEGIN + 30 * HOUR).segments == {}

    def test_rows_handed_over_have_them_too(self, store: Store, hourly: Settings) -> None:
        batch: Batch = {"x": [1.0] * 300 + [5.0] * 300, "site": ["a"] * 300 + ["b"] * 300}
        baseline = baseline_from_rows(store, SEGMENTED, [batch], name="n", source="s", settings=hourly)
        assert {name: one["x"].mean for name, one in baseline.segments.items()} == {
            "site=a": 1.0,
            "site=b": 5.0,
        }

    def send(self, store: Store) -> None:
        hours = Hours(store, SEGMENTED)
        rng = np.random.default_rng(6)
        sites = ["north"] * 30 + ["south"] * 15 + ["east"] * 5
        for hour in range(30):
            values = rng.normal(size=50) + 4 * (np.array(sites) == "south")
            hours.send_values(
                hour, {"x": values.tolist(), "c": ["a", "b"] * 25, "site": sites, "lane": ["1"] * 50}
            )


class TestBook:
    def test_holds_what_is_in_force_and_reads_it_once(
        self, store: Store, hourly: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        book = BaselineBook(store)
        book.refresh()
        assert (len(book), book.find("m", "1"), book.versions("m"), book.ids("m")) == (
            0,
            None,
            {},
            frozenset(),
        )

        TestSegments().send(store)
        recipe = RollingRecipe(days=1, exclude_last_hours=0)
        first = made(store, SEGMENTED, hourly, recipe, now=BEGIN + 30 * HOUR)
        rows: Batch = {"x": [1.0, 2.0, 3.0], "c": ["a", "b", None]}
        own = baseline_from_rows(store, SEGMENTED, [rows], name="own", source="s", version="2")
        book.refresh()
        assert_equal(book.find("shops", "1"), load_baselines(store, "shops")[""])
        assert_equal(book.find("shops", "2"), load_baselines(store, "shops")["2"])
        assert book.ids("shops") == {first.baseline_id, own.baseline_id}

        asked: list[str] = []
        original = store.query

        def noted(sql: str, *given: Any, **more: Any) -> Any:
            asked.append(sql)
            return original(sql, *given, **more)

        monkeypatch.setattr(store, "query", noted)
        book.refresh()
        assert len(asked) == 1, "what is known is not read again"
        newer = baseline_from_rows(store, SEGMENTED, [rows], name="newer", source="s", version="2")
        book.refresh()
        assert book.ids("shops") == {first.baseline_id, newer.baseline_id}
        assert len(book) == 2

    def test_packed_counts_are_the_aligned_ones(self, store: Store) -> None:
        rows: Batch = {"x": [1.0, 2.0, float("nan")], "c": ["a", "b", None]}
        baseline = baseline_from_rows(store, CONTRACT, [rows], name="n", source="s")
        book = BaselineBook(store)
        book.refresh()
        packed = book.packed("hourly", "any")
        assert packed is not None
        for field, column in baseline.columns.items():
            row = packed.places["", field]
            np.testing.assert_array_equal(packed.counts[row], column.layout.aligned(column.counts))
            assert packed.layout(row).edges == column.layout.edges


class TestProposal:
    def test_two_clean_weeks_behind_a_file_propose_history(self, store: Store) -> None:
        rows: Batch = {"x": [1.0, 2.0, 3.0]}
        baseline = baseline_from_rows(store, CONTRACT, [rows], name="n", source="s")
        now = BEGIN + timedelta(days=5)
        assert self.proposals(store, now) == [""]
        self.windows(store, baseline, now, ["ok"] * 340)
        assert "driftline baseline hourly --weeks 2`" in self.proposals(store, now)[0]

    def test_drift_or_less_than_two_weeks_propose_nothing(self, store: Store) -> None:
        baseline = baseline_from_rows(store, CONTRACT, [{"x": [1.0]}], name="n", source="s")
        now = BEGIN + timedelta(days=5)
        self.windows(store, baseline, now, ["ok"] * 300)
        assert self.proposals(store, now) == [""]
        self.windows(store, baseline, now, ["drifted"] * 30 + ["ok"] * 310)
        assert self.proposals(store, now) == [""]

    def test_one_with_history_needs_none(self, store: Store) -> None:
        baseline = baseline_from_rows(store, CONTRACT, [{"x": [1.0]}], name="n", source="s")
        now = BEGIN + timedelta(days=5)
        self.windows(store, baseline, now, ["ok"] * 340)
        found = baselines(store, "hourly")
        known = [one.model_copy(update={"history_until": now}) for one in found]
        assert with_proposals(store, "hourly", known, now)[0].proposal == ""

    def proposals(self, store: Store, now: Any) -> list[str]:
        return [one.proposal for one in with_proposals(store, "hourly", baselines(store, "hourly"), now)]

    def windows(self, store: Store, baseline: Baseline, now: Any, statuses: list[str]) -> None:
        starts = [now - (1 + number) * HOUR for number in range(len(statuses))]
        store.insert(
            "windows",
            {
                "model": ["hourly"] * len(statuses),
                "version": ["1"] * len(statuses),
                "window_start": starts,
                "window_end": [start + HOUR for start in starts],
                "baseline_id": [baseline.baseline_id] * len(statuses),
                "status": statuses,
                "rows": [10] * len(statuses),
                "computed_at": [now] * len(statuses),
            },
        )


def test_a_baseline_without_recipe_or_report_reads_as_a_file(store: Store) -> None:
    """As one that was stored before there were recipes."""
    baseline = baseline_from_rows(store, CONTRACT, [{"x": [1.0]}], name="n", source="s")
    save_baseline(store, dataclasses.replace(baseline, name="again"))
    store.command("ALTER TABLE baselines UPDATE recipe = '' WHERE 1 SETTINGS mutations_sync = 1")
    found = load_baselines(store, "hourly")[""]
    assert (found.recipe.kind, found.history, found.quality) == ("file", None, "")
    (shown, *_) = baselines(store, "hourly")
    assert (shown.recipe, shown.quality, shown.history_until) == ({"kind": "file"}, None, None)
