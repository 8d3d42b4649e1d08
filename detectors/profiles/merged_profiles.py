"""Stored profiles of many windows as one: any range without a look at the events."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from detectors.profiles.model_counts import Vector
from detectors.profiles.stored import SMALL_READS, profile_scope
from driftline.store import Store, load_sql


@dataclass(frozen=True, slots=True)
class MergedProfile:
    """One column over many windows; like :class:`detectors.profiles.profile.Profile`.

    Attributes
    ----------
    windows
        Windows that were merged.
    counts
        Weighted counts over the layout's slots.
    mean, std, minimum, maximum
        Weighted, in the column's unit; NaN for categorical columns or without values. An infinite value
        makes mean and std NaN.
    """

    column: str
    windows: int
    counts: Vector
    rows: int
    weight_sum: float
    effective_rows: float
    mean: float
    std: float
    minimum: float
    maximum: float


def merge_profiles(
    store: Store,
    model: str,
    version: str,
    baseline_id: str,
    *,
    since: datetime,
    until: datetime,
    segment: str = "",
    fields: Sequence[str] = (),
) -> dict[str, MergedProfile]:
    """Stored profiles of windows that start in ``[since, until)``, merged into one a column, by its name.

    Of some ``fields``, or of all when none is named.
    """
    rows = store.query(
        load_sql(__file__, "merged_profiles"),
        profile_scope(model, version, baseline_id, segment, since, until) | {"fields": list(fields)},
        settings=SMALL_READS,
    )
    return {row["field"]: _merged(row) for row in rows}


def _merged(row: Mapping[str, Any]) -> MergedProfile:
    mean, std = _pooled(row["present"], row["means"], row["stds"])
    squares = row["weight_squares"]
    return MergedProfile(
        column=row["field"],
        windows=row["windows"],
        counts=np.array(row["counts"], dtype=np.float64),
        rows=row["rows"],
        weight_sum=row["weight_sum"],
        effective_rows=row["weight_sum"] ** 2 / squares if squares > 0 else 0.0,
        mean=mean,
        std=std,
        minimum=row["minimum"],
        maximum=row["maximum"],
    )


def _pooled(present: Sequence[float], means: Sequence[float], stds: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation of the union of groups of these weights, means and deviations.

    >>> _pooled([1, 3], [0, 4], [0, 0])
    (3.0, 1.7320508075688772)
    """
    weight = np.array(present, dtype=np.float64)
    some = weight > 0
    if not some.any():
        return math.nan, math.nan
    weight, mean, std = weight[some], np.array(means)[some], np.array(stds)[some]
    # About the first mean, so that a huge offset keeps its digits.
    offset = np.average(mean - mean[0], weights=weight)
    variance = np.average(std**2 + (mean - mean[0] - offset) ** 2, weights=weight)
    return float(mean[0] + offset), float(np.sqrt(variance))
