"""Reads a classifier with the probability of every class, of the predicted one, or without any."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from detectors.performance.metrics.class_scores import MOST_CLASSES, one_against_rest
from detectors.performance.metrics.confusion import confusion_metrics
from detectors.performance.metrics.figure import Figure, figures_of
from detectors.performance.metrics.reading.class_cells import CellSums
from detectors.performance.metrics.reading.scope import Scope, sampling_note, unpacked
from detectors.performance.metrics.reading.windows import WindowKey, text, window_keys
from driftline.store import Columns, Store, load_sql


def read_many_classes(
    store: Store, scope: Scope, classes: tuple[str, ...], bins: int, segment: int
) -> Iterator[tuple[WindowKey, tuple[Figure, ...]]]:
    """Figures of every window of a portion.

    Parameters
    ----------
    classes
        Those that have a probability, in the order of the stored scores; ``("",)`` for the probability of
        whatever was predicted, which gives a calibration error only; ``()`` for none.
    bins
        Of the calibration error.
    segment
        Counts the segment columns from 1; 0 is all rows.
    """
    every = len(classes) > 1
    found = _found(store, scope, classes, bins, segment, curves=every and len(classes) <= MOST_CLASSES)
    keys = window_keys(found)
    cells = CellSums.of_rows(found)
    measured = confusion_metrics(cells.confusion())
    if every:
        measured += cells.score_metrics()
    binned: dict[WindowKey, Figure] = {}
    if classes:
        by_bin = _found(store, scope, classes, bins, segment, by_bin=True)
        sums = CellSums.of_rows(by_bin)
        calibration = sums.calibration(bins, sums.truth == "1")
        binned = {key: calibration.figure(index) for index, key in enumerate(window_keys(by_bin))}
    notes = cells.unusable_scores()
    for index, key in enumerate(keys):
        figures = [*figures_of(measured, index), *([binned[key]] if key in binned else [])]
        if every:
            note = "; ".join(filter(None, (notes[index], sampling_note(scope.modulus))))
            figures += _curves(found, index, classes, note)
        yield key, tuple(figures)


def _found(
    store: Store,
    scope: Scope,
    classes: tuple[str, ...],
    bins: int,
    segment: int,
    *,
    by_bin: bool = False,
    curves: bool = False,
) -> Columns:
    params: dict[str, Any] = {
        "segment": segment,
        "bins": bins,
        "classes": list(classes),
        "by_bin": int(by_bin),
        "curves": int(curves),
        "modulus": scope.modulus,
    }
    return store.query_columns(
        load_sql(__file__, "many_classes"), scope.params() | params, settings={"strings_as_bytes": True}
    )


def _curves(found: Columns, window: int, classes: tuple[str, ...], note: str) -> list[Figure]:
    code = {name: index for index, name in enumerate(classes)}
    scores = [unpacked(each).reshape(-1, len(classes)) for each in found["scores"][window]]
    truth = [
        np.full(len(rows), code.get(text(name), -1))
        for rows, name in zip(scores, found["truth"][window], strict=True)
    ]
    weights = [unpacked(each) for each in found["weights"][window]]
    return one_against_rest(
        np.concatenate(scores), np.concatenate(truth), np.concatenate(weights), classes, note=note
    )
