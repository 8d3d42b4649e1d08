"""What the pool's resources cost, and the arithmetic from use to money.

Usage basis: a model pays for what its processes used.

    cpu_usd    = cpu_seconds / 3600 * price of a core hour
    memory_usd = integral of resident bytes over time / 2^30 / 3600 * price of a GiB hour
    gpu_usd    = sum over cards of share * seconds / 3600 * price of that card's hour
    share      = max(compute share, memory share), scaled when a card's shares sum above 1
    usd_per_1000_predictions = total_usd / predictions * 1000

A resource that was not measured costs ``None``, which is not 0; a card without a price is listed as
unpriced and left out of the total.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from driftline.settings import Settings

SECONDS_PER_HOUR = 3600.0
BYTES_PER_GIB = float(2**30)


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices in USD per hour: of a CPU core, of a GiB of memory, and of a card by its device name."""

    cpu_core_hour_usd: float
    memory_gib_hour_usd: float
    gpu_hour_usd: Mapping[str, float]

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The prices that the settings state."""
        return cls(
            cpu_core_hour_usd=settings.cost_cpu_core_hour_usd,
            memory_gib_hour_usd=settings.cost_memory_gib_hour_usd,
            gpu_hour_usd=settings.cost_gpu_hour_usd,
        )


@dataclass(frozen=True, slots=True)
class Cost:
    """Money in USD; ``None`` where nothing was measured or nothing measured has a price."""

    cpu_usd: float | None
    memory_usd: float | None
    gpu_usd: float | None
    unpriced_devices: tuple[str, ...] = ()

    @property
    def total_usd(self) -> float | None:
        """Sum of the known parts, or ``None`` when none is known."""
        parts = [part for part in (self.cpu_usd, self.memory_usd, self.gpu_usd) if part is not None]
        return sum(parts) if parts else None


def price_use(
    prices: Prices,
    *,
    cpu_seconds: float | None,
    memory_byte_seconds: float | None,
    gpu_seconds: Mapping[str, float],
) -> Cost:
    """Price what was used.

    Parameters
    ----------
    cpu_seconds, memory_byte_seconds
        CPU seconds, and resident bytes times seconds; ``None`` when not measured.
    gpu_seconds
        Share-seconds by device name: one whole card for a second is 1.

    >>> price_use(Prices(0.04, 0.005, {}), cpu_seconds=3600.0, memory_byte_seconds=None, gpu_seconds={})
    Cost(cpu_usd=0.04, memory_usd=None, gpu_usd=None, unpriced_devices=())
    """
    priced = {name: seconds for name, seconds in gpu_seconds.items() if name in prices.gpu_hour_usd}
    gpu_usd = sum(
        seconds / SECONDS_PER_HOUR * prices.gpu_hour_usd[name] for name, seconds in sorted(priced.items())
    )
    return Cost(
        cpu_usd=None if cpu_seconds is None else cpu_seconds / SECONDS_PER_HOUR * prices.cpu_core_hour_usd,
        memory_usd=None
        if memory_byte_seconds is None
        else memory_byte_seconds / BYTES_PER_GIB / SECONDS_PER_HOUR * prices.memory_gib_hour_usd,
        gpu_usd=gpu_usd if priced else None,
        unpriced_devices=tuple(sorted(gpu_seconds.keys() - priced.keys())),
    )


def usd_per_1000(total_usd: float | None, predictions: int) -> float | None:
    """Cost of a thousand predictions, or ``None`` when there is no cost or no prediction.

    >>> usd_per_1000(0.5, 250)
    2.0
    """
    return None if total_usd is None or predictions <= 0 else total_usd / predictions * 1000.0


_GRADES = ("unavailable", "device-copied", "apportioned", "measured")


def weakest_grade(grades: Iterable[str]) -> str:
    """The grade that the whole rests on: the weakest of its parts, ``unavailable`` when there is none.

    >>> weakest_grade(["measured", "apportioned"])
    'apportioned'
    """
    found = set(grades)
    return next((grade for grade in _GRADES if grade in found), "unavailable")
