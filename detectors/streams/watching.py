"""A whole stream through one detector: what was found where, and the level before and after."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from detectors.streams.detector import WARM_UP, StreamDetector
from detectors.streams.registry import STREAM_DETECTORS
from driftline.errors import InvalidInput

StreamStatus = Literal["ok", "drifted", "constant", "insufficient_data", "not_applicable"]

FEWEST = 100
MOST_LOOKED_BACK = 50_000
"""Observations before an alarm among which the change is looked for."""


@dataclass(frozen=True, slots=True)
class StreamDetection:
    """One alarm.

    Attributes
    ----------
    index
        Observation, from 0 and missing ones included, at which the alarm was raised.
    change_index
        Most likely first observation of the change.
    time
        As the time column has it, of the alarm; empty without one.
    before, after
        Mean from the last alarm to the change, and from the change to this alarm.
    """

    index: int
    change_index: int
    time: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class StreamReport:
    """What one detector found in a stream."""

    detector: str
    status: StreamStatus
    reason: str
    observations: int
    missing: int
    detections: tuple[StreamDetection, ...] = ()


def watch_stream(
    name: str,
    values: NDArray[np.float64],
    *,
    false_alarm_every: int,
    times: Sequence[str] | None = None,
    progress: Callable[[int], None] | None = None,
) -> StreamReport:
    """Feed a stream to one detector.

    Parameters
    ----------
    name
        Of :data:`detectors.streams.registry.STREAM_DETECTORS`.
    values
        Finite numbers in the order of time; NaN is missing and left out.
    times
        Of every value, to be shown with the alarms.
    progress
        Called with the observations done, now and then.

    Raises
    ------
    InvalidInput
        An unknown detector, an infinite value, or a run length that is not tabulated.
    DependencyMissing
        river is not installed.
    """
    if name not in STREAM_DETECTORS:
        raise InvalidInput(f"no detector is called {name!r}; there are {', '.join(STREAM_DETECTORS)}")
    if np.isinf(values).any():
        at = int(np.flatnonzero(np.isinf(values))[0])
        raise InvalidInput(f"observation {at} is infinite: leave it out or cut it off")
    detector = STREAM_DETECTORS[name](false_alarm_every)
    present = np.flatnonzero(~np.isnan(values))
    given, missing = values[present], int(values.size - present.size)

    def report(status: StreamStatus, reason: str, found: tuple[StreamDetection, ...] = ()) -> StreamReport:
        return StreamReport(name, status, reason, int(given.size), missing, found)

    if given.size < FEWEST:
        return report("insufficient_data", f"{given.size} observations, {FEWEST} needed")
    if name == "ddm" and not np.isin(given, (0.0, 1.0)).all():
        other = float(given[~np.isin(given, (0.0, 1.0))][0])
        return report("not_applicable", f"DDM watches errors, 0 or 1, and the stream holds {other:g}")
    if given.min() == given.max():
        return report("constant", f"every observation is {given[0]:g}: nothing moved, and nothing to learn")
    detections = _detections(detector, given, present, times, progress)
    if detections:
        return report("drifted", f"{len(detections)} changes", tuple(detections))
    if name == "page-hinkley" and given.size < WARM_UP:
        needed = f"{given.size} observations, {WARM_UP:,} needed to learn the stream's unit"
        return report("insufficient_data", needed)
    return report("ok", "no change")


def _detections(
    detector: StreamDetector,
    given: NDArray[np.float64],
    present: NDArray[np.intp],
    times: Sequence[str] | None,
    progress: Callable[[int], None] | None,
) -> list[StreamDetection]:
    found: list[StreamDetection] = []
    since = 0
    for at, value in enumerate(given.tolist()):
        detector.update(value)
        if progress is not None and at % 1000 == 0:
            progress(at)
        if detector.drifted:
            begin = max(since, at + 1 - MOST_LOOKED_BACK)
            change, before, after = change_point(given[begin : at + 1])
            index = int(present[at])
            found.append(
                StreamDetection(
                    index,
                    int(present[begin + change]),
                    times[index] if times is not None else "",
                    before,
                    after,
                )
            )
            since = begin + change
    return found


def change_point(values: NDArray[np.float64]) -> tuple[int, float, float]:
    """Where the mean of a stretch changed most likely: first index after it, mean before and after.

    .. math:: \\hat c = \\arg\\max_c \\frac{c (n - c)}{n} (\\bar x_{<c} - \\bar x_{\\ge c})^2

    Returns
    -------
    index, before, after
        A stretch of one value has no before: NaN.

    References
    ----------
    Hinkley, D. (1970). Inference about the change-point in a sequence of random variables. Biometrika 57.

    Examples
    --------
    >>> change_point(np.array([0.0, 0.0, 0.0, 1.0, 1.0]))
    (3, 0.0, 1.0)
    """
    n = values.size
    if n < 2:
        return 0, math.nan, float(values.mean())
    centred = np.cumsum(values - values.mean())[:-1]
    before = np.arange(1, n)
    gain = centred**2 * n / (before * (n - before))
    at = int(np.argmax(gain)) + 1
    return at, float(values[:at].mean()), float(values[at:].mean())
