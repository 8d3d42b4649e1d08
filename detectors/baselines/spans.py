"""Stretches of time: what is excluded from a history, and which windows that touches."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from driftline.errors import InvalidInput

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc(moment: datetime) -> datetime:
    """The same moment in UTC; one without an offset is UTC already."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(utc)]
"""A point in time; UTC when it names no offset."""


class Span(BaseModel):
    """A half-open stretch of time ``[since, until)``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: Moment
    until: Moment

    @model_validator(mode="after")
    def _ordered(self) -> Span:
        if self.since >= self.until:
            raise ValueError(f"a range must end after it begins, got {self.text}")
        return self

    @property
    def text(self) -> str:
        return f"{self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M} UTC"

    @property
    def length(self) -> timedelta:
        return self.until - self.since

    def overlaps(self, other: Span) -> bool:
        """Whether they have a moment in common.

        >>> day = Span(since=datetime(2026, 1, 1), until=datetime(2026, 1, 2))
        >>> day.overlaps(Span(since=datetime(2026, 1, 2), until=datetime(2026, 1, 3)))
        False
        """
        return self.since < other.until and other.since < self.until


def parse_span(text: str) -> Span:
    """Read ``A/B``, two ISO 8601 times (a date is its midnight).

    >>> parse_span("2026-11-01/2026-11-02T06:00").text
    '2026-11-01 00:00 to 2026-11-02 06:00 UTC'

    Raises
    ------
    InvalidInput
        It is not two times, or the second is not after the first.
    """
    parts = text.split("/")
    try:
        if len(parts) != 2:
            raise ValueError("two times with a slash between them are needed")
        return Span(since=datetime.fromisoformat(parts[0]), until=datetime.fromisoformat(parts[1]))
    except ValueError as error:
        reason = str(error) if not hasattr(error, "errors") else "it must end after it begins"
        raise InvalidInput(
            f"{text!r} is no range of time: {reason}; write for example 2026-11-01/2026-11-03T06:00"
        ) from error


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same moments as disjoint stretches in order; overlapping and touching ones become one."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda one: one.since):
        if joined and span.since <= joined[-1].until:
            last = joined.pop()
            joined.append(Span(since=last.since, until=max(last.until, span.until)))
        else:
            joined.append(span)
    return tuple(joined)


def window_number(moment: datetime, window_seconds: int) -> int:
    """Number of the window that holds ``moment``, counted from 1970.

    >>> window_number(datetime(1970, 1, 1, 2, 59, tzinfo=UTC), 3600)
    2
    """
    return (moment - _EPOCH) // timedelta(seconds=window_seconds)


def window_begin(number: int, window_seconds: int) -> datetime:
    """Start of the window of that number."""
    return _EPOCH + timedelta(seconds=number * window_seconds)


def windows_touched(spans: Iterable[Span], within: Span, window_seconds: int) -> frozenset[int]:
    """Numbers of the windows that have a moment in common with ``within`` and with one of ``spans``."""
    touched: set[int] = set()
    for span in spans:
        if span.overlaps(within):
            first = window_number(max(span.since, within.since), window_seconds)
            last = window_number(min(span.until, within.until) - timedelta(microseconds=1), window_seconds)
            touched.update(range(first, last + 1))
    return frozenset(touched)
