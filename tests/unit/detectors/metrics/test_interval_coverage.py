"""In seeded simulations 95% intervals hold the true value about as often as they say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import ndtr

from detectors.performance.metrics.calibration import CalibrationSums, calibration_error
from detectors.performance.metrics.class_scores import two_class_areas
from detectors.performance.metrics.confusion import Confusion, confusion_metrics
from detectors.performance.metrics.figure import Figure, figures_of
from detectors.performance.metrics.regression import RegressionSums, regression_metrics
from detectors.performance.metrics.verification import curve_metrics

REPEATS = 300
Draw = Callable[[np.random.Generator], list[Figure]]
WEIGHTS = (1.0, 1.0, 4.0)


def coverage(draw: Draw, metric: str, true_value: float, class_name: str = "") -> float:
    inside = 0
    for seed in range(REPEATS):
        figures = draw(np.random.default_rng(seed))
        figure = next(each for each in figures if (each.metric, each.class_name) == (metric, class_name))
        inside += figure.lower <= true_value <= figure.upper
    return inside / REPEATS


def labels(rng: np.random.Generator) -> list[Figure]:
    truth = rng.random(300) < 0.3
    predicted = np.where(rng.random(300) < np.where(truth, 0.7, 0.1), "bad", "good")
    matrix = Confusion.of(
        np.where(truth, "bad", "good").tolist(), predicted.tolist(), rng.choice(WEIGHTS, 300)
    )
    return list(figures_of(confusion_metrics(matrix), 0))


def of_f1(share: float = 0.3, hit: float = 0.7, false: float = 0.1) -> tuple[float, float]:
    bad = 2 * share * hit / (share + share * hit + (1 - share) * false)
    good = 2 * (1 - share) * (1 - false)
    return bad, good / ((1 - share) * (2 - false) + share * (1 - hit))


PRECISION = 0.21 / 0.28


@pytest.mark.parametrize(
    ("metric", "class_name", "true_value"),
    [
        ("accuracy", "", 0.3 * 0.7 + 0.7 * 0.9),
        ("balanced_accuracy", "", 0.8),
        ("recall", "bad", 0.7),
        ("precision", "bad", PRECISION),
        ("f1", "bad", of_f1()[0]),
        ("f1_macro", "", sum(of_f1()) / 2),
        ("f1_weighted", "", 0.3 * of_f1()[0] + 0.7 * of_f1()[1]),
        ("precision_macro", "", (PRECISION + 0.63 / 0.72) / 2),
    ],
)
def test_metrics_of_classes(metric: str, class_name: str, true_value: float) -> None:
    assert 0.915 <= coverage(labels, metric, true_value, class_name) <= 0.985


def similarities(rng: np.random.Generator) -> list[Figure]:
    same = rng.random(600) < 0.3
    scores = rng.normal(same * 2.0, 1.0)
    weights = rng.choice(WEIGHTS, 600)
    return curve_metrics(scores, np.where(same, weights, -weights), (0.1,))


@pytest.mark.parametrize(
    ("metric", "class_name", "true_value"),
    [
        ("roc_auc", "", float(ndtr(2 / np.sqrt(2)))),
        ("eer", "", float(ndtr(-1.0))),
        ("tar_at_far", "0.1", float(ndtr(2 - 1.2815515655446004))),
    ],
)
def test_curves_of_similarities(metric: str, class_name: str, true_value: float) -> None:
    assert 0.915 <= coverage(similarities, metric, true_value, class_name) <= 0.999


def test_average_precision() -> None:
    def draw(rng: np.random.Generator, n: int = 400) -> list[Figure]:
        bad = rng.random(n) < 0.2
        return two_class_areas(rng.normal(bad * 1.5, 1.0), np.where(bad, 1.0, -1.0), "bad")

    true_value = draw(np.random.default_rng(99), 2_000_000)[1].value
    assert 0.915 <= coverage(draw, "pr_auc", true_value) <= 0.985


@pytest.mark.parametrize("shift", [0.0, 0.15])
def test_calibration_error_also_when_there_is_none(shift: float) -> None:
    def draw(rng: np.random.Generator) -> list[Figure]:
        bins = rng.integers(0, 8, 500)
        confidence = (bins + 0.5) / 10
        outcome = rng.random(500) < confidence + shift
        return [calibration_error(CalibrationSums.of(confidence, outcome, 10)).figure(0)]

    assert 0.93 <= coverage(draw, "calibration_error", shift) <= 1.0


@pytest.mark.parametrize(
    ("metric", "true_value"), [("mae", np.sqrt(2 / np.pi)), ("rmse", 1.0), ("bias", 0.0), ("r2", 0.8)]
)
def test_metrics_of_numbers(metric: str, true_value: float) -> None:
    def draw(rng: np.random.Generator) -> list[Figure]:
        truth = rng.normal(size=200) * np.sqrt(5.0)
        sums = RegressionSums.of(truth, truth + rng.normal(size=200), rng.choice(WEIGHTS, 200))
        return list(figures_of(regression_metrics(sums), 0))

    assert 0.905 <= coverage(draw, metric, float(true_value)) <= 0.985
