"""The e-detector: its guarantee by enumeration, where a decay began, how it ends, and that quality holds."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.performance.decay.detector import CAP, chain, holding_since
from detectors.performance.decay.moments import Moments
from detectors.performance.decay.reference import BETS, LOG_SHARES, RiskReference
from detectors.performance.decay.sums import log_bets

REFERENCE = RiskReference.from_counts(10_000, 9_000, 0.03, 0.0)
LOG_C = math.log(280_000)

Matrix = NDArray[np.float64]


def bets_of(wrong: list[int], n: int = 1000) -> Matrix:
    """Sums of all bets of windows of n labels with so many wrong, shape ``(T, 2 BETS)``."""
    m, bets = REFERENCE.limit, REFERENCE.lambdas
    return np.array([k * np.log1p(bets * (1 - m)) + (n - k) * np.log1p(-bets * m) for k in wrong])


def risks_of(wrong: list[int], n: int = 1000) -> Matrix:
    return np.array([(k / n, float(n)) for k in wrong])


def evidence_of(wrong: list[int]) -> list[tuple[float, bool, int]]:
    looks = chain(bets_of(wrong)[:, :BETS], LOG_SHARES, LOG_C, risks_of(wrong), REFERENCE.limit)
    return [(look.log_evidence, look.decayed, look.since) for look in looks]


@pytest.mark.parametrize("n", [1, 4, 9])
def test_at_the_limit_every_bet_keeps_its_wealth_on_average(n: int) -> None:
    """All 2^n outcomes of n Bernoulli labels: the mean of each product is exactly 1, above and below."""
    m = REFERENCE.limit
    mean = np.zeros(2 * BETS)
    for outcome in itertools.product((0.0, 1.0), repeat=n):
        probability = math.prod(m if x else 1 - m for x in outcome)
        mean += probability * np.exp(log_bets(np.array(outcome), np.ones(n), REFERENCE))
    assert mean == pytest.approx(np.ones(2 * BETS), rel=1e-12)


def test_wealth_shrinks_on_average_where_the_risk_is_below_the_limit_whatever_the_weights() -> None:
    """Weights that depend on the loss: only E[u (x - m)] <= 0 is needed."""
    m = REFERENCE.limit
    cases = [(0.7, 0.2, 0.0), (0.2, 1.0, 0.0), (0.03, 0.9, 1.0), (0.07, 0.1, 1.0)]
    assert sum(p for p, _, _ in cases) == pytest.approx(1)
    assert sum(p * u * (x - m) for p, u, x in cases) <= 0
    mean = np.zeros(BETS)
    for outcome in itertools.product(cases, repeat=3):
        probability = math.prod(p for p, _, _ in outcome)
        u, x = (np.array([case[k] for case in outcome]) for k in (1, 2))
        mean += probability * np.exp(log_bets(x, u, REFERENCE)[:BETS])
    assert (mean <= 1 + 1e-12).all()


def test_evidence_less_the_beginnings_has_mean_zero_at_the_limit() -> None:
    """E[SR_T] = T at the limit, by enumeration of three windows of three labels."""
    m, n, windows = REFERENCE.limit, 3, 3
    mean = 0.0
    for wrong in itertools.product(range(n + 1), repeat=windows):
        probability = math.prod(math.comb(n, k) * m**k * (1 - m) ** (n - k) for k in wrong)
        looks = chain(bets_of(list(wrong), n)[:, :BETS], LOG_SHARES, LOG_C, risks_of(list(wrong), n), m)
        mean += probability * math.exp(looks[-1].log_evidence)
    assert mean == pytest.approx(windows, rel=1e-9)


def test_steady_quality_is_no_decay_and_a_drop_is_found_where_it_began() -> None:
    looks = evidence_of([100, 97, 104, 99, 101] * 6 + [150, 151, 149])
    assert not any(decayed for _, decayed, _ in looks[:30])
    evidence, decayed, since = looks[-1]
    assert decayed
    assert since == 30
    assert evidence >= LOG_C


def test_evidence_is_cut_off_so_that_a_long_decay_can_end() -> None:
    looks = evidence_of([200] * 100)
    assert looks[-1][0] <= LOG_C + CAP - float(LOG_SHARES.min())
    assert looks[-1][2] == 0


def test_a_mended_model_is_healthy_at_once_and_stays_so() -> None:
    looks = evidence_of([100] * 10 + [200] * 20 + [100] * 6)
    assert [decayed for _, decayed, _ in looks] == [False] * 10 + [True] * 20 + [False] * 6
    assert looks[-1][0] < LOG_C - 8


def test_a_model_that_got_a_little_better_is_still_decayed() -> None:
    looks = evidence_of([100] * 10 + [200] * 20 + [140] * 20)
    assert all(decayed for _, decayed, _ in looks[10:])
    assert looks[-1][2] == 10


def test_one_good_window_of_few_labels_does_not_end_a_decay() -> None:
    wrong, sizes = [100] * 5 + [200] * 5 + [1], [1000] * 10 + [20]
    bets = np.concatenate([bets_of([k], n) for k, n in zip(wrong, sizes, strict=True)])
    risks = np.concatenate([risks_of([k], n) for k, n in zip(wrong, sizes, strict=True)])
    looks = chain(bets[:, :BETS], LOG_SHARES, LOG_C, risks, REFERENCE.limit)
    assert looks[-1].decayed


def test_decays_that_come_again_are_found_again() -> None:
    looks = evidence_of(([100] * 10 + [200] * 5) * 3)
    begun = [t for t in range(1, 45) if looks[t][1] and not looks[t - 1][1]]
    assert begun == [10, 25, 40]
    assert [looks[t][2] for t in (14, 29, 44)] == [10, 25, 40]


def test_quality_holds_since_the_latest_window_that_shows_it_and_no_longer_after_a_drop() -> None:
    holding = holding_since(
        bets_of([80] * 12 + [100] * 3 + [170] * 2)[:, BETS:], LOG_SHARES, math.log(14_400)
    )
    assert holding[0] == -1
    first = next(t for t, s in enumerate(holding) if s >= 0)
    assert first <= 3
    assert holding[11] == 11 - first
    assert holding[14] < 12
    assert holding[16] < 12


def test_no_windows_no_looks() -> None:
    empty = np.zeros((0, BETS))
    assert chain(empty, LOG_SHARES, LOG_C, np.zeros((0, 2)), 0.1) == []
    assert holding_since(empty, LOG_SHARES, LOG_C) == []


def test_moments_add_up() -> None:
    one, two = Moments(3, 3.0, 3.0, 1.0, 1.0, 1.0), Moments(2, 1.0, 0.5, 0.5, 0.25, 0.25)
    assert one + two == Moments(5, 4.0, 3.5, 1.5, 1.25, 1.25)
    assert (one + two).risk == pytest.approx(0.375)
    assert (one + two).effective == pytest.approx(16 / 3.5)
