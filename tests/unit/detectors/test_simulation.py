"""A small false-alarm and power simulation; ``python -m bench evidence`` runs the large one."""

from __future__ import annotations

from bench.evidence import WINDOWS, autocorrelated, false_episodes, power


def test_a_month_of_rows_that_follow_each_other_raises_no_alarm() -> None:
    ours, ks = false_episodes(autocorrelated, 1, seed=90)
    assert ours.windows == ks.windows == WINDOWS
    assert ours.alarms == 0
    assert ks.episodes > 50


def test_changes_are_found_soon() -> None:
    assert power(0.5, 1, 10, seed=91)[0] == 1
    assert power(0.2, 3, 10, seed=92)[0] >= 0.9
    assert power(0.0, 3, 10, seed=93)[0] == 0
