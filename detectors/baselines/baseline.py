"""Baselines: the references that windows are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from detectors.baselines.recipe import FileRecipe, Recipe
from detectors.baselines.spans import Span
from detectors.profiles.layout import ColumnLayout
from driftline.ids import BaselineId


@dataclass(frozen=True, slots=True)
class BaselineColumn:
    """The reference of one column: its layout, counts and moments.

    Attributes
    ----------
    counts
        Weighted counts over the layout's slots.
    noise
        What windows of unchanged data look like, packed by :mod:`detectors.evidence`; empty when the
        reference has no windows to learn it from.
    """

    layout: ColumnLayout
    counts: NDArray[np.float64]
    rows: int
    weight_sum: float
    effective_rows: float
    mean: float
    std: float
    noise: bytes = b""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A named reference of a model; immutable once it has an id.

    Attributes
    ----------
    version
        Version of the model it stands for; empty for any.
    columns
        By name, over all rows.
    labelled, correct
        Labelled rows of the reference and how many of them were predicted right; 0 when unknown.
    recipe
        How it was made, and whether it is made again.
    history
        Stretch of traffic it was made of; ``None`` when its rows have no known order in time.
    window_seconds
        Length of the windows that its noise was learned from; 0 when there were none.
    segments
        Columns of each segment, by ``field=value``; same layouts, counts of their own.
    quality
        Its quality report as JSON; empty when none was made.
    """

    baseline_id: BaselineId
    model: str
    version: str
    name: str
    source: str
    created_at: datetime
    columns: Mapping[str, BaselineColumn]
    labelled: float = 0.0
    correct: float = 0.0
    recipe: Recipe = field(default_factory=FileRecipe)
    history: Span | None = None
    window_seconds: int = 0
    segments: Mapping[str, Mapping[str, BaselineColumn]] = field(default_factory=dict)
    quality: str = ""

    @property
    def rows(self) -> int:
        """Rows of the reference."""
        return max((column.rows for column in self.columns.values()), default=0)

    @property
    def accuracy(self) -> float | None:
        """Share of labelled rows predicted right, or ``None`` without labels."""
        return self.correct / self.labelled if self.labelled > 0 else None


@dataclass(frozen=True, slots=True)
class EventRange:
    """Which events a baseline is made of: a model (or stand-in), its versions and a half-open time range."""

    model: str
    versions: tuple[str, ...]
    since: datetime
    until: datetime
