"""Bets against means: what they are worth, that they do not depend on order, and how often they err."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from detectors.versions.betting import (
    BETS,
    Tally,
    log_mixture,
    log_wealth,
    log_wealths,
    lower_bound,
    shares_of_bets,
    upper_bound,
)

shares = st.floats(0, 1, allow_nan=False)
rows = st.integers(1, 60).flatmap(
    lambda n: st.tuples(
        arrays(np.float64, n, elements=shares), arrays(np.float64, n, elements=st.floats(0.01, 1))
    )
)


@given(rows, st.floats(0.01, 0.99), st.randoms())
def test_wealth_is_the_product_over_rows_in_any_order(
    drawn: tuple[np.ndarray, np.ndarray], mean: float, random: object
) -> None:
    values, weights = drawn
    by_hand = sum(
        share * math.prod(1 + bet * w * (x / mean - 1) for x, w in zip(values, weights, strict=True))
        for bet, share in zip(BETS, shares_of_bets(0.25), strict=True)
    )
    assert log_wealth(Tally.of(values, weights), mean, idle=0.25) == pytest.approx(
        math.log(by_hand), abs=1e-8
    )
    turned = Tally.of(values[::-1].copy(), weights[::-1].copy())
    assert log_wealth(turned, mean) == pytest.approx(log_wealth(Tally.of(values, weights), mean), abs=1e-9)


@given(rows)
def test_bounds_enclose_the_mean_and_narrow_with_more_alpha(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    tally = Tally.of(*drawn)
    lower, upper = lower_bound(tally, 0.05), upper_bound(tally, 0.05)
    assert 0 <= lower <= tally.mean + 1e-6
    assert tally.mean - 1e-6 <= upper <= 1
    assert lower_bound(tally, 0.5) >= lower
    assert upper_bound(tally, 0.5) <= upper


@given(rows)
def test_wealth_falls_with_the_mean_and_cells_may_be_merged(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    tally = Tally.of(*drawn)
    means = np.linspace(0.02, 0.98, 25)
    wealths = log_wealths(tally, means)
    assert np.all(np.diff(wealths, axis=1) <= 1e-9)
    np.testing.assert_allclose(log_wealths(tally.merged(), means), wealths, atol=1e-8)


def test_a_mean_is_a_fair_game() -> None:
    # One row, x = 1 with probability p: expected wealth against the true mean is exactly 1.
    p = 0.2
    one, zero = (np.exp(log_mixture(log_wealths(Tally.of([x]), [p])))[0] for x in (1.0, 0.0))
    assert p * one + (1 - p) * zero == pytest.approx(1.0, abs=1e-12)


def test_bounds_close_in_at_the_usual_rate() -> None:
    widths = [
        upper_bound(tally, 0.025) - lower_bound(tally, 0.025)
        for tally in (Tally.of([0.0, 1.0], counts=[0.9 * n, 0.1 * n]) for n in (1e3, 1e5, 1e7))
    ]
    fixed = [2 * 1.96 * math.sqrt(0.09 / n) for n in (1e3, 1e5, 1e7)]
    assert all(1 < width / once < 2.4 for width, once in zip(widths, fixed, strict=True))


@pytest.mark.parametrize("loss", ["rare", "uniform", "weighted"])
def test_the_true_mean_is_ever_refuted_as_seldom_as_stated(loss: str) -> None:
    """400 streams of 3,000 rows, looked at after every row: P(ever refuted) <= alpha."""
    rng = np.random.default_rng(7)
    streams, length, alpha = 400, 3000, 0.1
    weights = np.ones((streams, length))
    if loss == "uniform":
        values, mean = rng.random((streams, length)), 0.5
    else:
        values, mean = (rng.random((streams, length)) < 0.05).astype(float), 0.05
    if loss == "weighted":
        weights = rng.choice([0.05, 0.3, 1.0], (streams, length))
    steps = np.stack([np.log1p(bet * weights * (values / mean - 1)) for bet in BETS])
    paths = log_mixture(np.cumsum(steps, axis=2).reshape(len(BETS), -1)).reshape(streams, length)
    ever = float(np.mean(paths.max(axis=1) >= -math.log(alpha)))
    # Three standard errors of a share of 10% in 400 streams.
    assert ever <= alpha + 3 * math.sqrt(alpha * (1 - alpha) / streams)
    assert ever > 0


@pytest.mark.parametrize(
    ("values", "weights", "counts", "message"),
    [
        ([1.5], [1.0], [1.0], "values lie"),
        ([math.nan], [1.0], [1.0], "values lie"),
        ([0.5], [2.0], [1.0], "weights lie"),
        ([0.5], [1.0], [-1.0], "counts lie"),
        ([0.5, 0.6], [1.0], [1.0], "one length"),
    ],
)
def test_impossible_rows_are_refused(
    values: list[float], weights: list[float], counts: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Tally.of(values, weights, counts)


def test_nothing_is_known_without_rows() -> None:
    empty = Tally.of([])
    assert (lower_bound(empty, 0.05), upper_bound(empty, 0.05)) == (0.0, 1.0)
    assert math.isnan(empty.mean)
    assert math.isnan(empty.standard_error)
    assert empty.effective_rows == 0.0
