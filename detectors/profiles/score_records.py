"""Scores of all fields of a model in one window, packed into one row, and the series read back from them.

A fleet of 2,000 models x 50 fields has 16.8 million of them in 168 windows. One row a model and window
makes that 336,000 rows, each a block of Float32 that NumPy takes as it lies; measured in
docs/decisions/0012-fleet-counting.md.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from driftline.store import Store, load_sql

RECORD = np.dtype("<f4")
"""Stored numbers: little-endian Float32."""

Table = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class RecordShape:
    """What a row of scores holds, in this order: for every stack of fields its records.

    Attributes
    ----------
    stacks
        Names of the fields of one kind and how many numbers each field's record has: effective rows, then
        its scores.
    """

    stacks: tuple[tuple[tuple[str, ...], int], ...]

    @property
    def numbers(self) -> int:
        """Numbers of a row."""
        return sum(len(fields) * width for fields, width in self.stacks)

    @property
    def key(self) -> int:
        """Hash that tells rows of this shape from others."""
        text = "\x1e".join(f"{width}\x1f" + "\x1f".join(fields) for fields, width in self.stacks)
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")

    def split(self, rows: Table) -> list[Table]:
        """Rows of shape ``(..., numbers)`` as one view a stack, of shape ``(..., fields, width)``."""
        parts, at = [], 0
        for fields, width in self.stacks:
            size = len(fields) * width
            parts.append(rows[..., at : at + size].reshape(*rows.shape[:-1], len(fields), width))
            at += size
        return parts


@dataclass(frozen=True, slots=True)
class ScoredModel:
    """Whose scores: one version of a model, or one segment of it, against one baseline."""

    model: str
    version: str
    baseline_id: str
    segment: str
    shape: RecordShape


@dataclass(frozen=True, slots=True)
class ScoredWindow:
    """Scores of one window.

    Attributes
    ----------
    start
        Beginning of the window, whole seconds since 1970.
    stacks
        One table a stack of the shape, ``(fields, width)``: effective rows, then the scores.
    """

    scored: ScoredModel
    start: int
    stacks: tuple[NDArray[np.floating], ...]


def save_scores(store: Store, windows: Sequence[ScoredWindow]) -> None:
    """Write the scores of windows; a later writing of the same window replaces the earlier.

    Raises
    ------
    ValueError
        Tables of another shape than the model's.
    """
    if not windows:
        return
    packed = []
    for window in windows:
        shapes = tuple((len(fields), width) for fields, width in window.scored.shape.stacks)
        if tuple(table.shape for table in window.stacks) != shapes:
            raise ValueError(
                f"tables of shape {[t.shape for t in window.stacks]} where {shapes} are expected"
            )
        packed.append(b"".join(table.astype(RECORD, copy=False).tobytes() for table in window.stacks))
    keys = {shape: shape.key for shape in {window.scored.shape for window in windows}}
    store.insert(
        "window_scores",
        {
            "model": [window.scored.model for window in windows],
            "version": [window.scored.version for window in windows],
            "baseline_id": [window.scored.baseline_id for window in windows],
            "segment": [window.scored.segment for window in windows],
            "window_start": [window.start * 1000 for window in windows],
            "shape": [keys[window.scored.shape] for window in windows],
            "scores": packed,
            "computed_at": [time.time_ns() // 1000] * len(windows),
        },
    )


def load_scores(
    store: Store, scored: Sequence[ScoredModel], *, since: datetime, until: datetime, window_seconds: int
) -> list[list[Table]]:
    """Series of the scores of every field, on the clock grid, for many models at once.

    Parameters
    ----------
    scored
        Models to read, at most some hundreds: all of it is held in memory.
    since, until
        Half-open range of window starts; ``since`` on a window border.

    Returns
    -------
    list
        For every model one table a stack, of shape ``(windows, fields, width)``: effective rows, then the
        scores. A window without a stored row, or with a row of another shape, is all 0. Of a window that
        was written twice the newest row counts.
    """
    count = max(0, round((until - since).total_seconds() / window_seconds))
    tables = [np.zeros((count, each.shape.numbers), dtype=RECORD) for each in scored]
    if scored and count:
        _fill(store, scored, tables, since, until, window_seconds)
    return [each.shape.split(table) for each, table in zip(scored, tables, strict=True)]


def _fill(
    store: Store,
    scored: Sequence[ScoredModel],
    tables: Sequence[Table],
    since: datetime,
    until: datetime,
    window_seconds: int,
) -> None:
    keys = {shape: shape.key for shape in {each.shape for each in scored}}
    found = store.query_columns(
        load_sql(__file__, "score_records"),
        {
            "models": sorted({each.model for each in scored}),
            "since": since,
            "until": until,
            "window_seconds": window_seconds,
        },
        constants={
            "asked_models": ("Array(String)", [each.model.encode() for each in scored]),
            "asked_versions": ("Array(String)", [each.version.encode() for each in scored]),
            "asked_baselines": ("Array(String)", [each.baseline_id.encode() for each in scored]),
            "asked_segments": ("Array(String)", [each.segment.encode() for each in scored]),
            "asked_shapes": ("Array(UInt64)", [keys[each.shape] for each in scored]),
        },
        settings={"strings_as_bytes": True},
    )
    first = round(since.timestamp()) // window_seconds
    # The newest row of a window is put in its place last.
    order = np.argsort(np.array(found["computed"], dtype=np.int64), kind="stable")
    for row in order.tolist():
        # Positions count from 1.
        table = tables[found["position"][row] - 1]
        blob = found["scores"][row]
        if len(blob) == table.shape[1] * RECORD.itemsize:
            table[found["window"][row] - first] = np.frombuffer(blob, dtype=RECORD)
