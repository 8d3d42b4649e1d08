"""Estimates of stored windows: the reference read from labelled events, kept, and asked about new ones."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from scipy.special import expit

from detectors.performance.estimates.fitting import fit_estimators
from detectors.performance.estimates.proxy import window_proxy_losses
from detectors.performance.estimates.reference import load_reference, read_reference, save_reference
from detectors.performance.estimates.window import estimate_window
from detectors.performance.labels.joining import LabelJoin
from driftline.contract_store import ContractStore
from driftline.contracts import Contract, parse_contract
from driftline.events import Label, record_labels
from driftline.settings import Settings
from driftline.store import Store
from tests.integration.detectors.traffic import BEGIN, send, window

CONTRACT = parse_contract(
    {
        "model": "m",
        "fields": [
            {"name": "x", "kind": "numeric"},
            {"name": "kind", "kind": "categorical"},
            {"name": "score", "role": "output", "kind": "numeric"},
            {"name": "answer", "role": "output", "kind": "categorical"},
        ],
        "prediction": "answer",
        "quality": {"scores": {"yes": "score"}, "positive": "yes"},
    }
)


def drawn(seed: int, n: int, shift: float) -> tuple[dict[str, list[object]], list[str]]:
    """Columns and truths; the score is too sure of itself, and rows of the kind "b" are missing sometimes."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n) + shift
    truth = np.where(rng.random(n) < expit(x), "yes", "no")
    score = expit(2.5 * x)
    kinds: list[object] = [None if one < 0.05 else ("a" if one < 0.6 else "b") for one in rng.random(n)]
    columns: dict[str, list[object]] = {
        "x": x.tolist(),
        "kind": kinds,
        "score": score.tolist(),
        "answer": np.where(score >= 0.5, "yes", "no").tolist(),
    }
    return columns, truth.tolist()


def test_a_window_is_estimated_from_the_stored_reference(store: Store, settings: Settings) -> None:
    contract: Contract = ContractStore(store).register(CONTRACT)
    columns, truth = drawn(1, 2000, 0.0)
    weights = np.where(np.arange(2000) % 2 == 0, 1.0, 3.0).tolist()
    ids = send(store, contract, columns, weights=weights)
    record_labels(store, "m", [Label(i, t) for i, t in zip(ids[:1500], truth[:1500], strict=True)])
    LabelJoin(store, settings).refresh(contract)
    read = read_reference(store, contract, since=BEGIN, until=BEGIN + timedelta(hours=1))
    assert read is not None
    assert len(read.rows) == 1500
    assert read.layout.classes == ("no", "yes")
    assert read.layout.categories == (("a", "b"),)
    assert sorted(set(read.rows.rows.weights.tolist())) == [1.0, 3.0]
    known = dict(zip(columns["x"][:1500], truth[:1500], strict=True))
    for x, told in zip(read.rows.rows.features[:50, 0].tolist(), read.rows.truth[:50].tolist(), strict=True):
        assert known[x] == ("yes" if told == 1 else "no")

    save_reference(store, "m", "b1", read)
    kept = load_reference(store, "m", "b1")
    assert kept is not None
    assert load_reference(store, "m", "other") is None
    quality = contract.quality_or_default()
    assert quality is not None
    fitted = fit_estimators(contract, quality, kept)
    moved, later = drawn(2, 900, 1.0)
    send(store, contract, moved, start=window(5), version="2")
    span = (window(5), window(6))
    found = estimate_window(store, contract, fitted, "2", *span)
    realised = float(np.mean(np.asarray(moved["answer"]) == np.asarray(later)))
    for name in ("cbpe", "pape", "dle"):
        one = next(one for one in found if (one.estimator, one.metric) == (name, "accuracy"))
        assert (one.status, one.rows) == ("ok", 900)
        assert one.value == pytest.approx(realised, abs=0.06)
        assert abs(one.value - realised) < abs(one.baseline_value - realised)
    losses, _ = window_proxy_losses(store, contract, fitted, "2", *span)
    assert losses.mean() == pytest.approx(1 - realised, abs=0.06)
    sampled = estimate_window(store, contract, fitted, "2", *span, most_rows=300)
    assert {one.rows for one in sampled} == {300}
    nothing = estimate_window(store, contract, fitted, "3", *span)
    assert {one.status for one in nothing} == {"insufficient_data"}


def test_nothing_labelled_gives_no_reference(store: Store) -> None:
    contract = ContractStore(store).register(CONTRACT)
    assert read_reference(store, contract, since=BEGIN, until=BEGIN + timedelta(hours=1)) is None
