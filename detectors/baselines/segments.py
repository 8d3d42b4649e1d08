"""Which values of a contract's segment fields get a baseline of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from detectors.baselines.layouts import LaidOut
from driftline.contracts import Contract
from driftline.readmodel.baseline_quality import SegmentQuality

MOST_VALUES = 20
"""Values of one segment field that are watched on their own, the most frequent ones."""

LEAST_WINDOWS_OF_ROWS = 10
"""A value needs so many times the rows that one comparison needs."""


@dataclass(frozen=True, slots=True)
class SegmentField:
    """One segment field and the values that are counted apart."""

    field: str
    values: tuple[str, ...]


def choose_segments(
    contract: Contract, laid_out: Mapping[str, LaidOut], min_samples: int
) -> tuple[list[SegmentField], list[SegmentQuality]]:
    """Values to count apart, and what becomes of those that were looked at.

    Taken are the most frequent values, at most 20 a field, with at least ten times ``min_samples`` rows:
    fewer would be judged once in a long while. All other rows are watched as part of the whole only; of
    them the report names the most frequent value.
    """
    chosen: list[SegmentField] = []
    report: list[SegmentQuality] = []
    for column in contract.columns():
        if column.role != "segment":
            continue
        if column.kind != "categorical":
            why = "a number has no values to tell apart: send a category, such as a band"
            report.append(SegmentQuality(segment=f"{column.name}=", rows=0, kept=False, why=why))
            continue
        looked_at = list(_values(laid_out[column.name], LEAST_WINDOWS_OF_ROWS * min_samples))
        report += [
            SegmentQuality(segment=f"{column.name}={value}", rows=rows, kept=not why, why=why)
            for value, rows, why in looked_at
        ]
        values = tuple(value for value, _, why in looked_at if not why)
        if values:
            chosen.append(SegmentField(column.name, values))
    return chosen, report


def _values(found: LaidOut, needed: int) -> Iterator[tuple[str, int, str]]:
    """Value, rows and why it is not kept, most frequent first; ends with the first that is not kept."""
    for rank, (value, rows) in enumerate(zip(found.layout.categories, found.category_rows, strict=True)):
        if rows < needed:
            yield value, rows, f"{rows:,} rows, {needed:,} are needed"
            return
        if rank >= MOST_VALUES:
            yield value, rows, f"only the {MOST_VALUES} most frequent are kept"
            return
        yield value, rows, ""
