"""Keeps the worker within its budgets by lowering what is sampled, never by losing it uncounted."""

from __future__ import annotations

from dataclasses import dataclass

from collector.sampling import LEAST_PRESSURE_FACTOR
from driftline.errors import InvalidInput

FASTEST_FALL = 0.5
FASTEST_RISE = 1.25
SPOOL_EASE = 0.5
"""Share of the spool's bound from which sampling is lowered."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What the worker may use.

    Attributes
    ----------
    cpu_cores
        CPU seconds a second, of the whole worker.
    bytes_per_second
        Bytes written to the spool a second.
    """

    cpu_cores: float = 1.0
    bytes_per_second: float = 16e6

    def __post_init__(self) -> None:
        if not self.cpu_cores > 0 or not self.bytes_per_second > 0:
            raise InvalidInput(
                f"the collector's budgets must be above 0, got {self.cpu_cores!r} cores and "
                f"{self.bytes_per_second!r} bytes a second"
            )


class Pressure:
    """A multiplicative controller of the sampling factor.

    Use above the budget lowers the factor by the ratio, at most by half at a time; use below raises it by
    the ratio, at most by a quarter, up to 1. A spool that is more than half full lowers it on top, down to
    nearly nothing when it is full.

    >>> pressure = Pressure(Budget(cpu_cores=0.5))
    >>> [round(pressure.update(1.0, cpu, 0, 0.0), 3) for cpu in (0.25, 0.75, 2.0, 0.5, 0.1)]
    [1.0, 0.667, 0.333, 0.333, 0.417]
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._factor = 1.0

    def update(self, seconds: float, cpu_seconds: float, spooled_bytes: int, spool_fill: float) -> float:
        """The factor after an interval.

        Parameters
        ----------
        seconds, cpu_seconds, spooled_bytes
            Length of the interval and what was used in it.
        spool_fill
            Share of the spool's bound that is taken now, 0..1.
        """
        if seconds > 0.0:
            use = max(
                cpu_seconds / seconds / self._budget.cpu_cores,
                spooled_bytes / seconds / self._budget.bytes_per_second,
            )
            change = 1.0 / use if use > 0.0 else FASTEST_RISE
            self._factor *= min(FASTEST_RISE, max(FASTEST_FALL, change))
            self._factor = min(1.0, max(LEAST_PRESSURE_FACTOR, self._factor))
        ease = min(1.0, (1.0 - spool_fill) / (1.0 - SPOOL_EASE))
        return max(LEAST_PRESSURE_FACTOR, self._factor * ease)
