"""What each model cost in a time range, and what a thousand of its predictions cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from costs.prices import Cost, Prices, price_use, usd_per_1000, weakest_grade
from costs.use import ModelUse, read_use
from driftline.settings import Settings
from driftline.store import Store

STEPS = 500
"""Buckets a range is read in, to tell predictions of measured time from others."""

Buckets = Mapping[tuple[int, str], ModelUse]
"""Use by bucket and instance."""


@dataclass(frozen=True, slots=True)
class InstanceCost:
    """Cost of one instance of a model; money is ``None`` where nothing was measured."""

    instance: str
    cpu_usd: float | None
    memory_usd: float | None
    gpu_usd: float | None
    total_usd: float | None
    predictions: int
    grade: str


@dataclass(frozen=True, slots=True)
class ModelCost:
    """Cost of a model in a time range, in USD; see :mod:`costs.prices` for the formulas.

    Attributes
    ----------
    cpu_usd, memory_usd, gpu_usd, total_usd
        ``None`` where nothing was measured, which is not 0.
    predictions
        Rows served in the range, as the taps counted them.
    predictions_measured
        Of them, those served while the model's use was measured (to about 1/500 of the range).
    usd_per_1000_predictions
        Total by ``predictions_measured``; ``None`` without either.
    cpu_core_seconds, memory_gib_hours, gpu_hours
        What was used; ``gpu_hours`` counts whole cards, priced or not.
    measured_seconds
        Time that samples cover: of the instance with the most, when there are several.
    coverage
        From the first sample to the last as a part of the range, 0..1.
    grade
        Weakest evidence among the samples: measured, apportioned, device-copied or unavailable.
    unpriced_devices
        Cards that were used and have no price; not in the total.
    """

    model: str
    since: datetime
    until: datetime
    cpu_usd: float | None
    memory_usd: float | None
    gpu_usd: float | None
    total_usd: float | None
    predictions: int
    predictions_measured: int
    usd_per_1000_predictions: float | None
    cpu_core_seconds: float | None
    memory_gib_hours: float | None
    gpu_hours: float | None
    measured_seconds: float
    coverage: float
    grade: str
    unpriced_devices: tuple[str, ...]
    instances: tuple[InstanceCost, ...]


@dataclass(frozen=True, slots=True)
class CostPoint:
    """Cost of a model in one step of a series."""

    model: str
    ts: datetime
    step_seconds: float
    cpu_usd: float | None
    memory_usd: float | None
    gpu_usd: float | None
    total_usd: float | None
    predictions: int
    usd_per_1000_predictions: float | None


def model_costs(
    store: Store, settings: Settings, model: str | None, since: datetime, until: datetime
) -> list[ModelCost]:
    """Cost of one model, or of every model that was used or served in the range, by name.

    Parameters
    ----------
    model
        Name, or ``None`` for all.
    since, until
        Samples count whose interval ends in ``(since, until]``.

    Raises
    ------
    InvalidInput
        ``until`` is not after ``since``.
    """
    prices = Prices.from_settings(settings)
    step = max((until - since).total_seconds() / STEPS, 1.0)
    by_model: dict[str, dict[tuple[int, str], ModelUse]] = {}
    for (bucket, name, instance), use in read_use(store, model, since, until, step).items():
        by_model.setdefault(name, {})[bucket, instance] = use
    return [summarise(prices, name, since, until, step, by_model[name]) for name in sorted(by_model)]


def summarise(
    prices: Prices, model: str, since: datetime, until: datetime, step: float, buckets: Buckets
) -> ModelCost:
    """Cost of a model from what its instances used in buckets of ``step`` seconds after ``since``."""
    instances: dict[str, ModelUse] = {}
    for (_, instance), use in sorted(buckets.items()):
        instances.setdefault(instance, ModelUse()).merge(use, concurrent=False)
    whole = ModelUse()
    for use in instances.values():
        whole.merge(use, concurrent=True)
    measured = _predictions_within(buckets, since.timestamp(), step, whole.span)
    cost = _price(prices, whole)
    covered = whole.span[1] - max(whole.span[0], since.timestamp()) if whole.span is not None else 0.0
    memory = whole.memory_byte_seconds
    return ModelCost(
        model=model,
        since=since,
        until=until,
        cpu_usd=cost.cpu_usd,
        memory_usd=cost.memory_usd,
        gpu_usd=cost.gpu_usd,
        total_usd=cost.total_usd,
        predictions=whole.predictions,
        predictions_measured=measured,
        usd_per_1000_predictions=usd_per_1000(cost.total_usd, measured),
        cpu_core_seconds=whole.cpu_seconds,
        memory_gib_hours=None if memory is None else memory / 2**30 / 3600.0,
        gpu_hours=sum(whole.gpu_seconds.values()) / 3600.0 if whole.gpu_seconds else None,
        measured_seconds=whole.measured_seconds,
        coverage=min(1.0, max(0.0, covered / (until - since).total_seconds())),
        grade=weakest_grade(whole.grades),
        unpriced_devices=cost.unpriced_devices,
        instances=tuple(_instance(prices, name, use) for name, use in sorted(instances.items())),
    )


def cost_series(
    store: Store, settings: Settings, model: str, since: datetime, until: datetime, step_seconds: float
) -> list[CostPoint]:
    """Cost of a model step by step; steps without a sample and without a prediction are left out.

    Raises
    ------
    InvalidInput
        The range is empty or ``step_seconds`` is not above 0.
    """
    prices = Prices.from_settings(settings)
    buckets: dict[int, ModelUse] = {}
    for (bucket, _, _), use in read_use(store, model, since, until, step_seconds).items():
        buckets.setdefault(bucket, ModelUse()).merge(use, concurrent=True)
    points = []
    for bucket, use in sorted(buckets.items()):
        cost = _price(prices, use)
        points.append(
            CostPoint(
                model=model,
                ts=since.astimezone(UTC) + timedelta(seconds=bucket * step_seconds),
                step_seconds=step_seconds,
                cpu_usd=cost.cpu_usd,
                memory_usd=cost.memory_usd,
                gpu_usd=cost.gpu_usd,
                total_usd=cost.total_usd,
                predictions=use.predictions,
                usd_per_1000_predictions=usd_per_1000(cost.total_usd, use.predictions),
            )
        )
    return points


def _predictions_within(buckets: Buckets, since: float, step: float, span: tuple[float, float] | None) -> int:
    """Predictions of the buckets that overlap ``span``."""
    if span is None:
        return 0
    return sum(
        use.predictions
        for (bucket, _), use in buckets.items()
        if since + bucket * step < span[1] and since + (bucket + 1) * step > span[0]
    )


def _instance(prices: Prices, name: str, use: ModelUse) -> InstanceCost:
    cost = _price(prices, use)
    return InstanceCost(
        instance=name,
        cpu_usd=cost.cpu_usd,
        memory_usd=cost.memory_usd,
        gpu_usd=cost.gpu_usd,
        total_usd=cost.total_usd,
        predictions=use.predictions,
        grade=weakest_grade(use.grades),
    )


def _price(prices: Prices, use: ModelUse) -> Cost:
    return price_use(
        prices,
        cpu_seconds=use.cpu_seconds,
        memory_byte_seconds=use.memory_byte_seconds,
        gpu_seconds=use.gpu_seconds,
    )
