"""Times of rows: every form that files hold, and what is no time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from driftline.errors import InvalidInput
from service.moments import parse_length, parse_moment
from service.replay.reference import FirstPart, OtherFile, Part, parse_reference
from service.replay.times import milliseconds_of_numbers, milliseconds_of_texts

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T12:00:00Z",
        "2026-11-23T12:00:00",
        "2026-11-23 12:00",
        "2026-11-23 12:00:00.000 UTC",
        "2026-11-23T14:00:00+02:00",
        "20261123T120000",
        str(NOON_MS),
        str(NOON_MS // 1000),
        f"  {NOON_MS * 1000} ",
    ],
)
def test_texts_that_are_noon(text: str) -> None:
    assert milliseconds_of_texts([text]).tolist() == [NOON_MS]


@pytest.mark.parametrize(
    "text",
    ["", "soon", "23.11.2026", "12", "-5", "nan", "inf", "2026-13-40", "0001-01-01", "9999-12-31", None],
)
def test_texts_that_are_no_time(text: str | None) -> None:
    assert milliseconds_of_texts([text]).tolist() == [-1]


def test_numbers_of_any_unit_and_none() -> None:
    values = [NOON_MS / 1000, NOON_MS, NOON_MS * 1e3, NOON_MS * 1e6, 17.0, -1e9, float("nan"), None, 1e300]
    assert milliseconds_of_numbers(values).tolist() == [NOON_MS] * 4 + [-1] * 5


def test_what_the_file_calls_a_timestamp_may_be_early() -> None:
    assert milliseconds_of_numbers([60.0], seconds=True).tolist() == [60_000]
    assert milliseconds_of_numbers([-60.0, 4e9], seconds=True).tolist() == [-1, -1]


def test_references() -> None:
    assert parse_reference("first:36h") == FirstPart(timedelta(hours=36))
    day = timedelta(days=1)
    assert parse_reference("2026-11-23T12:00..2026-11-24T13:00+01:00") == Part(NOON, NOON + day)
    for path in ("../old/training.parquet", "a..b.csv", "data.csv"):
        found = parse_reference(path)
        assert isinstance(found, OtherFile)
        assert str(found.path) == path


@pytest.mark.parametrize("text", ["first:", "first:soon", "first:0d", "2026-11-24..2026-11-23"])
def test_references_that_make_no_sense(text: str) -> None:
    with pytest.raises(InvalidInput, match="--baseline"):
        parse_reference(text)


def test_moments_and_lengths_of_a_command_line() -> None:
    elsewhere = timezone(timedelta(hours=2))
    assert parse_moment("2026-11-23T14:00+02:00", "--window") == NOON.astimezone(elsewhere)
    assert parse_length("1.5h", "--window") == timedelta(minutes=90)
    for wrong in ("", "h", "1y", "-1h", "0m"):
        with pytest.raises(InvalidInput, match="--window takes a length"):
            parse_length(wrong, "--window")
