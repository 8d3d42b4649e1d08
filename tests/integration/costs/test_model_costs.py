"""Costs from real rows in a real ClickHouse."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from costs.per_model import cost_series, model_costs
from driftline.errors import InvalidInput
from driftline.settings import Settings
from driftline.store import Store

SINCE = datetime(2026, 11, 2, 10, tzinfo=UTC)
UNTIL = SINCE + timedelta(minutes=10)


@pytest.fixture
def priced(settings: Settings) -> Settings:
    return settings.model_copy(
        update={
            "cost_cpu_core_hour_usd": 3.6,
            "cost_memory_gib_hour_usd": 0.36,
            "cost_gpu_hour_usd": {"Tesla T4": 36.0},
        }
    )


def put_cpu(store: Store, model: str, minute: int, cpu_seconds: float, instance: str = "i") -> None:
    row = {
        "ts": SINCE + timedelta(minutes=minute),
        "node": "n",
        "model": model,
        "instance": instance,
        "processes": 1,
        "cpu_seconds": cpu_seconds,
        "memory_bytes": 2**30,
        "interval_seconds": 60.0,
        "grade": "measured",
    }
    store.insert_rows("cpu_samples", [row])


def put_share(store: Store, model: str, minute: int, core: float, memory: float, **more: Any) -> None:
    row = {
        "ts": SINCE + timedelta(minutes=minute),
        "node": "n",
        "device": "GPU-1",
        "device_name": "Tesla T4",
        "model": model,
        "instance": "i",
        "core_share": core,
        "memory_share": memory,
        "interval_seconds": 60.0,
        "grade": "measured",
        **more,
    }
    store.insert_rows("gpu_shares", [row])


def put_seen(store: Store, model: str, minute: int, seen: int) -> None:
    row = {
        "ts": SINCE + timedelta(minutes=minute),
        "model": model,
        "version": "1",
        "instance": "i",
        "seen": seen,
        "kept": seen,
        "unsampled": 0,
        "dropped": {},
    }
    store.insert_rows("coverage", [row])


def test_cost_of_models_in_a_range(store: Store, priced: Settings) -> None:
    for minute in range(1, 11):
        put_cpu(store, "ocr", minute, 30.0)
        put_seen(store, "ocr", minute, 100)
    put_cpu(store, "ocr", 0, 1000.0)  # ends before the range begins
    put_cpu(store, "asr", 5, 10.0)
    asr, ocr = model_costs(store, priced, None, SINCE, UNTIL)
    assert (ocr.model, asr.model) == ("ocr", "asr")
    assert ocr.cpu_core_seconds == 300.0
    assert ocr.cpu_usd == pytest.approx(0.3)
    assert ocr.memory_usd == pytest.approx(0.36 / 6)
    assert ocr.gpu_usd is None
    assert (ocr.predictions, ocr.predictions_measured) == (1000, 1000)
    assert ocr.usd_per_1000_predictions == pytest.approx(0.36)
    assert (ocr.coverage, ocr.measured_seconds, ocr.grade) == (1.0, 600.0, "measured")
    assert (asr.predictions, asr.usd_per_1000_predictions) == (0, None)
    assert [cost.model for cost in model_costs(store, priced, "asr", SINCE, UNTIL)] == ["asr"]
    assert model_costs(store, priced, "nobody", SINCE, UNTIL) == []


def test_a_shared_card_is_never_paid_twice(store: Store, priced: Settings) -> None:
    put_share(store, "a", 1, 0.5, 0.9)  # a slice is the larger of the two: 0.9
    put_share(store, "b", 1, 0.6, 0.1)  # 0.6, so the card sums to 1.5 and is scaled
    put_share(store, "a", 2, 0.25, 0.1)
    put_share(store, "b", 2, math.nan, 0.5)
    put_share(store, "b", 3, math.nan, math.nan, grade="unavailable")
    put_share(store, "b", 4, 1.0, 1.0, device_name="Other", device="GPU-2")
    a, b = model_costs(store, priced, None, SINCE, UNTIL)
    assert a.gpu_usd == pytest.approx(0.6 * (0.9 / 1.5 + 0.25))
    assert b.gpu_usd == pytest.approx(0.6 * (0.6 / 1.5 + 0.5))
    assert (b.grade, b.unpriced_devices) == ("unavailable", ("Other",))
    assert b.gpu_hours == pytest.approx((0.6 / 1.5 + 0.5 + 1.0) / 60)
    # Asking for one model must not make it pay for the other's part.
    assert model_costs(store, priced, "a", SINCE, UNTIL)[0].gpu_usd == pytest.approx(a.gpu_usd)


def test_only_unknown_shares_cost_nothing_known(store: Store, priced: Settings) -> None:
    put_share(store, "a", 1, math.nan, math.nan, grade="unavailable")
    (cost,) = model_costs(store, priced, "a", SINCE, UNTIL)
    assert (cost.gpu_usd, cost.gpu_hours, cost.total_usd, cost.grade) == (None, None, None, "unavailable")


def test_a_value_copied_onto_everyone_is_nobodys_cost(store: Store, priced: Settings) -> None:
    # As an exporter tells it that repeats the card's 80% for each pod on it.
    copied = {"grade": "device-copied", "memory_grade": "device-copied"}
    put_share(store, "a", 1, 0.8, 0.6, **copied)
    put_share(store, "b", 1, 0.8, 0.6, **copied)
    put_share(store, "c", 1, math.nan, 0.25, grade="device-copied", memory_grade="measured")
    a, b, c = model_costs(store, priced, None, SINCE, UNTIL)
    assert (a.gpu_usd, a.grade) == (b.gpu_usd, b.grade) == (None, "device-copied")
    assert c.gpu_usd == pytest.approx(0.6 * 0.25)


def test_series_adds_up_to_the_whole(store: Store, priced: Settings) -> None:
    for minute in (1, 2, 3, 7, 10):
        put_cpu(store, "ocr", minute, minute)
        put_seen(store, "ocr", minute, 10 * minute)
    points = cost_series(store, priced, "ocr", SINCE, UNTIL, 180.0)
    assert [(point.ts - SINCE).total_seconds() for point in points] == [0, 360, 540]
    assert [point.predictions for point in points] == [60, 70, 100]
    assert [point.cpu_usd for point in points] == pytest.approx([0.006, 0.007, 0.010])
    (whole,) = model_costs(store, priced, "ocr", SINCE, UNTIL)
    assert sum(point.total_usd or 0 for point in points) == pytest.approx(whole.total_usd)


@pytest.mark.parametrize("step", [0.0, -1.0])
def test_a_bad_range_or_step_is_refused(store: Store, priced: Settings, step: float) -> None:
    with pytest.raises(InvalidInput, match="time range is empty"):
        model_costs(store, priced, None, UNTIL, SINCE)
    with pytest.raises(InvalidInput, match="step_seconds"):
        cost_series(store, priced, "ocr", SINCE, UNTIL, step)
