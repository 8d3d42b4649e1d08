"""Every limit of a policy holds an action up for its own reason, and nothing else does."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.policies.decision import Approval, Situation, Worthiness, judge
from alerting.rules.document import Policy

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
GOOD = Situation(wanted_since=NOW - timedelta(minutes=1), open=True)
YES, NO = Approval(True, "ann", NOW), Approval(False, "ann", NOW, "wrong week")


def policy(**values: Any) -> Policy:
    return Policy.model_validate(values)


def test_nothing_in_the_way() -> None:
    assert judge(policy(), GOOD, NOW).verdict == "start"


@pytest.mark.parametrize(
    ("limits", "changes", "verdict", "reason", "said"),
    [
        ({"mode": "off"}, {}, "suppress", "off", "turned off"),
        ({"mode": "shadow"}, {}, "suppress", "shadow", "recorded only"),
        ({}, {"open": False}, "suppress", "resolved", "before it started"),
        ({}, {"missing_lineage": ("dataset",)}, "hold", "no_lineage", "missing: dataset"),
        ({"require_lineage": False}, {"missing_lineage": ("dataset",)}, "start", "", ""),
        ({"approval": True}, {}, "hold", "approval", "waits for a person"),
        ({"approval": True}, {"approval": YES}, "start", "", ""),
        ({"approval": True}, {"approval": NO}, "suppress", "denied", "ann: wrong week"),
        (
            {"approval": True, "approval_expires": "1d"},
            {"wanted_since": NOW - timedelta(days=1)},
            "suppress",
            "approval_expired",
            "after 24 hours",
        ),
        ({}, {"silenced_by": "bob"}, "hold", "silenced", "by bob"),
        ({}, {"broken_data": ("amount",)}, "hold", "broken_data", "fields: amount"),
        ({"refuse_on_broken_data": False}, {"broken_data": ("amount",)}, "start", "", ""),
        ({}, {"worth": Worthiness(90, 100, 7)}, "hold", "not_worth_it", "90.00 USD in 7 days"),
        ({}, {"worth": Worthiness(100, 100, 7)}, "start", "", ""),
        ({}, {"failures_in_row": 3}, "hold", "breaker", "3 failures in a row"),
        ({}, {"failures_in_row": 2}, "start", "", ""),
        ({}, {"last_started": NOW - timedelta(hours=23)}, "hold", "cooldown", "until 2026-03-02 13:00"),
        ({}, {"last_started": NOW - timedelta(hours=24)}, "start", "", ""),
        ({"maintenance": [{"from": "11:00", "until": "13:00"}]}, {}, "hold", "maintenance", "hours"),
        ({"maintenance": [{"from": "13:00", "until": "14:00"}]}, {}, "start", "", ""),
        ({}, {"free_places": 0}, "hold", "cap", "at most 5"),
        ({"mode": "shadow"}, {"free_places": 0}, "suppress", "shadow", "recorded only"),
        ({"mode": "shadow"}, {"last_started": NOW}, "hold", "cooldown", "until"),
    ],
)
def test_each_limit(
    limits: dict[str, Any], changes: dict[str, Any], verdict: str, reason: str, said: str
) -> None:
    found = judge(policy(**limits), dataclasses.replace(GOOD, **changes), NOW)
    assert (found.verdict, found.reason) == (verdict, reason)
    assert said in found.text


@given(
    st.builds(
        Situation,
        wanted_since=st.just(GOOD.wanted_since),
        open=st.booleans(),
        last_started=st.none() | st.just(NOW - timedelta(hours=1)),
        failures_in_row=st.integers(0, 5),
        broken_data=st.sampled_from([(), ("amount",)]),
        missing_lineage=st.sampled_from([(), ("method",)]),
        worth=st.none() | st.builds(Worthiness, st.floats(0, 10), st.floats(0, 10), st.just(7.0)),
        approval=st.sampled_from([None, YES, NO]),
        silenced_by=st.sampled_from(["", "bob"]),
        free_places=st.integers(0, 2),
    ),
    st.booleans(),
    st.booleans(),
)
def test_what_shadow_mode_records_is_what_live_mode_would_have_started(
    situation: Situation, approval: bool, roomy: bool
) -> None:
    if roomy:
        situation = dataclasses.replace(situation, free_places=1)
    live = judge(policy(approval=approval), situation, NOW)
    shadow = judge(policy(approval=approval, mode="shadow"), situation, NOW)
    if live.verdict == "start" or live.reason == "cap":
        assert (shadow.verdict, shadow.reason) == ("suppress", "shadow")
    else:
        assert shadow == live
