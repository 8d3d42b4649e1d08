"""The product's procedure runs on simulated months: quiet on unchanged data, quick on changes."""

from __future__ import annotations

import pytest

from bench.simulation.changes import Change
from bench.simulation.kinds import KINDS
from bench.simulation.month import BaselineKind, build_month
from bench.simulation.procedure import WHOLE, judge
from bench.simulation.records import Unit
from bench.simulation.units import simulate


@pytest.mark.parametrize(("kind", "baseline"), [("ar1", "file"), ("daily_weekly", "history")])
def test_an_unchanged_month_raises_no_alarm(kind: str, baseline: str) -> None:
    month = simulate(Unit("month", kind, baseline, 90))
    assert month["alarms"] == []
    assert month["judging_s"] > 0


@pytest.mark.parametrize("baseline", ["file", "history"])
def test_half_a_sigma_is_found_in_one_window(baseline: str) -> None:
    delays = simulate(Unit("power", "iid", baseline, 91, "shift .5 sigma"))["delays"]
    assert len(delays) == 20
    assert sum(delay == 1 for delay in delays) >= 19


@pytest.mark.parametrize("baseline", ["file", "day"])
def test_an_alarm_says_what_changed_and_when(baseline: BaselineKind) -> None:
    change = Change("gross", "shift", 1.5, 1)
    month = build_month(KINDS["iid"], baseline, 0, windows=60, change=change, change_at=50)
    alarms = [alarm for alarm in judge(month).alarms if alarm.field < 20]
    assert {alarm.field for alarm in alarms} == set(range(20))
    for alarm in alarms:
        assert (alarm.segment, alarm.change, alarm.window) == (WHOLE, "distribution", 50)
        assert alarm.evidence >= alarm.threshold
        assert abs(alarm.began - 50) <= 2
    assert not [alarm for alarm in judge(month, first=59).alarms if alarm.window < 59]
