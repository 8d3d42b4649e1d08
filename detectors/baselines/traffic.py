"""How much traffic each version of a model had, window by window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from detectors.baselines.spans import Span
from driftline.store import Store, load_sql

MOST_WINDOWS = 10_000


@dataclass(frozen=True, slots=True)
class VersionTraffic:
    """Windows with traffic, ascending by their number since 1970, and the rows of each."""

    numbers: tuple[int, ...]
    rows: tuple[int, ...]


Traffic = Mapping[tuple[str, str], VersionTraffic]
"""By model and version."""


def read_traffic(
    store: Store, models: Sequence[str], within: Span, window_seconds: int, versions: Sequence[str] = ()
) -> dict[tuple[str, str], VersionTraffic]:
    """Windows with traffic of some models in a stretch of time, in one query.

    Of a version with more than 10,000 windows the oldest count.
    """
    if not models:
        return {}
    rows = store.query(
        load_sql(__file__, "traffic"),
        {
            "models": list(models),
            "versions": list(versions),
            "since": within.since,
            "until": within.until,
            "window_seconds": window_seconds,
            "most": MOST_WINDOWS,
        },
    )
    return {
        (row["model"], row["version"]): VersionTraffic(tuple(row["numbers"]), tuple(row["rows"]))
        for row in rows
    }


def together(traffic: Traffic, model: str) -> VersionTraffic:
    """All versions of a model as one."""
    rows: dict[int, int] = {}
    for (name, _), found in traffic.items():
        if name == model:
            for number, count in zip(found.numbers, found.rows, strict=True):
                rows[number] = rows.get(number, 0) + count
    return VersionTraffic(tuple(sorted(rows)), tuple(rows[number] for number in sorted(rows)))
