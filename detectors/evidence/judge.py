"""Decides about many fields in many windows: the same for one live window and for a replayed month."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.decision import POWER_95
from detectors.evidence.budget import monitoring_thresholds, single_look_thresholds
from detectors.evidence.decisions import FAILED, INSUFFICIENT, Decisions
from detectors.evidence.deviation import inflated
from detectors.evidence.episodes import Run
from detectors.evidence.noise import Noise
from detectors.evidence.pooling import REACH, view
from detectors.evidence.scan import standing_error
from detectors.evidence.score_set import CHANGES, ScoreSet, Vector
from detectors.evidence.series import ScoreSeries
from detectors.evidence.states import States

Mask = NDArray[np.bool_]
Index = NDArray[np.intp]


class Judge:
    """Decides about F fields of one kind against their baselines.

    Parameters
    ----------
    scores, noise
        Of the baselines.
    alphas
        Probability of a false alarm of each field, shape ``(F,)``: in a month of 30 days, or in one
        comparison.
    window_seconds
        Length of a window in seconds; ``None`` for a single comparison, which takes rows as independent.
    tolerances
        Smallest effect that counts as drift, in standard units, one or ``(F,)``.
    min_samples
        Effective rows that a window, and a baseline, need.
    """

    def __init__(
        self,
        scores: ScoreSet,
        noise: Noise,
        *,
        alphas: ArrayLike,
        window_seconds: float | None,
        tolerances: ArrayLike,
        min_samples: float,
    ) -> None:
        self.scores = scores
        self.noise = noise
        given = np.broadcast_to(np.asarray(alphas, dtype=np.float64), (scores.fields,))
        shares = given[:, None] * scores.budget
        self.single = window_seconds is None
        self.thresholds = (
            single_look_thresholds(shares)
            if window_seconds is None
            else monitoring_thresholds(shares, window_seconds)
        )
        self._tolerances = np.array(np.broadcast_to(tolerances, (scores.fields,)), dtype=np.float64)
        self._min_samples = min_samples

    def decide(
        self,
        series: ScoreSeries,
        states: States | None = None,
        *,
        targets: int = 1,
        holidays: Mask | None = None,
    ) -> tuple[Decisions, States]:
        """Decide about the last ``targets`` windows of a series, oldest first.

        Parameters
        ----------
        series
            The targets and, where there are any, the ``REACH - 1`` windows before the first.
        states
            What the last window before the targets left behind; nothing, if not given.
        holidays
            Windows of the series that neither count as evidence nor are judged, shape ``(T,)``.

        Returns
        -------
        decisions, states
            The states are those after the last target. Deciding window by window, the states handed on,
            gives the same decisions as all at once.
        """
        after = States.fresh(self.scores.fields) if states is None else states.copy()
        seen = view(series, targets)
        quiet = np.zeros(seen.windows, dtype=bool)
        if holidays is not None:
            known = np.asarray(holidays, dtype=bool)[-seen.windows :]
            quiet[quiet.size - known.size :] = known
            seen = ScoreSeries(seen.first, np.where(quiet, np.float32(0), seen.rows), seen.means)
        run = Run(
            self.scores, self.noise, self.thresholds, self._tolerances, seen, targets, after, self.single
        )
        run.decisions.behind[...] = self._behind(seen, targets)
        decided = self._undecided(series, run, quiet[-targets:])
        run.walk(decided)
        return run.decisions, after

    def detectable(self, rows: ArrayLike, scales: ArrayLike = (1, 3, 12, 168)) -> Vector:
        """Effect of the main direction that is found in 95% of cases, shape ``(F, len(scales))``.

        The least over :meth:`detectable_by_score`: of location for numeric fields.
        """
        found = self.detectable_by_score(rows, scales)
        if self.scores.kind == "numeric":
            located = found[..., 1]
            return np.where(np.isnan(located), found[..., 0], located)
        return np.asarray(np.nanmin(np.where(self.scores.live[:, None], found, np.inf), axis=-1))

    def detectable_by_score(self, rows: ArrayLike, scales: ArrayLike = (1, 3, 12, 168)) -> Vector:
        """Effect of every score that is found in 95% of cases, shape ``(F, len(scales), S)``.

        Parameters
        ----------
        rows
            Effective rows of a window, one or ``(F,)``.
        scales
            Windows pooled.

        Returns
        -------
        ndarray
            Standard deviations for standardised means, Cohen's h for shares; NaN where a score does not
            exist, infinite while noise is yet to be learned (as it is without a history).
        """
        error, freedom = standing_error(self.scores, self.noise, rows, scales)
        needed = inflated(self.thresholds[:, None], freedom) + POWER_95
        return np.where(self.scores.live[:, None], needed * error, np.nan)

    def _behind(self, seen: ScoreSeries, targets: int) -> Index:
        """Windows with rows in reach before each target, shape ``(F, T)``; -1 where noise is known."""
        present = np.pad(np.cumsum(seen.rows > 0, axis=1), ((0, 0), (1, 0)))
        before: Index = present[:, REACH - 1 : REACH - 1 + targets] - present[:, :targets]
        return np.where((self.noise.history[:, None] > 0) | self.single, -1, before)

    def _undecided(self, series: ScoreSeries, run: Run, quiet: Mask) -> Mask:
        """Give windows that say nothing their status and reason; returns what can be decided, (F, T, 3)."""
        targets = quiet.size
        rows = series.rows[:, -targets:]
        absent = np.clip(series.means[:, -targets:, 0] + self.scores.base[:, :1], 0, 1)
        by_change = np.stack([rows * (1 - absent), rows, rows * (1 - absent)], axis=-1)
        known = self.scores.rows[:, None] * np.stack(
            [1 - self.scores.base[:, 0], np.ones(self.scores.fields), 1 - self.scores.base[:, 0]], axis=-1
        )
        possible = np.zeros((self.scores.fields, len(CHANGES)), dtype=bool)
        for change in range(len(CHANGES)):
            possible[:, change] = self.scores.live[:, self.scores.change == change].any(-1)
        failed = np.zeros(self.scores.fields, dtype=bool)
        failed[list(self.scores.problems)] = True
        needed = self._min_samples
        decided = (by_change >= needed) & (known >= needed)[:, None] & possible[:, None]
        decided &= ~quiet[:, None] & ~failed[:, None, None]
        # A kind of change that a field cannot have is no gap in what is known about it.
        silent = ~decided & (possible[:, None] | (np.arange(len(CHANGES)) == 0))
        run.decisions.status[silent] = INSUFFICIENT
        for f, t, change in np.argwhere(silent).tolist():
            at = f, t, change
            if failed[f]:
                run.decisions.status[at] = FAILED
                reason = f"could not be judged: {self.scores.problems[f]}"
            elif quiet[t]:
                reason = "a holiday: neither judged nor counted as evidence"
            elif not rows[f, t] > 0:
                reason = f"no effective samples, {needed:.0f} needed for a decision"
            elif rows[f, t] < needed:
                reason = f"{rows[f, t]:.0f} effective samples, {needed:.0f} needed for a decision"
            elif self.scores.rows[f] < needed:
                reason = f"the baseline has {self.scores.rows[f]:.0f} effective rows, {needed:.0f} needed"
            elif known[f, change] < needed:
                reason = f"the baseline has {known[f, change]:.0f} rows with a value, {needed:.0f} needed"
            elif not possible[f, change]:
                reason = "every value falls into one bin: nothing can be compared"
            else:
                reason = f"{by_change[at]:.0f} rows with a value, {needed:.0f} needed for a decision"
            run.decisions.reasons[at] = reason
        return decided
