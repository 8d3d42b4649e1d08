"""How much evidence a false-alarm budget asks for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from detectors.evidence.budget import (
    FIRST_LOOKS,
    looks_per_window,
    monitoring_threshold,
    monitoring_thresholds,
    single_look_threshold,
)
from detectors.evidence.pooling import REACH, SCALES


def test_thresholds_of_the_reference_procedure() -> None:
    per_field = 0.01 / 25
    assert round(monitoring_threshold(per_field / 2, 3600), 2) == 5.50
    assert round(monitoring_threshold(per_field / 2 / 12, 3600), 2) == 5.94


def test_a_budget_twelve_times_stricter_costs_little() -> None:
    strict = monitoring_threshold(0.01 / 25 / 2 / 12, 3600)
    assert 0.3 < strict - monitoring_threshold(0.01 / 25 / 2, 3600) < 0.5


def test_shorter_windows_look_more_often_and_need_more() -> None:
    assert monitoring_threshold(0.001, 60) > monitoring_threshold(0.001, 3600)


@pytest.mark.parametrize("alpha", [1e-12, 1e-3, 0.5, 1.0, 40.0])
@pytest.mark.parametrize("window_seconds", [1, 3600, 604_800])
def test_every_budget_has_a_threshold(alpha: float, window_seconds: int) -> None:
    h = monitoring_threshold(alpha, window_seconds)
    looks = 30 * 86400 / window_seconds * looks_per_window(h) + FIRST_LOOKS
    assert 2 * stats.norm.sf(h) * looks == pytest.approx(min(alpha, 1.0), rel=1e-6)


def test_a_single_look_is_two_sided() -> None:
    assert single_look_threshold(0.05) == pytest.approx(stats.norm.isf(0.025))
    assert single_look_threshold(1e-12) == pytest.approx(stats.norm.isf(5e-13))


def test_no_budget_needs_infinite_evidence() -> None:
    found = monitoring_thresholds(np.array([[0.0, 1e-3], [1e-3, 1e-6]]), 3600)
    assert np.isinf(found[0, 0])
    assert found[0, 1] == found[1, 0] < found[1, 1]


def test_the_looks_hold_for_few_and_for_many_windows() -> None:
    # Months of windows of independent standard normal means; every scan at every scale.
    rng = np.random.default_rng(11)
    for windows, months in ((30, 6000), (720, 400)):
        h = monitoring_threshold(0.2, 30 * 86400 / windows)
        sums = np.pad(np.cumsum(rng.normal(size=(months, windows + REACH)), axis=1), ((0, 0), (1, 0)))
        strongest = np.zeros(months)
        for scale in SCALES:
            means = np.abs(sums[:, REACH + 1 :] - sums[:, REACH + 1 - scale : -scale]) / math.sqrt(scale)
            strongest = np.maximum(strongest, means.max(axis=1))
        alarms = float((strongest >= h).mean())
        assert 0.12 < alarms < 0.22, windows
