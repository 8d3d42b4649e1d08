"""Outputs given inputs: a moved input is not blamed on the stage, a moved stage is found at its size."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from detectors.stages.basis import Values
from detectors.stages.change_time import change_time
from detectors.stages.conditional import ConditionalCheck, conditional_check
from detectors.stages.origins import LEAST_EFFECT
from detectors.stages.outcomes import outcomes_of

ROWS = 2000

Side = tuple[Mapping[str, Values], Mapping[str, Values]]


def side(rng: np.random.Generator, *, inputs: float = 0.0, stage: float = 0.0, phones: float = 0.3) -> Side:
    """Inputs and outputs of a stage that is curved, differs by category, and decides."""
    light = rng.normal(size=ROWS) + inputs
    source = np.where(rng.random(ROWS) < phones, "phone", "scanner")
    bright = 2 * np.tanh(light) + 0.3 * light + 0.7 * (source == "phone") + 0.2 * rng.normal(size=ROWS)
    bright = bright + stage
    verdict = np.where(bright + 0.3 * rng.normal(size=ROWS) > 0.5, "yes", "no")
    return {"light": light, "source": source}, {"bright": bright, "verdict": verdict}


def check(before: Side, now: Side) -> ConditionalCheck:
    weights = np.ones(ROWS)
    return conditional_check(before[0], now[0], outcomes_of(before[1], now[1]), (weights, weights))


def simulate(runs: int, **moved: float) -> list[ConditionalCheck]:
    return [
        check(side(np.random.default_rng([seed, 1])), side(np.random.default_rng([seed, 2]), **moved))
        for seed in range(runs)
    ]


@pytest.mark.parametrize("moved", [{}, {"inputs": 0.5}, {"inputs": 1.0, "phones": 0.7}, {"inputs": 2.0}])
def test_a_stage_that_answers_as_before_is_not_blamed(moved: dict[str, float]) -> None:
    found = simulate(30, **moved)
    assert all(not one.reason for one in found)
    assert max(effect.shown for one in found for effect in one.effects) < LEAST_EFFECT
    plain = np.mean(
        [abs(effect.marginal) for one in found for effect in one.effects if effect.what == "location"]
    )
    assert plain == pytest.approx(
        {0.0: 0.0, 0.5: 0.45, 1.0: 1.0, 2.0: 1.35}[moved.get("inputs", 0.0)], abs=0.2
    )


def test_intervals_hold_zero_for_an_unchanged_stage() -> None:
    missed = [any(effect.shown > 0 for effect in one.effects) for one in simulate(300, inputs=0.7)]
    # 1% is nominal over all scores of a stage; three standard errors of 300 runs more.
    assert np.mean(missed) <= 0.01 + 3 * np.sqrt(0.01 * 0.99 / 300)


@pytest.mark.parametrize("inputs", [0.0, 1.0])
def test_a_moved_stage_is_found_at_its_size_whatever_its_inputs_do(inputs: float) -> None:
    for found in simulate(20, inputs=inputs, stage=0.5):
        moved = next(
            effect for effect in found.effects if (effect.column, effect.what) == ("bright", "location")
        )
        unit = moved.unit
        assert moved.lower < 0.5 / unit < moved.upper
        assert moved.lower > LEAST_EFFECT


def test_inputs_out_of_reach_are_a_reason_not_a_verdict() -> None:
    for found in (*simulate(3, inputs=3.2), *simulate(3, inputs=9.0)):
        assert not found.effects
        assert found.overlap < 0.3 or "too few reference traces look like the current ones" in found.reason
        assert found.reason


def test_without_inputs_the_change_is_the_plain_one() -> None:
    before, now = side(np.random.default_rng(1)), side(np.random.default_rng(2), stage=0.5)
    weights = np.ones(ROWS)
    found = conditional_check({}, {}, outcomes_of(before[1], now[1]), (weights, weights))
    assert all(effect.given == pytest.approx(effect.marginal, abs=1e-9) for effect in found.effects)


def test_few_rows_are_a_reason() -> None:
    before = {"x": np.arange(50.0)}
    found = conditional_check(
        before, before, outcomes_of(before, {"x": before["x"] + 1}), (np.ones(50), np.ones(50))
    )
    assert "200 comparable traces a side are needed, there are 50 and 50" in found.reason


def test_the_time_of_a_change_is_found_and_contained() -> None:
    contained = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        values = rng.normal(size=1000) + 0.5 * (np.arange(1000) >= 600)
        found = change_time(np.arange(1000, dtype=np.int64) * 60_000, values, 3600)
        assert found is not None
        contained += found.earliest.timestamp() <= 600 * 60 <= found.latest.timestamp() + 3600
    assert contained >= 90
    assert change_time(np.arange(9, dtype=np.int64), np.ones(9), 60) is None
