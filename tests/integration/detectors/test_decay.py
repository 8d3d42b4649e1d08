"""Sums of losses out of ClickHouse: the same as NumPy's for every loss, and decisions from them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from detectors.performance.decay.budget import DecayBudget
from detectors.performance.decay.decision import decide
from detectors.performance.decay.event_losses import LabelledColumns, event_losses
from detectors.performance.decay.loss import Loss, loss_of
from detectors.performance.decay.moments import moments_of, pooled
from detectors.performance.decay.reading import Scope, read_loss_scale, read_window_sums
from detectors.performance.decay.reference import BETS, RiskReference
from detectors.performance.decay.sums import window_sums
from driftline.errors import InvalidInput
from driftline.quality_contract import Kpi, Quality
from driftline.store import Store

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
N = 600
CLASSES = ("a", "b", "c")
FIGURES = (Kpi(name="gain", highest=8), Kpi(name="cost", better="lower", lowest=-1, highest=8))


def insert(store: Store, hours: int = 2, **changed: Any) -> dict[str, Any]:
    """Labelled events of ``hours`` windows; returns their columns."""
    rng = np.random.default_rng(20_313)
    minutes = np.linspace(0, 60 * hours, N, endpoint=False)
    columns: dict[str, Any] = {
        "model": ["m"] * N,
        "recipe": [7] * N,
        "name": [""] * N,
        "version": ["1"] * N,
        "ts": [START + timedelta(minutes=float(minute)) for minute in minutes],
        "event_key": list(range(N)),
        "weight": rng.lognormal(0, 0.8, N).tolist(),
        "truth": rng.choice(CLASSES, N).tolist(),
        "prediction": rng.choice(CLASSES, N, p=[0.6, 0.3, 0.1]).tolist(),
        "truth_value": rng.normal(3, 2, N).tolist(),
        "predicted_value": rng.normal(3, 2, N).tolist(),
        "scores": rng.dirichlet([1, 1, 1], N).tolist(),
        "truth_text": [""] * N,
        "prediction_text": [""] * N,
        "segments": [[str(k % 2)] for k in range(N)],
        "labelled_at": [START] * N,
        "label_received_at": [START] * N,
    } | changed
    names = list(columns)
    store.insert_rows(
        "labelled_events",
        [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)],
    )
    return columns


def scope(**changed: Any) -> Scope:
    given: dict[str, Any] = {"model": "m", "recipe": 7, "since": START, "until": START + 10 * HOUR} | changed
    return Scope(**given)


def reference_of(loss: Loss, weight_limit: float = 3.0) -> RiskReference:
    losses = loss.bound * np.random.default_rng(1).beta(1, 4, 500)
    moments = moments_of(losses, np.full(500, 1 / weight_limit))
    return RiskReference.from_moments(moments, loss.bound, 0.05, 0.0, weight_limit=weight_limit)


@pytest.mark.parametrize(
    "loss",
    [
        loss_of(Quality()),
        loss_of(Quality(loss_limit=3.0), "log_loss", CLASSES),
        loss_of(Quality(), "brier", CLASSES),
        loss_of(Quality(), "brier", ("a",)),
        loss_of(Quality(loss_limit=3.0), "log_loss", ("",)),
        *(
            loss_of(Quality(task="regression", metric=metric, loss_limit=4.0, quantile=0.7))
            for metric in ("mae", "mse", "mape", "quantile_loss")
        ),
        *(
            loss_of(Quality(task="verification", threshold=2.5), metric)
            for metric in ("accuracy", "far", "frr")
        ),
        *(loss_of(Quality(task="kpi", kpis=FIGURES), kpi.name) for kpi in FIGURES),
    ],
    ids=lambda loss: f"{loss.metric}-{loss.layout}-{loss.kind}",
)
def test_the_database_gives_the_sums_that_numpy_gives(store: Store, loss: Loss) -> None:
    scores = np.random.default_rng(2).dirichlet([1, 1, 1], N)
    scores[0] = [0.7, 0.7, 0.0]
    scores[1] = [1.5, -0.5, 0.0]
    if loss.layout != "each":
        scores = scores[:, :1]
    columns = insert(
        store,
        name=[loss.name] * N,
        scores=scores.tolist(),
        truth_value=[0.0, *np.random.default_rng(3).normal(3, 2, N - 1)],
    )
    reference = reference_of(loss)
    found = read_window_sums(store, scope(), loss, 3600, reference)
    assert [window.start for window in found] == [START, START + HOUR]
    losses = event_losses(
        loss,
        LabelledColumns(
            columns["truth"],
            columns["prediction"],
            columns["truth_value"],
            columns["predicted_value"],
            columns["scores"],
        ),
    )
    for k, window in enumerate(found):
        part = slice(k * N // 2, (k + 1) * N // 2)
        expected = window_sums(window.start, "1", losses[part], columns["weight"][part], reference)
        assert window.moments.labelled == expected.moments.labelled > 0
        np.testing.assert_allclose(window.log_bets, expected.log_bets, rtol=1e-9, atol=1e-9)
        for name in ("weight", "weight_squares", "loss", "loss_weighted_twice", "loss_squares"):
            assert getattr(window.moments, name) == pytest.approx(getattr(expected.moments, name), rel=1e-9)
        assert window.weight == pytest.approx(expected.weight)
        assert window.clipped == pytest.approx(expected.clipped, abs=1e-12)


@pytest.mark.parametrize("weight", [1.0, 0.7, 50.0])
def test_sums_that_follow_from_counts_are_those_of_the_rows(store: Store, weight: float) -> None:
    columns = insert(store, weight=[weight] * N)
    loss = loss_of(Quality())
    reference = reference_of(loss)
    losses = event_losses(loss, LabelledColumns(columns["truth"], columns["prediction"]))
    for k, window in enumerate(read_window_sums(store, scope(), loss, 3600, reference)):
        part = slice(k * N // 2, (k + 1) * N // 2)
        expected = window_sums(window.start, "1", losses[part], columns["weight"][part], reference)
        np.testing.assert_allclose(window.log_bets, expected.log_bets, rtol=1e-9, atol=1e-9)


def test_the_newest_label_counts_and_what_is_out_of_scope_does_not(store: Store) -> None:
    insert(store, truth=["a"] * N, prediction=["b"] * N)
    insert(store, truth=["b"] * N, prediction=["b"] * N, label_received_at=[START + HOUR] * N)
    insert(store, recipe=[8] * N, truth=["a"] * N, prediction=["b"] * N)
    insert(store, version=["2"] * N, truth=["a"] * N, prediction=["b"] * N)
    loss = loss_of(Quality())
    ours = read_window_sums(store, scope(versions=("1",)), loss, 3600)
    assert [window.moments.loss for window in ours] == [0.0, 0.0]
    assert [window.moments.labelled for window in ours] == [N // 2, N // 2]
    assert ours[0].log_bets == ()
    both = read_window_sums(store, scope(until=START + HOUR), loss, 3600)
    assert [(window.version, window.moments.loss > 0) for window in both] == [("1", False), ("2", True)]
    odd = read_window_sums(store, scope(versions=("2",), segment=(0, "1")), loss, 7200)
    assert [window.moments.labelled for window in odd] == [N // 2]
    assert read_window_sums(store, scope(model="none"), loss, 3600) == []


def test_bound_and_weight_limit_come_from_the_reference(store: Store) -> None:
    columns = insert(store, predicted_value=[0.0] * N, weight=[1.0] * N)
    loss = loss_of(Quality(task="regression"))
    scale = read_loss_scale(store, scope(), loss)
    assert scale.labelled == N
    assert scale.weight_limit == 1.0
    assert scale.loss.bound == pytest.approx(3 * np.quantile(np.abs(columns["truth_value"]), 0.99), rel=0.05)
    weights = np.array(insert(store, label_received_at=[START + HOUR] * N)["weight"])
    scale = read_loss_scale(store, scope(), scale.loss)
    assert scale.weight_limit == pytest.approx(4 * np.sum(weights**2) / np.sum(weights))
    with pytest.raises(InvalidInput, match="no labelled events"):
        read_loss_scale(store, scope(model="none"), loss)
    with pytest.raises(InvalidInput, match="learn it from the reference"):
        read_window_sums(store, scope(), loss, 3600)


def test_a_reference_for_other_losses_is_refused(store: Store) -> None:
    loss = loss_of(Quality(task="regression", loss_limit=4.0))
    with pytest.raises(InvalidInput, match="up to 4"):
        read_window_sums(store, scope(), loss.bounded(5.0), 3600, reference_of(loss))


def test_from_reference_rows_to_a_decision(store: Store) -> None:
    """Accuracy of .8 in six hours of reference, then .6 in the last two of ten hours."""
    rng = np.random.default_rng(3)
    hour = np.arange(N) * 10 // N
    wrong = rng.random(N) < np.where(hour < 8, 0.2, 0.8)
    insert(store, hours=10, truth=["a"] * N, prediction=np.where(wrong, "b", "a").tolist(), weight=[1.0] * N)
    loss, budget = loss_of(Quality()), DecayBudget(0.0625, 3600)
    past = read_window_sums(store, scope(until=START + 6 * HOUR), loss, 3600)
    reference = RiskReference.from_moments(
        pooled(window.moments for window in past), loss.bound, budget.alpha_reference, 0.0
    )
    windows = read_window_sums(store, scope(), loss, 3600, reference)
    assert all(len(window.log_bets) == 2 * BETS for window in windows)
    decisions = decide(windows, reference, loss, budget)
    assert [decision.status for decision in decisions] == ["ok"] * 8 + ["decayed"] * 2
    assert decisions[-1].since == START + 8 * HOUR
