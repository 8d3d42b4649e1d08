"""All statistics of one field: current counts against a baseline's."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.profiles.baseline import BaselineColumn
from detectors.statistics import chi_square, jensen_shannon, kolmogorov_smirnov, psi, wasserstein


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
    reference = baseline.counts
    test = chi_square(
        reference, counts, effective_baseline=baseline.effective_rows, effective_current=effective_rows
    )
    total = float(counts.sum())
    result = {
        "psi": psi(reference, counts),
        "jensen_shannon": jensen_shannon(reference, counts),
        "chi_square": test.statistic,
        "chi_square_p_value": test.p_value,
        "missing_share": float(counts[-1]) / total,
        "baseline_missing_share": float(reference[-1] / reference.sum()),
    }
    layout = baseline.layout
    if layout.kind == "categorical":
        result["unseen_share"] = float(counts[-2]) / total
        return result
    values, reference_values = counts[:-1], reference[:-1]
    outside = [region != "inside" for region in layout.regions()]
    result["out_of_range_share"] = float(values[outside].sum()) / total if layout.edges else 0.0
    if values.sum() > 0 and reference_values.sum() > 0:
        result["kolmogorov_smirnov"] = kolmogorov_smirnov(reference_values, values)
        if math.isfinite(baseline.std) and baseline.std > 0:
            result["wasserstein"] = wasserstein(
                reference_values, values, layout.positions(), spread=baseline.std
            )
    return result


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
