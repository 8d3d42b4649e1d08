"""The bench of estimators: what it measures against, and the bar as it is written."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import rankdata

from bench.estimates import Tally
from bench.simulated_shifts import expected_accuracy
from bench.tilted_tables import TILTS, Table, tilted_windows
from detectors.performance.estimates.estimate import Estimate


def test_a_tilted_window_is_drawn_from_the_pool_it_is_measured_against() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 3))
    table = Table(x, (x[:, 0] + rng.normal(size=500) > 0).astype(np.float64), True)
    found = list(tilted_windows(table, 1))
    assert [one.along for one in found] == ["confidence"] * 2 + ["component"] * 2 + ["column"] * 2
    for one in found:
        weights = one.window.rows.weights
        assert weights.sum() == pytest.approx(1000)
        # No row of a reference is in a window.
        assert not {tuple(row) for row in one.reference.rows.features} & {
            tuple(row) for row in one.window.rows.features
        }
        realised = float(np.average(one.window.correct, weights=weights))
        assert realised == pytest.approx(one.expected, abs=4 * np.sqrt(0.25 / 1000))
    # Surer rows are right more often: the tilts along the confidence move the accuracy both ways.
    assert found[0].expected < found[1].expected - 0.03


def test_normal_scores_are_tilted_by_e_to_the_z() -> None:
    z = ndtri((rankdata(np.arange(1000.0)) - 0.5) / 1000)
    for tilt in TILTS:
        share = np.exp(tilt * z)
        assert float(share @ z / share.sum()) == pytest.approx(tilt, abs=0.02)


def test_coverage_stands_beside_its_own_interval() -> None:
    tally = Tally()
    for realised in [0.8] * 95 + [0.9] * 5:
        tally.add(
            Estimate("cbpe", "accuracy", value=0.8, lower=0.78, upper=0.82, baseline_value=0.7),
            expected=0.81,
            realised=realised,
        )
    assert tally.coverage() == {"coverage": 0.95, "coverage_95": [0.887, 0.984]}
    assert tally.figures()["ratio"] == pytest.approx(0.09, abs=0.005)
    refused = Tally()
    refused.add(Estimate("cbpe", "accuracy", status="one_class", reason="one"), 0.8, 0.8)
    assert refused.figures() == {"windows": 0, "warned": 1.0}


def test_the_expected_accuracy_moves_with_the_shift() -> None:
    assert expected_accuracy("score") > expected_accuracy("none") + 0.05 > expected_accuracy("concept") + 0.1
