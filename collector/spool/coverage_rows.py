"""Rows of the table ``coverage`` for the events of one segment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collector.coverage import Source
from collector.reasons import DropReason
from collector.spool.clock import Moment


def coverage_rows(
    moment: Moment,
    dropped: Mapping[DropReason, Mapping[Source, int]],
    kept: Mapping[Source, int] | None = None,
) -> dict[str, list[Any]]:
    """Columns of the table, one row a source, all of the same ``moment``.

    They are a pure function of the segment, so an earlier attempt to write them can be recognised.
    """
    kept = kept or {}
    sources = sorted({*kept, *(source for rows in dropped.values() for source in rows)})
    lost = [
        {reason: rows[source] for reason, rows in dropped.items() if rows.get(source)} for source in sources
    ]
    return {
        "ts": [moment.wall_ms] * len(sources),
        "model": [source.model for source in sources],
        "version": [source.version for source in sources],
        "instance": [source.instance for source in sources],
        "tap": [source.tap for source in sources],
        "seen": [kept.get(source, 0) + sum(lost[row].values()) for row, source in enumerate(sources)],
        "kept": [kept.get(source, 0) for source in sources],
        "unsampled": [0] * len(sources),
        "dropped": lost,
    }
