"""All statistics of one field: current counts against a baseline's."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.profiles.baseline import BaselineColumn
from detectors.statistics import STATISTICS, Scale, chi_square
from detectors.statistics.counts import Counts, checked_counts
from driftline.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class BinShare:
    """Share of one bin in the baseline and now."""

    label: str
    baseline: float
    current: float


def field_statistics(
    baseline: BaselineColumn, counts: NDArray[np.float64], effective_rows: float
) -> dict[str, float]:
    """Every statistic that is defined for the field, by name.

    ``psi`` (nats), ``jensen_shannon`` (0..1), ``chi_square`` and its ``chi_square_p_value`` over all
    slots with missing; ``missing_share``, and for numeric fields ``out_of_range_share``,
    ``kolmogorov_smirnov`` (0..1) and ``wasserstein`` (baseline standard deviations) over the values
    that are there; for categorical ones ``unseen_share``. What is undefined (a field without any value
    on one side, a constant baseline for Wasserstein) is left out rather than filled in.
    """
    reference = _to_effective(baseline.counts, baseline.effective_rows, "baseline")
    current = _to_effective(counts, effective_rows, "current")
    layout = baseline.layout
    total = float(counts.sum())
    result = {
        "chi_square_p_value": chi_square(reference, current).p_value,
        "missing_share": float(counts[-1]) / total,
        "baseline_missing_share": float(baseline.counts[-1] / baseline.counts.sum()),
    }
    if layout.kind == "categorical":
        result["unseen_share"] = float(counts[-2]) / total
    else:
        outside = [region != "inside" for region in layout.regions()]
        result["out_of_range_share"] = float(counts[:-1][outside].sum()) / total if layout.edges else 0.0
    scale = Scale(layout.positions(), baseline.std)
    has_spread = math.isfinite(baseline.std) and baseline.std > 0
    has_values = reference[:-1].sum() > 0 and current[:-1].sum() > 0
    for statistic in STATISTICS.values():
        if not statistic.ordered:
            result[statistic.name] = statistic.measure(reference, current, scale)
        elif layout.kind == "numeric" and has_values and (has_spread or not statistic.needs_spread):
            result[statistic.name] = statistic.measure(reference[:-1], current[:-1], scale)
    return result


def _to_effective(counts: Counts, effective_rows: float, name: str) -> Counts:
    """Counts scaled to what they are worth: weighted rows count for fewer than their weights sum to."""
    checked = checked_counts(counts, name)
    if not math.isfinite(effective_rows) or effective_rows <= 0:
        raise InvalidInput(f"{name} needs a positive effective sample size, got {effective_rows!r}")
    scaled: Counts = checked * (effective_rows / checked.sum())
    return scaled


def moved_bins(
    baseline: BaselineColumn, counts: NDArray[np.float64], most: int | None = None
) -> list[BinShare]:
    """Shares of every slot on both sides; with ``most``, the slots that moved most, largest first."""
    reference = baseline.counts / baseline.counts.sum()
    current = counts / counts.sum()
    bins = [
        BinShare(label, float(before), float(now))
        for label, before, now in zip(baseline.layout.labels(), reference, current, strict=True)
    ]
    if most is None:
        return bins
    return sorted(bins, key=lambda bin_: -abs(bin_.current - bin_.baseline))[:most]
