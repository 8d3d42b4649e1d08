"""Reads a classifier of two classes: everything in one pass over the events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from detectors.performance.metrics.class_scores import two_class_areas
from detectors.performance.metrics.confusion import confusion_metrics
from detectors.performance.metrics.figure import Figure, figures_of
from detectors.performance.metrics.reading.class_cells import CellSums
from detectors.performance.metrics.reading.scope import Scope, sampling_note, unpacked
from detectors.performance.metrics.reading.windows import WindowKey, window_keys
from driftline.store import Store, load_sql


@dataclass(frozen=True, slots=True)
class TwoClasses:
    """How two classes are scored.

    Attributes
    ----------
    classes
        Classes whose probability every event has, one or two.
    positive
        The class looked for.
    bins
        Of the calibration error.
    """

    classes: tuple[str, ...]
    positive: str
    bins: int

    @property
    def flipped(self) -> bool:
        """Only the other class' probability is there."""
        return self.positive not in self.classes

    def params(self) -> dict[str, Any]:
        """Parameters of the statement."""
        return {
            "classes": list(self.classes),
            "width": len(self.classes),
            "slot": 1 if self.flipped else self.classes.index(self.positive) + 1,
            "positive": self.positive,
            "flip": int(self.flipped),
            "bins": self.bins,
        }


def read_two_classes(
    store: Store, scope: Scope, scored: TwoClasses, segment: int
) -> Iterator[tuple[WindowKey, tuple[Figure, ...]]]:
    """Figures of every window of a portion; ``segment`` counts the segment columns from 1, 0 is all rows."""
    found = store.query_columns(
        load_sql(__file__, "two_classes"),
        scope.params() | scored.params() | {"segment": segment, "modulus": scope.modulus},
        settings={"strings_as_bytes": True},
    )
    keys = window_keys(found)
    cells = CellSums.of_rows(found)
    measured = [
        *confusion_metrics(cells.confusion()),
        *cells.score_metrics(),
        cells.calibration(scored.bins, cells.truth == scored.positive),
    ]
    notes = cells.unusable_scores()
    for index, key in enumerate(keys):
        areas = two_class_areas(
            unpacked(found["scores"][index]),
            unpacked(found["signed"][index]),
            scored.positive,
            note="; ".join(filter(None, (notes[index], sampling_note(scope.modulus)))),
        )
        yield key, (*figures_of(measured, index), *areas)
