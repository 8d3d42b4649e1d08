"""Page-Hinkley: a cumulative sum of deviations from the running mean."""

from __future__ import annotations

from detectors.streams.detector import checked_value
from detectors.streams.library import river_detector
from detectors.streams.parameters import PageHinkleyParameters, parameters_for
from detectors.streams.river_stream import RiverStreamDetector


class PageHinkley(RiverStreamDetector):
    """Lasting shifts of the mean, up or down, of errors or scores.

    .. math:: m_t = \\sum_{i \\le t} (x_i - \\bar x_i - \\delta), \\quad m_t - \\min_{i \\le t} m_i > \\lambda

    Parameters
    ----------
    false_alarm_every
        Average run length: observations between false alarms, at least, on independent data.
    parameters
        In place of those of the table; threshold and delta in standard deviations of the stream.

    Notes
    -----
    The stream's unit is learned from its first 1,000 observations, which are then looked at as well. The
    library's forgetting factor of .9999 is not used: with it the sum settles at ``-delta / .0001``, its
    minimum keeps falling, and an alarm within some thousand observations is certain whatever the data
    (one false alarm every 1,600 normal scores by default). Shifts below delta are not found. O(1).

    References
    ----------
    Page, E. (1954). Continuous inspection schemes. Biometrika 41; Hinkley, D. (1971). Inference about the
    change-point from cumulative sum tests. Biometrika 58.

    Examples
    --------
    >>> watch = PageHinkley(1_000)
    >>> values = [0.0, 1.0] * 1_000 + [2.0, 3.0] * 50
    >>> found = []
    >>> for at, value in enumerate(values):
    ...     watch.update(value)
    ...     if watch.drifted:
    ...         found.append(at)
    >>> 2_000 < found[0] < 2_020
    True
    """

    name = "page-hinkley"

    def __init__(
        self, false_alarm_every: int = 100_000, *, parameters: PageHinkleyParameters | None = None
    ) -> None:
        given = parameters or parameters_for(false_alarm_every).page_hinkley
        super().__init__(
            lambda: river_detector(
                "river.drift",
                "PageHinkley",
                min_instances=given.min_instances,
                delta=given.delta,
                threshold=given.threshold,
                alpha=1.0,
                mode="both",
            )
        )

    def _taken(self, x: float) -> list[float]:
        return self._unit.taken(checked_value(x))
