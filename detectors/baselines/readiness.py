"""Whether there is enough traffic to follow a recipe, and which stretch it then covers. Pure decisions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from detectors.baselines.recipe import FirstHoursRecipe, RollingRecipe, SeasonalRecipe, trailing_span
from detectors.baselines.spans import Span, window_begin
from detectors.baselines.traffic import VersionTraffic

LEAST_HOURS = 24.0
"""Hours with traffic that a rolling baseline of a day or more needs before it is first made."""


@dataclass(frozen=True, slots=True)
class Collecting:
    """Not yet enough traffic.

    Attributes
    ----------
    hours, needed_hours
        With traffic so far, and needed.
    rows, needed_rows
        Sampled so far, and needed.
    """

    hours: float
    needed_hours: float
    rows: int
    needed_rows: int

    @property
    def text(self) -> str:
        """In words, as a status shows it.

        >>> Collecting(5, 24, 900, 100).text
        'collecting 5 of 24 h'
        >>> Collecting(24, 24, 60, 100).text
        'collecting 60 of 100 rows'
        >>> Collecting(200, 336, 5000, 100).text
        'collecting 8.33 of 14 days'
        """
        if self.hours >= self.needed_hours:
            return f"collecting {self.rows:,} of {self.needed_rows:,} rows"
        if self.needed_hours >= 72:
            return f"collecting {self.hours / 24:.3g} of {self.needed_hours / 24:.3g} days"
        return f"collecting {self.hours:.3g} of {self.needed_hours:.3g} h"


def first_hours(
    recipe: FirstHoursRecipe, traffic: VersionTraffic, window_seconds: int, min_rows: int
) -> Span | Collecting:
    """The stretch of a version's first hours with traffic, once it has them and enough rows in them.

    Idle windows do not count: a canary that had five minutes and then waited a week has collected
    one window.
    """
    needed = max(1, math.ceil(recipe.hours * 3600 / window_seconds))
    rows = 0
    for position, (number, found) in enumerate(zip(traffic.numbers, traffic.rows, strict=True), start=1):
        rows += found
        if position >= needed and rows >= min_rows:
            return Span(
                since=window_begin(traffic.numbers[0], window_seconds),
                until=window_begin(number + 1, window_seconds),
            )
    collected = len(traffic.numbers) * window_seconds / 3600
    return Collecting(collected, recipe.hours, rows, min_rows)


def trailing(
    recipe: RollingRecipe | SeasonalRecipe,
    traffic: VersionTraffic,
    last_closed: datetime,
    window_seconds: int,
    min_rows: int,
) -> Span | Collecting:
    """The stretch of a trailing recipe at a moment, cut to the traffic there is.

    A rolling one begins with a day of windows (or with less, when less is asked for) and grows to its
    length; a seasonal one takes the whole weeks there are, two at least.

    Parameters
    ----------
    traffic
        Of the stretch that :func:`detectors.baselines.recipe.trailing_span` gives.
    """
    span = trailing_span(recipe, last_closed, window_seconds)
    rows = sum(traffic.rows)
    if isinstance(recipe, RollingRecipe):
        hours = len(traffic.numbers) * window_seconds / 3600
        needed = min(LEAST_HOURS, recipe.days * 24)
        if hours < needed or rows < min_rows:
            return Collecting(hours, needed, rows, min_rows)
        first = window_begin(traffic.numbers[0], window_seconds)
        return Span(since=max(span.since, first), until=span.until)
    week = timedelta(weeks=1)
    covered = (
        span.until - window_begin(traffic.numbers[0], window_seconds) if traffic.numbers else timedelta(0)
    )
    # A quiet night at the very beginning does not cost a week.
    weeks = min(recipe.weeks, (covered + timedelta(days=1)) // week)
    if weeks < 2 or rows < min_rows:
        return Collecting(covered / timedelta(hours=1), 2 * 168.0, rows, min_rows)
    return Span(since=span.until - weeks * week, until=span.until)
