"""What every statistic answers: a value, how well it is known, and what could have been found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from driftline.errors import InvalidInput

Vector = NDArray[np.float64]

LEVEL = 0.05
POWER = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """One statistic of one field.

    Attributes
    ----------
    value
        The statistic as everyone reports it, from the samples as they are. Distances are biased upwards
        by sampling: unchanged data does not give 0.
    lower, upper
        Interval at confidence ``1 - level`` for what the statistic would be with unlimited data on both
        sides. The sampling bias is removed, so ``value`` may lie above ``upper``.
    detectable
        Minimum detectable effect: the true value that a test of "nothing changed" at ``level`` finds
        with probability ``power`` at these sample sizes, on the statistic's scale.
    p_value
        Chance of a value at least this far out on unchanged data, in one look, rows independent.
    """

    value: float
    lower: float
    upper: float
    detectable: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Estimates:
    """One statistic of F fields: the parts of :class:`Estimate`, each of shape ``(F,)``."""

    value: Vector
    lower: Vector
    upper: Vector
    detectable: Vector
    p_value: Vector

    def __len__(self) -> int:
        return int(self.value.size)

    def __getitem__(self, field: int) -> Estimate:
        return Estimate(
            float(self.value[field]),
            float(self.lower[field]),
            float(self.upper[field]),
            float(self.detectable[field]),
            float(self.p_value[field]),
        )


def checked_rates(level: float, power: float) -> None:
    """Refuse a level or power outside (0, 1).

    Raises
    ------
    InvalidInput
        With the value received.
    """
    if not 0 < level < 1:
        raise InvalidInput(f"level must lie between 0 and 1, got {level!r}")
    if not level < power < 1:
        raise InvalidInput(f"power must lie between the level ({level:g}) and 1, got {power!r}")
