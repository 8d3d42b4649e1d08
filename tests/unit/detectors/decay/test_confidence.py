"""Bounds of a mean loss: exact where counts are plain, valid where they are not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binomtest

from detectors.performance.decay.confidence import log_evidence, lower_bound, upper_bound, upper_bound_once
from detectors.performance.decay.moments import NOTHING, Moments, moments_of
from detectors.performance.decay.reference import LOG_SHARES, RiskReference

Vector = NDArray[np.float64]


def counts(n: int, wrong: int) -> Moments:
    return Moments(n, float(n), float(n), float(wrong), float(wrong), float(wrong))


@pytest.mark.parametrize(("n", "wrong"), [(10, 0), (10, 3), (1000, 100), (10_000, 9_999)])
def test_plain_counts_get_clopper_and_pearsons_bound(n: int, wrong: int) -> None:
    expected = binomtest(wrong, n).proportion_ci(0.9, "exact").high
    assert upper_bound_once(counts(n, wrong), 1.0, 0.05) == pytest.approx(expected, rel=1e-9)
    assert upper_bound_once(counts(n, wrong), 1.0, 0.05) > wrong / n


def test_all_wrong_or_nothing_known_bounds_nothing() -> None:
    assert upper_bound_once(counts(50, 50), 1.0, 0.05) == 1.0
    assert upper_bound_once(NOTHING, 2.0, 0.05) == 2.0


def test_counts_of_a_loss_in_another_unit_have_the_same_bound_in_that_unit() -> None:
    kept = Moments(200, 200.0, 200.0, 5.0 * 30, 5.0 * 30, 25.0 * 30)
    assert upper_bound_once(kept, 5.0, 0.05) == pytest.approx(
        5 * upper_bound_once(counts(200, 30), 1.0, 0.05)
    )


def test_evidence_from_sums_is_never_more_than_the_product_itself() -> None:
    """The inequality of Fan, Grama and Liu, for losses of any kind and weights."""
    rng = np.random.default_rng(7)
    for _ in range(200):
        x, u = rng.beta(0.4, 2, 50), rng.uniform(0, 1, 50)
        mean = float(rng.uniform(0.05, 0.9))
        bet = np.array([float(rng.uniform(0.05, 0.9 / max(mean, 1 - mean)))])
        for side, sign in (("above", 1), ("below", -1)):
            product = float(np.log1p(sign * bet * u * (x - mean)).sum())
            found = log_evidence(
                moments_of(x, u), mean, 1.0, "above" if side == "above" else "below", bet, np.zeros(1)
            )
            assert found <= product + 1e-9


@pytest.mark.parametrize("weighted", [False, True])
def test_bounds_of_bounded_losses_hold_at_the_level_and_are_of_use(weighted: bool) -> None:
    rng = np.random.default_rng(20_311)
    alpha, n, missed, widths = 0.05, 5_000, 0, []
    for _ in range(200):
        x = rng.beta(1, 9, n)
        w = np.minimum(rng.lognormal(0, 0.7, n), 10) / 10 if weighted else np.ones(n)
        upper = upper_bound_once(moments_of(x, w), 1.0, alpha)
        missed += upper < 0.1
        widths.append(upper - 0.1)
    assert missed <= alpha * 200
    assert np.mean(widths) < 0.01


def test_the_sequence_of_lower_bounds_holds_at_every_look() -> None:
    """Many streams at a risk of .1, looked at ten times: far fewer than 5% are ever above."""
    rng = np.random.default_rng(3)
    reference = RiskReference.from_counts(10_000, 9_000, 0.03, 0.0)
    above = below = 0
    for _ in range(200):
        wrong = rng.binomial(500, 0.1, 10).cumsum()
        looks = [counts(500 * (k + 1), int(wrong[k])) for k in range(10)]
        args = (1.0, math.log(20), reference.stakes, LOG_SHARES)
        above += any(lower_bound(look, *args) > 0.1 for look in looks)
        below += any(upper_bound(look, *args) < 0.1 for look in looks)
    assert above <= 10
    assert below <= 10


def test_bounds_close_in_on_the_risk() -> None:
    stakes = RiskReference.from_counts(10_000, 9_000, 0.03, 0.0).stakes
    few, many = counts(1_000, 150), counts(100_000, 15_000)
    for n, width in ((few, 0.05), (many, 0.01)):
        lower = lower_bound(n, 1.0, math.log(20), stakes, LOG_SHARES)
        upper = upper_bound(n, 1.0, math.log(20), stakes, LOG_SHARES)
        assert 0.15 - width < lower < 0.15 < upper < 0.15 + width


def test_nothing_wrong_has_a_lower_bound_of_zero_and_an_upper_one_above() -> None:
    stakes = RiskReference.from_counts(10_000, 9_000, 0.03, 0.0).stakes
    assert lower_bound(counts(100, 0), 1.0, math.log(20), stakes, LOG_SHARES) == 0.0
    assert 0.02 < upper_bound(counts(100, 0), 1.0, math.log(20), stakes, LOG_SHARES) < 0.2
    assert upper_bound(NOTHING, 1.0, math.log(20), stakes, LOG_SHARES) == 1.0
