"""Figures that are not finite, and text that should be JSON, never break a view."""

from __future__ import annotations

import math

import orjson
import pytest

from driftline.readmodel.bins import Bin, category_slots, numeric_slots
from driftline.readmodel.records import Figure, Record, parse_json_object
from service.api.examples import FINDING


class Shown(Record):
    value: Figure


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_null_in_json(value: float) -> None:
    assert orjson.loads(Shown.model_validate({"value": value}).model_dump_json()) == {"value": None}


def test_statistics_that_are_not_finite_are_null() -> None:
    row = FINDING.model_dump(exclude={"strength"}) | {
        "evidence": math.nan,
        "statistics": {"psi": math.inf, "jensen_shannon": 0.1},
    }
    found = type(FINDING).model_validate(row)
    assert found.strength is None
    assert found.statistics == {"psi": None, "jensen_shannon": 0.1}


def test_strength_is_evidence_over_threshold_whatever_the_sign() -> None:
    assert FINDING.model_copy(update={"evidence": -11.0, "threshold": 5.5}).strength == 2.0


@pytest.mark.parametrize(("text", "parsed"), [("", {}), ("[1]", {"value": [1]}), ("{", {"unreadable": "{"})])
def test_reported_text_is_kept_when_it_is_not_an_object(text: str, parsed: dict[str, object]) -> None:
    assert parse_json_object(text) == parsed


def test_slots_name_open_ends_and_special_bins() -> None:
    assert [slot[1] for slot in numeric_slots([0.0, 1.0])] == ["range", "range", "range", "missing"]
    assert [slot[0] for slot in numeric_slots([])] == ["any value", "missing"]
    assert [slot[0] for slot in category_slots(["cat", ""], 1)] == [
        "cat",
        "(empty)",
        "others, group 1",
        "unseen",
        "missing",
    ]


def test_records_are_frozen_and_closed() -> None:
    bin_ = Bin(label="a", kind="category", lower=None, upper=None, baseline=0.1, current=None)
    with pytest.raises(ValueError, match="frozen"):
        setattr(bin_, "label", "b")  # noqa: B010 mypy knows that it is read-only
    with pytest.raises(ValueError, match="extra"):
        Shown.model_validate({"value": 1.0, "other": 2})
