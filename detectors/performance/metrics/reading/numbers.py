"""Reads predicted numbers and business figures: sums only."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from detectors.performance.metrics.business_figures import KpiSums, kpi_metrics
from detectors.performance.metrics.figure import Figure, figures_of
from detectors.performance.metrics.means import MeanSums
from detectors.performance.metrics.reading.scope import Scope
from detectors.performance.metrics.reading.windows import WindowKey, window_keys
from detectors.performance.metrics.regression import RegressionSums, regression_metrics
from driftline.store import Columns, Store, load_sql

BYTES = {"strings_as_bytes": True}


def read_numbers(
    store: Store, scope: Scope, quantile: float, segment: int
) -> Iterator[tuple[WindowKey, tuple[Figure, ...]]]:
    """Figures of predicted numbers of every window; ``segment`` counts segment columns from 1, 0 is all."""
    found = store.query_columns(
        load_sql(__file__, "numbers"),
        scope.params() | {"segment": segment, "quantile": quantile},
        settings=BYTES,
    )
    sums = RegressionSums(
        mean_sums(found, "absolute"),
        mean_sums(found, "squared"),
        mean_sums(found, "signed"),
        mean_sums(found, "quantile"),
        mean_sums(found, "relative", "relative_"),
        mean_sums(found, "spread"),
        vector(found, "w2_cross"),
        vector(found, "left_out"),
    )
    measured = regression_metrics(sums)
    for index, key in enumerate(window_keys(found)):
        yield key, figures_of(measured, index)


def read_business_figure(
    store: Store, scope: Scope, segment: int
) -> Iterator[tuple[WindowKey, tuple[Figure, ...]]]:
    """Mean and sum of the figure that ``scope.name`` names, of every window."""
    found = store.query_columns(
        load_sql(__file__, "business_figures"), scope.params() | {"segment": segment}, settings=BYTES
    )
    sums = KpiSums(mean_sums(found, "x"), vector(found, "wx2"), vector(found, "left_out"))
    measured = kpi_metrics(scope.name, sums)
    for index, key in enumerate(window_keys(found)):
        yield key, figures_of(measured, index)


def mean_sums(found: Columns, name: str, events: str = "") -> MeanSums:
    """Sums of one figure from columns; ``events`` begins the names of those that count the events."""
    return MeanSums(
        *(vector(found, f"{events}{each}") for each in ("n", "w", "w2")),
        *(vector(found, f"{name}_{each}") for each in ("wx", "w2x", "w2x2")),
    )


def vector(found: Columns, name: str) -> NDArray[np.float64]:
    """A column as numbers."""
    return np.array(found[name], dtype=np.float64)
