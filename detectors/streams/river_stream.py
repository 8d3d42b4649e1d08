"""What the detectors of the library have in common here: a flag, and a way to start anew."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable

from detectors.streams.detector import StreamUnit
from detectors.streams.library import RiverDetector


class RiverStreamDetector(ABC):
    """One of river's detectors behind :class:`detectors.streams.detector.StreamDetector`.

    Parameters
    ----------
    made
        Makes the detector, new.
    """

    name: str

    def __init__(self, made: Callable[[], RiverDetector]) -> None:
        self._made = made
        self.reset()

    def reset(self) -> None:
        """Forget everything, the stream's unit too."""
        self._unit = StreamUnit()
        self._detector = self._made()
        self._drifted = False

    @property
    def drifted(self) -> bool:
        """Whether the last value completed the evidence of a change."""
        return self._drifted

    def update(self, x: float) -> None:
        """Take the next value; :class:`driftline.errors.InvalidInput` when it is none of this stream's."""
        values = self._taken(x)
        self._drifted = False
        for value in values:
            self._detector.update(value)
            self._drifted |= self._detector.drift_detected

    @abstractmethod
    def _taken(self, x: float) -> Iterable[float]:
        """What the library's detector is given for one value: none while a unit is learned, then all held."""
