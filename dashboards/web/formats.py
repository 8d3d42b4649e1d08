"""How figures read on the pages. An unknown figure is an em dash, never 0."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from markupsafe import Markup, escape

from driftline.quality_metrics import metric_of

UNKNOWN = "—"
_COMMAND = re.compile(r"`([^`]+)`")


def percent(value: float | None, digits: int = 1) -> str:
    """A share as a percentage.

    >>> percent(0.9671), percent(None)
    ('96.7%', '—')
    """
    return UNKNOWN if value is None else f"{value:.{digits}%}"


def metric_value(value: float | None, metric: str) -> str:
    """A figure of quality in its metric's unit.

    >>> metric_value(0.9671, "accuracy"), metric_value(12.3, "mae"), metric_value(None, "f1")
    ('96.7%', '12.3', '—')
    """
    return UNKNOWN if value is None else metric_of(metric).text(value)


def metric_label(metric: str) -> str:
    """A metric as people write it, to begin a line.

    >>> metric_label("accuracy"), metric_label("cer")
    ('Accuracy', 'Character error rate')
    """
    label = metric_of(metric).label
    return label[:1].upper() + label[1:]


def count(value: float | None) -> str:
    """A whole number, short from 10,000 on.

    >>> [count(n) for n in (987, 12_345, 2_500_000)]
    ['987', '12.3k', '2.5M']
    """
    if value is None:
        return UNKNOWN
    if abs(value) < 10_000:
        return f"{value:,.0f}"
    size, unit = (1e3, "k") if abs(value) < 1e6 else (1e6, "M") if abs(value) < 1e9 else (1e9, "G")
    return f"{value / size:.1f}{unit}"


def figure(value: float | None, digits: int = 2) -> str:
    """A plain number.

    >>> figure(1.2345), figure(None)
    ('1.23', '—')
    """
    return UNKNOWN if value is None else f"{value:,.{digits}f}"


def interval(ends: tuple[float | None, float | None], digits: int = 2) -> str:
    """Both ends of an interval; where the upper one is not known there is none.

    >>> interval((0.1, 0.25)), interval((1.25, None)), interval((None, None))
    ('0.10 to 0.25', '1.25, no upper limit', '—')
    """
    lower, upper = ends
    if upper is None:
        return UNKNOWN if lower is None else f"{figure(lower, digits)}, no upper limit"
    return f"{figure(lower, digits)} to {figure(upper, digits)}"


def signed(value: float | None, digits: int = 2) -> str:
    """A number with its sign, minus as people write it.

    >>> signed(-1.9), signed(0.4)
    ('−1.90', '+0.40')
    """
    # Adding 0.0 turns the -0.0 that rounding leaves into 0.0.
    return UNKNOWN if value is None else f"{round(value, digits) + 0.0:+,.{digits}f}".replace("-", "−")


def usd(value: float | None) -> str:
    """Dollars, small amounts with as many digits as they need.

    >>> usd(12.5), usd(0.00042), usd(0.0), usd(None)
    ('$12.50', '$0.00042', '$0', '—')
    """
    if value is None:
        return UNKNOWN
    if value == 0:
        return "$0"
    if abs(value) >= 0.1:
        return f"${value:,.2f}"
    return f"${float(f'{value:.2g}'):f}".rstrip("0")


def duration(span: timedelta | float | None) -> str:
    """A length of time in its largest sensible unit.

    >>> [duration(s) for s in (3, 90, 5400, 200_000)]
    ['3 s', '90 s', '1.5 h', '2.3 d']
    """
    if span is None:
        return UNKNOWN
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    if seconds < 120:
        return f"{seconds:.0f} s"
    size, unit = (60, "min") if seconds < 3600 else (3600, "h") if seconds < 172_800 else (86_400, "d")
    length = seconds / size
    return (f"{length:.1f}".removesuffix(".0") if length < 10 else f"{length:.0f}") + f" {unit}"


def ago(moment: datetime | None, now: datetime) -> str:
    """How long ago something was."""
    if moment is None:
        return "never"
    seconds = max(0.0, (now - moment).total_seconds())
    return "just now" if seconds < 2 else f"{duration(seconds)} ago"


def clock(moment: datetime | None) -> str:
    """A moment in UTC, to the second.

    >>> clock(None)
    '—'
    """
    return UNKNOWN if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"


def prose(text: str) -> Markup:
    """Text with its `commands` in backticks set as code; everything else is escaped.

    >>> prose("a < b: run `driftline baseline`")
    Markup('a &lt; b: run <code>driftline baseline</code>')
    """
    return Markup(_COMMAND.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 escaped just here


def words(name: str) -> str:
    """A status or kind as words.

    >>> words("insufficient_data")
    'insufficient data'
    """
    return name.replace("_", " ")
