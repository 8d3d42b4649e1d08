"""Windows without labels get estimates; when labels come, a wrong estimator loses its vote."""

from __future__ import annotations

from datetime import timedelta

import pytest

from detectors.performance.quality_monitor import QualityMonitor
from detectors.reference_rows import TRUTH, baseline_from_rows
from driftline.contract_store import ContractStore
from driftline.events import Label, record_labels
from driftline.readmodel.performance import ALL, Performance, performance
from driftline.readmodel.ranges import Range
from driftline.settings import Settings
from driftline.store import Store
from tests.integration.detectors.test_estimates import CONTRACT, drawn
from tests.integration.detectors.traffic import send, window


def estimates(store: Store, basis: str) -> list[Performance]:
    """Oldest first."""
    return performance(store, "m", Range(limit=1000), metric=ALL, basis=basis)[::-1]


def test_unlabelled_windows_are_estimated_and_wrong_estimators_lose_their_vote(
    store: Store, settings: Settings
) -> None:
    tuned = settings.model_copy(update={"window_seconds": 60, "allowed_lateness_seconds": 1.0})
    contract = ContractStore(store).register(CONTRACT)
    columns, truth = drawn(1, 1500, 0.0)
    baseline_from_rows(store, contract, [{**columns, TRUTH: truth}], name="labelled", source="test")
    monitor = QualityMonitor(store, tuned)
    sent: dict[str, str] = {}
    for number in range(6):
        moved, answers = drawn(10 + number, 300, 1.0)
        ids = send(store, contract, moved, start=window(number))
        # The world turns: what the scores say is wrong.
        sent |= {i: "no" if a == "yes" else "yes" for i, a in zip(ids, answers, strict=True)}
    now = window(6) + timedelta(seconds=5)
    for _ in range(8):
        if not monitor.unestimated([contract], now):
            break
        monitor.estimate(contract, now)
    assert monitor.unestimated([contract], now) == []
    for basis in ("cbpe", "pape", "dle", "atc", "bbse", "mlls"):
        assert len(estimates(store, basis)) == 6, basis
    first = estimates(store, "cbpe")[0]
    assert first.status == "reported"
    assert first.value is not None
    assert first.lower is not None
    assert first.lower < first.value
    assert first.baseline_value is not None
    assert first.value > first.baseline_value
    assert "concept drift" in str(first.details["blind_to"])
    assert "vote" not in first.details

    record_labels(store, "m", [Label(i, t) for i, t in sent.items()])
    moved, _ = drawn(30, 300, 1.0)
    send(store, contract, moved, start=window(6))
    later = now + timedelta(seconds=60)
    monitor.evaluate(contract, later)
    assert monitor.unestimated([contract], later) == ["m"]
    assert monitor.estimate(contract, later) == 1
    newest = estimates(store, "cbpe")[-1]
    assert newest.window_start == window(6)
    voted = newest.details["vote"]
    assert isinstance(voted, dict)
    assert voted["votes"] is False
    assert "lost its vote" in voted["reason"]
    realised = performance(store, "m", Range(limit=100), metric="accuracy")
    assert {one.value is not None and one.value < 0.5 for one in realised} == {True}
    assert first.value == pytest.approx(1 - (realised[0].value or 0), abs=0.12)
