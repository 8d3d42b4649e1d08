"""From use to money, worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from costs.per_model import summarise
from costs.prices import Prices, price_use, usd_per_1000, weakest_grade
from costs.use import ModelUse

PRICES = Prices(cpu_core_hour_usd=0.04, memory_gib_hour_usd=0.005, gpu_hour_usd={"T4": 0.5, "A30": 1.0})
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(hours=1)


def test_every_part_is_priced() -> None:
    cost = price_use(
        PRICES,
        cpu_seconds=7200.0,
        memory_byte_seconds=4 * 2**30 * 3600.0,
        gpu_seconds={"T4": 1800.0, "A30": 36.0},
    )
    assert cost.cpu_usd == pytest.approx(0.08)
    assert cost.memory_usd == pytest.approx(0.02)
    assert cost.gpu_usd == pytest.approx(0.25 + 0.01)
    assert cost.total_usd == pytest.approx(0.36)
    assert cost.unpriced_devices == ()


def test_what_was_not_measured_is_none_and_not_zero() -> None:
    cost = price_use(PRICES, cpu_seconds=None, memory_byte_seconds=None, gpu_seconds={})
    assert (cost.cpu_usd, cost.memory_usd, cost.gpu_usd, cost.total_usd) == (None, None, None, None)
    idle = price_use(PRICES, cpu_seconds=0.0, memory_byte_seconds=None, gpu_seconds={"T4": 0.0})
    assert (idle.cpu_usd, idle.gpu_usd, idle.total_usd) == (0.0, 0.0, 0.0)


def test_a_card_without_a_price_is_named_and_left_out() -> None:
    cost = price_use(PRICES, cpu_seconds=None, memory_byte_seconds=None, gpu_seconds={"XPU": 3600.0})
    assert (cost.gpu_usd, cost.total_usd, cost.unpriced_devices) == (None, None, ("XPU",))


@pytest.mark.parametrize(
    ("total", "predictions", "expected"), [(2.0, 4000, 0.5), (None, 10, None), (1.0, 0, None), (0.0, 10, 0.0)]
)
def test_usd_per_1000(total: float | None, predictions: int, expected: float | None) -> None:
    assert usd_per_1000(total, predictions) == expected


@pytest.mark.parametrize(
    ("grades", "expected"),
    [
        ([], "unavailable"),
        (["measured"], "measured"),
        (["measured", "device-copied", "apportioned"], "device-copied"),
    ],
)
def test_weakest_grade(grades: list[str], expected: str) -> None:
    assert weakest_grade(grades) == expected


def test_instances_add_up_and_only_measured_predictions_share_the_cost() -> None:
    begin = SINCE.timestamp()
    buckets = {
        # Two instances are measured in the second half; one served before that as well.
        (0, "a"): ModelUse(predictions=500),
        (1, "a"): ModelUse(
            cpu_seconds=3600.0, measured_seconds=1800.0, predictions=300, grades={"measured"},
            span=(begin + 1800, begin + 3600),
        ),
        (1, "b"): ModelUse(
            cpu_seconds=1800.0, gpu_seconds={"T4": 360.0, "XPU": 1.0}, measured_seconds=1800.0,
            predictions=100, grades={"measured", "apportioned"}, span=(begin + 1800, begin + 3600),
        ),
    }  # fmt: skip
    cost = summarise(PRICES, "m", SINCE, UNTIL, 1800.0, buckets)
    assert cost.cpu_usd == pytest.approx(0.06)
    assert cost.memory_usd is None
    assert cost.gpu_usd == pytest.approx(0.05)
    assert cost.total_usd == pytest.approx(0.11)
    assert (cost.predictions, cost.predictions_measured) == (900, 400)
    assert cost.usd_per_1000_predictions == pytest.approx(0.275)
    assert (cost.coverage, cost.measured_seconds, cost.grade) == (0.5, 1800.0, "apportioned")
    assert cost.unpriced_devices == ("XPU",)
    assert [(part.instance, part.predictions) for part in cost.instances] == [("a", 800), ("b", 100)]
    assert [part.total_usd for part in cost.instances] == pytest.approx([0.04, 0.07])


def test_served_without_a_sample_has_no_cost() -> None:
    cost = summarise(PRICES, "m", SINCE, UNTIL, 3600.0, {(0, "a"): ModelUse(predictions=10)})
    assert (cost.total_usd, cost.usd_per_1000_predictions, cost.predictions) == (None, None, 10)
    assert (cost.grade, cost.coverage) == ("unavailable", 0.0)
