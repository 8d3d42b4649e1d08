"""Reads rankings: gains of single answers and exposure of items, both summed in the database."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from detectors.performance.metrics.figure import Figure, figures_of
from detectors.performance.metrics.ranking import (
    GAINS,
    ExposureSums,
    exposure_metrics,
    ranking_metrics,
)
from detectors.performance.metrics.reading.numbers import mean_sums, vector
from detectors.performance.metrics.reading.scope import Scope
from detectors.performance.metrics.reading.windows import WindowKey, window_keys
from driftline.store import Store, load_sql

BYTES = {"strings_as_bytes": True}


def read_answers(
    store: Store, scope: Scope, k: int, catalogue: int | None, segment: int
) -> Iterator[tuple[WindowKey, tuple[Figure, ...]]]:
    """Figures of every window of a portion.

    Parameters
    ----------
    k
        How many items from the top count.
    catalogue
        Items there are; without it, those that the window's answers and truths name.
    segment
        Counts the segment columns from 1; 0 is all rows.
    """
    params = scope.params() | {"segment": segment, "k": k}
    found = store.query_columns(load_sql(__file__, "answers"), params, settings=BYTES)
    sums = {name: mean_sums(found, name, "all_" if name == "ctr" else "") for name in GAINS}
    measured = ranking_metrics(sums, vector(found, "left_out"), vector(found, "without"))
    shown = store.query_columns(load_sql(__file__, "exposures"), params, settings=BYTES)
    answers = dict(zip(window_keys(found), found["all_n"], strict=True))
    keys = window_keys(shown)
    exposures = ExposureSums(
        np.array([answers.get(key, 0) for key in keys], dtype=np.float64),
        *(vector(shown, name) for name in ("items", "unstable", "e", "e2", "e3", "w2")),
    )
    of_items = exposure_metrics(exposures, catalogue or vector(shown, "seen"))
    place = {key: index for index, key in enumerate(keys)}
    for index, key in enumerate(window_keys(found)):
        exposure = figures_of(of_items, place[key]) if key in place else ()
        yield key, (*figures_of(measured, index), *exposure)
