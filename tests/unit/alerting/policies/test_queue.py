"""Places are given fairly over teams, the most severe and the longest waiting of a team first."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from alerting.policies.queue import Waiting, fair_order
from alerting.rules.document import Severity

START = datetime(2026, 3, 2, tzinfo=UTC)


def waiting(name: str, team: str, minute: int, severity: Severity = "warning") -> Waiting:
    return Waiting(name, team, severity, START + timedelta(minutes=minute))


def test_a_team_with_many_does_not_keep_another_waiting() -> None:
    many = [waiting(f"ocr-{i:03}", "ocr", i) for i in range(300)]
    order = [one.action_id for one in fair_order([*many, waiting("asr-1", "asr", 999)], {})]
    assert order[:3] == ["ocr-000", "asr-1", "ocr-001"]


def test_what_runs_already_counts() -> None:
    order = fair_order([waiting("a", "ocr", 0), waiting("b", "asr", 5)], {"ocr": 1})
    assert [one.action_id for one in order] == ["b", "a"]


def test_in_a_team_the_worst_goes_first_then_the_oldest() -> None:
    order = fair_order(
        [waiting("new", "t", 9), waiting("old", "t", 1), waiting("bad", "t", 10, "critical")], {}
    )
    assert [one.action_id for one in order] == ["bad", "old", "new"]


@given(
    st.lists(
        st.builds(
            waiting,
            st.uuids().map(str),
            st.sampled_from("abc"),
            st.integers(0, 9),
            st.sampled_from(["info", "warning", "critical"]),
        ),
        max_size=30,
    ),
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 3)),
)
def test_everybody_gets_a_turn_and_no_team_gets_ahead(
    all_waiting: list[Waiting], running: dict[str, int]
) -> None:
    order = fair_order(all_waiting, running)
    assert sorted(one.action_id for one in order) == sorted(one.action_id for one in all_waiting)
    assert order == fair_order(reversed(all_waiting), running)
    taken, left = Counter(running), Counter(one.team for one in all_waiting)
    for one in order:
        assert taken[one.team] == min(taken[team] for team, count in left.items() if count)
        taken[one.team] += 1
        left[one.team] -= 1
