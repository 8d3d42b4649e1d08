"""What is simulated, and one unit of it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict, replace
from itertools import chain, zip_longest
from typing import Any

import numpy as np

from bench.simulation.changes import CHANGES, Change
from bench.simulation.kinds import KINDS, Kind
from bench.simulation.month import HISTORY, BaselineKind, Month, build_month
from bench.simulation.peers import peers
from bench.simulation.procedure import judge
from bench.simulation.records import Record, Unit

QUIET = 200
"""Windows before a change: a week and a bit, as the file's baseline has to learn."""

FLEET = 100
PEER_MONTHS = 20
POWER_RUNS = 10
POWER_STREAMS = ("iid", "daily_weekly", "ar1", "wander_ar1", "ragged", "past_episode")
CHANGES_BY_NAME = {change.name: change for change in CHANGES}


def planned(
    forms: Iterable[str], kinds: Iterable[str], baselines: Iterable[str], months: int | None, start: int = 0
) -> list[Unit]:
    """All units, in an order that serves every kind alike should time run out."""
    kinds, baselines = list(kinds), set(baselines)
    queues: list[list[Unit]] = []
    for form in forms:
        for kind in (KINDS[name] for name in kinds):
            for baseline in kind.baselines:
                if baseline in baselines:
                    queues += _queues(form, kind, baseline, months, start)
    return [unit for unit in chain.from_iterable(zip_longest(*queues)) if unit is not None]


def _queues(form: str, kind: Kind, baseline: str, months: int | None, start: int) -> list[list[Unit]]:
    if form == "month":
        return [[Unit("month", kind.name, baseline, i) for i in range(start, months or kind.months)]]
    if form == "peers":
        return [[Unit("peers", kind.name, baseline, i) for i in range(start, months or PEER_MONTHS)]]
    if kind.name not in POWER_STREAMS:
        return []
    runs = range(start, months or POWER_RUNS)
    if form == "peer_power":
        if kind.name != "iid" or baseline != "file":
            return []
        return [
            [Unit("peer_power", kind.name, baseline, i, c.name) for i in runs]
            for c in CHANGES
            if c.within <= 12
        ]
    return [[Unit("power", kind.name, baseline, i, c.name) for i in runs] for c in CHANGES]


def simulate(unit: Unit) -> Record:
    """Do one unit; the same unit gives the same result wherever and whenever it runs."""
    kind = KINDS[unit.kind]
    baseline = next(name for name in HISTORY if name == unit.baseline)
    if unit.form in ("month", "peers"):
        return _month(unit, kind, baseline)
    return _power(unit, kind, baseline, CHANGES_BY_NAME[unit.change])


def _month(unit: Unit, kind: Kind, baseline: BaselineKind) -> Record:
    began = time.process_time()
    month = build_month(kind, baseline, unit.number, keep_rows=unit.form == "peers")
    drawn = time.process_time()
    if unit.form == "peers":
        alarms = {name: round(float(raised.mean()), 5) for name, raised in peers(month).items()}
        result: dict[str, Any] = {"flagged": alarms}
    else:
        judged = judge(month, models=FLEET if kind.name == "fleet" else 1)
        result = {"alarms": [asdict(alarm) for alarm in judged.alarms], "margin": judged.margin}
    return result | _seconds(began, drawn)


def _power(unit: Unit, kind: Kind, baseline: BaselineKind, change: Change) -> Record:
    began = time.process_time()
    month = build_month(
        replace(kind, fields=change.fields),
        baseline,
        unit.number,
        windows=QUIET + change.follow_windows,
        change=change,
        change_at=QUIET,
        keep_rows=unit.form == "peer_power",
    )
    drawn = time.process_time()
    if unit.form == "peer_power":
        found = {}
        for name, raised in peers(month).items():
            after = raised[:, QUIET:]
            found[name] = _delays(month, change, [_first(row) for row in after])
        return {"delays": found} | _seconds(began, drawn)
    first: list[int | None] = [None] * len(month.columns)
    for alarm in judge(month, first=QUIET).alarms:
        first[alarm.field] = alarm.window - QUIET + 1
    return {"delays": _delays(month, change, first)} | _seconds(began, drawn)


def _first(raised: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int | None:
    return int(np.argmax(raised)) + 1 if raised.any() else None


def _delays(month: Month, change: Change, first: list[int | None]) -> list[int | None]:
    """Windows until each field that changed was found, the window of the change counted as 1."""
    return [
        windows
        for column, windows in zip(month.columns, first, strict=True)
        if column.layout.kind == change.applies_to
    ]


def _seconds(began: float, drawn: float) -> Record:
    return {"drawing_s": round(drawn - began, 3), "judging_s": round(time.process_time() - drawn, 3)}
