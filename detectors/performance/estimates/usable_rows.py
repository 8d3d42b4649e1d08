"""Which rows an estimator can use, and in words what is wrong with the others."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detectors.performance.estimates.estimate import MIN_ROWS, EstimateStatus
from detectors.performance.estimates.rows import NO_CLASS, LabelledRows, ScoredRows

Mask = NDArray[np.bool_]

MOST_CLASSES = 50
"""Of more classes only the confidence is used."""

MIN_REFERENCE = 50.0
"""Effective labelled rows that a reference needs."""

SUM_OFF = 0.01
MOST_UNUSABLE = 0.05
"""Share of rows with unusable scores from which nothing is estimated: the scores mean something else."""


@dataclass(frozen=True, slots=True)
class Usable:
    """Rows with scores that are probabilities.

    Attributes
    ----------
    rows
        Those that can be used.
    kept
        Which of the given rows they are, shape ``(n,)``.
    status, reason
        ``ok``, or why nothing can be estimated.
    warnings
        What is worth saying although something can be.
    """

    rows: ScoredRows
    kept: Mask
    status: EstimateStatus = "ok"
    reason: str = ""
    warnings: tuple[str, ...] = ()


def usable_rows(given: ScoredRows) -> Usable:
    """Leave rows out whose scores are missing, outside [0, 1] or do not sum to 1.

    Classes of a regression have no scores: only rows without a prediction are left out.
    """
    rows = given
    if rows.scores.shape[1] > MOST_CLASSES:
        rows = replace(rows, scores=np.zeros((len(rows), 0)))
    n = len(rows)
    if n == 0:
        return Usable(rows, np.zeros(0, dtype=bool), "insufficient_data", "the window holds no rows")
    if not rows.classes:
        return _without(rows, np.isfinite(rows.predicted), "a prediction that is not a number")
    if not rows.scores.shape[1] and np.isnan(rows.confidence).all():
        return Usable(rows, np.ones(n, dtype=bool), "no_scores", "the answers come without scores")
    table = rows.scores if rows.scores.shape[1] else rows.confidence[:, None]
    with np.errstate(invalid="ignore"):
        inside: Mask = np.asarray((np.isfinite(table) & (table >= -1e-9) & (table <= 1 + 1e-9)).all(axis=1))
        off = np.abs(table.sum(axis=1) - 1) if rows.scores.shape[1] else np.zeros(n)
    summed: Mask = np.asarray(off <= SUM_OFF)
    fine: Mask = np.asarray(inside & summed & (rows.predicted != NO_CLASS))
    bad = np.flatnonzero(~fine)
    words = ""
    if len(bad):
        shown = ", ".join(f"{value:.4g}" for value in table[bad[0]][:5])
        if not inside[bad[0]]:
            words = f"scores that are missing or outside [0, 1] (the first: {shown})"
        elif not summed[bad[0]]:
            words = f"scores that do not sum to 1 (the first: {shown})"
        else:
            words = "a predicted class that is not known"
    found = _without(rows, fine, words)
    if found.status == "ok":
        values = np.clip(found.rows.scores, 0, 1)
        if values.shape[1]:
            values = values / values.sum(axis=1, keepdims=True)
        sure = np.clip(found.rows.confidence, 0, 1)
        found = replace(found, rows=replace(found.rows, scores=values, confidence=sure))
        asked = found.rows.scores if found.rows.scores.shape[1] else found.rows.confidence
        if len(found.rows) >= MIN_ROWS and np.ptp(asked, axis=0).max() == 0:
            return replace(found, status="constant_scores", reason="every row has the same score")
    return found


def usable_reference(given: LabelledRows) -> tuple[LabelledRows, EstimateStatus, str]:
    """The rows of a reference that can be learned from, a status and why nothing can."""
    if not len(given):
        return given, "no_reference", "the reference has no labelled rows"
    found = usable_rows(given.rows)
    reference = LabelledRows(found.rows, given.truth[found.kept])
    if found.status != "ok":
        return reference, found.status, f"reference: {found.reason}"
    if reference.rows.effective < MIN_REFERENCE:
        reason = (
            f"{reference.rows.effective:.0f} effective labelled reference rows, {MIN_REFERENCE:.0f} needed"
        )
        return reference, "no_reference", reason
    if reference.rows.classes and len(np.unique(reference.truth)) < 2:
        return reference, "one_class", "all labelled reference rows are of one class"
    return reference, "ok", ""


def _without(rows: ScoredRows, fine: Mask, words: str) -> Usable:
    bad = int((~fine).sum())
    share = bad / len(rows)
    if share > MOST_UNUSABLE:
        return Usable(
            rows, np.ones(len(rows), dtype=bool), "unusable_scores", f"{bad} of {len(rows)} rows have {words}"
        )
    warnings = (f"{bad} of {len(rows)} rows left out: they have {words}",) if bad else ()
    # Rows left out are not sampled either: the window shrinks with them.
    total = max(round(rows.total * (1 - share)), len(rows) - bad)
    return Usable(replace(rows.taken(fine), total=total), fine, warnings=warnings)
