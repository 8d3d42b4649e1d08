"""Metrics of classifiers agree with scikit-learn to 1e-9, with weights and ties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sk

from detectors.performance.metrics.calibration import CalibrationSums, calibration_error
from detectors.performance.metrics.class_scores import one_against_rest, two_class_areas
from detectors.performance.metrics.confusion import Confusion, confusion_metrics
from detectors.performance.metrics.figure import figures_of
from tests.unit.detectors.metrics.labelled import LabelledClasses, labelled_classes, pairs_of

EXACT = 1e-9


def values_of(events: LabelledClasses) -> dict[tuple[str, str], float]:
    matrix = Confusion.of(events.truth, events.prediction, events.weights)
    figures = figures_of(confusion_metrics(matrix), 0)
    assert all(each.lower <= each.value <= each.upper for each in figures if np.isfinite(each.value))
    return {(each.metric, each.class_name): each.value for each in figures}


@given(labelled_classes())
@settings(max_examples=40)
def test_confusion_metrics_are_scikit_learns(events: LabelledClasses) -> None:
    found = values_of(events)
    given_to = (events.truth, events.prediction)
    weighted = {"sample_weight": events.weights}
    expected = {
        "accuracy": sk.accuracy_score(*given_to, **weighted),
        "balanced_accuracy": sk.balanced_accuracy_score(*given_to, **weighted),
    }
    for average in ("macro", "micro", "weighted"):
        for name, function in (
            ("precision", sk.precision_score),
            ("recall", sk.recall_score),
            ("f1", sk.f1_score),
        ):
            expected[f"{name}_{average}"] = function(*given_to, average=average, zero_division=0, **weighted)
    for name, value in expected.items():
        assert found[name, ""] == pytest.approx(value, rel=EXACT, abs=EXACT), name
    classes = sorted({*events.truth, *events.prediction})
    columns = sk.precision_recall_fscore_support(*given_to, labels=classes, zero_division=np.nan, **weighted)
    for index, name in enumerate(classes):
        for metric, values in zip(("precision", "recall", "f1"), columns[:3], strict=True):
            if metric != "f1" or np.isfinite(values[index]):
                assert found[metric, name] == pytest.approx(values[index], rel=EXACT, abs=EXACT, nan_ok=True)


@given(labelled_classes(most_classes=4))
@settings(max_examples=40)
def test_curves_of_many_classes_are_scikit_learns(events: LabelledClasses) -> None:
    truth = np.array([events.classes.index(name) for name in events.truth])
    figures = one_against_rest(events.scores, truth, events.weights, events.classes)
    found = {(each.metric, each.class_name): each.value for each in figures}
    hot = np.eye(len(events.classes))[truth]
    for metric, function in (("roc_auc", sk.roc_auc_score), ("pr_auc", sk.average_precision_score)):
        by_class = [
            function(hot[:, index], events.scores[:, index], sample_weight=events.weights)
            for index in range(len(events.classes))
        ]
        for name, value in zip(events.classes, by_class, strict=True):
            assert found[metric, name] == pytest.approx(value, rel=EXACT, abs=EXACT)
        assert found[metric, ""] == pytest.approx(np.mean(by_class), rel=EXACT, abs=EXACT)
    assert all(each.lower <= each.value <= each.upper for each in figures)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 12]))
def test_curves_of_two_classes_are_scikit_learns(seed: int, digits: int) -> None:
    outcome, scores, weights = pairs_of(seed, digits=digits)
    signed = np.where(outcome > 0, weights, -weights)
    roc, precision = two_class_areas(scores, signed, "bad")
    assert roc.value == pytest.approx(
        sk.roc_auc_score(outcome, scores, sample_weight=weights), rel=EXACT, abs=EXACT
    )
    expected = sk.average_precision_score(outcome, scores, sample_weight=weights)
    assert precision.value == pytest.approx(expected, rel=EXACT, abs=EXACT)
    order = np.argsort(scores)
    assert two_class_areas(scores[order], signed[order], "bad", ascending=True) == [roc, precision]


@given(st.integers(0, 2**32 - 1))
def test_calibration_error_is_the_weighted_gap_of_equal_bins(seed: int) -> None:
    rng = np.random.default_rng(seed)
    confidence, outcome = np.round(rng.random(80), 2), rng.integers(0, 2, 80)
    weights = rng.choice([1.0, 2.5], 80)
    found = calibration_error(CalibrationSums.of(confidence, outcome, 10, weights)).figure(0)
    expected = 0.0
    for index in range(10):
        inside = np.minimum(np.floor(confidence * 10), 9) == index
        gap = weights[inside] @ (outcome[inside] - confidence[inside])
        expected += abs(gap) / weights.sum()
    assert found.value == pytest.approx(expected, rel=EXACT, abs=EXACT)
    assert sum(each["events"] for each in found.details["bins"]) == 80


def test_slopes_of_the_areas_are_their_derivatives_by_weight() -> None:
    outcome, scores, weights = pairs_of(3, n=60, digits=1)
    truth = (1 - outcome).astype(np.int64)
    both = np.stack([scores, -scores], axis=1)

    def mean_of(metric: str, given_weights: NDArray[np.float64]) -> float:
        figures = one_against_rest(both, truth, given_weights, ("a", "b"))
        return next(each.value for each in figures if each.metric == metric and not each.class_name)

    for metric in ("roc_auc", "pr_auc"):
        figures = one_against_rest(both, truth, weights, ("a", "b"))
        figure = next(each for each in figures if each.metric == metric and not each.class_name)
        step = 1e-6
        slopes = [
            (mean_of(metric, weights + step * unit) - mean_of(metric, weights - step * unit)) / (2 * step)
            for unit in np.eye(60)
        ]
        variance = np.sum((weights * np.array(slopes)) ** 2)
        draws = figure.value * (1 - figure.value) / variance
        z = 1.959963984540054
        centre = (figure.value + z * z / (2 * draws)) / (1 + z * z / draws)
        assert (figure.lower + figure.upper) / 2 == pytest.approx(centre, rel=1e-5)


def test_averages_have_the_variance_of_their_derivatives() -> None:
    rng = np.random.default_rng(5)
    truth = rng.choice(["a", "b", "c"], 80).tolist()
    prediction = [name if rng.random() < 0.7 else rng.choice(["a", "b", ""]) for name in truth]
    base = rng.choice([1.0, 2.0], 80)

    def measured(weights: NDArray[np.float64]) -> dict[str, tuple[float, float, float]]:
        figures = figures_of(confusion_metrics(Confusion.of(truth, prediction, weights)), 0)
        return {each.metric: (each.value, each.lower, each.upper) for each in figures if not each.class_name}

    found = measured(base)
    for name in ("precision_macro", "recall_macro", "f1_macro", "f1_micro", "balanced_accuracy",
                 "precision_weighted", "recall_weighted", "f1_weighted"):  # fmt: skip
        step = 1e-5
        variance = sum(
            (base[index] * (measured(base + step * unit)[name][0] - found[name][0]) / step) ** 2
            for index, unit in enumerate(np.eye(80))
        )
        value, lower, upper = found[name]
        z = 1.959963984540054
        draws = value * (1 - value) / variance
        half = z / (1 + z * z / draws) * np.sqrt(variance + z * z / (4 * draws * draws))
        assert (upper - lower) / 2 == pytest.approx(half, rel=1e-3), name
