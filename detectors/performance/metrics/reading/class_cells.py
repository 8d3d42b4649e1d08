"""Sums of a classifier's events by window, truth, prediction and bin, as the statements bring them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.performance.metrics.calibration import CalibrationSums, calibration_error
from detectors.performance.metrics.confusion import Confusion
from detectors.performance.metrics.figure import Measured
from detectors.performance.metrics.means import MeanSums, mean_figure
from detectors.performance.metrics.reading.windows import text

Vector = NDArray[np.float64]
Names = NDArray[np.str_]

UNUSABLE: Final = 65535
"""Bin of events whose scores are no probabilities."""
NO_CONFIDENCE: Final = 65534
"""Bin of events whose predicted class has no score."""


@dataclass(frozen=True)
class CellSums:
    """One element a cell of all windows.

    Attributes
    ----------
    windows
        How many windows there are.
    window
        Position of the cell's window.
    truth, prediction
        Classes of the cell.
    bin
        Calibration bin, :data:`UNUSABLE` or :data:`NO_CONFIDENCE`.
    n, w, w2
        Events, sums of weights and of their squares.
    log, brier, c
        ``sum w x``, ``sum w^2 x``, ``sum w^2 x^2`` of log loss, Brier score and confidence: ``(3, cells)``.
    """

    windows: int
    window: NDArray[np.int64]
    truth: Names
    prediction: Names
    bin: NDArray[np.int64]
    n: Vector
    w: Vector
    w2: Vector
    log: Vector
    brier: Vector
    c: Vector

    @classmethod
    def of_rows(cls, found: Mapping[str, Sequence[Any]]) -> CellSums:
        """Cells of a result with one row a window and arrays with a value a cell."""
        lengths = [len(each) for each in found["bin"]]
        count = sum(lengths)

        def numbers(name: str) -> Vector:
            return np.fromiter(chain.from_iterable(found[name]), np.float64, count)

        def names(name: str) -> Names:
            return np.array([text(each) for each in chain.from_iterable(found[name])], dtype=np.str_)

        def moments(name: str) -> Vector:
            return np.stack([numbers(f"{name}_{which}") for which in ("wx", "w2x", "w2x2")])

        return cls(
            len(lengths),
            np.repeat(np.arange(len(lengths)), lengths),
            names("truth"),
            names("prediction"),
            numbers("bin").astype(np.int64),
            numbers("n"),
            numbers("w"),
            numbers("w2"),
            moments("log"),
            moments("brier"),
            moments("c"),
        )

    def confusion(self) -> Confusion:
        """Confusion matrices of the windows."""
        return Confusion.of_cells(
            self.windows,
            self.window,
            self.truth.tolist(),
            self.prediction.tolist(),
            self.n,
            self.w,
            self.w2,
        )

    def score_metrics(self) -> list[Measured]:
        """Log loss and Brier score over the events whose scores are probabilities."""
        kept = self.bin != UNUSABLE
        notes = self.unusable_scores()
        counts = [self._by_window(each, kept) for each in (self.n, self.w, self.w2)]
        found = []
        for metric, sums in (("log_loss", self.log), ("brier", self.brier)):
            moments = [self._by_window(each, kept) for each in sums]
            found.append(mean_figure(metric, MeanSums(*counts, *moments), lowest=0.0, reasons=notes))
        return found

    def calibration(self, bins: int, hit: NDArray[np.bool_]) -> Measured:
        """Calibration error; ``hit`` says of every cell whether what the confidence is of came true."""
        kept = self.bin < NO_CONFIDENCE
        place = self.window[kept] * bins + self.bin[kept]
        y = hit[kept].astype(np.float64)
        n, w, w2 = self.n[kept], self.w[kept], self.w2[kept]
        wc, w2c, w2c2 = self.c[:, kept]
        columns = (n, w, w2, w * y, wc, w2 * y - w2c, w2 * y - 2 * y * w2c + w2c2)
        sums = CalibrationSums(
            *(
                np.bincount(place, each, self.windows * bins).astype(np.float64).reshape(-1, bins)
                for each in columns
            )
        )
        found = calibration_error(sums)
        notes = self.unusable_scores()
        reasons = [note or reason for note, reason in zip(notes, found.reasons, strict=True)]
        return Measured.of(
            found.metric,
            found.value,
            (found.lower, found.upper),
            found.labelled,
            found.effective,
            reasons=reasons,
            details=found.details,
        )

    def unusable_scores(self) -> list[str]:
        """How many events of every window have scores that are no probabilities; empty for none."""
        unusable = self._by_window(self.n, self.bin == UNUSABLE).astype(np.int64).tolist()
        events = self._by_window(self.n, self.bin >= 0).astype(np.int64).tolist()
        return [
            f"left out {left} of {total} events: scores missing, outside 0 to 1 or not adding up to 1"
            if left
            else ""
            for left, total in zip(unusable, events, strict=True)
        ]

    def _by_window(self, sums: Vector, kept: NDArray[np.bool_]) -> Vector:
        return np.bincount(self.window[kept], sums[kept], self.windows).astype(np.float64)
