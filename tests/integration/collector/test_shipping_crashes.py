"""kill -9, of the collector and of ClickHouse, at any moment: every accepted event is stored once."""

from __future__ import annotations

from pathlib import Path

from tests.integration.collector.crashes import run_crashes


def test_crashes_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    report = run_crashes(
        tmp_path, events=60_000, crashes=6, engine_kills=2, events_per_second=40_000, seed=11
    )
    assert (report.lost, report.duplicated) == (0, 0)
    assert report.accepted >= 60_000
    assert report.stored == report.kept == report.seen >= report.accepted
    assert report.recovered >= 3
