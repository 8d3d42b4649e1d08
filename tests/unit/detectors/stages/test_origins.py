"""Which of several changes is named as the beginning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from detectors.stages.change_time import ChangeTime
from detectors.stages.origins import Cause, in_order
from driftline.readmodel.stages import OriginKind

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def cause(stage: int, kind: OriginKind, first: int, last: int, effect: float = 1.0) -> Cause:
    """A change of stage number ``stage`` that began between two hours from noon on."""
    begin, end = NOON + timedelta(hours=first), NOON + timedelta(hours=last)
    place = -1 if kind == "inputs" else stage
    return Cause(
        place,
        f"s{stage}",
        kind,
        "x",
        "location",
        effect,
        effect,
        effect,
        effect,
        ChangeTime(begin, begin, end),
    )


def names(found: list[Cause]) -> list[str]:
    return [f"{one.stage} {one.kind}" for one in found]


def test_the_earliest_change_is_the_beginning_even_downstream() -> None:
    ordered, plausible = in_order([cause(0, "outputs", 5, 6), cause(2, "outputs", 0, 1)])
    assert (names(ordered), plausible) == (["s2 outputs", "s0 outputs"], 1)


def test_upstream_comes_first_when_times_overlap() -> None:
    ordered, plausible = in_order(
        [cause(1, "outputs", 0, 2), cause(0, "errors", 1, 3), cause(2, "latency", 9, 9)]
    )
    assert names(ordered) == ["s0 errors", "s1 outputs", "s2 latency"]
    assert plausible == 2


def test_a_small_move_of_the_traffic_is_named_after_a_large_one_of_a_stage() -> None:
    small = in_order([cause(0, "inputs", 0, 1, effect=0.2), cause(1, "outputs", 0, 1)])
    assert (names(small[0]), small[1]) == (["s1 outputs", "s0 inputs"], 2)
    large = in_order([cause(0, "inputs", 0, 1, effect=0.8), cause(1, "outputs", 0, 1)])
    assert names(large[0]) == ["s0 inputs", "s1 outputs"]


def test_several_changes_of_one_stage_are_one_beginning() -> None:
    ordered, plausible = in_order(
        [cause(1, "outputs", 0, 1), cause(1, "latency", 0, 1), cause(1, "errors", 0, 1)]
    )
    assert (names(ordered)[-1], plausible) == ("s1 latency", 1)
    assert in_order([]) == ([], 0)
