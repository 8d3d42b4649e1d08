"""Evidence about one share by itself, such as that of wrong answers: the scan with a single score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detectors.evidence.noise import Noise
from detectors.evidence.recovery import recovered_over
from detectors.evidence.scan import scan
from detectors.evidence.score_set import DISTRIBUTION, MISSING, ScoreSet, Vector
from detectors.evidence.series import ScoreSeries
from detectors.profiles.layout import MISSING_AT, WIDTH, ColumnLayout

_SHARE = 1


@dataclass(frozen=True, slots=True)
class Deviation:
    """How far a share lies from its baseline.

    Attributes
    ----------
    evidence
        Absolute deviation in standard deviations, deflated for what is not known about the variance.
    effect
        Signed, Cohen's h.
    scale
        Windows pooled.
    """

    evidence: float
    effect: float
    scale: int


class OneShare:
    """A share with a baseline, watched over successive windows; its noise is learned live.

    Parameters
    ----------
    base
        Share in the baseline, between 0 and 1.
    baseline_rows
        Effective rows of the baseline.
    """

    def __init__(self, base: float, baseline_rows: float) -> None:
        self._base, self._baseline_rows = base, baseline_rows
        weights = np.zeros((1, 2, WIDTH), dtype=np.float32)
        weights[0, 0, MISSING_AT] = weights[0, _SHARE, 0] = 1.0
        shares = np.zeros((1, WIDTH))
        shares[0, :2] = base, 1 - base
        self._scores = ScoreSet(
            kind="categorical",
            layouts=(ColumnLayout("categorical"),),
            weights=weights,
            base=np.array([[0.0, base]]),
            variance=np.array([[1.0, base * (1 - base)]]),
            kurtosis=np.array([[1.0, 1 / max(1e-15, min(base, 1 - base))]]),
            budget=np.array([[0.0, 1.0]]),
            rows=np.array([baseline_rows]),
            shares=shares,
            is_share=np.array([True, True]),
            change=np.array([MISSING, DISTRIBUTION]),
            pairs=np.zeros((1, 0, 2), dtype=np.intp),
            problems={},
        )
        self._noise = Noise.live(self._scores)

    def scan(self, shares: Vector, rows: Vector) -> Deviation:
        """Strongest deviation of the last windows over all scales.

        Parameters
        ----------
        shares, rows
            Share and effective rows of successive windows, the last one decided, shape ``(T,)``.
        """
        means = np.stack([np.zeros(shares.size), shares - self._base], axis=-1)[None]
        series = ScoreSeries(0, rows[None].astype(np.float32), means.astype(np.float32))
        floor = np.zeros((1, 2), dtype=np.int64)
        found = scan(self._scores, self._noise, series, np.full((1, 2), np.inf), np.zeros(1), floor)
        at = 0, 0, _SHARE
        return Deviation(float(found.evidence[at]), float(found.effect[at]), int(found.scale[at]))

    def recovered_over(
        self, shares: Vector, rows: Vector, effect: float, min_rows: float = 1.0
    ) -> int | None:
        """Windows over which an earlier effect has gone, or ``None`` while it lasts."""
        return recovered_over(
            shares - self._base,
            rows,
            base=self._base,
            variance=self._base * (1 - self._base),
            is_share=True,
            baseline_rows=self._baseline_rows,
            effect=effect,
            min_rows=min_rows,
        )
