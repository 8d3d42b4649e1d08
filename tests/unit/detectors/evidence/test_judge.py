"""Deciding about many fields in many windows."""

from __future__ import annotations

import math
from dataclasses import fields as fields_of

import numpy as np
import pytest

from detectors.decision import STATUSES
from detectors.evidence.decisions import DRIFTED, FAILED, INSUFFICIENT, Decisions
from detectors.evidence.judge import Judge
from detectors.evidence.noise import Noise
from detectors.evidence.pooling import REACH
from detectors.evidence.score_set import CHANGES
from detectors.evidence.scoring import score_set
from detectors.evidence.series import ScoreSeries
from detectors.evidence.states import NO_WINDOW, States
from tests.unit.detectors.evidence.streams import ALPHA, LAYOUT, Vector, drawn, filed, learnt

HISTORY = 336
ARRAYS = (
    "status", "score", "effect", "evidence", "threshold", "scale", "minimum_detectable_effect",
    "change_start", "change_earliest", "change_latest", "floor",
)  # fmt: skip


def eventful(rng: np.random.Generator, windows: int) -> Vector:
    """Counts of six fields: quiet; a passing shift; a lasting one; missing values; gaps; few rows."""
    mean, missing = np.zeros((6, windows)), np.zeros((6, windows))
    rows = np.full((6, windows), 1000)
    mean[1, 30:60] = 0.3
    mean[2, 80:] = -0.2
    missing[3, 50:90] = 0.05
    rows[4, 20:40] = 0
    rows[5, ::7] = 40
    return drawn(rng, mean, rows, missing)


def same(first: Decisions, second: Decisions, at: int) -> None:
    for name in ARRAYS:
        one, other = getattr(first, name)[:, at], getattr(second, name)[:, 0]
        assert np.allclose(one, other, rtol=1e-6, atol=1e-9, equal_nan=True), (name, at)


class TestLiveIsReplay:
    @pytest.mark.parametrize("history", [True, False])
    def test_window_by_window_is_all_at_once(self, history: bool) -> None:
        rng = np.random.default_rng(5)
        before, after = drawn(rng, np.zeros((6, HISTORY))), eventful(rng, 120)
        if history:
            known = learnt(before)
            scores, judge = known.scores, known.judge()
        else:
            scores, judge = filed(rng, 6)
        counts = np.concatenate([before[:, -REACH:], after], axis=1)
        series = ScoreSeries.of_counts(scores, counts, counts.sum(-1), 1000)
        replayed, end = judge.decide(series, targets=120)
        states = None
        for target in range(120):
            stop = REACH + target + 1
            live, states = judge.decide(series.span(stop - REACH, stop), states)
            same(replayed, live, target)
        assert states is not None
        for field in fields_of(States):
            assert np.allclose(getattr(end, field.name), getattr(states, field.name))
        drifted = replayed.status == DRIFTED
        assert drifted[1, :, 0].any()
        assert not drifted[1, -1, 0]
        assert drifted[2, -1, 0]
        assert drifted[3, :, CHANGES.index("missing")].any()
        assert not drifted[0].any()

    def test_a_stretch_in_two_parts_is_the_stretch(self) -> None:
        rng = np.random.default_rng(6)
        scores, judge = filed(rng, 6)
        counts = np.concatenate([drawn(rng, np.zeros((6, REACH))), eventful(rng, 120)], axis=1)
        series = ScoreSeries.of_counts(scores, counts, counts.sum(-1), 1000)
        whole, _ = judge.decide(series, targets=120)
        _, states = judge.decide(series.span(0, REACH + 70), targets=70)
        second, _ = judge.decide(series, states, targets=50)
        assert np.array_equal(whole.status[:, 70:], second.status)

    def test_a_stack_is_each_alone(self) -> None:
        rng = np.random.default_rng(7)
        known = learnt(drawn(rng, np.zeros((6, HISTORY))))
        series = known.series(eventful(rng, 120))
        judge = known.judge()
        together, _ = judge.decide(series, targets=120)
        for field in range(6):
            one = Judge(
                known.scores.select(slice(field, field + 1)), known.noise.select(slice(field, field + 1)),
                alphas=ALPHA, window_seconds=3600, tolerances=0.05, min_samples=100,
            )  # fmt: skip
            alone, _ = one.decide(series.select(slice(field, field + 1)), targets=120)
            for name in ARRAYS:
                expected = getattr(together, name)[field]
                assert np.allclose(getattr(alone, name)[0], expected, equal_nan=True), name


class TestEpisodes:
    def test_a_change_is_dated_and_closed(self) -> None:
        rng = np.random.default_rng(8)
        known = learnt(drawn(rng, np.zeros((1, HISTORY))))
        mean = np.zeros((1, 100))
        mean[0, 40:70] = 0.4
        decisions, states = known.judge().decide(known.series(drawn(rng, mean)), targets=100)
        open_windows = np.flatnonzero(decisions.status[0, :, 0] == DRIFTED)
        assert open_windows[0] == 40
        assert 69 < open_windows[-1] + 1 <= 74
        assert np.array_equal(open_windows, np.arange(open_windows[0], open_windows[-1] + 1))
        found = decisions.decision(0, 55)
        assert (found.status, found.direction) == ("drifted", "location")
        assert found.effect == pytest.approx(0.4, abs=0.1)
        assert found.change_start == known.end + 40
        assert found.change_earliest is not None
        assert found.change_latest is not None
        assert found.change_earliest <= found.change_start <= found.change_latest
        assert not states.open.any()
        assert states.floor[0, 0] > known.end + 69
        assert states.change_start[0, 0] == NO_WINDOW

    def test_with_noise_learned_live_it_is_closed_as_soon(self) -> None:
        # The jumps up and down are differences too: they must not make the closing wait for certainty.
        rng = np.random.default_rng(19)
        scores, judge = filed(rng, 5)
        mean = np.zeros((5, 80))
        mean[:, 30:33] = 2.0
        counts = drawn(rng, mean, 200)
        decisions, states = judge.decide(ScoreSeries.of_counts(scores, counts, counts.sum(-1)), targets=80)
        drifted = decisions.status[:, :, 0] == DRIFTED
        assert drifted[:, 30:33].all()
        assert not drifted[:, :30].any()
        assert not drifted[:, 37:].any()
        assert (states.floor[:, 0] >= 33).all()

    def test_a_change_that_lasts_keeps_its_beginning(self) -> None:
        rng = np.random.default_rng(9)
        known = learnt(drawn(rng, np.zeros((1, HISTORY))))
        mean = np.zeros((1, 300))
        mean[0, 10:] = 0.4
        decisions, states = known.judge().decide(known.series(drawn(rng, mean)), targets=300)
        assert (decisions.status[0, 10:, 0] == DRIFTED).all()
        assert decisions.change_start[0, 299, 0] == known.end + 10
        assert states.change_start[0, 0] == known.end + 10

    def test_missing_values_are_a_finding_of_their_own(self) -> None:
        rng = np.random.default_rng(10)
        known = learnt(drawn(rng, np.zeros((1, HISTORY))))
        decisions, _ = known.judge().decide(known.series(drawn(rng, np.zeros((1, 2)), 1000, 0.02)), targets=2)
        assert decisions.decision(0, 1, "missing").status == "drifted"
        assert decisions.decision(0, 1, "distribution").status == "ok"

    def test_what_is_below_tolerance_is_watched_only(self) -> None:
        rng = np.random.default_rng(11)
        known = learnt(drawn(rng, np.zeros((1, HISTORY))))
        decisions, _ = known.judge(tolerance=0.5).decide(
            known.series(drawn(rng, np.full((1, 5), 0.3))), targets=5
        )
        found = decisions.decision(0, 4)
        assert found.status == "watch"
        assert found.reason.startswith("real but below tolerance")


class TestBadInput:
    def test_what_cannot_be_judged_has_a_status_and_a_reason(self) -> None:
        rng = np.random.default_rng(12)
        counts = drawn(rng, np.zeros((7, 3)))
        baseline = drawn(rng, np.zeros(7), 10_000)
        baseline[1] = 0.0
        baseline[2, 0] = math.nan
        rows = np.full(7, 10_000.0)
        baseline[3, :], baseline[3, 5], rows[3] = 0.0, 1.0, 1.0
        counts[4, 2, 0] = math.inf
        counts[5, 2], counts[5, 2, 4] = 0.0, 2.0
        counts[6, 2] = 0.0
        scores = score_set([LAYOUT] * 7, baseline, rows)
        judge = Judge(
            scores, Noise.live(scores), alphas=ALPHA, window_seconds=3600, tolerances=0.05, min_samples=100
        )
        series = ScoreSeries.of_counts(scores, counts, np.nan_to_num(counts, posinf=0).sum(-1))
        decisions, _ = judge.decide(series)
        assert decisions.status[0, 0, 0] == 0
        assert decisions.status[1:3, 0, 0].tolist() == [FAILED, FAILED]
        assert decisions.status[3:, 0, 0].tolist() == [INSUFFICIENT] * 4
        reasons = [decisions.decision(field, 0).reason for field in range(7)]
        assert "no rows" in reasons[1]
        assert "NaN" in reasons[2]
        assert reasons[3] == "the baseline has 1 effective rows, 100 needed"
        assert reasons[5] == "2 effective samples, 100 needed for a decision"
        assert reasons[6].startswith("no effective samples")
        assert all(reasons)

    def test_a_column_that_went_missing_altogether(self) -> None:
        rng = np.random.default_rng(13)
        known = learnt(drawn(rng, np.zeros((1, HISTORY))))
        decisions, _ = known.judge().decide(known.series(drawn(rng, np.zeros((1, 3)), 1000, 1.0)), targets=3)
        assert decisions.decision(0, 2, "missing").status == "drifted"
        assert decisions.decision(0, 2).reason == "0 rows with a value, 100 needed for a decision"

    def test_a_holiday_is_neither_judged_nor_counted(self) -> None:
        rng = np.random.default_rng(14)
        known = learnt(drawn(rng, np.zeros((1, HISTORY))))
        mean = np.zeros((1, 60))
        mean[0, 10:34] = 2.0
        holidays = mean[0] > 0
        series = known.series(drawn(rng, mean))
        with_calendar, _ = known.judge().decide(series, targets=60, holidays=holidays)
        assert not (with_calendar.status == DRIFTED).any()
        assert "holiday" in with_calendar.decision(0, 12).reason
        without, _ = known.judge().decide(series, targets=60)
        assert (without.status[0, 10:34, 0] == DRIFTED).all()

    def test_open_changes_outlive_windows_without_data(self) -> None:
        rng = np.random.default_rng(15)
        known = learnt(drawn(rng, np.zeros((1, HISTORY))))
        counts = drawn(rng, np.full((1, 30), 0.5))
        counts[0, 10:20] = 0.0
        decisions, states = known.judge().decide(known.series(counts), targets=30)
        assert (decisions.status[0, 10:20, 0] == INSUFFICIENT).all()
        assert (decisions.status[0, 20:, 0] == DRIFTED).all()
        assert states.open[0, 0]

    def test_every_status_can_be_said(self) -> None:
        assert STATUSES[DRIFTED] == "drifted"
        assert STATUSES[INSUFFICIENT] == "insufficient_data"
        assert STATUSES[FAILED] == "failed"


class TestDetectable:
    def test_more_windows_show_smaller_effects(self) -> None:
        known = learnt(drawn(np.random.default_rng(16), np.zeros((2, HISTORY))))
        found = known.judge().detectable(1000)
        assert found.shape == (2, 4)
        assert (np.diff(found, axis=1) < 0).all()
        # The reference's figures at n = 1,000: .237, .149, .097 and .073, with a stricter budget here.
        assert found[0] == pytest.approx([0.25, 0.155, 0.1, 0.076], rel=0.08)

    def test_without_a_history_nothing_is_promised(self) -> None:
        _, judge = filed(np.random.default_rng(17), 1)
        assert np.isinf(judge.detectable(1000)).all()

    def test_scores_that_do_not_exist_have_no_figure(self) -> None:
        known = learnt(drawn(np.random.default_rng(18), np.zeros((1, HISTORY))))
        found = known.judge().detectable_by_score(1000, [1])[0, 0]
        assert np.array_equal(np.isnan(found), ~known.scores.live[0])
