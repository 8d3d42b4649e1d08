"""Rankings and transcripts read from ClickHouse give what the pure functions give."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from detectors.performance.metrics.figure import WindowFigures
from detectors.performance.metrics.means import MeanSums
from detectors.performance.metrics.ranking import (
    GAINS,
    ExposureSums,
    exposure_metrics,
    gains_of_answer,
)
from detectors.performance.metrics.transcription import EditSums, edit_counts
from detectors.performance.metrics.window_figures import window_figures
from driftline.contracts import Contract, parse_contract
from driftline.store import Store
from tests.seeding.labelled import START, insert_labelled

HOUR = timedelta(hours=1)


def contract_of(**quality: Any) -> Contract:
    measured: dict[str, Any] = {"prediction": "said", **quality}
    return parse_contract(
        {
            "model": "m",
            "fields": [
                {"name": "site", "role": "segment", "kind": "categorical"},
                {"name": "said", "role": "output", "kind": "text", "store_raw": True},
            ],
            "quality": measured,
        }
    )


def figures(store: Store, contract: Contract, **options: Any) -> list[WindowFigures]:
    return list(window_figures(store, contract, START, START + HOUR, 3600, **options))


@pytest.mark.parametrize("catalogue", [None, 40])
def test_rankings(store: Store, catalogue: int | None) -> None:
    contract = contract_of(task="ranking", k=5, catalogue=catalogue)
    rng = np.random.default_rng(1)
    shown, truths, relevant = [], [], []
    for index in range(150):
        items = [f'it"em é {item}' for item in rng.integers(0, 20, rng.integers(0, 12))]
        chosen = [f'it"em é {item}' for item in rng.choice(25, rng.integers(0, 6), replace=False)]
        gains = {item: float(rng.integers(0, 3)) for item in chosen}
        as_object = index % 2 == 0
        shown.append(items)
        truths.append(json.dumps(gains if as_object else chosen + chosen[:1]))
        relevant.append(gains if as_object else dict.fromkeys(chosen, 1.0))
    weights = rng.choice([1.0, 2.0, 5.0], 150)
    bad = [("{}", "[]"), ("[1", "[1]"), ("[1]", "3"), ("", "")]
    insert_labelled(
        store,
        contract,
        {
            "prediction_text": [json.dumps(each) for each in shown] + [answer for answer, _ in bad],
            "truth_text": truths + [truth for _, truth in bad],
            "weight": [*weights.tolist(), 1.0, 1.0, 1.0, 1.0],
        },
    )
    (whole,) = figures(store, contract)
    table = np.array([gains_of_answer(a, b, 5) for a, b in zip(shown, relevant, strict=True)])
    for column, name in zip(table.T, GAINS, strict=True):
        kept = np.isfinite(column)
        figure = whole.figure(name)
        assert figure is not None
        expected = MeanSums.of(column[kept], weights[kept])
        assert figure.value == pytest.approx(float(expected.mean[0]), rel=1e-9)
        assert figure.effective_labelled == pytest.approx(float(expected.effective[0]), rel=1e-9)
        assert figure.labelled == kept.sum()
        assert figure.reason.startswith("left out 4 answers that are no JSON array of items")
    sums = ExposureSums.of(shown, weights, 5)
    seen = {item for items in shown for item in items} | {item for each in relevant for item in each}
    for want in exposure_metrics(sums, catalogue or len(seen)):
        have = whole.figure(want.metric)
        assert have is not None
        assert have.value == pytest.approx(float(want.value[0]), rel=1e-9)
        assert have.lower == pytest.approx(float(want.lower[0]), rel=1e-9)
        assert have.upper == pytest.approx(float(want.upper[0]), rel=1e-9)


def test_items_that_are_numbers(store: Store) -> None:
    contract = contract_of(task="ranking", k=3)
    insert_labelled(
        store,
        contract,
        {"prediction_text": ["[7, 8, 9]", "[7]"], "truth_text": ["[9]", '{"7": 2}']},
    )
    (whole,) = figures(store, contract)
    rank = whole.figure("reciprocal_rank")
    assert rank is not None
    assert rank.value == pytest.approx((1 / 3 + 1) / 2)


def test_transcripts(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    contract = contract_of(task="transcription")
    rng = np.random.default_rng(2)
    words = ("grüne", "Wiese", "am", "See")
    references = [" ".join(rng.choice(words, rng.integers(0, 6))) for _ in range(90)]
    hypotheses = [" ".join(rng.choice(words, rng.integers(0, 6))) for _ in range(90)]
    weights = rng.choice([1.0, 4.0], 90)
    insert_labelled(
        store,
        contract,
        {
            "truth_text": references,
            "prediction_text": hypotheses,
            "weight": weights.tolist(),
            "segments": [["x"] if index < 30 else ["y"] for index in range(90)],
        },
    )
    found = figures(store, contract)
    monkeypatch.setattr("detectors.performance.metrics.window_figures.CHARACTERS_A_BATCH", 400)
    assert [(each.segment, len(each.figures)) for each in found] == [("", 2), ("site=x", 2), ("site=y", 2)]
    for windows in (found, figures(store, contract)):
        for rate in ("cer", "wer"):
            sums = EditSums()
            sums.add(edit_counts(references, hypotheses, rate), weights)
            want, have = sums.figure(rate), windows[0].figure(rate)
            assert have is not None
            assert have.value == pytest.approx(want.value, rel=1e-9)
            assert have.upper == pytest.approx(want.upper, rel=1e-9)
            assert have.details == pytest.approx(dict(want.details))


def test_transcripts_without_the_package_that_aligns_them(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = contract_of(task="transcription")
    insert_labelled(store, contract, {"truth_text": ["a"], "prediction_text": ["b"]})
    monkeypatch.setitem(__import__("sys").modules, "jiwer", None)
    (whole,) = figures(store, contract)
    assert all(math.isnan(each.value) and "driftline[text]" in each.reason for each in whole.figures)
