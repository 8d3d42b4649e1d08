"""Evidence about one field: all its scores scanned over stored windows, then decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.decision import FieldDecision, decide, insufficient
from detectors.evidence.budget import monitoring_threshold, single_look_threshold
from detectors.evidence.closing import recovered_over
from detectors.evidence.scan import Series, scan
from detectors.evidence.scores import Score, scores_of
from detectors.profiles.baseline import BaselineColumn


@dataclass(frozen=True, slots=True)
class WindowCounts:
    """Counts of one field in one window, and the window's effective rows."""

    counts: NDArray[np.float64]
    effective_rows: float


class FieldDetector:
    """Decides about one field of a model against one baseline.

    Parameters
    ----------
    baseline
        The field's reference.
    alpha
        The field's false-alarm probability: a month's in monitoring, one comparison's in a check.
    window_seconds
        Length of a window in seconds; ``None`` for a single comparison, which takes rows as independent.
    tolerance
        Smallest effect that counts, in standard units.
    min_samples
        Effective rows that a window needs.
    """

    def __init__(
        self,
        baseline: BaselineColumn,
        *,
        alpha: float,
        window_seconds: float | None,
        tolerance: float,
        min_samples: float,
    ) -> None:
        self._baseline_rows = baseline.effective_rows
        self._single = window_seconds is None
        self._tolerance = tolerance
        self._min_samples = min_samples
        self._scores = scores_of(baseline.layout, baseline.counts, baseline.effective_rows)
        self._thresholds = {
            score.name: single_look_threshold(alpha * score.budget_share)
            if window_seconds is None
            else monitoring_threshold(alpha * score.budget_share, window_seconds)
            for score in self._scores
        }

    def decide(self, windows: Sequence[WindowCounts]) -> FieldDecision:
        """Decide about the last of ``windows`` (oldest first, since the evidence floor)."""
        if not windows or windows[-1].effective_rows < self._min_samples:
            return insufficient(windows[-1].effective_rows if windows else 0.0, self._min_samples)
        if self._baseline_rows < self._min_samples:
            return FieldDecision(
                "insufficient_data",
                f"the baseline has {self._baseline_rows:.0f} effective rows, {self._min_samples:.0f} needed",
            )
        usable = [window for window in windows if window.effective_rows >= 1 and window.counts.sum() > 0]
        history = _History(usable)
        deviations = {
            score.name: scan(score, history.series(score), self._baseline_rows, independent_rows=self._single)
            for score in self._scores
        }
        return decide(
            self._scores,
            deviations,
            self._thresholds,
            tolerance=self._tolerance,
            windows_behind=None if self._single else len(usable) - 1,
        )

    def recovered(self, windows: Sequence[WindowCounts], direction: str, effect: float) -> int | None:
        """Windows over which an earlier effect in one direction has gone; see :func:`recovered_over`."""
        usable = [window for window in windows if window.effective_rows >= 1 and window.counts.sum() > 0]
        score = next((score for score in self._scores if score.name == direction), None)
        if score is None or not usable:
            return None
        return recovered_over(score, _History(usable).series(score), self._baseline_rows, effect)


class _History:
    """Counts of the windows as one matrix, from which every score has its series."""

    def __init__(self, windows: Sequence[WindowCounts]) -> None:
        self._rows = np.array([window.effective_rows for window in windows])
        counts = np.stack([window.counts for window in windows])
        self._shares = counts / counts.sum(axis=1, keepdims=True)

    def series(self, score: Score) -> Series:
        if score.kind == "share":
            return Series(self._shares @ score.weights, self._rows)
        # Missing rows have no location: the mean is over the rows that are there.
        present = 1.0 - self._shares[:, -1]
        values = self._shares.copy()
        values[:, -1] = 0.0
        values /= np.where(present > 0, present, 1.0)[:, None]
        return Series(values @ score.weights, np.maximum(self._rows * present, 1e-6), values)
