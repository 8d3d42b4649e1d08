"""From evidence to open and closed changes: the only part that goes window by window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.decision import POWER_95
from detectors.evidence.change_point import change_points
from detectors.evidence.decisions import DRIFTED, WATCH, Decisions, statuses
from detectors.evidence.deviation import inflated, share, standardised
from detectors.evidence.leading import Leading, leading
from detectors.evidence.noise import Noise
from detectors.evidence.pooling import REACH, expanded, predicted_course, rows_of_scores, squared_differences
from detectors.evidence.recovery import closing_windows, has_gone, usual_design
from detectors.evidence.scan import scan
from detectors.evidence.score_set import ScoreSet, Vector
from detectors.evidence.series import ScoreSeries
from detectors.evidence.states import NO_WINDOW, States
from detectors.evidence.wander import MODELS, mean_variance

Mask = NDArray[np.bool_]
Index = NDArray[np.intp]


class Run:
    """One stretch of target windows of many fields, from evidence to decisions.

    ``series`` holds ``REACH - 1`` windows and then the targets; ``independent`` trusts that rows are
    independent draws; ``states`` is what the window before the
    targets left behind, and is brought up to the last target.
    """

    def __init__(
        self,
        scores: ScoreSet,
        noise: Noise,
        thresholds: Vector,
        tolerances: Vector,
        series: ScoreSeries,
        targets: int,
        states: States,
        independent: bool = False,
    ) -> None:
        self._independent = independent
        self._scores, self._noise = scores, noise
        self._thresholds, self._tolerances = thresholds, tolerances
        self._series, self._targets, self._states = series, targets, states
        self._first = series.first + REACH - 1
        self.decisions = Decisions.blank(scores, self._first, targets, tolerances)

    def walk(self, decided: Mask) -> None:
        """Decide where something can be decided, shape ``(F, T, 3)``; states are carried over the rest."""
        floor = self._states.floor[:, self._scores.change]
        self._incoming = self._states.change_start.copy()
        self._found = scan(
            self._scores,
            self._noise,
            self._series,
            self._thresholds,
            self._tolerances,
            floor,
            self._targets,
            self._independent,
        )
        lead = leading(self._scores, self._found, self._thresholds, self._tolerances)
        lasting = lead.alarm & decided
        floors = np.repeat(self._states.floor[:, None], self._targets, axis=1)
        for field, change in np.argwhere(lasting.any(axis=1) | self._states.open).tolist():
            self._walk_change(field, change, decided[field, :, change], lead, lasting, floors)
        self._fill(lead, decided, lasting)
        self._date(lead, decided, floors)
        self.decisions.floor[...] = floors

    def _walk_change(
        self, field: int, change: int, decided: Mask, lead: Leading, lasting: Mask, floors: NDArray[np.int64]
    ) -> None:
        """Open and close one kind of change of one field; ``lasting`` becomes when it is open."""
        states, at = self._states, (field, slice(None), change)
        begin, is_open = 0, bool(states.open[field, change])
        score, effect = int(states.score[field, change]), float(states.effect[field, change])
        while True:
            alarm = lead.alarm[at] & decided
            later = np.flatnonzero(alarm[begin:]) + begin
            if not is_open and later.size == 0:
                lasting[field, begin:, change] = False
                break
            opened = begin if is_open else int(later[0])
            carrier, size = _largest(lead, at, later, score, effect)
            # What the change was before each window decides whether it has gone there.
            test = np.flatnonzero(decided & (np.arange(alarm.size) >= (begin if is_open else opened + 1)))
            known = np.maximum(test - 1, 0)
            was_score = np.where(test > 0, carrier[known], score)
            was_effect = np.where(test > 0, size[known], effect)
            gone, over = self._gone(field, change, test, was_score, was_effect, floors[at])
            lasting[field, begin:opened, change] = False
            end = int(test[np.argmax(gone)]) if gone.any() else alarm.size
            lasting[field, opened:end, change] = True
            self.decisions.open_score[field, opened:end, change] = carrier[opened:end]
            self.decisions.open_effect[field, opened:end, change] = size[opened:end]
            if not gone.any():
                score, effect, is_open = int(carrier[-1]), float(size[-1]), True
                break
            first = int(np.argmax(gone))
            closed = end
            # Without a new floor the old change would be found again from the same windows.
            floor = self._first + closed - int(over[first]) + 1
            floors[field, closed:, change] = floor
            self._scan_again(field, change, closed, floor, lead)
            begin, is_open, score, effect = closed, False, -1, 0.0
        states.open[field, change] = is_open
        states.score[field, change] = score if is_open else -1
        states.effect[field, change] = effect if is_open else 0.0
        states.floor[field, change] = floors[field, -1, change]

    def _scan_again(self, field: int, change: int, begin: int, floor: int, lead: Leading) -> None:
        """Evidence of one kind of change from a window on, with a new floor."""
        one = slice(field, field + 1)
        # Windows further on do not reach back beyond the floor.
        end = min(self._targets, floor - self._first + REACH)
        if end <= begin:
            return
        scores = self._scores.select(one)
        found = scan(
            scores,
            self._noise.select(one),
            self._series.select(one).span(begin, end + REACH - 1),
            self._thresholds[one],
            self._tolerances[one],
            np.where(scores.change == change, floor, NO_WINDOW)[None],
            end - begin,
            self._independent,
        )
        again = leading(scores, found, self._thresholds[one], self._tolerances[one])
        for name in Leading.__slots__:
            getattr(lead, name)[field, begin:end, change] = getattr(again, name)[0, :, change]

    def _gone(
        self,
        field: int,
        change: int,
        targets: Index,
        score: Index,
        effect: Vector,
        floors: NDArray[np.int64],
    ) -> tuple[Mask, Index]:
        """Whether an earlier effect has gone at targets, and over how many windows; see ``recovery``."""
        if targets.size == 0:
            return np.zeros(0, dtype=bool), np.zeros(0, dtype=np.intp)
        reference = self._found.reference_rows[field, targets, score]
        rows, shift, predicted = self._windows(field)
        last = targets + REACH
        if self._noise.history[field] > 0:
            design = rows[last - 1, score] / np.maximum(self._found.window_rows[field, targets, score], 1e-9)
        else:
            design = usual_design(self._differences(field), rows > 0, targets, score)
        over = closing_windows(effect, rows[last - 1, score] / design)
        first = last - over
        n, moved, course = (
            (sums := np.pad(np.cumsum(x, axis=0), ((1, 0), (0, 0))))[last, score] - sums[first, score]
            for x in (rows, rows * shift, rows * predicted)
        )
        safe = np.maximum(n, 1e-9)
        moved, course = moved / safe, course / safe
        variance, base = self._scores.variance[field, score], self._scores.base[field, score]
        spread = np.sqrt(design / safe + 1 / reference + self._level(field, score, over) / variance)
        p0 = np.clip(base + course, base / 2, (1 + base) / 2)
        as_share, _ = share(p0, moved, reference, np.maximum(safe / design, 1e-9), spread)
        as_mean, _ = standardised(moved, variance, spread)
        now = np.where(self._scores.is_share[score], as_share, as_mean)
        enough = (n > 0) & (self._first + targets - over + 1 >= floors[targets])
        return has_gone(effect, now, spread) & enough, over

    def _differences(self, field: int) -> Vector:
        """Squared differences of successive windows of one field, shape ``(V, S)``."""
        one = slice(field, field + 1)
        mine, scores = self._series.select(one), self._scores.select(one)
        rows = rows_of_scores(scores, mine)
        found = squared_differences(rows, mine.means, scores.base, scores.variance, scores.is_share)
        return np.asarray(found[0], dtype=np.float64)

    def _windows(self, field: int) -> tuple[Vector, Vector, Vector]:
        """Rows, means less what is expected, and what is expected of one field, shape ``(V, S)`` each."""
        one = slice(field, field + 1)
        mine, scores = self._series.select(one), self._scores.select(one)
        rows = expanded(rows_of_scores(scores, mine), scores.size)[0].astype(np.float64)
        means = mine.means[0].astype(np.float64)
        course = predicted_course(self._noise.select(one), mine)
        expected = np.zeros(means.shape) if course is None else course[0].astype(np.float64)
        return rows, means - expected, expected

    def _level(self, field: int, score: Index, windows: Index) -> Vector:
        """Variance of a wandering level's mean over windows, under the likeliest model; 0 without wander."""
        wander = self._noise.wanders.get(field)
        if wander is None:
            return np.zeros(score.size)
        best = np.argmin(wander.penalty, axis=-1)[score]
        phi, ratio = MODELS[wander.models[score, best]].T
        level = wander.variance[score, best] * ratio * mean_variance(phi, windows.astype(np.float64))
        return np.where(wander.used[score], level, 0.0)

    def _fill(self, lead: Leading, decided: Mask, lasting: Mask) -> None:
        """Write status and figures of the windows that can be decided."""
        out = self.decisions
        now = statuses(lead.evidence, lead.effect, lead.threshold, self._tolerances[:, None, None])
        out.status[decided] = np.where(lasting, DRIFTED, now)[decided]
        needed = inflated(lead.threshold, lead.freedom) + POWER_95
        error = np.sqrt(1 / np.maximum(lead.window_rows, 1e-9) + 1 / np.maximum(lead.reference_rows, 1e-9))
        for name, values in (
            ("score", lead.score),
            ("effect", lead.effect),
            ("evidence", lead.evidence),
            ("threshold", lead.threshold),
            ("scale", lead.scale),
            ("minimum_detectable_effect", needed * error),
        ):
            getattr(out, name)[decided] = values[decided]

    def _date(self, lead: Leading, decided: Mask, floors: NDArray[np.int64]) -> None:
        """Estimate when what is drifted or worth watching began; open changes keep an earlier estimate."""
        out = self.decisions
        which = decided & ((out.status == DRIFTED) | (out.status == WATCH))
        for field in np.flatnonzero(which.any(axis=(1, 2))).tolist():
            rows, shift, _ = self._windows(field)
            target, change = np.nonzero(which[field])
            score = lead.score[field, target, change]
            window = self._first + target
            since = np.clip(window - floors[field, target, change] + 1, 1, REACH)
            span = target[:, None] + np.arange(REACH)
            design = rows[target + REACH - 1, score] / np.maximum(
                lead.window_rows[field, target, change], 1e-9
            )
            points = change_points(
                rows[span, score[:, None]],
                shift[span, score[:, None]],
                since,
                lead.reference_rows[field, target, change],
                np.maximum(design, 1e-9) * self._scores.variance[field, score],
            )
            at = field, target, change
            out.change_start[at] = window - points.start
            out.change_earliest[at] = window - points.earliest
            out.change_latest[at] = window - points.latest
        self._carry_starts(lead, decided)

    def _carry_starts(self, lead: Leading, decided: Mask) -> None:
        """An open change that began before the reach of the scan keeps the start it had."""
        out, states = self.decisions, self._states
        for field, change in np.argwhere((out.status == DRIFTED).any(axis=1) | states.open).tolist():
            known = int(self._incoming[field, change])
            for target in range(self._targets):
                at = field, target, change
                if not decided[at]:
                    continue
                if out.status[at] != DRIFTED:
                    known = NO_WINDOW
                    continue
                if known > NO_WINDOW and out.change_earliest[at] <= self._first + target - REACH + 1:
                    out.change_start[at] = min(known, out.change_start[at])
                    out.change_earliest[at] = min(known, out.change_earliest[at])
                known = int(out.change_start[at])
            states.change_start[field, change] = known if states.open[field, change] else NO_WINDOW
        states.change_start[~states.open] = NO_WINDOW


def _largest(
    lead: Leading, at: tuple[int, slice, int], alarms: Index, score: int, effect: float
) -> tuple[Index, Vector]:
    """Score and effect of the largest alarm so far at every target, beginning with what was open before."""
    targets = lead.effect[at].size
    scores = np.full(targets, score, dtype=np.intp)
    effects = np.full(targets, effect)
    for alarm in alarms.tolist():
        if score < 0 or abs(lead.effect[at][alarm]) > abs(effect):
            score, effect = int(lead.score[at][alarm]), float(lead.effect[at][alarm])
            scores[alarm:], effects[alarm:] = score, effect
    return scores, effects
