"""Scores, scan, closing and budget: the parts of the evidence procedure, each by itself."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from detectors.decision import FieldDecision
from detectors.evidence.budget import looks_per_window, monitoring_threshold, single_look_threshold
from detectors.evidence.closing import recovered_over
from detectors.evidence.detector import FieldDetector, WindowCounts
from detectors.evidence.scan import SCALES, Series, mean_effect, scan
from detectors.evidence.scores import Score, scores_of, smoothed_shares
from detectors.evidence.tilting import mean_deviance, tilted_divergence
from detectors.profiles.baseline import BaselineColumn
from tests.seeding.columns import categorical_column, categorical_counts, numeric_column, numeric_counts

NORMAL = np.random.default_rng(0).normal(size=10_000)
LOCATION = Score("location", "location", np.array([-1.0, 1.0, 0.0]), 0.0, 1.0, 0.5)
SHARE = Score("share", "share", np.array([0.0, 1.0]), 0.2, 0.16, 1.0)


def series(means: Sequence[float] | np.ndarray, rows: float = 1000.0) -> Series:
    return Series(np.array(means, dtype=np.float64), np.full(len(means), rows))


class TestBudget:
    def test_thresholds_of_the_reference_procedure(self) -> None:
        per_field = 0.01 / 25
        assert round(monitoring_threshold(per_field / 2, 3600), 2) == 5.50
        assert round(monitoring_threshold(per_field / 2 / 12, 3600), 2) == 5.94

    def test_a_budget_twelve_times_stricter_costs_little(self) -> None:
        strict = monitoring_threshold(0.01 / 25 / 2 / 12, 3600)
        assert 0.3 < strict - monitoring_threshold(0.01 / 25 / 2, 3600) < 0.5

    def test_shorter_windows_look_more_often_and_need_more(self) -> None:
        assert monitoring_threshold(0.001, 60) > monitoring_threshold(0.001, 3600)

    @pytest.mark.parametrize("alpha", [1e-12, 1e-3, 0.5, 1.0, 40.0])
    @pytest.mark.parametrize("window_seconds", [1, 3600, 604_800])
    def test_every_budget_has_a_threshold(self, alpha: float, window_seconds: int) -> None:
        h = monitoring_threshold(alpha, window_seconds)
        expected = 2 * stats.norm.sf(h) * 30 * 86400 / window_seconds * looks_per_window(h)
        assert expected == pytest.approx(min(alpha, 1.0), rel=1e-6)

    def test_a_single_look_is_two_sided(self) -> None:
        assert single_look_threshold(0.05) == pytest.approx(stats.norm.isf(0.025))
        assert single_look_threshold(1e-12) == pytest.approx(stats.norm.isf(5e-13))


class TestScores:
    def test_numeric_scores_share_one_budget_half_of_it_for_location(self) -> None:
        column = numeric_column(NORMAL)
        scores = scores_of(column.layout, column.counts, 10_000)
        names = [score.name for score in scores]
        assert names == [
            "location", "below range", "above range", "missing", "middle half",
            *(f"octile {i}" for i in range(1, 9)),
        ]  # fmt: skip
        assert sum(score.budget_share for score in scores) == pytest.approx(1.0)
        assert scores[0].budget_share == 0.5

    def test_location_is_standardised_under_the_baseline(self) -> None:
        column = numeric_column(NORMAL)
        p = smoothed_shares(column.counts, 10_000)
        location = scores_of(column.layout, column.counts, 10_000)[0]
        values = p[:-1] / p[:-1].sum()
        assert float(values @ location.weights[:-1]) == pytest.approx(0, abs=1e-12)
        assert float(values @ location.weights[:-1] ** 2) == pytest.approx(1)
        assert location.weights[-1] == 0

    @pytest.mark.parametrize("shift", [-0.5, -0.2, 0.1, 0.5])
    def test_a_shift_in_standard_deviations_has_that_effect(self, shift: float) -> None:
        column = numeric_column(NORMAL)
        location = scores_of(column.layout, column.counts, 10_000)[0]
        now = numeric_counts(column.layout, NORMAL + shift)
        assert float(now @ location.weights) / now.sum() == pytest.approx(shift, rel=0.12)

    def test_a_weights_of_a_share_is_the_share(self) -> None:
        column = categorical_column(["a"] * 70 + ["b"] * 20 + [None] * 10)
        scores = {score.name: score for score in scores_of(column.layout, column.counts, 100)}
        assert list(scores) == ["a", "b", "(unseen)", "(missing)"]
        assert scores["a"].baseline_mean == pytest.approx(0.7, abs=0.01)
        assert 0 < scores["(unseen)"].baseline_mean < 0.002
        assert all(score.variance > 0 for score in scores.values())

    def test_a_field_without_values_can_only_come_alive(self) -> None:
        column = numeric_column(np.full(500, math.nan))
        assert [score.name for score in scores_of(column.layout, column.counts, 500)] == ["missing"]


class TestTilting:
    def test_for_a_share_it_is_the_binomial_divergence(self) -> None:
        for p, q in [(0.2, 0.3), (0.5, 0.01), (0.9, 0.999)]:
            expected = q * math.log(q / p) + (1 - q) * math.log((1 - q) / (1 - p))
            found = tilted_divergence(np.array([0.0, 1.0]), np.array([1 - p, p]), q)
            assert found == pytest.approx(expected, rel=1e-9)

    def test_for_a_smooth_law_it_is_the_normal_one(self) -> None:
        weights = np.linspace(-3, 3, 61)
        shares = np.exp(-(weights**2) / 2)
        shares /= shares.sum()
        variance = float(shares @ weights**2)
        assert tilted_divergence(weights, shares, 0.1) == pytest.approx(0.005 / variance, rel=0.01)

    def test_a_mean_out_of_reach_is_infinitely_far(self) -> None:
        assert tilted_divergence(np.array([0.0, 1.0]), np.array([0.5, 0.5]), 1.5) == math.inf
        assert tilted_divergence(np.array([0.0, 0.0]), np.array([0.5, 0.5]), 0.0) == 0.0
        assert tilted_divergence(np.array([0.0, 0.0]), np.array([0.5, 0.5]), 1.0) == math.inf

    def test_identical_samples_do_not_deviate(self) -> None:
        shares = np.array([0.1, 0.2, 0.7])
        assert mean_deviance(np.array([-200.0, 0.0, 3.0]), shares, shares, 100, 50) < 1e-5


class TestScan:
    def test_a_new_shift_is_found_at_scale_one(self) -> None:
        rng = np.random.default_rng(1)
        quiet = rng.normal(size=200) / math.sqrt(1000)
        found = scan(LOCATION, series([*quiet, 0.5]), 10_000)
        assert found.scale == 1
        assert found.effect == pytest.approx(0.5)
        assert found.evidence > 8

    def test_a_small_lasting_shift_is_found_by_pooling(self) -> None:
        rng = np.random.default_rng(2)
        means = rng.normal(size=224) / math.sqrt(1000)
        means[200:] += 0.1
        found = scan(LOCATION, series(means), 10_000)
        assert found.scale in (18, 24, 36)
        assert found.evidence > 6

    def test_with_nothing_behind_it_the_scan_is_deaf(self) -> None:
        assert scan(LOCATION, series([3.0]), 10_000).evidence == 0
        assert scan(LOCATION, series([3.0, 3.0]), 10_000).evidence == 0

    def test_independent_rows_need_nothing_behind_them(self) -> None:
        found = scan(LOCATION, series([0.2]), 10_000, independent_rows=True)
        assert found.evidence == pytest.approx(0.2 / math.sqrt(1 / 1000 + 1 / 10_000))

    def test_windows_that_swing_together_lower_the_evidence(self) -> None:
        rng = np.random.default_rng(3)
        quiet = rng.normal(size=100) / math.sqrt(1000)
        calm = scan(LOCATION, series([*quiet, 0.3]), 10_000)
        wild = scan(LOCATION, series([*(4 * quiet), 0.3]), 10_000)
        assert wild.evidence < calm.evidence / 2.5
        assert wild.standard_error > 2.5 * calm.standard_error

    def test_windows_without_values_do_not_make_it_confident(self) -> None:
        rng = np.random.default_rng(4)
        means = 4 * rng.normal(size=100) / math.sqrt(1000)
        rows = np.full(100, 1000.0)
        alone = scan(LOCATION, Series(means, rows), 10_000)
        padded_means, padded_rows = (
            np.insert(means, 50, np.zeros(200)),
            np.insert(rows, 50, np.full(200, 1e-6)),
        )
        padded = scan(LOCATION, Series(padded_means, padded_rows), 10_000)
        assert padded.evidence == pytest.approx(alone.evidence, rel=0.2)

    def test_the_baseline_counts_for_ten_thousand_rows_at_most(self) -> None:
        capped = scan(LOCATION, series([0.2]), 1e9, independent_rows=True)
        assert capped.evidence == scan(LOCATION, series([0.2]), 1e4, independent_rows=True).evidence

    def test_half_a_row_is_no_evidence_about_a_share(self) -> None:
        never = Score("rare", "share", np.array([0.0, 1.0]), 1e-5, 1e-5, 1.0)
        assert scan(never, series([0.0005]), 10_000, independent_rows=True).evidence < 1.0
        assert scan(never, series([0.02]), 10_000, independent_rows=True).evidence > 6

    def test_the_sign_of_an_effect_is_its_direction(self) -> None:
        up = scan(SHARE, series([0.3]), 10_000, independent_rows=True)
        down = scan(SHARE, series([0.1]), 10_000, independent_rows=True)
        assert up.effect > 0 > down.effect
        assert up.effect == pytest.approx(2 * (math.asin(math.sqrt(0.3)) - math.asin(math.sqrt(0.2))))

    def test_no_more_windows_are_pooled_than_there_are(self) -> None:
        assert mean_effect(LOCATION, series([0.1, 0.2]), 10_000, 50).scale == 2
        assert max(SCALES) == 168


class TestClosing:
    def test_an_effect_that_lasts_is_not_closed(self) -> None:
        assert recovered_over(LOCATION, series([0.4] * 10), 10_000, 0.5) is None

    def test_an_effect_that_went_is_closed_over_at_least_three_windows(self) -> None:
        assert recovered_over(LOCATION, series([0.5, 0.5, 0.0, 0.0]), 10_000, 0.5) is None
        assert recovered_over(LOCATION, series([0.5, 0.5, 0.0, 0.0, 0.0]), 10_000, 0.5) == 3

    def test_small_effects_take_longer_to_close(self) -> None:
        assert recovered_over(LOCATION, series([0.0] * 6), 10_000, 0.1) is None
        assert recovered_over(LOCATION, series([0.0] * 7), 10_000, 0.1) == 7

    @pytest.mark.parametrize("effect", [0.0, math.nan, math.inf])
    def test_no_effect_cannot_go(self, effect: float) -> None:
        assert recovered_over(LOCATION, series([0.0] * 9), 10_000, effect) is None

    def test_nothing_seen_closes_nothing(self) -> None:
        assert recovered_over(LOCATION, series([]), 10_000, 0.5) is None
        assert recovered_over(LOCATION, series([0.0] * 9, rows=5), 10_000, 5.0, min_rows=20) is None


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
        now[:20] = math.nan
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
        now[rng.random(1000) < 0.02] = math.nan
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

    def test_recovery_of_a_direction_that_is_no_more_is_not_claimed(self) -> None:
        column = numeric_column(NORMAL)
        window = WindowCounts(column.counts, 1000)
        assert detector(column).recovered([window] * 5, "nothing of that name", 0.5) is None
        assert detector(column).recovered([], "location", 0.5) is None
        assert detector(column).recovered([window] * 5, "location", 0.5) == 3
