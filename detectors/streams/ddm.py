"""DDM: an error rate that has risen above its lowest."""

from __future__ import annotations

from detectors.streams.detector import checked_error
from detectors.streams.library import river_detector
from detectors.streams.parameters import DdmParameters, parameters_for
from detectors.streams.river_stream import RiverStreamDetector


class Ddm(RiverStreamDetector):
    """Rises of a rate of errors, 0 or 1; falls are not looked for.

    .. math:: p_t + s_t > p_{\\min} + k s_{\\min}, \\quad s_t = \\sqrt{p_t (1 - p_t) / t}

    Parameters
    ----------
    false_alarm_every
        Average run length: observations between false alarms, at least, on independent data.
    parameters
        In place of those of the table.

    Notes
    -----
    The lowest rate ever seen is remembered, and with few observations it is a lucky one: with the
    library's defaults (3 deviations, 30 observations) a stream with 2% errors gives two false alarms in its
    first 1,000 observations. The rate is that of all observations since the last alarm, so the longer the
    calm, the later a rise is found. O(1).

    References
    ----------
    Gama, J. et al. (2004). Learning with drift detection. SBIA, section 3.

    Examples
    --------
    >>> watch = Ddm(1_000)
    >>> found = []
    >>> for at, error in enumerate([0, 0, 0, 0, 1] * 200 + [1, 0] * 200):
    ...     watch.update(error)
    ...     if watch.drifted:
    ...         found.append(at)
    >>> 1_000 < found[0] < 1_300
    True
    """

    name = "ddm"

    def __init__(self, false_alarm_every: int = 100_000, *, parameters: DdmParameters | None = None) -> None:
        given = parameters or parameters_for(false_alarm_every).ddm
        super().__init__(
            lambda: river_detector(
                "river.drift.binary",
                "DDM",
                warm_start=given.warm_start,
                drift_threshold=given.drift_threshold,
            )
        )

    def _taken(self, x: float) -> tuple[int]:
        return (checked_error(x),)
