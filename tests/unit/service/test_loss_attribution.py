"""Which range is explained when the question leaves it open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from detectors.baselines.spans import Span
from driftline.errors import InvalidInput
from service.loss_attribution import DEFAULT_WINDOWS, asked_range

END = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def history(hours_ago: float) -> Span:
    return Span(since=END - 1000 * HOUR, until=END - hours_ago * HOUR)


def test_an_open_range_ends_with_the_newest_window() -> None:
    span = asked_range(None, None, END, 3600, history(500))
    assert (span.since, span.until) == (END - DEFAULT_WINDOWS * HOUR, END)
    assert asked_range(None, END - 5 * HOUR, END, 3600, None).until == END - 5 * HOUR


def test_a_range_without_beginning_leaves_the_baseline_out() -> None:
    assert asked_range(None, None, END, 3600, history(3)).since == END - 3 * HOUR
    # What lies in the baseline as a whole is compared with it all the same: it was asked for.
    assert asked_range(None, END - 10 * HOUR, END, 3600, history(3)).since == END - 34 * HOUR
    assert asked_range(END - 9 * HOUR, None, END, 3600, history(3)).since == END - 9 * HOUR


def test_a_range_must_end_after_it_begins() -> None:
    with pytest.raises(InvalidInput, match="the end of the newest window"):
        asked_range(END, None, END, 3600, None)
