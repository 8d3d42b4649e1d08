"""Coverage: how many predictions passed the collectors, and what became of them."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from pydantic import Field, computed_field

from driftline.readmodel.ranges import Range, milliseconds
from driftline.readmodel.records import Record
from driftline.store import Store, load_sql


class Coverage(Record):
    """Predictions in a stretch of time: seen = kept + unsampled + dropped."""

    since: datetime
    until: datetime
    seen: int = Field(description="Predictions that passed the collectors.")
    kept: int = Field(description="Of them sampled and stored.")
    unsampled: int = Field(description="Of them left out by the sampling rate.")
    dropped: dict[str, int] = Field(description="Of them lost, by reason.")
    by_tap: dict[str, int] = Field(
        description="Predictions seen by the tap that saw them: splice, cloudevents, ext_proc or client."
    )
    instances: int = Field(description="Collectors that reported.")

    @computed_field(description="Share of seen predictions that were lost, 0 to 1.")  # type: ignore[prop-decorator]
    @property
    def dropped_share(self) -> float | None:
        return sum(self.dropped.values()) / self.seen if self.seen else None


class VersionTraffic(Record):
    """A version that took predictions, and when it last did."""

    version: str
    seen: int
    last_ts: datetime | None


class TrafficWindow(Record):
    """Predictions of one window."""

    window_start: datetime
    seen: int
    kept: int
    dropped: int


def coverage(
    store: Store, model: str, since: datetime, until: datetime
) -> tuple[Coverage, list[VersionTraffic]]:
    """What was seen of a model in ``[since, until)``, together and by version."""
    rows = store.query(
        load_sql(__file__, "coverage"),
        {"model": model, "since_ms": milliseconds(since), "until_ms": milliseconds(until)},
    )
    dropped: Counter[str] = Counter()
    by_tap: Counter[str] = Counter()
    for row in rows:
        dropped.update(row["dropped"])
        by_tap.update(row["by_tap"])
    total = Coverage(
        since=since,
        until=until,
        seen=sum(row["seen"] for row in rows),
        kept=sum(row["kept"] for row in rows),
        unsampled=sum(row["unsampled"] for row in rows),
        dropped=dict(sorted(dropped.items())),
        by_tap=dict(sorted(by_tap.items())),
        instances=max((row["instances"] for row in rows), default=0),
    )
    return total, [
        VersionTraffic(version=row["version"], seen=row["seen"], last_ts=row["last_ts"]) for row in rows
    ]


def traffic(store: Store, model: str, window_seconds: int, span: Range) -> list[TrafficWindow]:
    """Predictions per window, oldest first."""
    parameters = span.parameters() | {"model": model, "window_seconds": window_seconds}
    rows = store.query(load_sql(__file__, "traffic"), parameters)
    return [TrafficWindow.model_validate(row) for row in rows]
