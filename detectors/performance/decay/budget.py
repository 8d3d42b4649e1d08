"""How sure a decision about decay has to be: the false-alarm budget as a threshold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from driftline.errors import InvalidInput

SECONDS_PER_YEAR: Final = 365.0 * 86400
SECONDS_PER_MONTH: Final = 30.0 * 86400
REFERENCE_PART: Final = 0.5
"""Part of the error for a reference that happened to look too good; the rest is for the stream.

Halves find most: an error twice as small asks for .7 nats more of the stream, but raises the limit by .3
standard errors of the reference.
"""
MOST_OF_REFERENCE: Final = 0.05
HARMLESS_ERROR: Final = 0.05
"""Chance that, of a month of windows with decay, any is called harmless."""
LEAST_THRESHOLD: Final = 20.0


@dataclass(frozen=True, slots=True)
class DecayBudget:
    """Expected false episodes of decay a year, of one version of a model.

    The error is split: with probability :attr:`alpha_reference` the reference's upper confidence bound lies
    below its risk (once for a baseline, taken as one a year), and with probability ``looks / c`` the detector
    alarms within so many windows although the risk never was above the limit, :attr:`threshold` being c.

    Attributes
    ----------
    per_year
        Expected false episodes a year, above 0.
    window_seconds
        Length of a window in seconds.

    Examples
    --------
    The default, one false episode in eight years, half of it for decay, in windows of an hour:

    >>> budget = DecayBudget(0.0625, 3600)
    >>> round(budget.threshold), round(budget.deviation, 2)
    (280320, 5.01)
    >>> round(budget.false_alarm_probability(10_000), 3)
    0.067
    """

    per_year: float
    window_seconds: float

    def __post_init__(self) -> None:
        for name in ("per_year", "window_seconds"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise InvalidInput(f"{name} of a decay budget must be a number above 0, got {value!r}")

    @property
    def looks_a_year(self) -> float:
        """Windows a year, each of which may be the first of a decay."""
        return SECONDS_PER_YEAR / self.window_seconds

    @property
    def alpha_reference(self) -> float:
        """Error of the reference's upper bound."""
        return min(MOST_OF_REFERENCE, REFERENCE_PART * self.per_year)

    @property
    def threshold(self) -> float:
        """Evidence c at which decay is called: windows a year by false alarms a year."""
        return max(LEAST_THRESHOLD, self.looks_a_year / (self.per_year - self.alpha_reference))

    @property
    def deviation(self) -> float:
        """:attr:`threshold` in standard deviations, ``sqrt(2 ln c)``."""
        return math.sqrt(2 * math.log(self.threshold))

    @property
    def harmless_threshold(self) -> float:
        """Evidence at which quality is shown to hold: windows a month by ``HARMLESS_ERROR``."""
        return max(LEAST_THRESHOLD, SECONDS_PER_MONTH / self.window_seconds / HARMLESS_ERROR)

    @property
    def level(self) -> float:
        """Confidence of the bounds of the current risk, at all looks of a year together."""
        return 1 - min(1.0, self.looks_a_year / self.threshold)

    def false_alarm_probability(self, looks: float) -> float:
        """What the probability of a false alarm within so many windows is at most."""
        return min(1.0, self.alpha_reference + looks / self.threshold)
