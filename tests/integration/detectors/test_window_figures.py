"""Figures of windows read from ClickHouse are those of the pure functions on the same events."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.performance.metrics.business_figures import KpiSums, kpi_metrics
from detectors.performance.metrics.calibration import CalibrationSums, calibration_error
from detectors.performance.metrics.class_scores import one_against_rest, two_class_areas
from detectors.performance.metrics.confusion import Confusion, confusion_metrics
from detectors.performance.metrics.figure import Figure, WindowFigures, figures_of
from detectors.performance.metrics.means import MeanSums, mean_figure
from detectors.performance.metrics.regression import RegressionSums, regression_metrics
from detectors.performance.metrics.verification import curve_metrics, threshold_metrics
from detectors.performance.metrics.window_figures import reference_figures, window_figures
from driftline.contracts import Contract, parse_contract
from driftline.store import Store
from tests.seeding.labelled import START, insert_labelled

HOUR = timedelta(hours=1)
TINY = np.finfo(np.float64).eps


def contract_of(quality: Mapping[str, Any]) -> Contract:
    return parse_contract(
        {
            "model": "m",
            "fields": [
                {"name": "site", "role": "segment", "kind": "categorical"},
                {"name": "out", "role": "output", "kind": "categorical"},
                {"name": "number", "role": "output", "kind": "numeric"},
                *({"name": name, "role": "output", "kind": "numeric"} for name in ("pa", "pb", "pc")),
            ],
            "prediction": "out",
            "quality": quality,
        }
    )


def all_figures(store: Store, contract: Contract, hours: int = 1, **options: Any) -> list[WindowFigures]:
    return list(window_figures(store, contract, START, START + hours * HOUR, 3600, **options))


def assert_same(found: Sequence[Figure], expected: Sequence[Figure]) -> None:
    by_name = {(each.metric, each.class_name): each for each in found}
    assert expected
    for want in expected:
        have = by_name[want.metric, want.class_name]
        for name in ("value", "lower", "upper", "labelled", "effective_labelled"):
            assert getattr(have, name) == pytest.approx(
                getattr(want, name), rel=1e-9, abs=1e-9, nan_ok=True
            ), (want.metric, want.class_name, name)


def class_events(seed: int, classes: Sequence[str], n: int = 300) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    code = rng.integers(0, len(classes), n)
    raw = rng.gamma(0.6, size=(n, len(classes))) + np.eye(len(classes))[code]
    scores = np.round(raw / raw.sum(axis=1, keepdims=True), 2)
    scores[:, -1] = np.round(1 - scores[:, :-1].sum(axis=1), 12)
    return {
        "truth": [classes[index] for index in code],
        "prediction": [classes[index] for index in scores.argmax(axis=1)],
        "scores": scores,
        "weight": rng.choice([1.0, 1.5, 8.0], n),
        "segments": [["north"] if flag else ["south"] for flag in rng.random(n) < 0.3],
    }


def as_rows(events: Mapping[str, Any], scores: NDArray[np.float64]) -> dict[str, Any]:
    return {**events, "scores": scores.tolist(), "weight": events["weight"].tolist()}


@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize("positive", ["a", "b"])
def test_two_classes(store: Store, width: int, positive: str) -> None:
    columns = {"a": "pa", "b": "pb"} if width == 2 else {"b": "pb"}
    contract = contract_of({"scores": columns, "positive": positive, "calibration_bins": 7})
    events = class_events(1, ("a", "b"))
    scores = events["scores"] if width == 2 else events["scores"][:, 1:]
    insert_labelled(store, contract, as_rows(events, scores))
    whole, *segments = all_figures(store, contract)
    w, is_positive = events["weight"], np.array(events["truth"]) == positive
    p = events["scores"][:, 0 if positive == "a" else 1]
    if width == 1 and positive == "a":
        p = 1 - events["scores"][:, 1]
    of_truth = np.where(is_positive, p, 1 - p)
    expected = [
        *figures_of(confusion_metrics(Confusion.of(events["truth"], events["prediction"], w)), 0),
        mean_figure("log_loss", MeanSums.of(-np.log(np.clip(of_truth, TINY, 1 - TINY)), w)).figure(0),
        mean_figure("brier", MeanSums.of((p - is_positive) ** 2, w), lowest=0.0).figure(0),
        calibration_error(CalibrationSums.of(np.clip(p, 0, 1), is_positive, 7, w)).figure(0),
        *two_class_areas(p, np.where(is_positive, w, -w), positive),
    ]
    assert_same(whole.figures, expected)
    assert (whole.version, whole.start, whole.end, whole.segment) == ("1", START, START + HOUR, "")
    assert [each.segment for each in segments] == ["site=north", "site=south"]
    labelled = [each.figures[0].labelled for each in segments]
    assert sum(labelled) == 300
    inside = np.array([value == ["north"] for value in events["segments"]])
    area = two_class_areas(p[inside], np.where(is_positive, w, -w)[inside], positive)
    assert_same(segments[0].figures, area)


def test_many_classes(store: Store) -> None:
    contract = contract_of({"scores": {"a": "pa", "b": "pb", "c": "pc"}, "calibration_bins": 5})
    classes = ("a", "b", "c")
    events = class_events(2, classes)
    insert_labelled(store, contract, as_rows(events, events["scores"]))
    whole, *segments = all_figures(store, contract)
    w, scores = events["weight"], events["scores"]
    truth = np.array([classes.index(name) for name in events["truth"]])
    predicted = np.array([classes.index(name) for name in events["prediction"]])
    of_truth = scores[np.arange(300), truth]
    brier = ((scores - np.eye(3)[truth]) ** 2).sum(axis=1)
    confidence = scores[np.arange(300), predicted]
    assert_same(
        whole.figures,
        [
            *figures_of(confusion_metrics(Confusion.of(events["truth"], events["prediction"], w)), 0),
            mean_figure("log_loss", MeanSums.of(-np.log(np.clip(of_truth, TINY, 1 - TINY)), w)).figure(0),
            mean_figure("brier", MeanSums.of(brier, w)).figure(0),
            calibration_error(CalibrationSums.of(confidence, truth == predicted, 5, w)).figure(0),
            *one_against_rest(scores, truth, w, classes),
        ],
    )
    assert len(segments) == 2


def test_a_classifier_without_scores_or_with_the_confidence_only(store: Store) -> None:
    plain = contract_of({})
    events = class_events(3, ("a", "b", "c"))
    insert_labelled(store, plain, as_rows(events, np.zeros((300, 0))))
    (whole, *_) = all_figures(store, plain)
    assert whole.figure("accuracy") is not None
    assert whole.figure("log_loss") is whole.figure("roc_auc") is whole.figure("calibration_error") is None
    told = contract_of({"confidence": "pa"})
    confidence = events["scores"].max(axis=1)
    insert_labelled(store, told, as_rows(events, confidence[:, None]))
    (whole, *_) = all_figures(store, told)
    hit = np.array(events["truth"]) == np.array(events["prediction"])
    sums = CalibrationSums.of(confidence, hit, 15, events["weight"])
    assert_same(whole.figures, [calibration_error(sums).figure(0)])


def test_scores_that_are_no_probabilities_are_counted_and_other_windows_are_unaffected(store: Store) -> None:
    contract = contract_of({"scores": {"a": "pa", "b": "pb"}})
    bad = [[1.2, -0.2], [0.5, 0.9], [math.nan, 0.1], [0.3, 0.7]]
    insert_labelled(store, contract, {"truth": ["a", "b", "a", "b"], "prediction": ["a"] * 4, "scores": bad})
    later: dict[str, Any] = {
        "truth": ["a", "b"],
        "prediction": ["a", "b"],
        "scores": [[0.9, 0.1], [0.2, 0.8]],
    }
    insert_labelled(store, contract, later, start=START + HOUR)
    insert_labelled(store, contract, {**later, "scores": [[9.0, 9.0]] * 2}, start=START + 2 * HOUR)
    first, second, third = all_figures(store, contract, 3, segments=False)
    loss = first.figure("log_loss")
    assert loss is not None
    assert loss.value == pytest.approx(-math.log(0.7))
    assert loss.reason == "left out 3 of 4 events: scores missing, outside 0 to 1 or not adding up to 1"
    area = first.figure("roc_auc")
    assert area is not None
    assert area.labelled == 4
    assert all(not each.reason for each in second.figures)
    nothing = third.figure("calibration_error")
    assert nothing is not None
    assert math.isnan(nothing.value)
    assert nothing.reason.startswith("left out 2 of 2 events")


def test_an_unseen_class_and_a_missing_prediction(store: Store) -> None:
    contract = contract_of({"scores": {"a": "pa", "b": "pb"}})
    insert_labelled(
        store,
        contract,
        {"truth": ["a", "new", "b"], "prediction": ["a", "b", ""], "scores": [[0.9, 0.1]] * 3},
    )
    (window,) = all_figures(store, contract, segments=False)
    recall = window.figure("recall", "new")
    loss = window.figure("log_loss")
    accuracy = window.figure("accuracy")
    assert recall is not None
    assert recall.value == 0.0
    assert loss is not None
    assert loss.value == pytest.approx((-math.log(0.9) - math.log(TINY) - math.log(0.1)) / 3)
    assert accuracy is not None
    assert accuracy.value == pytest.approx(1 / 3)
    assert ["b", "", 1, 1.0] in accuracy.details["confusion"]["cells"]


def test_numbers(store: Store) -> None:
    contract = contract_of({"task": "regression", "prediction": "number", "quantile": 0.9})
    rng = np.random.default_rng(4)
    truth = 1e5 + rng.normal(size=200)
    predicted = truth + rng.normal(size=200)
    predicted[:3] = math.nan
    truth[5] = 0.0
    weights = rng.choice([1.0, 3.0], 200)
    insert_labelled(
        store,
        contract,
        {
            "truth_value": truth.tolist(),
            "predicted_value": predicted.tolist(),
            "weight": weights.tolist(),
            "segments": [["x"]] * 200,
        },
    )
    whole, segment = all_figures(store, contract)
    expected = regression_metrics(RegressionSums.of(truth, predicted, weights, quantile=0.9))
    assert_same(whole.figures, figures_of(expected, 0))
    assert_same(segment.figures, figures_of(expected, 0))
    assert [each.reason for each in whole.figures] == [each.figure(0).reason for each in expected]


def test_pairs(store: Store) -> None:
    contract = contract_of(
        {"task": "verification", "prediction": "number", "threshold": 0.5, "far_levels": [0.05, 0.2]}
    )
    rng = np.random.default_rng(5)
    same = (rng.random(400) < 0.5).astype(np.float64)
    similarity = np.round(rng.normal(same, 0.7), 1)
    weights = rng.choice([1.0, 2.0], 400)
    insert_labelled(
        store,
        contract,
        {
            "truth_value": [*same.tolist(), 1.0],
            "predicted_value": [*similarity.tolist(), math.nan],
            "weight": [*weights.tolist(), 1.0],
        },
    )
    (whole,) = all_figures(store, contract)
    tables = np.zeros((3, 1, 2, 2))
    for kind, score, weight in zip(same.astype(int), similarity, weights, strict=True):
        tables[:, 0, kind, int(score >= 0.5)] += 1, weight, weight**2
    signed = np.where(same > 0, weights, -weights)
    assert_same(
        whole.figures,
        [*figures_of(threshold_metrics(*tables), 0), *curve_metrics(similarity, signed, (0.05, 0.2))],
    )
    eer = whole.figure("eer")
    assert eer is not None
    assert eer.reason == "left out 1 pairs without a finite similarity"


def test_business_figures_come_beside_the_metrics_of_the_task(store: Store) -> None:
    contract = contract_of({"kpis": [{"name": "revenue"}, {"name": "clicks"}]})
    insert_labelled(store, contract, {"truth": ["a"], "prediction": ["a"]})
    values, weights = np.array([1.0, 5.0, math.nan]), np.array([1.0, 2.0, 1.0])
    figures = {"truth_value": values.tolist(), "weight": weights.tolist()}
    insert_labelled(store, contract, figures, name="revenue")
    whole, revenue = all_figures(store, contract)
    assert [each.metric for each in revenue.figures] == ["revenue", "sum(revenue)"]
    assert_same(revenue.figures, figures_of(kpi_metrics("revenue", KpiSums.of(values, weights)), 0))
    assert whole.figure("accuracy") is not None


def test_corrections_replace_versions_stay_apart_and_chosen_windows_only(store: Store) -> None:
    contract = contract_of({})
    for version in ("1", "2"):
        for hour in range(4):
            right = {"truth": ["a"] * 10, "prediction": ["a"] * 10}
            insert_labelled(store, contract, right, version=version, start=START + hour * HOUR)
    wrong = {"truth": ["b"] * 10, "prediction": ["a"] * 10}
    corrected = START + HOUR
    store.command("SYSTEM STOP MERGES")
    try:
        insert_labelled(store, contract, wrong, version="2", start=corrected)
        found = all_figures(store, contract, 4, segments=False, starts=[corrected, START + 3 * HOUR])
    finally:
        store.command("SYSTEM START MERGES")
    values = {(each.version, (each.start - START) // HOUR): each.figures[0].value for each in found}
    assert set(values) == {("1", 1), ("2", 1), ("1", 3), ("2", 3)}
    assert values["1", 1] == values["2", 3] == 1.0
    assert all(each.figures[0].labelled == 10 for each in found)


def test_a_reference_is_one_window_without_what_is_excluded(store: Store) -> None:
    contract = contract_of({"scores": {"b": "pb"}})
    for hour, version in enumerate(("1", "2", "1")):
        rows: dict[str, Any] = {"truth": ["a", "b"], "prediction": ["a", "a"], "scores": [[0.1], [0.8]]}
        insert_labelled(store, contract, rows, version=version, start=START + hour * HOUR)
    last = int((START + 2 * HOUR).timestamp()) // 3600
    until = START + 3 * HOUR

    def labelled(**options: Any) -> int:
        (found,) = reference_figures(store, contract, START, until, segments=False, **options)
        assert (found.version, found.start, found.end) == ("", START, until)
        figure = found.figure("roc_auc")
        assert figure is not None
        assert figure.value == 1.0
        return figure.labelled

    assert labelled() == 6
    assert labelled(excluded=[last]) == 4
    assert labelled(versions=["2"]) == 2
    assert reference_figures(store, contract, START, until, model="m@0") == []
    assert reference_figures(store, contract, until, START) == []


def test_a_window_above_a_portion_draws_its_curves_from_a_part(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = contract_of({"scores": {"b": "pb"}})
    events = class_events(6, ("a", "b"), n=2000)
    insert_labelled(store, contract, as_rows(events, events["scores"][:, 1:]))
    insert_labelled(store, contract, as_rows(events, events["scores"][:, 1:]), start=START + HOUR)
    (whole, *_), small = (
        all_figures(store, contract),
        "detectors.performance.metrics.window_figures.ROWS_A_PORTION",
    )
    monkeypatch.setattr(small, 500)
    found = [each for each in all_figures(store, contract, 2) if not each.segment]
    assert len(found) == 2
    accuracy, area = found[0].figure("accuracy"), found[0].figure("roc_auc")
    exact = whole.figure("roc_auc")
    assert accuracy is not None
    assert area is not None
    assert exact is not None
    assert accuracy.labelled == 2000
    assert area.labelled == 500
    assert area.reason == "curve drawn from 1 of 4 events"
    assert area.lower < exact.value < area.upper


def test_nothing_labelled_and_nothing_to_measure(store: Store) -> None:
    assert all_figures(store, contract_of({"task": "regression", "prediction": "number"})) == []
    plain = parse_contract({"model": "m", "fields": [{"name": "x", "kind": "numeric"}]})
    assert all_figures(store, plain) == []
    assert reference_figures(store, plain, START, START + HOUR) == []
