"""Signs in unlabelled rows that an assumption of an estimator fails."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, ndtr

from detectors.performance.estimates.feature_codes import MISSING_CATEGORY
from detectors.performance.estimates.rows import Indices, LabelledRows, Matrix, ScoredRows, Vector
from detectors.statistics.weights import effective_size

OUTSIDE = 0.02
"""Share of rows outside of the reference's range that is worth a warning."""

BINS = 10
MOVED = 1e-3
FITS = 1e-2
EM_STEPS = 500


@dataclass(frozen=True, slots=True)
class LabelShift:
    """How far a change of the classes' shares explains the window.

    Attributes
    ----------
    reference_shares, shares
        Share of each class in the reference, and as the window's scores are best explained, shape ``(K,)``.
    moved
        p-value of "the shares are the reference's".
    fits
        p-value of "rows of each class look as they did"; small when some column contradicts it.
    """

    reference_shares: Vector
    shares: Vector
    moved: float
    fits: float

    @property
    def seems(self) -> bool:
        """Whether shares moved and nothing contradicts that only they did."""
        return self.moved < MOVED and self.fits > FITS


def label_shift(reference: LabelledRows, rows: ScoredRows) -> LabelShift:
    """Explain the window's scores and inputs by the reference's classes in other shares.

    Shares maximise the likelihood of the binned scores, a mixture of the reference's by class; then every
    column's bins are compared with what those shares make expect, by Pearson's chi-square with the
    reference's own noise, Bonferroni over the columns.
    """
    truth = reference.truth.astype(np.intp)
    known = np.unique(truth[truth >= 0])
    columns = _columns(reference.rows, rows)
    n_ref = np.array([effective_size(reference.rows.weights[truth == k]) for k in known])
    prior = np.array([reference.rows.weights[truth == k].sum() for k in known])
    prior = prior / prior.sum()
    n = rows.effective
    first = _by_class(columns[0][0], truth, known, reference.rows.weights)
    seen = _shares(columns[0][1], rows.weights, len(first))
    shares = _mixture(first, seen, prior)
    # Both sides are samples: the likelihood counts what the two together are worth.
    worth = 1 / (1 / max(n, 1.0) + 1 / n_ref.sum())
    gain = 2 * worth * (_likelihood(first, seen, shares) - _likelihood(first, seen, prior))
    moved = float(chdtrc(len(known) - 1, max(gain, 0.0)))
    p_values = []
    for ours, theirs in columns:
        table = _by_class(ours, truth, known, reference.rows.weights)
        p_values.append(_misfit(table, _shares(theirs, rows.weights, len(table)), shares, n, n_ref))
    return LabelShift(prior, shares, moved, min(1.0, min(p_values) * len(p_values)))


def hidden_shift(residual: Vector, weights: Vector, ratio: Vector) -> tuple[float, float]:
    """How far answers would be right more often than their scores say, on reference rows like the window's.

    .. math:: d = \\frac{\\sum_i w_i r_i e_i}{\\sum_i w_i r_i}, \\quad
              Var(d) = \\frac{\\sum_i w_i^2 r_i^2 e_i^2}{(\\sum_i w_i r_i)^2}

    The density ratio r was found without labels, so that d is 0 on average while P(right | score, inputs) =
    P(right | score); when inputs that matter beside the score moved, it is not.

    Parameters
    ----------
    residual
        Right (1) or not (0) less the calibrated probability of it, of every reference row, shape ``(n,)``.
    weights, ratio
        Of the reference rows, shape ``(n,)``.

    Returns
    -------
    tuple of float
        d, a difference of accuracy, and the p-value of "it is 0", from the normal distribution.
    """
    share = weights * ratio / (weights @ ratio)
    off = float(share @ residual)
    error = float(np.sqrt(share**2 @ np.square(residual)))
    return off, float(2 * ndtr(-abs(off) / error)) if error > 0 else 1.0


def support_warnings(reference: ScoredRows, rows: ScoredRows) -> tuple[str, ...]:
    """Words about rows whose score or inputs lie where the reference has nothing."""
    share, found = rows.share, []
    if rows.classes and len(rows):
        low, high = float(reference.confidence.min()), float(reference.confidence.max())
        beyond = float(share @ ((rows.confidence < low) | (rows.confidence > high)))
        if beyond > OUTSIDE:
            found.append(
                f"{beyond:.0%} of the rows have a confidence outside of the reference's "
                f"{low:.3g} to {high:.3g}"
            )
    worst, where = 0.0, -1
    for number in range(rows.features.shape[1]):
        ours, theirs = reference.features[:, number], rows.features[:, number]
        known = ours[~np.isnan(ours)]
        if not len(known):
            continue
        with np.errstate(invalid="ignore"):
            strange = (theirs < known.min()) | (theirs > known.max())
        if (beyond := float(share @ strange)) > worst:
            worst, where = beyond, number
    if worst > OUTSIDE:
        found.append(f"{worst:.0%} of the rows lie outside of the reference's range of input {where + 1}")
    return tuple(found)


def _columns(reference: ScoredRows, rows: ScoredRows) -> list[tuple[Indices, Indices]]:
    """Bins of both sides by column: the scores first, then every input."""
    k = len(reference.classes)
    borders = np.unique(np.quantile(_main_score(reference), np.arange(1, BINS) / BINS))
    sides = []
    for one in (reference, rows):
        bins = np.searchsorted(borders, _main_score(one), side="right")
        answer = np.maximum(one.predicted, 0).astype(np.intp) if reference.scores.shape[1] != 2 else 0 * bins
        sides.append(answer * (len(borders) + 1) + bins if k <= BINS else answer)
    found = [(sides[0].astype(np.intp), sides[1].astype(np.intp))]
    for number, category in enumerate(reference.categorical):
        ours, theirs = reference.features[:, number], rows.features[:, number]
        if category:
            pair = tuple(np.where(np.isnan(x), MISSING_CATEGORY, x).astype(np.intp) for x in (ours, theirs))
        else:
            known = ours[~np.isnan(ours)]
            edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS)) if len(known) else np.zeros(0)
            pair = tuple(
                np.where(np.isnan(x), len(edges) + 1, np.searchsorted(edges, x, side="right")).astype(np.intp)
                for x in (ours, theirs)
            )
        found.append((pair[0], pair[1]))
    return found


def _by_class(bins: Indices, truth: Indices, known: Indices, weights: Vector) -> Matrix:
    """Share of each bin in each class, shape ``(B, K)``."""
    width = int(bins.max()) + 1
    table = np.stack([np.bincount(bins[truth == k], weights[truth == k], width) for k in known], axis=1)
    return np.asarray(table / table.sum(axis=0))


def _shares(bins: Indices, weights: Vector, width: int) -> Vector:
    """Share of each bin; bins that the reference does not have count for its last."""
    found = np.bincount(np.minimum(bins, width - 1), weights, width)
    return np.asarray(found / found.sum())


def _mixture(table: Matrix, seen: Vector, prior: Vector) -> Vector:
    shares = prior.copy()
    for _ in range(EM_STEPS):
        joint = table * shares
        total = joint.sum(axis=1, keepdims=True)
        after = (np.divide(joint, total, out=np.zeros_like(joint), where=total > 0) * seen[:, None]).sum(
            axis=0
        )
        after /= max(after.sum(), 1e-12)
        if np.abs(after - shares).max() < 1e-7:
            break
        shares = after
    return shares


def _likelihood(table: Matrix, seen: Vector, shares: Vector) -> float:
    return float(seen @ np.log(np.maximum(table @ shares, 1e-6)))


def _misfit(table: Matrix, seen: Vector, shares: Vector, n: float, n_ref: Vector) -> float:
    expected = table @ shares
    variance = expected / max(n, 1.0) + (table * (1 - table)) @ (shares**2 / n_ref)
    fine = expected * n >= 1
    if fine.sum() < 2:
        return 1.0
    chi = float((np.square(seen - expected)[fine] / variance[fine]).sum())
    return float(chdtrc(max(int(fine.sum()) - 1, 1), chi))


def _main_score(rows: ScoredRows) -> Vector:
    """Score of the second of two classes, else the confidence."""
    return rows.scores[:, 1] if rows.scores.shape[1] == 2 else rows.confidence
