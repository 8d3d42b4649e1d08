"""Evidence about one field: a single comparison, or the last of its windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.baselines.baseline import BaselineColumn
from detectors.decision import FieldDecision, insufficient
from detectors.evidence.judge import Judge
from detectors.evidence.noise import Noise
from detectors.evidence.score_set import CHANGES
from detectors.evidence.scoring import score_set
from detectors.evidence.series import ScoreSeries

_GRAVITY = ("insufficient_data", "failed", "ok", "watch", "drifted")


@dataclass(frozen=True, slots=True)
class WindowCounts:
    """Counts of one field in one window, and the window's effective rows."""

    counts: NDArray[np.float64]
    effective_rows: float


class FieldDetector:
    """Decides about one field of a model against one baseline: a stack of one.

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
        self._layout = baseline.layout
        self._min_samples = min_samples
        counts = baseline.layout.aligned(baseline.counts)[None]
        self.scores = score_set([baseline.layout], counts, np.array([baseline.effective_rows]))
        self._judge = Judge(
            self.scores,
            Noise.live(self.scores),
            alphas=alpha,
            window_seconds=window_seconds,
            tolerances=tolerance,
            min_samples=min_samples,
        )

    def decide(self, windows: Sequence[WindowCounts]) -> FieldDecision:
        """Decide about the last of ``windows`` (oldest first, since the evidence floor).

        Returns the gravest of the decisions about its kinds of change.
        """
        if not windows:
            return insufficient(0.0, self._min_samples)
        decisions, _ = self._judge.decide(self._series(windows))
        judged = decisions.score[0, 0] >= 0
        found = [decisions.decision(0, 0, change) for at, change in enumerate(CHANGES) if judged[at]]
        found = found or [decisions.decision(0, 0)]
        return max(found, key=lambda one: (_GRAVITY.index(one.status), one.evidence / one.threshold))

    def _series(self, windows: Sequence[WindowCounts]) -> ScoreSeries:
        counts = self._layout.aligned(np.stack([window.counts for window in windows]))
        rows = np.array([window.effective_rows for window in windows])
        return ScoreSeries.of_counts(self.scores, counts[None], rows[None])
