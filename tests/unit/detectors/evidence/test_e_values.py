"""E-values of models, and which of them to believe."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from detectors.evidence.e_values import e_bh, e_value, model_p_value


def test_an_e_value_is_worth_at_most_one_under_the_null() -> None:
    mean = sum(
        quad(lambda x: float(e_value(np.exp(-x))) * np.exp(-x), low, high)[0]
        for low, high in ((0, 1), (1, 30), (30, 700))
    )
    # What is left out are p-values below exp(-700), worth 1/700.
    assert mean == pytest.approx(1 - 1 / 700, abs=1e-4)


def test_the_calibrator_is_smooth_at_one() -> None:
    p = 1 - np.array([0.0, 1e-9, 1e-6, 9e-5, 1.1e-4, 1e-3])
    assert e_value(p) == pytest.approx(0.5 - np.log(p) / 6, abs=1e-6)
    assert (np.diff(e_value(np.logspace(-300, 0, 500))) < 0).all()


@pytest.mark.parametrize("p", [0.0, -0.1, 1.1, np.nan])
def test_what_is_no_p_value_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="p-values"):
        e_value(p)


def test_false_discoveries_are_held_under_dependence() -> None:
    # 100 unchanged models that share one cause of noise, 5 changed ones.
    rng = np.random.default_rng(4)
    wrong = []
    for _ in range(400):
        r = np.abs(0.9 * rng.normal() + np.sqrt(0.19) * rng.normal(size=105))
        r[100:] += 8
        e = np.array([float(e_value(model_p_value([one], [1.0]))) for one in r])
        found = e_bh(e, 0.1)
        assert found[100:].sum() >= 3
        wrong.append(found[:100].sum() / max(1, found.sum()))
    assert np.mean(wrong) <= 0.1


def test_nothing_is_found_among_nothing() -> None:
    assert not e_bh(np.full(50, 5.0), 0.1).any()
    assert e_bh([], 0.1).size == 0
    with pytest.raises(ValueError, match="alpha"):
        e_bh([1.0], 1.0)


def test_a_model_is_as_surprising_as_its_most_surprising_score() -> None:
    assert model_p_value([1.0, 7.0], [0.5, 0.5]) == model_p_value([0.0, 7.0], [0.5, 0.5])
    assert model_p_value([7.0, 7.0], [0.9, 0.1]) < model_p_value([0.0, 7.0], [0.9, 0.1])
    assert model_p_value([0.1], [1.0]) == 1.0
    assert model_p_value([9.0], [0.0]) == 1.0
    assert 0 < model_p_value([60.0], [1.0]) < 1e-300
