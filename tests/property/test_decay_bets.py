"""Bets on losses: what must hold for any losses, weights and reference."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.performance.decay.confidence import lower_bound, upper_bound
from detectors.performance.decay.moments import moments_of
from detectors.performance.decay.reference import LOG_SHARES, RiskReference
from detectors.performance.decay.sums import window_sums

START = datetime(2026, 3, 1, tzinfo=UTC)
SEEDS = st.integers(0, 2**32 - 1)


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray, RiskReference]:
    rng = np.random.default_rng(seed)
    bound = float(rng.choice([1.0, 0.1, 300.0]))
    losses = bound * rng.beta(rng.uniform(0.1, 3), rng.uniform(0.1, 3), rng.integers(1, 60))
    if rng.random() < 0.5:
        losses = np.where(losses > bound / 2, bound, 0.0)
    weights = rng.lognormal(0, 1, losses.size) if rng.random() < 0.5 else np.ones(losses.size)
    limit = float(rng.uniform(1, 5))
    reference = RiskReference.from_moments(
        moments_of(losses, np.minimum(weights, limit) / limit), bound, 0.05, 0.0, weight_limit=limit
    )
    return losses, weights, reference


@given(SEEDS)
@settings(max_examples=60)
def test_sums_do_not_depend_on_the_order_of_labels_and_add_over_parts(seed: int) -> None:
    losses, weights, reference = drawn(seed)
    whole = window_sums(START, "1", losses, weights, reference)
    order = np.random.default_rng(seed).permutation(losses.size)
    again = window_sums(START, "1", losses[order], weights[order], reference)
    cut = losses.size // 2
    one = window_sums(START, "1", losses[:cut], weights[:cut], reference)
    two = window_sums(START, "1", losses[cut:], weights[cut:], reference)
    np.testing.assert_allclose(again.log_bets, whole.log_bets, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(np.add(one.log_bets, two.log_bets), whole.log_bets, rtol=1e-9, atol=1e-9)


@given(SEEDS, st.floats(0, 1))
@settings(max_examples=60)
def test_factors_are_positive_and_fair_at_the_limit(seed: int, weight: float) -> None:
    """Whatever the weight: loss B with probability m / B, else 0, has the limit m as its mean."""
    _, _, reference = drawn(seed)
    losses = np.array([0.0, reference.bound])
    factors = 1 + reference.lambdas[:, None] * weight * (losses - reference.limit)
    p = reference.limit / reference.bound
    assert (factors >= 0.049).all()
    np.testing.assert_allclose(factors @ [1 - p, p], 1.0, rtol=1e-9)


@given(SEEDS)
@settings(max_examples=40)
def test_bounds_lie_around_the_risk_and_in_the_range(seed: int) -> None:
    losses, weights, reference = drawn(seed)
    moments = window_sums(START, "1", losses, weights, reference).moments
    lower = lower_bound(moments, reference.bound, 3.0, reference.stakes, LOG_SHARES)
    upper = upper_bound(moments, reference.bound, 3.0, reference.stakes, LOG_SHARES)
    slack = 1e-8 * reference.bound
    assert -slack <= lower <= moments.risk + slack
    assert moments.risk - slack <= upper <= reference.bound + slack
    assert reference.risk - slack <= reference.upper <= reference.limit <= reference.bound
