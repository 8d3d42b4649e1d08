"""How much evidence a false-alarm budget asks for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from detectors.evidence.budget import (
    looks_per_window,
    monitoring_threshold,
    monitoring_thresholds,
    single_look_threshold,
)


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
    expected = 2 * stats.norm.sf(h) * 30 * 86400 / window_seconds * looks_per_window(h)
    assert expected == pytest.approx(min(alpha, 1.0), rel=1e-6)


def test_a_single_look_is_two_sided() -> None:
    assert single_look_threshold(0.05) == pytest.approx(stats.norm.isf(0.025))
    assert single_look_threshold(1e-12) == pytest.approx(stats.norm.isf(5e-13))


def test_no_budget_needs_infinite_evidence() -> None:
    found = monitoring_thresholds(np.array([[0.0, 1e-3], [1e-3, 1e-6]]), 3600)
    assert np.isinf(found[0, 0])
    assert found[0, 1] == found[1, 0] < found[1, 1]
