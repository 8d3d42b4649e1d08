"""Losses of single events against scikit-learn, and which losses a contract may ask for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics

from detectors.performance.decay.event_losses import LabelledColumns, event_losses
from detectors.performance.decay.loss import Loss, loss_of
from driftline.errors import InvalidInput
from driftline.quality_contract import Kpi, Quality

RNG = np.random.default_rng(20_312)
N = 200
CLASSES = ("a", "b", "c")
TRUTH = RNG.choice(CLASSES, N)
PREDICTION = RNG.choice(CLASSES, N)
SCORES = RNG.dirichlet([1, 1, 1], N)
VALUES, PREDICTED = RNG.normal(5, 2, N), RNG.normal(5, 2, N)


def mean_of(loss: Loss, columns: LabelledColumns) -> float:
    return loss.value(float(np.mean(event_losses(loss, columns))))


def test_classification_agrees_with_scikit_learn() -> None:
    columns = LabelledColumns(TRUTH.tolist(), PREDICTION.tolist(), scores=SCORES)
    quality = Quality(loss_limit=1e6)
    assert mean_of(loss_of(quality), columns) == pytest.approx(metrics.accuracy_score(TRUTH, PREDICTION))
    assert mean_of(loss_of(quality, "log_loss", CLASSES), columns) == pytest.approx(
        metrics.log_loss(TRUTH, SCORES, labels=list(CLASSES)), abs=1e-9
    )
    assert mean_of(loss_of(quality, "brier", CLASSES), columns) == pytest.approx(
        metrics.brier_score_loss(TRUTH, SCORES, labels=list(CLASSES)), abs=1e-9
    )


def test_two_classes_need_one_score() -> None:
    truth = RNG.choice(["no", "yes"], N)
    p = RNG.uniform(0.01, 0.99, N)
    quality = Quality(loss_limit=1e6)
    expected = metrics.log_loss(truth == "yes", p), metrics.brier_score_loss(truth == "yes", p)
    predicted = np.where(p >= 0.5, "yes", "no").tolist()
    forms = {
        ("yes",): p[:, None],
        ("no", "yes"): np.stack([1 - p, p], axis=1),
        ("",): np.maximum(p, 1 - p)[:, None],
    }
    for scores, values in forms.items():
        columns = LabelledColumns(truth.tolist(), predicted, scores=values)
        found = tuple(mean_of(loss_of(quality, name, scores), columns) for name in ("log_loss", "brier"))
        assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("mae", metrics.mean_absolute_error(VALUES, PREDICTED)),
        ("mse", metrics.mean_squared_error(VALUES, PREDICTED)),
        ("mape", metrics.mean_absolute_percentage_error(VALUES, PREDICTED)),
        ("quantile_loss", metrics.mean_pinball_loss(VALUES, PREDICTED, alpha=0.8)),
    ],
)
def test_regression_agrees_with_scikit_learn(metric: str, expected: float) -> None:
    loss = loss_of(Quality(task="regression", metric=metric, quantile=0.8, loss_limit=1e12))
    columns = LabelledColumns(truth_value=VALUES, predicted_value=PREDICTED)
    assert mean_of(loss, columns) == pytest.approx(expected, rel=1e-9)


def test_verification_counts_the_pairs_it_is_about() -> None:
    columns = LabelledColumns(truth_value=[1, 1, 0, 0, 0], predicted_value=[0.9, 0.2, 0.8, 0.1, 0.5])
    quality = Quality(task="verification", threshold=0.5)
    assert np.nanmean(event_losses(loss_of(quality, "far"), columns)) == pytest.approx(2 / 3)
    assert np.nanmean(event_losses(loss_of(quality, "frr"), columns)) == pytest.approx(1 / 2)
    assert mean_of(loss_of(quality), columns) == pytest.approx(2 / 5)


def test_a_business_figure_is_bounded_and_knows_its_better_side() -> None:
    quality = Quality(
        task="kpi",
        kpis=(Kpi(name="revenue", highest=50), Kpi(name="days", better="lower", lowest=1, highest=9)),
    )
    columns = LabelledColumns(truth_value=[10.0, 60.0, math.nan, -5.0])
    revenue, days = loss_of(quality), loss_of(quality, "days")
    assert event_losses(revenue, columns).tolist() == pytest.approx([40, 0, math.nan, 50], nan_ok=True)
    assert event_losses(days, columns).tolist() == pytest.approx([8, 8, math.nan, 0], nan_ok=True)
    assert revenue.value(40) == 10
    assert days.value(8) == 9
    assert days.risk(days.value(3.5)) == 3.5
    assert revenue.risk(revenue.value(3.5)) == 3.5


def test_a_class_without_score_has_none() -> None:
    columns = LabelledColumns(["z"], ["a"], scores=[[0.5, 0.25, 0.25]])
    assert event_losses(loss_of(Quality(loss_limit=7.0), "log_loss", CLASSES), columns).tolist() == [7.0]


def test_scores_that_are_no_probabilities_do_not_count() -> None:
    scores = [[0.5, 0.3, 0.2], [0.5, 0.5, 0.2], [1.2, -0.2, 0.0], [math.nan, 0.5, 0.5]]
    columns = LabelledColumns(["a"] * 4, ["a"] * 4, scores=scores)
    for metric in ("log_loss", "brier"):
        found = event_losses(loss_of(Quality(loss_limit=9.0), metric, CLASSES), columns)
        assert np.isfinite(found).tolist() == [True, False, False, False]


def test_a_percentage_of_nothing_does_not_count() -> None:
    loss = loss_of(Quality(task="regression", metric="mape", loss_limit=9.0))
    columns = LabelledColumns(truth_value=[0.0, 2.0], predicted_value=[1.0, 1.0])
    assert event_losses(loss, columns).tolist() == pytest.approx([math.nan, 0.5], nan_ok=True)


@pytest.mark.parametrize(
    ("quality", "metric", "scores", "named"),
    [
        (Quality(), "log_loss", (), "quality.scores"),
        (Quality(), "f1", (), "no mean over events"),
        (Quality(task="regression"), "r2", (), "no mean over events"),
    ],
)
def test_what_is_no_mean_over_events_is_refused(
    quality: Quality, metric: str, scores: tuple[str, ...], named: str
) -> None:
    with pytest.raises(InvalidInput, match=named):
        loss_of(quality, metric, scores)


def test_a_bound_that_has_to_be_learned_is_asked_for() -> None:
    loss = loss_of(Quality(task="regression"))
    assert loss.learned
    with pytest.raises(InvalidInput, match="learn it from the reference"):
        event_losses(loss, LabelledColumns(truth_value=[1.0], predicted_value=[2.0]))
    with pytest.raises(InvalidInput, match="loss_limit"):
        loss.bounded(0.0)
    assert event_losses(
        loss.bounded(0.5), LabelledColumns(truth_value=[1.0], predicted_value=[2.0])
    ).tolist() == [0.5]


@pytest.mark.parametrize(("task", "metric"), [("ranking", "ndcg"), ("transcription", "wer")])
def test_losses_of_texts_have_an_expression_but_no_numpy_form(task: str, metric: str) -> None:
    loss = loss_of(Quality.model_validate({"task": task, "metric": metric}))
    assert loss.bound == 1
    assert loss.value(0.25) == (0.75 if task == "ranking" else 0.25)
    assert "truth_text" in loss.expression
    assert ("truth_text" in loss.weight) == (task == "transcription"), "transcripts count by their length"
    with pytest.raises(InvalidInput, match="one an event"):
        event_losses(loss, LabelledColumns())
