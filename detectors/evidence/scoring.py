"""From the counts of baselines to the scores of their fields."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detectors.evidence.categorical_scores import categorical_scores
from detectors.evidence.numeric_scores import numeric_scores
from detectors.evidence.score_set import ScoreSet, Vector
from detectors.profiles.layout import MISSING_AT, ColumnLayout


def score_set(layouts: Sequence[ColumnLayout], counts: Vector, rows: Vector) -> ScoreSet:
    """The scores of F fields of one kind, from the counts of their baselines.

    Numeric, 13: missing; location (inverse-normal of the mid-rank); shares of below and above the
    baseline's range, of the middle half and of eight octiles. Categorical: missing; unseen; contrasts
    between the largest categories; every slot.

    Parameters
    ----------
    layouts
        Of every field; all numeric or all categorical.
    counts
        Aligned counts of the baselines, shape ``(F, WIDTH)``.
    rows
        Effective rows of the baselines, shape ``(F,)``.

    Notes
    -----
    Baseline shares are ``(c + .5/B) / (N + .5)`` over B slots. A field whose counts are not finite, are
    negative or have no mass gets no scores and a line in ``problems``.

    Source: reference procedure "evidence", step 1; contrasts: docs/decisions/0011-evidence-with-history.md.
    """
    kinds = {layout.kind for layout in layouts}
    if len(kinds) > 1:
        raise ValueError("a score set holds fields of one kind")
    build = categorical_scores if kinds == {"categorical"} else numeric_scores
    counts = np.array(counts, dtype=np.float64)
    rows = np.array(rows, dtype=np.float64)
    problems = _problems(counts, rows)
    for field in problems:
        counts[field] = 0.0
        counts[field, MISSING_AT] = rows[field] = 1.0
    built = build(tuple(layouts), counts, rows, problems)
    built.budget[list(problems)] = 0.0
    return built


def _problems(counts: Vector, rows: Vector) -> dict[int, str]:
    problems: dict[int, str] = {}
    with np.errstate(invalid="ignore", over="ignore"):
        broken = ~(np.isfinite(counts).all(-1) & (counts >= 0).all(-1))
        empty = ~broken & ~(counts.sum(-1) > 0)
    for field in np.flatnonzero(broken):
        problems[int(field)] = "the baseline holds NaN, infinite or negative counts"
    for field in np.flatnonzero(empty):
        problems[int(field)] = "the baseline has no rows"
    for field in np.flatnonzero(~(np.isfinite(rows) & (rows > 0))):
        problems.setdefault(int(field), f"the baseline has {rows[field]:g} effective rows")
    return problems
