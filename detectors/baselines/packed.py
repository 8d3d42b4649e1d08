"""A baseline as arrays: what a fleet's cycle keeps in memory, and what becomes a ``Baseline`` on demand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from sys import intern
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.baselines.baseline import Baseline, BaselineColumn
from detectors.baselines.recipe import parse_recipe
from detectors.baselines.spans import Span
from detectors.profiles.layout import MAX_EDGES, MISSING_AT, UNSEEN_AT, WIDTH, ColumnLayout
from driftline.ids import BaselineId

NO_HISTORY = datetime(1970, 1, 1, tzinfo=UTC)
"""What stands for the ends of a history that is not known."""


@dataclass(frozen=True)
class PackedBaseline:
    """One baseline, a row a segment and field; segment ``""``, the whole, comes first.

    Attributes
    ----------
    segments, fields
        Segment and column of each of the R rows.
    numeric
        Whether the column is numeric, shape (R,).
    counts
        Aligned weighted counts, shape (R, 33).
    slots
        Length of each compact count vector, shape (R,).
    edges
        Ascending bin edges padded with +inf, shape (R, 31); all +inf for categorical columns. Those of a
        segment are the whole's.
    categories, top, complete
        As in :class:`detectors.profiles.layout.ColumnLayout`.
    rows, weight_sum, effective_rows, mean, std, minimum, maximum
        One each, shape (R,).
    noise
        As packed by :mod:`detectors.evidence`; empty where nothing was learned.
    """

    baseline_id: BaselineId
    model: str
    version: str
    name: str
    source: str
    created_at: datetime
    labelled: float
    correct: float
    recipe: str
    history_since: datetime
    history_until: datetime
    window_seconds: int
    quality: str
    segments: tuple[str, ...]
    fields: tuple[str, ...]
    numeric: NDArray[np.bool_]
    counts: NDArray[np.float64]
    slots: NDArray[np.int16]
    edges: NDArray[np.float64]
    categories: tuple[tuple[str, ...], ...]
    top: NDArray[np.int16]
    complete: NDArray[np.bool_]
    rows: NDArray[np.int64]
    weight_sum: NDArray[np.float64]
    effective_rows: NDArray[np.float64]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    minimum: NDArray[np.float64]
    maximum: NDArray[np.float64]
    noise: tuple[bytes, ...]

    @cached_property
    def places(self) -> Mapping[tuple[str, str], int]:
        """Row of each segment and field."""
        return {key: row for row, key in enumerate(zip(self.segments, self.fields, strict=True))}

    def layout(self, row: int) -> ColumnLayout:
        """Layout of one row."""
        edges = self.edges[row]
        return ColumnLayout(
            kind="numeric" if self.numeric[row] else "categorical",
            edges=tuple(edges[np.isfinite(edges)].tolist()),
            minimum=float(self.minimum[row]),
            maximum=float(self.maximum[row]),
            categories=self.categories[row],
            top=int(self.top[row]),
            complete=bool(self.complete[row]),
        )

    def unpacked(self) -> Baseline:
        """The same with an object a column."""
        columns: dict[str, BaselineColumn] = {}
        segments: dict[str, dict[str, BaselineColumn]] = {}
        for row, (segment, field) in enumerate(zip(self.segments, self.fields, strict=True)):
            if segment == "":
                columns[field] = self._column(row, self.layout(row))
            elif field in columns:
                segments.setdefault(segment, {})[field] = self._column(row, columns[field].layout)
        known = self.history_until > NO_HISTORY
        return Baseline(
            baseline_id=self.baseline_id,
            model=self.model,
            version=self.version,
            name=self.name,
            source=self.source,
            created_at=self.created_at,
            columns=columns,
            labelled=self.labelled,
            correct=self.correct,
            recipe=parse_recipe(self.recipe),
            history=Span(since=self.history_since, until=self.history_until) if known else None,
            window_seconds=self.window_seconds,
            segments=segments,
            quality=self.quality,
        )

    def _column(self, row: int, layout: ColumnLayout) -> BaselineColumn:
        # Counts that do not fit their bins are that field's trouble: it is judged as failed.
        fits = self.slots[row] == layout.slots
        return BaselineColumn(
            layout=layout,
            counts=layout.compact(self.counts[row]) if fits else np.full(layout.slots, np.nan),
            rows=int(self.rows[row]),
            weight_sum=float(self.weight_sum[row]),
            effective_rows=float(self.effective_rows[row]),
            mean=float(self.mean[row]),
            std=float(self.std[row]),
            noise=self.noise[row],
        )


def packed(row: Mapping[str, Any]) -> PackedBaseline:
    """Pack one row of ``packed_rows.sql``."""
    numeric = np.array(row["numeric"], dtype=bool)
    slots = np.array(row["count_lengths"], dtype=np.int64)
    edges = _ragged(row["edges"], np.array(row["edge_lengths"], dtype=np.int64), MAX_EDGES, np.inf)
    segments = tuple(intern(segment) for segment in row["segments"])
    fields = tuple(intern(field) for field in row["fields"])
    categories = tuple(tuple(names) for names in row["categories"])
    whole = {
        field: at for at, (segment, field) in enumerate(zip(segments, fields, strict=True)) if not segment
    }
    shared = np.array([whole.get(field, at) for at, field in enumerate(fields)], dtype=np.intp)
    return PackedBaseline(
        baseline_id=BaselineId(row["baseline_id"]),
        model=row["model"],
        version=row["version"],
        name=row["name"],
        source=row["source"],
        created_at=row["created_at"],
        labelled=row["labelled"],
        correct=row["correct"],
        recipe=intern(row["recipe"]),
        history_since=row["history_since"],
        history_until=row["history_until"],
        window_seconds=row["window_seconds"],
        quality=_as_text(row["quality"]),
        segments=segments,
        fields=fields,
        numeric=numeric,
        counts=_aligned(row["counts"], slots, numeric),
        slots=slots.astype(np.int16),
        edges=edges[shared],
        categories=tuple(categories[at] for at in shared),
        top=np.array(row["top"], dtype=np.int16),
        complete=np.array(row["complete"], dtype=bool),
        rows=np.array(row["rows"], dtype=np.int64),
        weight_sum=np.array(row["weight_sum"]),
        effective_rows=np.array(row["effective_rows"]),
        mean=np.array(row["mean"]),
        std=np.array(row["std"]),
        minimum=np.array(row["minimum"]),
        maximum=np.array(row["maximum"]),
        noise=tuple(_as_bytes(value) for value in row["noise"]),
    )


def _aligned(
    flat: list[float], lengths: NDArray[np.int64], numeric: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Compact count vectors one after another to aligned ones, as ``ColumnLayout.aligned`` does for one."""
    row = np.repeat(np.arange(lengths.size), lengths)
    position = np.arange(len(flat)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    from_end = lengths[row] - position
    position[from_end == 1] = MISSING_AT
    position[(from_end == 2) & ~numeric[row]] = UNSEEN_AT
    counts = np.zeros((lengths.size, WIDTH))
    counts[row, position] = flat
    return counts


def _ragged(flat: list[float], lengths: NDArray[np.int64], width: int, padding: float) -> NDArray[np.float64]:
    """Vectors one after another as rows of one matrix, padded on the right."""
    row = np.repeat(np.arange(lengths.size), lengths)
    position = np.arange(len(flat)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    matrix = np.full((lengths.size, width), padding)
    matrix[row, position] = flat
    return matrix


def _as_bytes(value: str | bytes) -> bytes:
    """Packed figures as they were written: the driver decodes what happens to be UTF-8."""
    return value if isinstance(value, bytes) else value.encode()


def _as_text(value: str | bytes) -> str:
    """Text as it was written, what is not UTF-8 replaced."""
    return value if isinstance(value, str) else value.decode(errors="replace")
