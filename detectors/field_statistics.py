"""All statistics of one field: current counts against a baseline's."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from detectors.profiles.baseline import BaselineColumn
from detectors.statistics import STATISTICS, CountPairs, Scale


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

    Those of ``STATISTICS`` that do not look at the order of bins, and ``chi_square_p_value``, over all
    slots with missing; ``missing_share``, and for numeric fields ``out_of_range_share``,
    ``kolmogorov_smirnov`` (0..1) and ``wasserstein`` (baseline standard deviations) over the values
    that are there; for categorical ones ``unseen_share``. What is undefined (a field without any value
    on one side, a constant baseline for Wasserstein) is left out rather than filled in.
    """
    everything = CountPairs.of(
        baseline.counts, counts, effective_baseline=baseline.effective_rows, effective_current=effective_rows
    )
    layout = baseline.layout
    total = float(counts.sum())
    result = {
        "missing_share": float(counts[-1]) / total,
        "baseline_missing_share": float(baseline.counts[-1] / baseline.counts.sum()),
    }
    if layout.kind == "categorical":
        result["unseen_share"] = float(counts[-2]) / total
    else:
        outside = [region != "inside" for region in layout.regions()]
        result["out_of_range_share"] = float(counts[:-1][outside].sum()) / total if layout.edges else 0.0
    values = _present(everything, Scale(layout.positions(), baseline.std))
    has_spread = math.isfinite(baseline.std) and baseline.std > 0
    for statistic in STATISTICS.values():
        if not statistic.ordered:
            result[statistic.name] = float(statistic.values(everything)[0])
        elif layout.kind == "numeric" and values and (has_spread or not statistic.needs_scale):
            result[statistic.name] = float(statistic.values(values)[0])
    degrees = float(everything.degrees_of_freedom[0])
    result["chi_square_p_value"] = float(chdtrc(degrees, result["chi_square"])) if degrees > 0 else 1.0
    return result


def _present(pairs: CountPairs, scale: Scale) -> CountPairs | None:
    """The values that are there, without missing in the last slot; ``None`` when a side has none."""
    reference, current = (pairs.p * pairs.n[:, None])[:, :-1], (pairs.q * pairs.m[:, None])[:, :-1]
    if not (reference.sum() > 0 and current.sum() > 0):
        return None
    return CountPairs.of(reference, current, scale=scale)


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
