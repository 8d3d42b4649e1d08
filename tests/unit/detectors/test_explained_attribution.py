"""What carries a window's drift, in shares and in words."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from detectors.explanation.attribution import attribution_of
from driftline.readmodel.window_evidence import FieldEvidence, WindowEvidence

START = datetime(2026, 11, 23, 9, tzinfo=UTC)


def window(
    *findings: FieldEvidence, status: str = "drifted", reason: str = "3 of 8 fields drifted"
) -> WindowEvidence:
    return WindowEvidence("1", START, START + timedelta(hours=1), status, reason, findings)


def finding(field: str, evidence: float, segment: str = "", change: str = "distribution") -> FieldEvidence:
    return FieldEvidence(field, segment, change, "drifted" if evidence > 6 else "ok", evidence, 6.0)


def test_a_change_that_sits_in_one_segment_is_said_to_sit_there() -> None:
    found = attribution_of(
        window(
            finding("amount", 16.0),
            finding("age", 10.0),
            finding("payment", 2.0),
            finding("amount", 20.0, "country=DE"),
            finding("amount", 1.0, "country=FR"),
            finding("age", 12.0, "country=DE"),
            finding("age", 2.0, "country=FR"),
        )
    )
    assert found.words == "amount (73%) and age (27%) carry the drift; it sits in country=DE."
    assert sum(one.share for one in found.fields) == pytest.approx(1)
    assert [(one.name, one.share) for one in found.segments] == [("country=DE", 1.0)]
    assert [one.name for one in found.segments[0].fields] == ["amount", "age"]
    assert found.concentration == {"amount": 1.0, "age": 1.0}


def test_fields_may_sit_in_different_places_or_in_all() -> None:
    amount = [finding("amount", e, f"country={c}") for e, c in ((20.0, "DE"), (1.0, "FR"))]
    age = [finding("age", e, f"country={c}") for e, c in ((12.0, "DE"), (12.0, "FR"))]
    carriers = finding("amount", 16.0), finding("age", 14.0)
    assert attribution_of(window(*carriers, *amount, *age)).words.endswith("; amount sits in country=DE.")
    alike = attribution_of(window(finding("age", 14.0), *age))
    assert alike.words == "age (100%) carries the drift; it is in all segments alike."


def test_several_fields_at_once_take_no_share_but_are_told() -> None:
    together = FieldEvidence(
        "(inputs)", "", "correlation", "drifted", 30.0, 6.0, carriers={"a": 0.5, "b": 0.4, "c": 0.1}
    )
    found = attribution_of(window(together, finding("c", 2.0)))
    assert found.fields == found.segments == ()
    assert found.words == "The inputs changed their correlations, carried by a (50%) and b (40%)."
    assert [one.name for one in found.together[0].carriers] == ["a", "b"]
    both = attribution_of(window(together, finding("c", 9.0)))
    assert both.words.startswith("c (100%) carries the drift. The inputs changed")


def test_a_segment_alone_may_carry_it() -> None:
    found = attribution_of(window(finding("age", 2.0), finding("age", 9.0, "country=IT")))
    assert found.fields == ()
    assert found.words == ("no field stands out over all rows; in country=IT age (100%) carries it.")


def test_what_came_or_went_is_told_without_evidence() -> None:
    gone = FieldEvidence("age", "", "schema", "drifted", math.nan, math.nan, direction="vanished")
    found = attribution_of(window(gone))
    assert found.schema_changes == ("age vanished",)
    assert found.words == "The schema changed: age vanished."


def test_noise_carries_nothing_and_silence_is_told_apart() -> None:
    quiet = attribution_of(window(finding("age", 5.5), status="ok"))
    assert quiet.words.startswith("Nothing beyond noise")
    assert quiet.fields == ()
    nothing = attribution_of(window(status="insufficient_data", reason="12 effective samples, 100 needed"))
    assert nothing.words == "Nothing can be said about this window: 12 effective samples, 100 needed."
    watch = attribution_of(window(finding("age", 5.5), status="watch"))
    assert watch.words == "age (100%) carries what may be a drift."


def test_many_small_carriers_are_counted() -> None:
    found = attribution_of(window(*(finding(f"f{i}", 9.0) for i in range(8))))
    assert "carry the drift, 5 more fields the rest." in found.words
