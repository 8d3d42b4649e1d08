"""Facts into words: what a person reads for every status, direction and length of window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from detectors.explanation.words import in_words
from driftline.readmodel.bins import Bin
from driftline.readmodel.explanation import Change, Explanation, OtherFinding, Rate, RowTests

START = datetime(2026, 11, 23, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)
LOW = Bin(label="< 10", kind="range", lower=None, upper=10.0, baseline=0.5, current=0.4)
HIGH = Bin(label="10 – 20", kind="range", lower=10.0, upper=20.0, baseline=0.3, current=0.42)
MISSING = Bin(label="(missing)", kind="missing", lower=None, upper=None, baseline=0.001, current=0.04)
CARD = Bin(label="card", kind="category", lower=None, upper=None, baseline=0.62, current=0.57)


def facts(**changed: Any) -> Explanation:
    values: dict[str, Any] = {
        "model": "shop",
        "field": "amount",
        "kind": "numeric",
        "role": "input",
        "version": "1",
        "segment": "",
        "window_start": START,
        "window_end": START + HOUR,
        "status": "drifted",
        "words": (),
        "reason": "moved",
        "effect": 0.31,
        "direction": "location",
        "evidence": 7.2,
        "threshold": 5.5,
        "minimum_detectable_effect": 0.24,
        "scale": 1,
        "tolerance": 0.05,
        "budget": 0.002,
        "model_budget": 0.125,
        "change": None,
        "others": (),
        "rows": 1000,
        "effective_rows": 1000.0,
        "baseline_id": "bl",
        "baseline_name": "training",
        "baseline_source": "training.csv",
        "baseline_rows": 5000,
        "baseline_effective_rows": 5000.0,
        "statistics": (),
        "rates": (),
        "bins": (LOW, HIGH, MISSING),
        "moved": (HIGH, LOW),
        "events": (),
        "row_tests": RowTests(tests=(), baseline_rows=0, current_rows=0, reason="a file"),
        "origins": (),
    }
    return Explanation(**values | changed)


def test_a_location_that_rose() -> None:
    change = Change(start=START - 2 * HOUR, earliest=START - 2 * HOUR, latest=START - 2 * HOUR)
    assert in_words(facts(change=change)) == (
        "In the hour from 14:00 UTC on 23 November 2026 'amount' lay 0.31 standard deviations higher than in "
        "its baseline 'training'.",
        "If nothing had changed, this model would show something this strong less than once in 8 years "
        "(evidence 7.2, 5.5 needed).",
        "It began between 12:00 and 13:00 UTC.",
        "In that window there were more values of 10 to 20 (30.0% to 42.0%) and fewer values < 10 "
        "(50.0% to 40.0%).",
        "A shift smaller than 0.24 standard deviations may go unseen in a single window.",
    )


def test_pooled_windows_and_an_uncertain_beginning_the_day_before() -> None:
    change = Change(start=START - 15 * HOUR, earliest=START - 16 * HOUR, latest=START - 14 * HOUR)
    said = in_words(facts(effect=-0.1, scale=6, change=change))
    assert said[0].startswith("Over the 6 hours from 09:00 UTC on 23 November 2026 'amount' lay 0.10")
    assert "lower than" in said[0]
    assert said[2] == (
        "It most likely began between 23:00 on 22 November and 00:00 UTC, and not before 22:00 on "
        "22 November or after 01:00 UTC."
    )
    assert said[-1].endswith("may go unseen in a single window.")


def test_missing_values() -> None:
    said = in_words(facts(direction="missing", effect=0.34))
    assert "'amount' was missing in 4.0% of the rows, in its baseline 'training' in 0.1%" in said[0]
    assert said[-1].startswith("A rise from 0.1% to anything below")


def test_a_category_is_told_in_shares() -> None:
    said = in_words(facts(direction="card", effect=-0.1, bins=(CARD,), moved=(CARD,), kind="categorical"))
    assert "was 'card' less often" in said[0]
    assert "in 57.0% of the rows of the last window, before in 62.0%" in said[0]
    assert said[2] == "In that window there were fewer rows with 'card' (62.0% to 57.0%)."


@pytest.mark.parametrize(
    ("direction", "place"),
    [
        ("above range", "above everything the baseline holds"),
        ("below range", "below everything the baseline holds"),
        ("middle half", "in the middle half of the values"),
        ("octile 1", "in the eighth of the values that are lowest"),
        ("octile 4", "in the fourth eighth of the values"),
        ("a pair of rare things", "in 'a pair of rare things'"),
    ],
)
def test_groups_of_bins_are_told_by_their_place(direction: str, place: str) -> None:
    assert f"lay more often {place}" in in_words(facts(direction=direction))[0]


def test_watch_says_whether_evidence_or_size_is_lacking() -> None:
    weak = in_words(facts(status="watch", evidence=4.9))
    assert weak[1] == "That is suspicious, but may still be chance (evidence 4.9, 5.5 needed)."
    small = in_words(facts(status="watch", effect=0.03))
    assert "smaller than the tolerance of 0.05" in small[1]


def test_ok_says_that_nothing_is_to_be_seen() -> None:
    said = in_words(facts(status="ok", evidence=1.2, window_end=START + timedelta(minutes=15)))
    assert said[0] == (
        "In the 15 minutes from 14:00 UTC on 23 November 2026 'amount' looked as in its baseline 'training': "
        "what differs is what chance brings when nothing has changed (evidence 1.2, 5.5 needed)."
    )
    assert not any("more values" in sentence for sentence in said)


@pytest.mark.parametrize(
    ("status", "begin"), [("insufficient_data", "Nothing can"), ("failed", "'amount' could")]
)
def test_what_was_not_decided_gives_its_reason(status: str, begin: str) -> None:
    said = in_words(facts(status=status, reason="40 effective samples, 100 needed", effect=None))
    assert said[0].startswith(begin)
    assert said[0].endswith("40 effective samples, 100 needed.")


def test_other_kinds_of_change_and_rates_are_told_when_they_are_real() -> None:
    real = Rate(
        name="out_of_range", baseline=0.0, current=0.1, change=0.1, lower=0.08, upper=0.12, detectable=0.01
    )
    chance = real.model_copy(update={"name": "missing", "change": 0.001, "lower": -0.01})
    other = OtherFinding(
        change="missing", status="watch", reason="more missing", effect=0.1, evidence=5.0, threshold=5.5
    )
    said = in_words(facts(rates=(real, chance), others=(other,)))
    assert "10.0% of the rows are outside the baseline's range, in the baseline 0%." in said
    assert "A finding of its own, missing, is watch: more missing." in said
    assert sum("missing" in sentence for sentence in said) == 1


def test_a_segment_is_named_and_an_unknown_effect_is_no_crash() -> None:
    said = in_words(facts(segment="country=DE", effect=None, minimum_detectable_effect=None, moved=()))
    assert "'amount' of country=DE" in said[0]
    assert in_words(facts(change=None, evidence=None, threshold=None))[1].endswith(
        "(evidence unknown, unknown needed)."
    )


def test_several_fields_at_once_are_told_by_their_reason() -> None:
    said = in_words(facts(field="(inputs)", direction="classifier", reason="told apart in 71% of cases"))
    assert said[0] == (
        "In the hour from 14:00 UTC on 23 November 2026 the inputs of the model, taken together, were not as "
        "in its baseline 'training': told apart in 71% of cases."
    )
    assert not any("may go unseen" in sentence for sentence in said)
