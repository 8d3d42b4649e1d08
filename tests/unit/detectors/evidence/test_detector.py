"""The single look of a check, and one field's windows: a stack of one."""

from __future__ import annotations

import numpy as np

from detectors.baselines.baseline import BaselineColumn
from detectors.decision import FieldDecision
from detectors.evidence.detector import FieldDetector, WindowCounts
from tests.seeding.columns import categorical_column, categorical_counts, numeric_column, numeric_counts

NORMAL = np.random.default_rng(0).normal(size=10_000)


def detector(
    column: BaselineColumn, *, window_seconds: float | None = None, alpha: float = 0.01
) -> FieldDetector:
    return FieldDetector(column, alpha=alpha, window_seconds=window_seconds, tolerance=0.05, min_samples=100)


def once(column: BaselineColumn, counts: np.ndarray) -> FieldDecision:
    return detector(column).decide([WindowCounts(counts, float(counts.sum()))])


class TestDetector:
    def test_one_odd_row_beside_a_constant_is_no_drift(self) -> None:
        column = numeric_column(np.full(10_000, 5.0))
        odd = np.full(1000, 5.0)
        odd[0] = 6.0
        counts = numeric_counts(column.layout, odd)
        assert once(column, counts).status == "ok"
        quiet = WindowCounts(numeric_counts(column.layout, np.full(1000, 5.0)), 1000)
        watched = detector(column, window_seconds=3600, alpha=0.01 / 12 / 2)
        assert watched.decide([*[quiet] * 200, WindowCounts(counts, 1000)]).status == "ok"

    def test_a_constant_that_becomes_another_is_drift(self) -> None:
        column = numeric_column(np.full(10_000, 5.0))
        decision = once(column, numeric_counts(column.layout, np.full(1000, 6.0)))
        assert decision.status == "drifted"

    def test_a_share_of_rare_values_is_judged_as_the_count_it_is(self) -> None:
        # Normal theory on a location carried by one row in five thousand alarms far too often.
        rng = np.random.default_rng(5)
        alarms = 0
        for _ in range(500):
            column = numeric_column((rng.random(10_000) < 0.0002).astype(float))
            now = numeric_counts(column.layout, (rng.random(1000) < 0.0002).astype(float))
            alarms += once(column, now).status == "drifted"
        assert alarms <= 3

    def test_an_unchanged_field_of_two_hundred_categories_is_not_flagged(self) -> None:
        rng = np.random.default_rng(6)
        names = np.array([f"c{i}" for i in range(200)])
        shares = rng.dirichlet(np.ones(200))
        alarms = 0
        for _ in range(60):
            column = categorical_column(rng.choice(names, 10_000, p=shares).tolist())
            now = categorical_counts(column.layout, rng.choice(names, 1000, p=shares).tolist())
            alarms += once(column, now).status == "drifted"
        assert alarms <= 3

    def test_missing_that_appears_is_found_at_once(self) -> None:
        column = numeric_column(NORMAL)
        now = np.random.default_rng(7).normal(size=1000)
        now[:20] = np.nan
        decision = once(column, numeric_counts(column.layout, now))
        assert (decision.status, decision.direction) == ("drifted", "missing")

    def test_missing_that_appears_is_found_in_monitoring_too(self) -> None:
        rng = np.random.default_rng(8)
        column = numeric_column(NORMAL)
        watched = detector(column, window_seconds=3600, alpha=0.01 / 25)
        windows = [
            WindowCounts(numeric_counts(column.layout, rng.normal(size=1000)), 1000) for _ in range(200)
        ]
        now = rng.normal(size=1000)
        now[rng.random(1000) < 0.02] = np.nan
        windows.append(WindowCounts(numeric_counts(column.layout, now), 1000))
        assert watched.decide(windows).direction == "missing"
        assert watched.decide(windows).status == "drifted"

    def test_too_few_rows_decide_nothing(self) -> None:
        column = numeric_column(NORMAL)
        few = WindowCounts(numeric_counts(column.layout, NORMAL[:50] + 9), 50)
        decision = detector(column).decide([few])
        assert decision.status == "insufficient_data"
        assert "50 effective" in decision.reason
        assert detector(column).decide([]).status == "insufficient_data"

    def test_a_small_baseline_decides_nothing(self) -> None:
        column = numeric_column(NORMAL[:60])
        decision = once(column, numeric_counts(column.layout, NORMAL[:1000]))
        assert decision.status == "insufficient_data"
        assert "baseline" in decision.reason
