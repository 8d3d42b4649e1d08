"""Score means of successive windows: what the scan reads, and how it is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.evidence.score_set import ScoreSet, Vector

RECORD = np.dtype("<f4")
"""Stored numbers: little-endian Float32."""


@dataclass(frozen=True, slots=True)
class ScoreSeries:
    """Scores of F fields in T successive windows of the clock grid, oldest first.

    Attributes
    ----------
    first
        Number of the first window: its start in seconds since 1970 over the window's length.
    rows
        Effective rows of every window, shape ``(F, T)``; 0 where it has none or its counts are unusable.
    means
        Score means less the baseline's, Float32, shape ``(F, T, S)``.
    """

    first: int
    rows: NDArray[np.float32]
    means: NDArray[np.float32]

    @property
    def windows(self) -> int:
        """Number of windows, T."""
        return int(self.rows.shape[1])

    def select(self, fields: NDArray[np.intp] | slice) -> ScoreSeries:
        """The series of some of the fields."""
        return ScoreSeries(self.first, self.rows[fields], self.means[fields])

    def span(self, start: int, stop: int) -> ScoreSeries:
        """Windows ``start`` to before ``stop``, counted from the first one."""
        return ScoreSeries(self.first + start, self.rows[:, start:stop], self.means[:, start:stop])

    @classmethod
    def of_counts(cls, scores: ScoreSet, counts: Vector, rows: Vector, first: int = 0) -> ScoreSeries:
        """Measure aligned counts, shape ``(F, T, WIDTH)``, of windows of so many effective rows ``(F, T)``.

        Windows whose counts are not finite, are negative or have no mass get 0 rows.
        """
        means, usable = scores.measure(counts)
        with np.errstate(invalid="ignore"):
            usable &= np.isfinite(rows) & (np.asarray(rows) > 0)
        return cls(first, np.where(usable, rows, 0.0).astype(np.float32), means * usable[..., None])

    @classmethod
    def of_records(
        cls,
        scores: ScoreSet,
        fields: NDArray[np.intp],
        windows: NDArray[np.intp],
        records: Sequence[bytes],
        first: int,
        count: int,
    ) -> ScoreSeries:
        """Put stored records in their places.

        Parameters
        ----------
        fields, windows
            Field index and window number of every record, shape ``(R,)``; windows outside
            ``first`` to before ``first + count`` are left out.
        records
            ``window_scores.scores`` as :meth:`records` made them.

        Raises
        ------
        ValueError
            A record of another length: it was made for other scores.
        """
        width = 1 + scores.size
        numbers = np.frombuffer(b"".join(records), dtype=RECORD)
        if numbers.size != len(records) * width or len({len(record) for record in records}) > 1:
            raise ValueError(f"score records of {width} numbers expected")
        table = numbers.reshape(-1, width)
        rows = np.zeros((scores.fields, count), dtype=np.float32)
        means = np.zeros((scores.fields, count, scores.size), dtype=np.float32)
        at = np.asarray(windows) - first
        inside = (at >= 0) & (at < count)
        where = np.asarray(fields)[inside], at[inside]
        rows[where] = table[inside, 0]
        means[where] = table[inside, 1:]
        return cls(first, rows, means)

    def records(self, window: int) -> list[bytes]:
        """What ``window_scores.scores`` holds of one window, for every field: rows, then the scores."""
        table = np.concatenate([self.rows[:, window, None], self.means[:, window]], axis=1)
        packed = np.ascontiguousarray(table, dtype=RECORD).tobytes()
        width = RECORD.itemsize * table.shape[1]
        return [packed[at : at + width] for at in range(0, len(packed), width)]
