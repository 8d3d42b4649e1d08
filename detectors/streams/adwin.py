"""ADWIN: a window that is cut where its older and newer part differ."""

from __future__ import annotations

from detectors.streams.detector import checked_value
from detectors.streams.library import river_detector
from detectors.streams.parameters import AdwinParameters, parameters_for
from detectors.streams.river_stream import RiverStreamDetector

SPREADS_IN_RANGE = 4.0
"""ADWIN's bound is for values in a range of 1: four standard deviations of the stream are taken for it."""


class Adwin(RiverStreamDetector):
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
        given = parameters or parameters_for(false_alarm_every).adwin
        super().__init__(lambda: river_detector("river.drift", "ADWIN", delta=given.delta))

    def reset(self) -> None:
        """Forget everything, the stream's unit too."""
        super().reset()
        self._scaled = False

    def _taken(self, x: float) -> list[float]:
        value = checked_value(x)
        if not self._scaled:
            if value in (0.0, 1.0):
                return [value]
            # The first value that is no error: from here on the stream is one of scores.
            self._scaled = True
            self._detector = self._made()
        return [one / SPREADS_IN_RANGE for one in self._unit.taken(value)]
