"""Losses of rankings and transcripts: the database computes what the metrics' own code computes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detectors.performance.attribution.text_losses import text_losses
from detectors.performance.decay.loss import loss_of
from detectors.performance.decay.moments import moments_of
from detectors.performance.decay.reading import Scope, read_loss_scale, read_window_sums
from detectors.performance.decay.reference import RiskReference
from detectors.performance.decay.sums import log_bets
from detectors.performance.labels.recipe import join_recipe
from detectors.performance.metrics.window_figures import reference_figures
from driftline.contracts import Contract, parse_contract
from driftline.quality_contract import Quality
from driftline.store import Store
from tests.seeding.labelled import START, insert_labelled

N = 300
HOUR = timedelta(hours=1)
WORDS = ("the", "cat", "sat", "on", "a", "mat", "ünï", "汉字", "x")


def contract_of(task: str, metric: str) -> Contract:
    return parse_contract(
        {
            "model": "texts",
            "fields": [{"name": "said", "role": "output", "kind": "text", "store_raw": True}],
            "quality": {"task": task, "metric": metric, "prediction": "said", "k": 5},
        }
    )


def rankings(rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Some with repeated items, gains by item, nothing relevant, or damaged."""
    truths, predictions = [], []
    for index in range(N):
        listed = [str(item) for item in rng.integers(0, 12, rng.integers(0, 9))]
        relevant = [str(item) for item in rng.integers(0, 12, rng.integers(0, 6))]
        gains = {item: float(rng.choice([0, 0.5, 1, 3])) for item in relevant}
        predictions.append(json.dumps(listed) if index != 5 else "no list")
        truths.append(json.dumps(gains if index % 2 else relevant) if index != 7 else "17")
    return truths, predictions


def transcripts(rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Edited, empty, with odd white space, longer than the reference."""
    truths, predictions = [], []
    for index in range(N):
        truth = list(rng.choice(WORDS, rng.integers(0, 12)))
        said = [word for word in truth if rng.random() > 0.1]
        for _ in range(rng.integers(0, 4)):
            said.insert(int(rng.integers(0, len(said) + 1)), str(rng.choice(WORDS)))
        blank = "  " if index % 7 == 0 else " "
        truths.append(blank.join(truth) + ("\t" if index % 11 == 0 else ""))
        predictions.append(("\n" if index % 13 == 0 else "") + blank.join(said))
    return truths, predictions


@pytest.mark.parametrize(
    ("task", "metric"),
    [
        *(("ranking", one) for one in ("ndcg", "average_precision", "reciprocal_rank", "recall", "ctr")),
        ("transcription", "cer"),
        ("transcription", "wer"),
    ],
)
def test_sums_and_bets_are_those_of_the_metrics_own_losses(store: Store, task: str, metric: str) -> None:
    contract = contract_of(task, metric)
    quality = contract.quality_or_default()
    assert isinstance(quality, Quality)
    rng = np.random.default_rng(11)
    truths, predictions = (rankings if task == "ranking" else transcripts)(rng)
    weights = rng.uniform(0.5, 3.0, N)
    insert_labelled(
        store,
        contract,
        {"truth_text": truths, "prediction_text": predictions, "weight": weights.tolist()},
    )
    recipe = join_recipe(contract)
    assert recipe is not None
    loss = loss_of(quality)
    scope = Scope("texts", recipe.recipe, START, START + HOUR)
    losses, factors = text_losses(quality, metric, truths, predictions)
    counted = ~np.isnan(losses)
    assert 0 < counted.sum() < N or metric == "ctr"
    x, w = np.minimum(losses[counted], 1.0), (weights * factors)[counted]
    scale = read_loss_scale(store, scope, loss)
    assert scale.weight_limit == pytest.approx(4 * (w @ w) / w.sum(), rel=1e-9)
    u = np.minimum(w / scale.weight_limit, 1.0)
    reference = RiskReference.from_moments(
        moments_of(np.full(500, 0.3), np.full(500, 0.25)),
        1.0,
        0.05,
        0.0,
        weight_limit=scale.weight_limit,
        margin=0.05,
    )
    (window,) = read_window_sums(store, scope, loss, 3600, reference)
    assert window.moments.labelled == counted.sum()
    assert window.moments.risk == pytest.approx((u @ x) / u.sum(), rel=1e-9)
    np.testing.assert_allclose(window.log_bets, log_bets(x, u, reference), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(("task", "metric"), [("ranking", "ndcg"), ("transcription", "wer")])
def test_the_mean_loss_is_the_metric_that_is_shown(store: Store, task: str, metric: str) -> None:
    contract = contract_of(task, metric)
    quality = contract.quality_or_default()
    assert isinstance(quality, Quality)
    truths, predictions = (rankings if task == "ranking" else transcripts)(np.random.default_rng(12))
    losses, _ = text_losses(quality, metric, truths, predictions)
    # A transcript with more errors than words counts as wholly wrong for decay and in full for the metric,
    # one of silence not at all and with its insertions.
    kept = [index for index in range(N) if task == "ranking" or losses[index] <= 1]
    insert_labelled(
        store,
        contract,
        {
            "truth_text": [truths[index] for index in kept],
            "prediction_text": [predictions[index] for index in kept],
        },
    )
    recipe = join_recipe(contract)
    assert recipe is not None
    scope = Scope("texts", recipe.recipe, START, START + HOUR)
    loss = loss_of(quality)
    # Without a reference weights count in full.
    scale = read_loss_scale(store, scope, loss)
    (window,) = read_window_sums(store, scope, loss, 3600, weight_limit=1e6 * scale.weight_limit)
    (shown,) = reference_figures(store, contract, START, datetime.now(UTC), segments=False)
    figure = shown.figure(metric)
    assert figure is not None
    assert loss.value(window.moments.risk) == pytest.approx(figure.value, rel=1e-9)
