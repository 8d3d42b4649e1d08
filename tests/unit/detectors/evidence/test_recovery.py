"""When a change has gone."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from detectors.evidence.pooling import REACH
from detectors.evidence.recovery import closing_windows, recovered_over, usual_design


def over(shift: Sequence[float], effect: float, *, rows: float = 1000.0, min_rows: float = 1.0) -> int | None:
    return recovered_over(
        np.array(shift, dtype=np.float64),
        np.full(len(shift), rows),
        base=0.0,
        variance=1.0,
        is_share=False,
        baseline_rows=10_000,
        effect=effect,
        min_rows=min_rows,
    )


def test_an_effect_that_lasts_is_not_closed() -> None:
    assert over([0.4] * 10, 0.5) is None


def test_an_effect_that_went_is_closed_over_at_least_three_windows() -> None:
    assert over([0.5, 0.5, 0.0, 0.0], 0.5) is None
    assert over([0.5, 0.5, 0.0, 0.0, 0.0], 0.5) == 3


def test_small_effects_take_longer_to_close() -> None:
    assert over([0.0] * 6, 0.1) is None
    assert over([0.0] * 7, 0.1) == 7


@pytest.mark.parametrize("effect", [0.0, math.nan, math.inf])
def test_no_effect_cannot_go(effect: float) -> None:
    assert over([0.0] * 9, effect) is None


def test_nothing_seen_closes_nothing() -> None:
    assert over([], 0.5) is None
    assert over([0.0] * 9, 5.0, rows=5, min_rows=20) is None


def test_no_more_windows_are_asked_for_than_evidence_reaches_back() -> None:
    assert closing_windows(np.array([1e-6, 0.0]), np.array(10.0)).tolist() == [REACH, REACH]


def test_jumps_do_not_change_what_is_usual() -> None:
    rng = np.random.default_rng(1)
    differences = 4 * rng.chisquare(1, size=(REACH, 1))
    differences[[50, 90]] = 1e6
    seen = np.ones((REACH, 1), dtype=bool)
    at = np.zeros(1, dtype=np.intp)
    assert usual_design(differences, seen, at, at) == pytest.approx(4, rel=0.45)
    assert usual_design(differences, ~seen, at, at) == 1.0
