"""Validation shared by every statistic on count vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from driftline.errors import InvalidInput

Counts = NDArray[np.float64]


def checked_counts(values: ArrayLike, name: str) -> Counts:
    """Return ``values`` as a one-dimensional, finite, non-negative vector with a positive sum.

    Raises
    ------
    InvalidInput
        Not one-dimensional, empty, NaN or infinite, negative, or without any mass.
    """
    counts = np.asarray(values, dtype=np.float64)
    if counts.ndim != 1 or counts.size == 0:
        raise InvalidInput(f"{name} must be a non-empty vector of counts, got shape {counts.shape}")
    _checked_rows(counts[None, :], name)
    return counts


def checked_pair(baseline: ArrayLike, current: ArrayLike) -> tuple[Counts, Counts]:
    """Validate both vectors and that they have the same bins."""
    first, second = checked_counts(baseline, "baseline"), checked_counts(current, "current")
    if first.size != second.size:
        raise InvalidInput(f"baseline has {first.size} bins and current {second.size}: not the same bins")
    return first, second


@dataclass(frozen=True, slots=True)
class Scale:
    """Where the bins of ordered fields lie.

    Attributes
    ----------
    positions
        Where each bin's mass is taken to lie, ascending, shape ``(B,)`` or ``(F, B)``, in the field's unit.
    spread
        The baseline's standard deviation in the field's unit, one number or shape ``(F,)``; 0 or NaN when
        it has none.
    """

    positions: Counts
    spread: float | Counts


@dataclass(frozen=True, slots=True)
class CountPairs:
    """Baseline and current counts of F fields over B bins each, validated once for all statistics.

    Fields with fewer bins are padded with bins that are empty on both sides: to every statistic such a
    bin does not exist.

    Attributes
    ----------
    p, q
        Shares of the baseline and of the current rows, each row summing to 1, shape ``(F, B)``.
    n, m
        Effective sample sizes ``(sum w)^2 / sum w^2`` of baseline and current, shape ``(F,)``.
    scale
        Where the bins lie; needed by those statistics that measure in the field's unit.
    """

    p: Counts
    q: Counts
    n: Counts
    m: Counts
    scale: Scale | None = None

    @classmethod
    def of(
        cls,
        baseline: ArrayLike,
        current: ArrayLike,
        *,
        effective_baseline: ArrayLike | None = None,
        effective_current: ArrayLike | None = None,
        scale: Scale | None = None,
    ) -> CountPairs:
        """Validate weighted counts of shape ``(B,)`` (one field) or ``(F, B)``.

        Parameters
        ----------
        effective_baseline, effective_current
            Effective sample sizes, a number or shape ``(F,)``; default: the sums of the counts, right
            when every row has weight 1.

        Raises
        ------
        InvalidInput
            Empty, NaN, infinite, negative or massless counts (the field is named by its index), different
            shapes, or an effective size that is not positive.
        """
        first, second = _rows(baseline, "baseline"), _rows(current, "current")
        if first.shape != second.shape:
            raise InvalidInput(
                f"baseline has {first.shape[-1]} bins and current {second.shape[-1]}: not the same bins"
                if len(first) == len(second)
                else f"baseline has {len(first)} fields and current {len(second)}"
            )
        p_sum, q_sum = first.sum(axis=1), second.sum(axis=1)
        n = _sizes(effective_baseline, p_sum, "baseline")
        m = _sizes(effective_current, q_sum, "current")
        return cls(first / p_sum[:, None], second / q_sum[:, None], n, m, scale)

    @property
    def live(self) -> NDArray[np.bool_]:
        """Bins with mass on either side, shape ``(F, B)``."""
        return (self.p > 0) | (self.q > 0)

    @property
    def degrees_of_freedom(self) -> Counts:
        """Live bins less one, shape ``(F,)``."""
        degrees: Counts = self.live.sum(axis=1) - 1.0
        return degrees

    def mixture(self) -> tuple[Counts, Counts, Counts]:
        """Parts of baseline and current among all effective rows, ``(F, 1)`` each, and the pooled shares."""
        first = (self.n / (self.n + self.m))[:, None]
        second = 1 - first
        return first, second, np.asarray(first * self.p + second * self.q)


def _rows(values: ArrayLike, name: str) -> Counts:
    counts = np.asarray(values, dtype=np.float64)
    if counts.ndim == 1:
        counts = counts[None, :]
    if counts.ndim != 2 or counts.size == 0:
        raise InvalidInput(f"{name} must hold counts of shape (B,) or (F, B), got {np.shape(values)}")
    return _checked_rows(counts, name)


def _checked_rows(counts: Counts, name: str) -> Counts:
    if float(counts.min()) >= 0 and np.isfinite(totals := counts.sum(axis=1)).all() and totals.min() > 0:
        return counts
    # Only a failure pays for finding out what is wrong and where.
    for index, row in enumerate(counts):
        where = name if len(counts) == 1 else f"{name} of field {index}"
        if not np.isfinite(row).all():
            raise InvalidInput(f"{where} holds NaN or infinite counts")
        if (row < 0).any():
            raise InvalidInput(f"{where} holds negative counts (smallest {row.min():g})")
        if row.sum() <= 0:
            raise InvalidInput(f"{where} is empty: its counts sum to 0")
    raise InvalidInput(f"{name} holds counts whose sum is not finite")


def _sizes(effective: ArrayLike | None, sums: Counts, name: str) -> Counts:
    if effective is None:
        return sums
    sizes = np.broadcast_to(np.asarray(effective, dtype=np.float64), sums.shape)
    if not (np.isfinite(sizes).all() and (sizes > 0).all()):
        raise InvalidInput(f"an effective sample size must be positive, got {effective!r} for {name}")
    return sizes
