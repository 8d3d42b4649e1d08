"""What every online detector here is: one value at a time, a flag, a way to start anew."""

from __future__ import annotations

import math
from numbers import Real
from typing import Protocol

from driftline.errors import InvalidInput

WARM_UP = 1_000
"""Observations from which a stream's unit is learned."""


class StreamDetector(Protocol):
    """An online detector.

    ``drifted`` is about the value given last; after it the detector starts anew by itself, keeping the
    stream's unit. :meth:`reset` forgets everything.
    """

    name: str

    @property
    def drifted(self) -> bool: ...

    def update(self, x: float) -> None: ...

    def reset(self) -> None: ...


def checked_value(x: object) -> float:
    """A finite number.

    Raises
    ------
    InvalidInput
        NaN, infinite, or no number: missing values are counted by the caller, not fed to a detector.
    """
    if not isinstance(x, Real):
        raise InvalidInput(f"a stream holds numbers, got {x!r}")
    if not math.isfinite(x):
        raise InvalidInput(f"a stream's value must be finite, got {x!r}: leave missing values out")
    return float(x)


def checked_error(x: object) -> int:
    """0 or 1.

    Raises
    ------
    InvalidInput
        Any other value.
    """
    value = checked_value(x)
    if value not in (0.0, 1.0):
        raise InvalidInput(f"DDM watches errors, 0 or 1, got {x!r}: use another detector for scores")
    return int(value)


class StreamUnit:
    """Mean and standard deviation of a stream's first observations, so that parameters have no unit.

    Ready after 1,000 observations, later if all were equal so far.
    """

    def __init__(self, warm_up: int = WARM_UP) -> None:
        self._warm_up = warm_up
        self._held: list[float] = []
        self._centre = 0.0
        self._spread = 0.0

    @property
    def ready(self) -> bool:
        """Whether the unit is known."""
        return self._spread > 0

    def taken(self, x: float) -> list[float]:
        """What one observation gives in this unit: itself, nothing yet, or all that were held back."""
        return [self.standardised(x)] if self.ready else self.learn(x)

    def learn(self, x: float) -> list[float]:
        """Take one observation; returns those held back, standardised, when they make the unit known."""
        if not self._held or x != self._held[0] or len(self._held) < self._warm_up:
            self._held.append(x)
        if len(self._held) < self._warm_up:
            return []
        centre = math.fsum(self._held) / len(self._held)
        spread = math.sqrt(math.fsum((one - centre) ** 2 for one in self._held) / len(self._held))
        # Of equal values only rounding would be left.
        if spread <= 1e-12 * max(abs(centre), 1e-300) or min(self._held) == max(self._held):
            return []
        self._centre, self._spread = centre, spread
        held, self._held = self._held, []
        return [self.standardised(one) for one in held]

    def standardised(self, x: float) -> float:
        """In standard deviations from the first observations' mean."""
        return (x - self._centre) / self._spread
