"""KSWIN: the newest values against older ones of a sliding window, by Kolmogorov-Smirnov."""

from __future__ import annotations

from detectors.streams.detector import checked_value
from detectors.streams.library import river_detector
from detectors.streams.parameters import KswinParameters, parameters_for
from detectors.streams.river_stream import RiverStreamDetector

SEED = 20_274


class Kswin(RiverStreamDetector):
    """Any change of the distribution of scores, not only of their mean.

    .. math:: \\sup_x |F_{new}(x) - F_{old}(x)| \\text{ significant at } \\alpha

    Parameters
    ----------
    false_alarm_every
        Average run length: observations between false alarms, at least, on independent data.
    parameters
        In place of those of the table.
    seed
        Of the draws from the older part: the same seed finds the same.

    Notes
    -----
    It tests at every value, so that alpha has to be far below what one test would ask for: with the
    library's default of .005 a false alarm comes every few hundred to thousand observations. About .3 ms a
    value: for streams up to some hundred thousand. Ranks need no unit.

    References
    ----------
    Raab, C., Heusinger, M. and Schleif, F. (2020). Reactive soft prototype computing for concept drift
    streams. Neurocomputing 416, section 3.

    Examples
    --------
    >>> watch = Kswin(1_000)
    >>> found = []
    >>> for at, value in enumerate([i % 10 / 10 for i in range(450)] + [5.0] * 60):
    ...     watch.update(value)
    ...     if watch.drifted:
    ...         found.append(at)
    >>> 450 < found[0] < 510
    True
    """

    name = "kswin"

    def __init__(
        self,
        false_alarm_every: int = 100_000,
        *,
        parameters: KswinParameters | None = None,
        seed: int = SEED,
    ) -> None:
        given = parameters or parameters_for(false_alarm_every).kswin
        super().__init__(
            lambda: river_detector(
                "river.drift",
                "KSWIN",
                alpha=given.alpha,
                window_size=given.window_size,
                stat_size=given.stat_size,
                seed=seed,
            )
        )

    def _taken(self, x: float) -> tuple[float]:
        return (checked_value(x),)
