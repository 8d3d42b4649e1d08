"""Tests of several fields at once take turns, find what no single field shows, and revise their window."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from detectors.evaluated_window import EvaluatedWindow
from detectors.monitor import Monitor
from detectors.reference_rows import baseline_from_rows
from driftline.contracts import Contract, parse_contract
from driftline.settings import Settings
from driftline.store import Store
from service.rotation import MultivariateRotation
from tests.integration.detectors.traffic import send, window

ROWS, QUIET = 500, 30


@pytest.fixture
def tuned(settings: Settings) -> Settings:
    return settings.model_copy(update={"window_seconds": 60, "allowed_lateness_seconds": 1.0})


def contract(model: str) -> Contract:
    fields = [{"name": name, "kind": "numeric"} for name in ("a", "b", "c")]
    return parse_contract({"model": model, "fields": fields})


def rows(seed: int, n: int, *, together: bool = True) -> dict[str, list[float]]:
    """Two columns that go together, or no longer do; each of them alone is the same."""
    rng = np.random.default_rng(seed)
    common, other = rng.normal(size=n), rng.normal(size=n)
    second = common if together else other
    return {
        "a": (common + 0.5 * rng.normal(size=n)).tolist(),
        "b": (second + 0.5 * rng.normal(size=n)).tolist(),
        "c": rng.normal(size=n).tolist(),
    }


def prepared(store: Store, settings: Settings, model: str) -> Contract:
    made = contract(model)
    baseline_from_rows(store, made, [rows(0, 5000)], name="training", source="test", settings=settings)
    return made


def step(
    store: Store, monitor: Monitor, models: list[Contract], number: int, *, together: bool = True
) -> list[EvaluatedWindow]:
    for index, each in enumerate(models):
        columns = rows(100 * index + number + 1, ROWS, together=together)
        ids = [f"{each.model}/{number}/{row}" for row in range(ROWS)]
        send(store, each, columns, start=window(number), ids=ids)
    return monitor.evaluate_all(models, window(number + 1) + timedelta(seconds=5)).windows


def test_a_correlation_that_breaks_is_found_and_revises_the_window(store: Store, tuned: Settings) -> None:
    made = prepared(store, tuned, "m")
    monitor = Monitor(store, tuned)
    rotation = MultivariateRotation(store, tuned, monitor)
    for number in range(QUIET):
        assert rotation.run([made], step(store, monitor, [made], number)) == 1
    assert store.query("SELECT DISTINCT status FROM windows FINAL") == [{"status": "ok"}]
    evaluated = step(store, monitor, [made], QUIET, together=False)
    assert [each.status for each in evaluated] == ["ok"], "no field alone has changed"
    rotation.run([made], evaluated)
    (revised,) = store.query("SELECT status, reason, drifted_fields FROM windows FINAL WHERE status != 'ok'")
    assert revised["status"] == "drifted"
    assert set(revised["drifted_fields"]) == {"(inputs)", "a", "b"}
    assert revised["reason"].startswith("(inputs)")
    (found,) = store.query(
        "SELECT reason, carriers FROM findings FINAL WHERE field = '(inputs)' AND status = 'drifted'"
        " AND change = 'correlation'"
    )
    assert "a and b came apart" in found["reason"]
    assert found["carriers"] == pytest.approx({"a": 0.5, "b": 0.5}, abs=0.1)
    assert monitor.evaluate_all([made], window(QUIET + 1) + timedelta(seconds=10)).windows == []


def test_models_take_turns_when_there_is_no_time_for_all(store: Store, tuned: Settings) -> None:
    hurried = tuned.model_copy(update={"multivariate_seconds": 1e-6})
    models = [prepared(store, hurried, name) for name in ("m1", "m2", "m3")]
    monitor = Monitor(store, hurried)
    rotation = MultivariateRotation(store, hurried, monitor)
    judged = []
    for number in range(3):
        assert rotation.run(models, step(store, monitor, models, number)) == 1
        found = store.query(
            "SELECT DISTINCT toString(model) AS model FROM findings FINAL WHERE field = '(inputs)'"
            " AND window_start = {start:DateTime64(3, 'UTC')}",
            {"start": window(number)},
        )
        judged += [row["model"] for row in found]
    assert judged == ["m1", "m2", "m3"]


def test_without_time_for_it_nothing_is_done(store: Store, tuned: Settings) -> None:
    never = tuned.model_copy(update={"multivariate_seconds": 0.0})
    made = prepared(store, never, "m")
    monitor = Monitor(store, never)
    rotation = MultivariateRotation(store, never, monitor)
    assert rotation.run([made], step(store, monitor, [made], 0)) == 0
    assert store.scalar("SELECT count() FROM findings WHERE field = '(inputs)'") == 0
