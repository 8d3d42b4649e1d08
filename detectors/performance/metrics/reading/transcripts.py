"""Reads transcripts in batches of bounded size and has them aligned."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from detectors.performance.metrics.class_scores import undefined
from detectors.performance.metrics.figure import Figure
from detectors.performance.metrics.reading.scope import Scope
from detectors.performance.metrics.reading.windows import WindowKey, text, window_keys
from detectors.performance.metrics.transcription import RATES, EditSums, edit_counts
from driftline.errors import DependencyMissing
from driftline.store import Store, load_sql


def read_transcripts(
    store: Store, scope: Scope, segment: int
) -> Iterator[tuple[WindowKey, tuple[Figure, ...]]]:
    """CER and WER of every window of a portion; ``segment`` counts segment columns from 1, 0 is all rows.

    A window with more text than a portion holds comes in several batches. Without jiwer every window says so.
    """
    sums: dict[WindowKey, tuple[EditSums, ...]] = {}
    missing: dict[WindowKey, str] = {}
    for remainder in range(scope.modulus):
        found = store.query_columns(
            load_sql(__file__, "transcripts"),
            scope.params() | {"segment": segment, "modulus": scope.modulus, "remainder": remainder},
            settings={"strings_as_bytes": True},
        )
        for key, group in groupby(enumerate(window_keys(found)), key=lambda pair: pair[1]):
            rows = [row for row, _ in group]
            references = [text(found["reference"][row]) for row in rows]
            hypotheses = [text(found["hypothesis"][row]) for row in rows]
            weights = [found["weight"][row] for row in rows]
            try:
                for rate, kept in zip(RATES, sums.setdefault(key, (EditSums(), EditSums())), strict=True):
                    kept.add(edit_counts(references, hypotheses, rate), weights)
            except DependencyMissing as error:
                missing[key] = str(error)
    for key, both in sums.items():
        if key in missing:
            yield key, tuple(undefined(rate, missing[key]) for rate in RATES)
        else:
            yield key, tuple(kept.figure(rate) for rate, kept in zip(RATES, both, strict=True))
