"""Reads verification: counts at the threshold and curves of similarities."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from detectors.performance.metrics.figure import Figure, figures_of
from detectors.performance.metrics.reading.scope import Scope, sampling_note, unpacked
from detectors.performance.metrics.reading.windows import WindowKey, window_keys
from detectors.performance.metrics.verification import curve_metrics, threshold_metrics
from driftline.store import Store, load_sql


def read_pairs(
    store: Store, scope: Scope, threshold: float, far_levels: tuple[float, ...], segment: int
) -> Iterator[tuple[WindowKey, tuple[Figure, ...]]]:
    """Figures of every window of a portion; ``segment`` counts segment columns from 1, 0 is all rows."""
    found = store.query_columns(
        load_sql(__file__, "pairs"),
        scope.params() | {"segment": segment, "threshold": threshold, "modulus": scope.modulus},
        settings={"strings_as_bytes": True},
    )
    tables = (np.array(found[name], dtype=np.float64).reshape(-1, 2, 2) for name in ("n", "w", "w2"))
    measured = threshold_metrics(*tables)
    for index, key in enumerate(window_keys(found)):
        left = found["left_out"][index]
        unusable = f"left out {left} pairs without a finite similarity" if left else ""
        curves = curve_metrics(
            unpacked(found["scores"][index]),
            unpacked(found["signed"][index]),
            far_levels,
            ascending=True,
            note="; ".join(filter(None, (unusable, sampling_note(scope.modulus)))),
        )
        yield key, (*figures_of(measured, index), *curves)
