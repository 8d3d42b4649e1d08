"""The decision about a field: an effect and evidence, or it did not drift."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from detectors.decision import FieldDecision, FieldStatus, decide, insufficient
from detectors.evidence.scan import LEARNED_AT, Deviation
from detectors.evidence.scores import Score
from detectors.performance.accuracy import wilson_interval

THRESHOLD = 5.0
TOLERANCE = 0.1


def decided(*found: tuple[str, float, float], behind: int | None = None) -> FieldDecision:
    """Decide about scores given as (name, evidence, effect)."""
    return decide(
        [Score(name, "location", np.ones(2), 0.0, 1.0, 0.5) for name, _, _ in found],
        {name: Deviation(name, evidence, effect, 3, 0.02) for name, evidence, effect in found},
        {name: THRESHOLD for name, _, _ in found},
        tolerance=TOLERANCE,
        windows_behind=behind,
    )


@pytest.mark.parametrize(
    ("evidence", "effect", "status"),
    [
        (0.0, 0.0, "ok"),
        (3.7, 0.5, "ok"),  # an effect without evidence
        (3.8, 0.5, "watch"),  # nearly enough evidence
        (3.8, 0.05, "ok"),
        (4.99, 9.0, "watch"),  # still no drift, however large
        (5.0, 0.1, "drifted"),
        (5.0, -0.1, "drifted"),
        (5.0, 0.099, "watch"),  # evidence without an effect
        (80.0, 0.01, "watch"),
    ],
)
def test_both_an_effect_and_evidence_make_drift(evidence: float, effect: float, status: FieldStatus) -> None:
    assert decided(("location", evidence, effect)).status == status


def test_evidence_and_effect_have_to_be_in_one_direction() -> None:
    decision = decided(("location", 9.0, 0.01), ("missing", 1.0, 0.9))
    assert (decision.status, decision.direction) == ("watch", "location")
    assert "below tolerance" in decision.reason


def test_a_direction_that_alarms_wins_over_one_with_more_evidence_and_no_effect() -> None:
    decision = decided(("location", 9.0, 0.01), ("missing", 5.5, 0.2))
    assert (decision.status, decision.direction, decision.effect) == ("drifted", "missing", 0.2)


def test_the_figures_are_in_the_reason() -> None:
    decision = decided(("location", 6.25, -0.3))
    assert decision.reason == "location -0.30 sd (tolerance 0.1), evidence 6.2 of 5.0 needed"
    assert decision.minimum_detectable_effect == pytest.approx((5 + 1.645) * 0.02)
    assert decision.scale == 3


def test_learning_is_said_unless_it_drifted() -> None:
    assert decided(("location", 0.0, 0.0), behind=3).reason.startswith("learning (3 of 24 windows)")
    assert "learning" not in decided(("location", 9.0, 1.0), behind=3).reason
    assert "learning" not in decided(("location", 0.0, 0.0), behind=LEARNED_AT + 1).reason
    assert "learning" not in decided(("location", 0.0, 0.0)).reason


def test_too_little_data_is_a_status_of_its_own() -> None:
    decision = insufficient(12.4, 100)
    assert decision.status == "insufficient_data"
    assert decision.reason == "12 effective samples, 100 needed for a decision"
    assert math.isnan(decision.evidence)


@pytest.mark.parametrize(("right", "n"), [(0, 5), (5, 5), (3, 20), (500, 1000), (999, 1000)])
def test_the_wilson_interval_is_scipys(right: int, n: int) -> None:
    expected = stats.binomtest(right, n).proportion_ci(0.95, method="wilson")
    low, high = wilson_interval(right / n, n)
    assert [low, high] == pytest.approx([expected.low, expected.high], abs=1e-9)


def test_the_wilson_interval_takes_fractions_of_a_draw() -> None:
    low, high = wilson_interval(0.5, 0.3)
    assert 0 <= low < 0.5 < high <= 1
