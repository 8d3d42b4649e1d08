"""The gate passes a challenger that is really better, and only such a one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

from demo.gate import GatePolicy, compare_paired, judge
from driftline.errors import InvalidInput


def right(share: float, count: int) -> NDArray[np.bool_]:
    """``count`` answers of which the first ``share`` are right."""
    return np.arange(count) < round(share * count)


CLEAN = right(0.96, 400)


def test_a_clearly_better_challenger_passes_with_its_figures() -> None:
    result = judge(right(0.75, 120), right(0.92, 120), CLEAN, right(0.955, 400))
    assert result.passed
    assert result.champion_accuracy == 0.75
    assert result.challenger_accuracy == pytest.approx(110 / 120)
    assert (result.challenger_only_right, result.champion_only_right) == (20, 0)
    assert result.p_value == pytest.approx(0.5**20)
    assert "0.750 -> 0.917 on 120 new documents" in result.reason


def test_the_same_model_again_fails() -> None:
    result = judge(right(0.75, 120), right(0.75, 120), CLEAN, CLEAN)
    assert not result.passed
    assert result.p_value == 1.0
    assert "gains +0.000" in result.reason


def test_a_worse_challenger_fails() -> None:
    assert not judge(right(0.92, 120), right(0.75, 120), CLEAN, CLEAN).passed


def test_a_gain_that_chance_explains_fails() -> None:
    result = judge(right(0.75, 60), right(0.80, 60), CLEAN, CLEAN)
    assert not result.passed
    assert result.reason.startswith("p = 0.125")


def test_forgetting_the_clean_images_fails_although_it_is_better_on_new_ones() -> None:
    result = judge(right(0.75, 120), right(0.95, 120), CLEAN, right(0.93, 400))
    assert not result.passed
    assert "loses 0.030 on clean images" in result.reason


def test_a_loss_within_the_tolerance_passes() -> None:
    assert judge(right(0.75, 120), right(0.95, 120), CLEAN, right(0.945, 400)).passed


def test_too_few_documents_fail_whatever_they_say() -> None:
    result = judge(right(0.0, 39), right(1.0, 39), CLEAN, CLEAN)
    assert not result.passed
    assert result.reason == "39 new documents to judge on, 40 needed"
    assert not judge(right(0.0, 0), right(0.0, 0), CLEAN, CLEAN).passed


def test_limits_are_the_policys() -> None:
    strict = GatePolicy(minimum_gain=0.3)
    assert not judge(right(0.75, 120), right(0.95, 120), CLEAN, CLEAN, strict).passed


def test_the_paired_test_is_the_exact_binomial_tail() -> None:
    rng = np.random.default_rng(3)
    champion, challenger = rng.random(200) < 0.7, rng.random(200) < 0.8
    won, lost, p_value = compare_paired(champion, challenger)
    assert won == sum(b and not a for a, b in zip(champion, challenger, strict=True))
    assert p_value == pytest.approx(float(binom.sf(won - 1, won + lost, 0.5)))


def test_its_false_alarms_stay_below_the_level() -> None:
    rng = np.random.default_rng(11)
    alarms = sum(compare_paired(rng.random(120) < 0.8, rng.random(120) < 0.8)[2] <= 0.01 for _ in range(2000))
    assert alarms <= 34  # 0.01 x 2000 plus three standard deviations


def test_answers_to_different_documents_are_refused() -> None:
    with pytest.raises(InvalidInput, match="same documents"):
        judge(right(0.5, 10), right(0.5, 11), CLEAN, CLEAN)
    with pytest.raises(InvalidInput, match="clean documents"):
        judge(right(0.5, 50), right(0.9, 50), right(0.0, 0), right(0.0, 0))
