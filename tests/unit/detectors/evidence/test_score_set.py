"""Directed scores of stacks of fields."""

from __future__ import annotations

import math

import numpy as np
import pytest

from detectors.baselines.baseline import BaselineColumn
from detectors.evidence.score_set import CHANGES, ScoreSet
from detectors.evidence.scoring import score_set
from detectors.profiles.layout import MISSING_AT, UNSEEN_AT
from tests.seeding.columns import (
    categorical_column,
    categorical_counts,
    numeric_column,
    numeric_counts,
)

NORMAL = np.random.default_rng(0).normal(size=10_000)


def scores_of(*columns: BaselineColumn) -> ScoreSet:
    counts = np.stack([column.layout.aligned(column.counts) for column in columns])
    return score_set(
        [column.layout for column in columns], counts, np.array([c.effective_rows for c in columns])
    )


def live_names(scores: ScoreSet, field: int = 0) -> list[str]:
    return [name for name, live in zip(scores.names(field), scores.live[field], strict=True) if live]


class TestNumeric:
    def test_one_budget_half_of_it_for_location(self) -> None:
        scores = scores_of(numeric_column(NORMAL))
        assert live_names(scores) == [
            "missing", "location", "below range", "above range", "middle half",
            *(f"octile {i}" for i in range(1, 9)),
        ]  # fmt: skip
        assert scores.budget.sum() == pytest.approx(1.0)
        assert scores.budget[0, scores.index(0, "location") or 0] == 0.5

    def test_location_is_standardised_under_the_baseline(self) -> None:
        scores = scores_of(numeric_column(NORMAL))
        weights, p = scores.weights[0, 1], scores.shares[0]
        assert float(p @ weights) == pytest.approx(0, abs=1e-6)
        assert float(p @ weights**2) == pytest.approx(1, rel=1e-6)
        assert weights[MISSING_AT] == 0

    @pytest.mark.parametrize("shift", [-0.5, -0.2, 0.1, 0.5])
    def test_a_shift_in_standard_deviations_has_that_effect(self, shift: float) -> None:
        column = numeric_column(NORMAL)
        now = column.layout.aligned(numeric_counts(column.layout, NORMAL + shift))
        means, usable = scores_of(column).measure(now[None, None])
        assert usable.all()
        assert means[0, 0, 1] == pytest.approx(shift, rel=0.12)

    def test_values_that_go_missing_are_a_change_of_missing_alone(self) -> None:
        column = numeric_column(NORMAL)
        gone = NORMAL.copy()
        gone[::5] = math.nan
        now = column.layout.aligned(numeric_counts(column.layout, gone))
        means, _ = scores_of(column).measure(now[None, None])
        assert means[0, 0, 0] == pytest.approx(0.2, abs=1e-4)
        assert np.abs(means[0, 0, 1:]).max() < 0.02

    def test_a_field_without_values_can_only_come_alive(self) -> None:
        assert live_names(scores_of(numeric_column(np.full(500, math.nan)))) == ["missing"]

    def test_regions_are_those_of_the_layout(self) -> None:
        column = numeric_column(NORMAL)
        scores = scores_of(column)
        regions = column.layout.regions()
        for name, region in (("below range", "below"), ("above range", "above")):
            members = scores.weights[0, scores.index(0, name) or 0, : len(regions)]
            assert members.astype(bool).tolist() == [one == region for one in regions]


class TestCategorical:
    def test_the_mean_of_a_share_is_the_share_among_rows_with_a_value(self) -> None:
        scores = scores_of(categorical_column(["a"] * 70 + ["b"] * 20 + [None] * 10))
        assert live_names(scores) == ["(missing)", "(unseen)", "a", "b"]
        assert scores.base[0, scores.index(0, "a") or 0] == pytest.approx(70 / 90, abs=0.01)
        assert scores.base[0, 0] == pytest.approx(0.1, abs=0.01)
        assert 0 < scores.base[0, 1] < 0.002
        assert (scores.variance[scores.live] > 0).all()

    def test_the_largest_categories_are_compared_with_each_other(self) -> None:
        scores = scores_of(categorical_column(["a"] * 40 + ["b"] * 30 + ["c"] * 25 + ["d"] * 5))
        contrasts = [name for name in live_names(scores) if "against" in name]
        assert contrasts == ["a against b", "a against c", "b against c"]
        at = scores.index(0, "a against b") or 0
        assert float(scores.shares[0] @ scores.weights[0, at]) == pytest.approx(0, abs=1e-6)
        assert float(scores.shares[0] @ scores.weights[0, at] ** 2) == pytest.approx(1, rel=1e-5)
        assert scores.budget[0, 2:8].sum() == pytest.approx(0.5)
        assert scores.budget.sum() == pytest.approx(1.0)

    def test_a_contrast_sees_a_move_best(self) -> None:
        column = categorical_column(["a"] * 400 + ["b"] * 300 + ["c"] * 300)
        scores = scores_of(column)
        now = column.layout.aligned(
            categorical_counts(column.layout, ["a"] * 350 + ["b"] * 350 + ["c"] * 300)
        )
        means, _ = scores.measure(now[None, None])
        deviation = np.abs(means[0, 0]) / np.sqrt(scores.variance[0])
        assert scores.names(0)[int(np.argmax(deviation))] == "a against b"

    def test_kinds_of_change(self) -> None:
        scores = scores_of(categorical_column(["a", "b"] * 50))
        assert [CHANGES[change] for change in scores.change[:2]] == ["missing", "unseen"]
        assert scores.weights[0, 1, UNSEEN_AT] == 1
        assert (scores.change[2:] == 0).all()


class TestStack:
    def test_a_stack_is_each_alone(self) -> None:
        rng = np.random.default_rng(3)
        columns = [numeric_column(rng.normal(size=400)), numeric_column(np.full(300, 7.0)),
                   numeric_column(rng.integers(0, 3, 500).astype(float))]  # fmt: skip
        stacked = scores_of(*columns)
        for at, column in enumerate(columns):
            alone = scores_of(column)
            for name in ("weights", "base", "variance", "budget", "shares"):
                assert np.array_equal(getattr(stacked, name)[at], getattr(alone, name)[0])

    def test_a_broken_baseline_is_its_own_affair(self) -> None:
        good = numeric_column(NORMAL)
        counts = np.stack([good.layout.aligned(good.counts)] * 5)
        counts[1, 3], counts[2], counts[3, 0] = math.nan, 0.0, -1.0
        rows = np.array([10_000.0, 10_000.0, 10_000.0, 10_000.0, math.inf])
        scores = score_set([good.layout] * 5, counts, rows)
        assert set(scores.problems) == {1, 2, 3, 4}
        assert "no rows" in scores.problems[2]
        assert np.array_equal(scores.base[0], scores_of(good).base[0])
        assert not scores.live[1:].any()

    def test_windows_that_hold_nothing_measure_nothing(self) -> None:
        column = numeric_column(NORMAL)
        counts = np.stack([column.layout.aligned(column.counts)] * 4)
        counts[1], counts[2, 0], counts[3, :MISSING_AT], counts[3, MISSING_AT] = 0.0, math.inf, 0.0, 9.0
        means, usable = scores_of(column).measure(counts[None])
        assert usable[0].tolist() == [True, False, False, True]
        assert not means[0, 1:3].any()
        assert not means[0, 3, 1:].any()

    def test_fields_of_both_kinds_do_not_stack(self) -> None:
        with pytest.raises(ValueError, match="one kind"):
            scores_of(numeric_column(NORMAL), categorical_column(["a"]))
