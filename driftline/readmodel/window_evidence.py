"""All findings of one window of a model, remarkable or not: what an attribution is worked out from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from driftline.readmodel.ranges import milliseconds
from driftline.store import Store, load_sql

SEVERAL_AT_ONCE = ("multivariate", "correlation")
"""Kinds of change that are about several fields, under the name of none."""


@dataclass(frozen=True, slots=True)
class FieldEvidence:
    """One finding, as far as it tells what carries a change.

    Attributes
    ----------
    segment
        As ``field=value``; empty for all rows.
    evidence, threshold
        In standard deviations; NaN where nothing was decided.
    carriers
        Of several fields at once: shares by field, and by segment as ``field=value``.
    """

    field: str
    segment: str
    change: str
    status: str
    evidence: float
    threshold: float
    direction: str = ""
    carriers: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class WindowEvidence:
    """One version of a model in one window; ``reason`` says why the window has its status."""

    version: str
    start: datetime
    end: datetime
    status: str
    reason: str
    findings: tuple[FieldEvidence, ...]


def window_evidence(
    store: Store, model: str, versions: Sequence[str] = (), at: datetime | None = None
) -> list[WindowEvidence]:
    """One window of each version, newest first.

    Parameters
    ----------
    versions
        Empty for every version.
    at
        A moment in the window; ``None`` for the newest window that could be judged.
    """
    rows = store.query(
        load_sql(__file__, "window_evidence"),
        {"model": model, "versions": list(versions), "at_ms": -1 if at is None else milliseconds(at)},
    )
    windows = []
    for _, group in groupby(rows, key=lambda row: (row["window_start"], row["version"])):
        mine = list(group)
        first = mine[0]
        windows.append(
            WindowEvidence(
                version=first["version"],
                start=first["window_start"],
                end=first["window_end"],
                status=first["window_status"],
                reason=first["window_reason"],
                findings=tuple(_finding(row) for row in mine),
            )
        )
    return windows


def _finding(row: dict[str, Any]) -> FieldEvidence:
    return FieldEvidence(**{name: row[name] for name in FieldEvidence.__slots__})
