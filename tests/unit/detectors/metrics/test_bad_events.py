"""Events that a metric cannot use give a reason, never a crash."""

from __future__ import annotations

import math

import numpy as np
import pytest

from detectors.performance.metrics.business_figures import KpiSums, kpi_metrics
from detectors.performance.metrics.calibration import CalibrationSums
from detectors.performance.metrics.class_scores import one_against_rest, two_class_areas
from detectors.performance.metrics.confusion import Confusion, confusion_metrics
from detectors.performance.metrics.figure import Figure, figures_of
from detectors.performance.metrics.means import MeanSums, mean_figure
from detectors.performance.metrics.ranked_scores import RankedScores
from detectors.performance.metrics.ranking import gains_of_answer
from detectors.performance.metrics.regression import RegressionSums, regression_metrics
from detectors.performance.metrics.transcription import EditSums, edit_counts
from detectors.performance.metrics.verification import curve_metrics, threshold_metrics


def by_name(truth: list[str], prediction: list[str]) -> dict[tuple[str, str], Figure]:
    figures = figures_of(confusion_metrics(Confusion.of(truth, prediction)), 0)
    return {(each.metric, each.class_name): each for each in figures}


def test_no_events_have_no_value_and_say_so() -> None:
    found = by_name([], [])
    assert found
    assert all(math.isnan(each.value) and each.reason == "no labelled events" for each in found.values())
    for measured in (*regression_metrics(RegressionSums.of([], [])), *kpi_metrics("x", KpiSums.of([]))):
        assert math.isnan(measured.figure(0).value)
        assert measured.figure(0).reason == "no labelled events"
    assert math.isnan(EditSums().figure("wer").value)


def test_a_single_class_leaves_accuracy_defined_and_curves_undefined() -> None:
    found = by_name(["a", "a"], ["a", "a"])
    assert found["accuracy", ""].value == 1.0
    assert found["accuracy", ""].lower < 1.0
    assert found["f1_macro", ""].reason == "all labels are 'a'"
    for figure in two_class_areas([0.2, 0.9], [1.0, 2.0], "a"):
        assert math.isnan(figure.value)
        assert figure.reason == "all labels are 'a'"
    assert two_class_areas([0.2], [-1.0], "a")[0].reason == "no label is 'a'"
    assert two_class_areas([], [], "a")[0].reason == "no event has usable scores"


def test_a_class_that_was_never_predicted_or_never_true() -> None:
    found = by_name(["a", "a", "b"], ["a", "c", "a"])
    assert found["precision", "b"].reason == "no event was predicted as 'b'"
    assert math.isnan(found["precision", "b"].value)
    assert found["f1", "b"].value == 0.0
    assert found["recall", "c"].reason == "no label is 'c'"
    assert found["precision_macro", ""].value == pytest.approx((0.5 + 0 + 0) / 3)


def test_an_event_without_prediction_is_wrong_and_no_class() -> None:
    found = by_name(["a", "b"], ["a", ""])
    assert found["accuracy", ""].value == 0.5
    assert found["precision_micro", ""].value == 1.0
    assert ("precision", "") not in found
    assert by_name(["a"], [""])["precision_micro", ""].reason == "no event has a prediction"


def test_constant_scores_give_half_and_a_note() -> None:
    roc, precision = two_class_areas([0.5] * 4, [1, -1, -1, -1], "a")
    assert (roc.value, precision.value) == (0.5, 0.25)
    assert roc.reason == precision.reason == "all scores are equal"


def test_perfect_scores_have_an_interval_with_a_width() -> None:
    roc, _ = two_class_areas([0.1, 0.2, 0.8, 0.9], [-1, -1, 1, 1], "a")
    assert roc.value == roc.upper == 1.0
    assert roc.lower < 0.7


def test_classes_without_labels_are_left_out_of_the_mean() -> None:
    scores = np.array([[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.2, 0.7, 0.1]])
    figures = one_against_rest(scores, np.array([0, 1, 1]), np.ones(3), ("a", "b", "c"))
    found = {(each.metric, each.class_name): each for each in figures}
    assert found["roc_auc", ""].reason == "without 'c'"
    assert found["roc_auc", "c"].reason == "no label is 'c'"
    none = one_against_rest(np.zeros((0, 3)), np.zeros(0, dtype=np.int64), np.zeros(0), ("a", "b", "c"))
    assert all(math.isnan(each.value) and each.reason for each in none)
    many = tuple(f"class {index}" for index in range(60))
    assert (
        "at most 50"
        in one_against_rest(np.ones((1, 60)), np.zeros(1, dtype=np.int64), np.ones(1), many)[0].reason
    )


def test_a_confidence_outside_zero_to_one_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        CalibrationSums.of([1.2], [1], 10)
    with pytest.raises(ValueError, match="one length"):
        RankedScores([1.0], [1.0, 1.0])
    with pytest.raises(ValueError, match="one length"):
        MeanSums.of([1.0], [1.0, 2.0])


def test_values_that_are_not_finite_are_left_out_and_counted() -> None:
    sums = RegressionSums.of([1.0, 2.0, 0.0, 4.0], [1.5, math.nan, 1.0, math.inf])
    found = {each.metric: each.figure(0) for each in regression_metrics(sums)}
    assert found["mae"].value == pytest.approx(0.75)
    assert found["mae"].reason == "left out 2 events without a finite prediction"
    assert "left out 1 events whose true value is 0" in found["mape"].reason
    same = {each.metric: each.figure(0) for each in regression_metrics(RegressionSums.of([3, 3], [2, 4]))}
    assert math.isnan(same["r2"].value)
    assert same["r2"].reason == "all true values are equal"
    mean, _ = kpi_metrics("x", KpiSums.of([1.0, math.nan]))
    assert mean.figure(0).reason == "left out 1 events whose figure is not finite"


def test_one_event_has_an_interval_without_ends() -> None:
    figure = mean_figure("bias", MeanSums.of([2.0])).figure(0)
    assert (figure.lower, figure.upper) == (-math.inf, math.inf)


def test_pairs_of_one_kind_only() -> None:
    table = np.array([[[0, 0], [1, 3]]], dtype=np.float64)
    accuracy, far, frr = (each.figure(0) for each in threshold_metrics(table, table, table))
    assert accuracy.value == 0.75
    assert far.reason == "no pair of different people"
    assert frr.value == 0.25
    for figure in curve_metrics([0.3, 0.4], [1, 1], [0.01]):
        assert figure.reason == "no pair of different people"
    assert curve_metrics([0.3], [-1], [0.01])[0].reason == "no pair of the same person"
    assert curve_metrics([], [], [0.01])[0].reason == "no pair has a usable similarity"
    few = curve_metrics([0.1, 0.2, 0.9], [-1, -1, 1], [0.001])[1]
    assert few.reason == "1000 pairs of different people needed, 2 there"


def test_an_answer_with_nothing_to_find_counts_as_no_click() -> None:
    assert gains_of_answer(["a"], {"a": 0.0}, 5)[-1] == 0.0
    assert math.isnan(gains_of_answer([], {}, 5)[0])
    assert gains_of_answer([], {"a": 1.0}, 5) == (0.0, 0.0, 0.0, 0.0, 0.0)
    assert gains_of_answer(["a", "a", "b"], {"a": 1.0, "b": 1.0}, 3)[3] == 1.0


def test_empty_references() -> None:
    sums = EditSums()
    sums.add(edit_counts(["", ""], ["", "word"], "wer"), [1.0, 1.0])
    assert sums.figure("wer").reason == "all references are empty"
    sums.add(edit_counts(["a b"], ["a b"], "wer"), [1.0])
    assert sums.figure("wer").value == 0.5
