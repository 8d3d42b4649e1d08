"""All statistics of fields: current counts against a baseline's, of one field or of a whole stack."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from detectors.baselines.baseline import BaselineColumn
from detectors.profiles.layout import MISSING_AT, UNSEEN_AT
from detectors.reference_stack import ReferenceStack
from detectors.statistics import STATISTICS, CountPairs, Scale

Vector = NDArray[np.float64]

RATES = ("missing_share", "baseline_missing_share", "unseen_share", "out_of_range_share")


@dataclass(frozen=True, slots=True)
class BinShare:
    """Share of one bin in the baseline and now."""

    label: str
    baseline: float
    current: float


def stack_statistics(references: ReferenceStack, counts: Vector, effective_rows: Vector) -> dict[str, Vector]:
    """Every statistic of F fields at once, by name; NaN where one is undefined.

    Those of ``STATISTICS`` that do not look at the order of bins, and ``chi_square_p_value``, over all
    slots with missing; ``missing_share``, and for numeric fields ``out_of_range_share``,
    ``kolmogorov_smirnov`` (0..1) and ``wasserstein`` (baseline standard deviations) over the values that
    are there; for categorical ones ``unseen_share``. Undefined is a statistic of a field without any value
    on one side, and Wasserstein against a constant baseline.

    Parameters
    ----------
    counts
        Weighted counts now, aligned, shape ``(F, WIDTH)``; a field without any is undefined throughout.
    effective_rows
        Shape ``(F,)``.
    """
    fields = len(references)
    result = {name: np.full(fields, np.nan) for name in (*RATES, *STATISTICS, "chi_square_p_value")}
    live = np.flatnonzero(
        (counts.sum(axis=1) > 0)
        & (references.counts.sum(axis=1) > 0)
        & np.isfinite(counts).all(axis=1)
        & (effective_rows > 0)
        & np.isfinite(effective_rows)
    )
    if live.size == 0:
        return result
    before, now = references.counts[live], counts[live]
    n, m = references.effective_rows[live], effective_rows[live]
    numeric = references.numeric[live]
    total = now.sum(axis=1)
    result["missing_share"][live] = now[:, MISSING_AT] / total
    result["baseline_missing_share"][live] = before[:, MISSING_AT] / before.sum(axis=1)
    result["unseen_share"][live] = np.where(numeric, np.nan, now[:, UNSEEN_AT] / total)
    outside = (now[:, :MISSING_AT] * references.outside[live]).sum(axis=1) / total
    result["out_of_range_share"][live] = np.where(numeric, outside, np.nan)
    pairs = CountPairs.of(before, now, effective_baseline=n, effective_current=m)
    for statistic in STATISTICS.values():
        if not statistic.ordered:
            result[statistic.name][live] = statistic.values(pairs)
    degrees = pairs.degrees_of_freedom
    chance = chdtrc(np.maximum(degrees, 1.0), result["chi_square"][live])
    result["chi_square_p_value"][live] = np.where(degrees > 0, chance, 1.0)
    present = numeric & (before[:, :MISSING_AT].sum(axis=1) > 0) & (now[:, :MISSING_AT].sum(axis=1) > 0)
    std = references.std[live]
    scaled = present & np.isfinite(std) & (std > 0)
    for statistic in STATISTICS.values():
        defined = scaled if statistic.needs_scale else present
        if not statistic.ordered or not defined.any():
            continue
        scale = Scale(references.positions[live][defined], std[defined])
        # Of the effective rows only those with a value count here.
        values = CountPairs.of(
            _values(before[defined], n[defined]), _values(now[defined], m[defined]), scale=scale
        )
        result[statistic.name][live[defined]] = statistic.values(values)
    return result


def _values(counts: Vector, effective: Vector) -> Vector:
    """Counts of the values that are there, scaled so that all slots together are the effective rows."""
    scaled: Vector = counts[:, :MISSING_AT] * (effective / counts.sum(axis=1))[:, None]
    return scaled


def field_statistics(baseline: BaselineColumn, counts: Vector, effective_rows: float) -> dict[str, float]:
    """The statistics of one field from its compact counts; see :func:`stack_statistics`.

    What is undefined is left out rather than filled in.

    Raises
    ------
    InvalidInput
        NaN, infinite or negative counts, none at all, or an effective size that is not positive.
    """
    wide = baseline.layout.aligned(counts)
    # Only to refuse what makes no sense: the stack would call it undefined.
    CountPairs.of(
        baseline.counts, counts, effective_baseline=baseline.effective_rows, effective_current=effective_rows
    )
    found = stack_statistics(ReferenceStack.of([baseline]), wide[None, :], np.array([effective_rows]))
    return {name: float(values[0]) for name, values in found.items() if not np.isnan(values[0])}


def moved_bins(baseline: BaselineColumn, counts: Vector, most: int | None = None) -> list[BinShare]:
    """Shares of every slot on both sides; with ``most``, the slots that moved most, largest first.

    Parameters
    ----------
    counts
        Weighted compact counts now, shape ``(slots,)``.
    """
    reference, now = baseline.counts / baseline.counts.sum(), counts / counts.sum()
    labels = baseline.layout.labels()
    order = range(now.size) if most is None else np.argsort(-np.abs(now - reference), kind="stable")[:most]
    return [BinShare(labels[slot], float(reference[slot]), float(now[slot])) for slot in order]
