"""ADWIN: a window that is cut where its older and newer part differ."""

from __future__ import annotations

from detectors.streams.detector import StreamUnit, checked_value
from detectors.streams.library import RiverDetector, river_detector
from detectors.streams.parameters import AdwinParameters, parameters_for

SPREADS_IN_RANGE = 4.0
"""ADWIN's bound is for values in a range of 1: four standard deviations of the stream are taken for it."""


class Adwin:
    """Shifts of the mean of errors or scores, found at any time scale.

    .. math:: |\\bar x_0 - \\bar x_1| > \\sqrt{\\tfrac{2}{m} \\sigma^2 \\ln \\tfrac{2}{\\delta'}} +
              \\tfrac{2}{3 m} \\ln \\tfrac{2}{\\delta'}

    Parameters
    ----------
    false_alarm_every
        Average run length: observations between false alarms, at least, on independent data.
    parameters
        In place of those of the table.

    Notes
    -----
    Errors (0 and 1) are taken as they are; other streams in units of their first 1,000 observations. The
    bound is safe for independent values and not at all for others: with autocorrelation .9 the library's
    default raises a false alarm every 160 observations. O(log n) a value, amortised.

    References
    ----------
    Bifet, A. and Gavaldà, R. (2007). Learning from time-changing data with adaptive windowing. SDM,
    eq. 3.1.

    Examples
    --------
    >>> watch = Adwin(1_000)
    >>> found = []
    >>> for at, value in enumerate([0, 0, 0, 1] * 500 + [1] * 200):
    ...     watch.update(value)
    ...     if watch.drifted:
    ...         found.append(at)
    >>> 2_000 < found[0] < 2_100
    True
    """

    name = "adwin"

    def __init__(
        self, false_alarm_every: int = 100_000, *, parameters: AdwinParameters | None = None
    ) -> None:
        self._parameters = parameters or parameters_for(false_alarm_every).adwin
        self.reset()

    def reset(self) -> None:
        """Forget everything, the stream's unit too."""
        self._unit = StreamUnit()
        self._scaled = False
        self._detector = self._made()
        self._drifted = False

    @property
    def drifted(self) -> bool:
        """Whether the last value made the window shrink."""
        return self._drifted

    def update(self, x: float) -> None:
        """Take the next value, a finite number."""
        value = checked_value(x)
        self._drifted = False
        if not self._scaled and value in (0.0, 1.0):
            self._feed(value)
            return
        if not self._scaled:
            # The first value that is no error: from here on the stream is one of scores.
            self._scaled = True
            self._detector = self._made()
        if self._unit.ready:
            self._feed(self._unit.standardised(value) / SPREADS_IN_RANGE)
            return
        for one in self._unit.learn(value):
            self._feed(one / SPREADS_IN_RANGE)

    def _feed(self, value: float) -> None:
        self._detector.update(value)
        self._drifted |= self._detector.drift_detected

    def _made(self) -> RiverDetector:
        return river_detector("river.drift", "ADWIN", delta=self._parameters.delta)
