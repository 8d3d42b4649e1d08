"""The simulated streams are what they claim to be."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import chi2

from bench.simulation import fields, levels, rows, traffic, weighting
from bench.simulation.changes import Change
from bench.simulation.kinds import KINDS
from bench.simulation.latent import Latent, Vector, cells_of
from bench.simulation.month import build_month, generator
from detectors.profiles.layout import MISSING_AT, UNSEEN_AT

HOURS = np.arange(levels.MONTH_BEGINS + 720, dtype=np.float64)


def _correlation(values: Latent, lag: int) -> float:
    return float(np.mean(values[lag:] * values[:-lag]))


@pytest.mark.parametrize(
    ("process", "lag_one"),
    [
        (rows.independent, 0.0),
        (rows.autocorrelated, 0.9),
        (rows.bursts, 0.9 * 49 / 50),
        (rows.burst_levels, 0.499),
    ],
)
def test_rows_are_standard_normal_with_the_autocorrelation_they_claim(
    process: rows.RowProcess, lag_one: float
) -> None:
    drawn = process(generator("rows"), 400_000)
    assert drawn.dtype == np.float32
    assert drawn.mean() == pytest.approx(0, abs=0.03)
    assert drawn.var() == pytest.approx(1, abs=0.03)
    assert _correlation(drawn, 1) == pytest.approx(lag_one, abs=0.02)


def test_bursts_know_nothing_of_each_other_unless_they_share_levels() -> None:
    apart = rows.bursts(generator("bursts"), 500_000).reshape(-1, rows.BURST)
    assert np.mean(apart[1:, 0] * apart[:-1, -1]) == pytest.approx(0, abs=0.05)
    chained = rows.burst_levels(generator("levels"), 500_000).reshape(-1, rows.BURST)
    assert np.mean(chained[1:, 0] * chained[:-1, -1]) == pytest.approx(0.45, abs=0.05)


def _amplitude(level: Vector, period: float) -> float:
    wave = np.exp(2j * np.pi * HOURS[:1008] / period)
    return float(2 * abs(level[:1008] @ wave) / 1008)


def test_cycles_have_an_amplitude_of_half_a_sigma() -> None:
    rng = generator("cycles")
    assert _amplitude(levels.daily(rng, HOURS), 24) == pytest.approx(0.5)
    assert _amplitude(levels.weekly(rng, HOURS), 168) == pytest.approx(0.5)
    both = levels.daily_and_weekly(rng, HOURS)
    assert _amplitude(both, 24) == pytest.approx(0.5)
    assert _amplitude(both, 168) == pytest.approx(0.5)


def test_office_hours_rest_at_weekends_and_on_holidays() -> None:
    week = levels.at_work(HOURS[:168])
    assert week.sum() == 5 * 8
    assert not week[5 * 24 :].any()
    assert week[9]
    assert not week[17]
    free = levels.at_work(HOURS) - levels.at_work(HOURS, levels.HOLIDAYS)
    assert sorted(set((np.flatnonzero(free) // 24).tolist())) == list(levels.HOLIDAYS)
    assert all(day % 7 < 5 and day >= 14 for day in levels.HOLIDAYS)


def test_wander_has_its_spread_and_stays_between_its_walls() -> None:
    rng = generator("wander")
    drawn = np.concatenate([levels.wandering(0.97, 0.1)(rng, HOURS) for _ in range(100)])
    assert drawn.std() == pytest.approx(0.1, rel=0.1)
    walk = levels.reflected_walk(0.02, 0.3)(rng, HOURS)
    assert abs(walk).max() <= 0.3
    assert np.abs(np.diff(walk)).max() < 0.1
    assert walk.std() > 0.03


def test_a_constant_difference_begins_with_the_month() -> None:
    level = levels.differing(0.01, 0.03)(generator("different"), HOURS)
    assert not level[: levels.MONTH_BEGINS].any()
    assert set(level[levels.MONTH_BEGINS :].tolist()) == {level[-1]}
    assert 0.01 <= abs(level[-1]) <= 0.03


def test_traffic_is_ragged_and_has_nights() -> None:
    rng = generator("traffic")
    ragged = traffic.ragged(rng, HOURS)
    assert ragged.min() >= 316
    assert ragged.max() <= 3162
    assert ragged.max() / ragged.min() > 8
    gaps = traffic.with_night_gaps(rng, HOURS)
    assert not gaps[HOURS % 24 == 3].any()
    assert gaps[HOURS % 24 == 12].mean() > 900


@pytest.mark.parametrize("draw", [weighting.importance, weighting.lognormal])
def test_weights_are_unbiased(draw: weighting.Weighting) -> None:
    drawn = draw(generator("weights"), 400_000)
    assert drawn.weights is not None
    driver = drawn.driver if drawn.driver is not None else rows.independent(generator("other"), 400_000)
    total = drawn.weights.sum()
    assert drawn.weights @ driver / total == pytest.approx(0, abs=0.02)
    assert drawn.weights @ driver**2 / total == pytest.approx(1, abs=0.03)
    if drawn.driver is not None:
        assert driver.mean() > 0.5, "what is seen is not the world"


def test_importance_weights_restore_the_shares_of_the_world() -> None:
    month = build_month(KINDS["weights_importance"], "file", 0, windows=100)
    for i in (0, 10, 19):
        counts = month.columns[i].layout.compact(month.windows.counts[i].sum(axis=0))[:-1]
        expected = np.diff([0.0, *ndtr(month.columns[i].layout.edges), 1.0])
        np.testing.assert_allclose(counts / counts.sum(), expected, atol=0.004)
    assert month.windows.effective_rows.mean() == pytest.approx(1000 * 4.12**2 / 35.35, rel=0.05)


@pytest.mark.parametrize("name", ["iid", "heavy", "correlated", "gaps"])
def test_an_unchanged_month_is_distributed_like_its_baseline(name: str) -> None:
    month = build_month(KINDS[name], "history", 1, windows=200)
    assert month.history is not None
    statistic, freedom = 0.0, 0
    for a, b in zip(month.history.counts.sum(axis=1), month.windows.counts.sum(axis=1), strict=True):
        live = a + b > 0
        n, m = a.sum(), b.sum()
        statistic += float((((a * np.sqrt(m / n) - b * np.sqrt(n / m)) ** 2)[live] / (a + b)[live]).sum())
        freedom += int(live.sum()) - 1
    assert 0.001 < chi2.sf(statistic, freedom) < 0.999


def test_a_month_holds_every_row_once() -> None:
    month = build_month(KINDS["iid"], "file", 3, windows=10)
    assert (month.windows.counts.sum(axis=2) == 1000).all()
    assert (month.windows.effective_rows == 1000).all()
    assert month.history is None
    for column in month.columns:
        assert column.counts.sum() == column.effective_rows == 10_000
    whole = build_month(KINDS["segments"], "history", 3, windows=10)
    assert len(whole.segments) == 4
    np.testing.assert_array_equal(sum(part.windows.counts for part in whole.segments), whole.windows.counts)


def test_a_month_is_the_same_whenever_it_is_drawn() -> None:
    one, again, other = (build_month(KINDS["ar1"], "file", n, windows=5) for n in (7, 7, 8))
    np.testing.assert_array_equal(one.windows.counts, again.windows.counts)
    assert one.columns[0].layout == again.columns[0].layout
    assert not np.array_equal(one.windows.counts, other.windows.counts)


def _changed(change: Change) -> tuple[Vector, Vector]:
    """Shares before and after, each of one field."""
    kind = dataclasses.replace(KINDS["iid"], fields=change.fields)
    month = build_month(kind, "file", 0, windows=100, change=change, change_at=50)
    counts = month.windows.counts[0 if change.applies_to == "numeric" else 3]
    return counts[:50].mean(axis=0) / 1000, counts[50:].mean(axis=0) / 1000


def test_changes_do_what_they_say() -> None:
    before, after = _changed(Change("m", "missing", 0.02, 1))
    assert before[MISSING_AT] == 0
    assert after[MISSING_AT] == pytest.approx(0.02, abs=0.003)
    before, after = _changed(Change("u", "unseen", 0.02, 1, "categorical", fields=fields.eight_categories))
    assert before[UNSEEN_AT] == 0
    assert after[UNSEEN_AT] == pytest.approx(0.02, abs=0.003)
    for form in ("move", "move_largest"):
        moved = Change("p", form, 0.05, 1, "categorical", fields=fields.eight_categories)
        before, after = _changed(moved)
        difference = np.sort(after - before)
        assert difference[0] == pytest.approx(-0.05, abs=0.012)
        assert difference[-1] == pytest.approx(0.05, abs=0.012)
        assert np.abs(difference[1:-1]).max() < 0.012


def test_a_shift_ramps_up() -> None:
    latent = np.zeros(6, dtype=np.float32)
    Change("r", "shift", 0.5, 1, ramp_windows=4).move(generator("r"), latent, np.arange(6))
    assert np.abs(latent).tolist() == [0.125, 0.25, 0.375, 0.5, 0.5, 0.5]
    assert cells_of(np.array([-9, 0, 9], dtype=np.float32)).tolist() == [0, 2048, 4095]
