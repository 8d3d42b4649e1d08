"""The decision about a field: an effect and evidence, or it did not drift."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from detectors.decision import LEARNED_AT, STATUSES, FieldStatus, insufficient, reason_of
from detectors.evidence.decisions import statuses
from detectors.performance.metrics.interval import wilson

FIGURES: dict[str, Any] = {
    "is_share": False, "effect": -0.3, "evidence": 6.25, "threshold": 5.0, "tolerance": 0.1,
}  # fmt: skip


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
    found = statuses(np.array(evidence), np.array(effect), np.array(5.0), np.array(0.1))
    assert STATUSES[int(found)] == status


def test_the_figures_are_in_the_reason() -> None:
    reason = reason_of("drifted", "location", **FIGURES)
    assert reason == "location -0.30 sd (tolerance 0.1), evidence 6.2 of 5.0 needed"
    assert " h (tol" in reason_of("drifted", "missing", **(FIGURES | {"is_share": True}))


def test_what_keeps_it_from_being_drift_is_said() -> None:
    small = reason_of("watch", "location", **(FIGURES | {"effect": 0.01}))
    assert small.startswith("real but below tolerance: location +0.01 sd")
    weak = reason_of("watch", "location", **(FIGURES | {"evidence": 4.5}))
    assert weak.startswith("not yet enough evidence: ")
    lasting = reason_of("drifted", "location", **(FIGURES | {"evidence": 4.5}))
    assert lasting.startswith("not yet back to normal: ")


def test_learning_is_said_unless_it_drifted() -> None:
    quiet = FIGURES | {"evidence": 0.0, "effect": 0.0}
    assert reason_of("ok", "a", windows_behind=3, **quiet).startswith("learning (3 of 24 windows)")
    assert "learning" not in reason_of("drifted", "a", windows_behind=3, **FIGURES)
    assert "learning" not in reason_of("ok", "a", windows_behind=LEARNED_AT + 1, **quiet)
    assert "learning" not in reason_of("ok", "a", **quiet)


def test_too_little_data_is_a_status_of_its_own() -> None:
    decision = insufficient(12.4, 100)
    assert decision.status == "insufficient_data"
    assert decision.reason == "12 effective samples, 100 needed for a decision"
    assert math.isnan(decision.evidence)


@pytest.mark.parametrize(("right", "n"), [(0, 5), (5, 5), (3, 20), (500, 1000), (999, 1000)])
def test_the_wilson_interval_is_scipys(right: int, n: int) -> None:
    expected = stats.binomtest(right, n).proportion_ci(0.95, method="wilson")
    low, high = wilson(right / n, n)
    assert [low, high] == pytest.approx([expected.low, expected.high], abs=1e-9)


def test_the_wilson_interval_takes_fractions_of_a_draw() -> None:
    low, high = wilson(0.5, 0.3)
    assert 0 <= low < 0.5 < high <= 1
