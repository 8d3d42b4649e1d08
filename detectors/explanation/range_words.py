"""A range of windows in sentences that need no statistics to be understood: a pure function of its facts."""

from __future__ import annotations

from datetime import datetime

from detectors.explanation.words import moved_in_words, percent, rates_in_words, time_of_day
from driftline.readmodel.explained_range import DecidedWindows, ExplainedRange

_SMALL_SHIFT = 0.005
"""In standard deviations: what rounds to nothing."""

_WORTH_AS_MUCH = 0.995
"""Share of effective rows from which on they are not told apart."""


def range_in_words(facts: ExplainedRange) -> tuple[str, ...]:
    """What is known of a field over a range of windows, most important sentence first.

    Parameters
    ----------
    facts
        With all its figures; its own ``words`` are not looked at.

    Returns
    -------
    tuple of str
        At least two sentences.
    """
    said = [
        _position(facts),
        *_distance(facts),
        rates_in_words(facts.rates),
        _decisions(facts),
        _left_out(facts),
    ]
    return tuple(sentence for sentence in said if sentence)


def _position(facts: ExplainedRange) -> str:
    lead = f"Over {_windows(facts.windows)} from {_stretch(facts.first_window, facts.end)}"
    name = f"{facts.field!r} of {facts.segment}" if facts.segment else repr(facts.field)
    rows = f"({facts.rows:,} rows{_worth(facts)})"
    if not facts.bins:
        return f"{lead} {name} {rows} stands alone: the baseline that it was counted with is gone."
    baseline = f"its baseline {facts.baseline_name!r}" if facts.baseline_name else "its baseline"
    before, now = facts.baseline, facts.current
    if now.mean is None or before.mean is None or now.std is None:
        return f"{lead} {name} {rows} stands beside {baseline} ({facts.baseline_rows:,} rows)."
    means = f"mean {before.mean:.4g} then, {now.mean:.4g} now"
    if not before.std:
        return f"{lead} {name} {rows} stands beside {baseline}: {means}."
    shift = (now.mean - before.mean) / before.std
    if abs(shift) < _SMALL_SHIFT:
        return f"{lead} {name} {rows} lay where {baseline} does: {means}."
    side = "higher" if shift > 0 else "lower"
    return (
        f"{lead} {name} {rows} lay {abs(shift):.2f} standard deviations {side} than in {baseline}: {means}."
    )


def _distance(facts: ExplainedRange) -> tuple[str, ...]:
    """How much of the rows lies elsewhere, and where when it is more than chance."""
    found = next((one for one in facts.statistics if one.name == "total_variation"), None)
    if found is None or found.value is None or found.lower is None or found.upper is None:
        return ()
    if found.lower <= 0:
        return (f"What differs in its bins may be chance: 0% to {percent(found.upper)} of the rows moved.",)
    moved = moved_in_words(facts.moved)
    return (
        f"Of its rows {percent(found.value)} lie in other bins than in the baseline "
        f"({percent(found.lower)} to {percent(found.upper)} with 95% confidence, were rows independent).",
        f"There were {moved}." if moved else "",
    )


def _decisions(facts: ExplainedRange) -> str:
    weighed = "Evidence is weighed window by window, not for a range as a whole"
    if not facts.decided:
        return f"{weighed}; no window of this range has a decision."
    own = [one for one in facts.decided if one.change == "distribution"]
    others = [one for one in facts.decided if one.change != "distribution"]
    sentence = f"{weighed}: of {_windows(sum(one.windows for one in own))} {_listed(own)}."
    for change in dict.fromkeys(one.change for one in others):
        of_it = _listed([one for one in others if one.change == change])
        sentence += f" Findings of their own, {change.replace('_', ' ')}: {of_it}."
    return sentence


def _listed(decided: list[DecidedWindows]) -> str:
    """How many windows of every status.

    >>> _listed([DecidedWindows(change="distribution", status="ok", windows=20)])
    '20 ok'
    """
    return ", ".join(f"{one.windows:,} {one.status.replace('_', ' ')}" for one in decided)


def _left_out(facts: ExplainedRange) -> str:
    if not facts.left_out:
        return ""
    return (
        f"{_windows(facts.left_out).capitalize()} of this version "
        f"{'was' if facts.left_out == 1 else 'were'} counted over the bins of another baseline and left out."
    )


def _windows(count: int) -> str:
    """A number of windows.

    >>> _windows(1), _windows(1200)
    ('1 window', '1,200 windows')
    """
    return f"{count:,} window{'' if count == 1 else 's'}"


def _worth(facts: ExplainedRange) -> str:
    """What weighted rows are worth, when that is less."""
    if facts.effective_rows is None or facts.effective_rows > _WORTH_AS_MUCH * facts.rows:
        return ""
    return f", worth {facts.effective_rows:,.0f}"


def _stretch(begin: datetime, end: datetime) -> str:
    """From when to when.

    >>> _stretch(datetime(2026, 11, 22), datetime(2026, 11, 22, 12))
    '00:00 to 12:00 UTC on 22 November 2026'
    """
    days = [f"on {moment.day} {moment:%B %Y}" for moment in (begin, end)]
    if days[0] == days[1]:
        return f"{time_of_day(begin)} to {time_of_day(end)} UTC {days[0]}"
    return f"{time_of_day(begin)} {days[0]} to {time_of_day(end)} {days[1]} UTC"
