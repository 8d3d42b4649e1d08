"""An explanation in sentences that need no statistics to be understood: a pure function of its facts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timedelta

from driftline.readmodel.bins import Bin
from driftline.readmodel.explanation import Explanation, Rate

_UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_DECIDED = ("ok", "watch", "drifted")

SEVERAL = {"(inputs)": "the inputs", "(outputs)": "the outputs"}
"""Findings about several fields at once, and what they are about."""


def in_words(facts: Explanation) -> tuple[str, ...]:
    """What is known of a field in a window, most important sentence first.

    Parameters
    ----------
    facts
        The explanation with all its figures; its own ``words`` are not looked at.

    Returns
    -------
    tuple of str
        At least one sentence.
    """
    if facts.status not in _DECIDED:
        return _undecided(facts)
    if facts.status == "ok":
        first = [_unmoved(facts)]
    else:
        first = [_together(facts) if facts.field in SEVERAL else _position(facts), _verdict(facts)]
    said = [*first, _beginning(facts), _moved(facts), _missing(facts)]
    said += [_other(one.change, one.status, one.reason) for one in facts.others]
    said.append(_detectable(facts))
    return tuple(sentence for sentence in said if sentence)


def span_in_words(length: timedelta) -> str:
    """A length of time as people say it.

    >>> [span_in_words(timedelta(seconds=s)) for s in (3600, 900, 86400, 5400, 21600)]
    ['hour', '15 minutes', 'day', '90 minutes', '6 hours']
    """
    seconds = round(length.total_seconds())
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds % size == 0), (1, "second"))
    count = seconds // size
    return unit if count == 1 else f"{count} {unit}s"


def years_in_words(per_year: float) -> str:
    """How rare so many episodes a year are.

    >>> years_in_words(0.12), years_in_words(1.0), years_in_words(6.0)
    ('once in 8 years', 'once in a year', 'once in 2 months')
    """
    if not per_year > 0:
        return "once in a lifetime"
    years = 1 / per_year
    count, unit = (round(years), "year") if years >= 1 else (round(12 * years), "month")
    if count < 1:
        return f"{round(per_year):,} times a year"
    return f"once in {'a' if count == 1 else count} {unit}{'' if count == 1 else 's'}"


def _undecided(facts: Explanation) -> tuple[str, ...]:
    when, name = _when(facts, 1), _name(facts)
    if facts.status == "insufficient_data":
        lead = f"Nothing can be said about {name} in {when}: {_closed(facts.reason)}"
    else:
        lead = f"{name} could not be judged in {when}: {_closed(facts.reason)}"
    more = (_missing(facts), *(_other(one.change, one.status, one.reason) for one in facts.others))
    return (lead, *(sentence for sentence in more if sentence))


def _unmoved(facts: Explanation) -> str:
    return (
        f"In {_when(facts, 1)} {_name(facts)} looked as in {_baseline(facts)}: what differs is what chance "
        f"brings when nothing has changed ({_evidence(facts)})."
    )


def _together(facts: Explanation) -> str:
    return (
        f"In {_when(facts, 1)} {SEVERAL[facts.field]} of the model, taken together, were not as in "
        f"{_baseline(facts)}: {_closed(facts.reason)}"
    )


def _position(facts: Explanation) -> str:
    """Where the field lay, in the direction that has the strongest evidence."""
    pooled = facts.scale > 1
    when = _when(facts, facts.scale)
    lead = f"{'Over' if pooled else 'In'} {when} {_name(facts)}"
    baseline = _baseline(facts)
    if facts.direction == "location" and facts.effect is not None:
        size = abs(facts.effect)
        if size < 0.005:
            return f"{lead} lay where {baseline} does."
        side = "higher" if facts.effect > 0 else "lower"
        return f"{lead} lay {size:.2f} standard deviations {side} than in {baseline}."
    shared = _share_of_direction(facts)
    if shared is not None and facts.direction == "missing":
        before, now = percent(shared[0]), percent(shared[1])
        return f"{lead} was missing in {now} of the rows, in {baseline} in {before}."
    side = "more" if (facts.effect or 0.0) > 0 else "less"
    if shared is not None:
        return (
            f"{lead} was {facts.direction!r} {side} often than in {baseline}: "
            f"in {percent(shared[1])} of the rows of the last window, before in {percent(shared[0])}."
        )
    return f"{lead} lay {side} often {_place(facts.direction)} than in {baseline}."


def _place(direction: str) -> str:
    """Where a group of bins lies, from its name.

    >>> _place("above range"), _place("octile 1")
    ('above everything the baseline holds', 'in the eighth of the values that are lowest')
    """
    if direction in ("below range", "above range"):
        return f"{direction.split()[0]} everything the baseline holds"
    if direction == "middle half":
        return "in the middle half of the values"
    if direction.startswith("octile "):
        number = direction.removeprefix("octile ")
        ends = {"1": "lowest", "8": "highest"}
        if number in ends:
            return f"in the eighth of the values that are {ends[number]}"
        return f"in the {_ORDINALS.get(number, number)} eighth of the values, counted from the lowest"
    return f"in {direction!r}"


_ORDINALS = {"2": "second", "3": "third", "4": "fourth", "5": "fifth", "6": "sixth", "7": "seventh"}


def _verdict(facts: Explanation) -> str:
    if facts.status == "drifted":
        return (
            "If nothing had changed, this model would show something this strong less than "
            f"{years_in_words(facts.model_budget)} ({_evidence(facts)})."
        )
    if facts.evidence is not None and facts.threshold is not None and facts.evidence >= facts.threshold:
        return (
            f"Chance does not explain that ({_evidence(facts)}), but it is smaller than the tolerance of "
            f"{facts.tolerance:g} that was set, so it does not count as drift."
        )
    return f"That is suspicious, but may still be chance ({_evidence(facts)})."


def _evidence(facts: Explanation) -> str:
    return f"evidence {_figure(facts.evidence)}, {_figure(facts.threshold)} needed"


def _baseline(facts: Explanation) -> str:
    return f"its baseline {facts.baseline_name!r}" if facts.baseline_name else "its baseline"


def _beginning(facts: Explanation) -> str:
    change = facts.change
    if change is None:
        return ""
    length = facts.window_end - facts.window_start
    start, end = change.earliest, change.latest + length
    if change.earliest == change.latest:
        return f"It began between {_clock(start, facts)} and {_clock(end, facts)} UTC."
    return (
        f"It most likely began between {_clock(change.start, facts)} and "
        f"{_clock(change.start + length, facts)} UTC, and not before {_clock(start, facts)} "
        f"or after {_clock(end, facts)} UTC."
    )


def _moved(facts: Explanation) -> str:
    """The bins that moved, when there is a change to speak of."""
    if facts.status not in ("drifted", "watch"):
        return ""
    moved = moved_in_words(facts.moved)
    return f"In that window there were {moved}." if moved else ""


def moved_in_words(moved: Iterable[Bin]) -> str:
    """The bin that gained most and the one that lost most, as part of a sentence; empty when none did.

    >>> card = Bin(label="card", kind="category", lower=None, upper=None, baseline=0.6, current=0.5)
    >>> moved_in_words([card])
    "fewer rows with 'card' (60.0% to 50.0%)"
    """
    changes = [
        (bin_.current - bin_.baseline, bin_)
        for bin_ in moved
        if bin_.current is not None and bin_.baseline is not None
    ]
    parts = []
    for verb, found in (
        ("more", max(changes, key=lambda one: one[0], default=None)),
        ("fewer", min(changes, key=lambda one: one[0], default=None)),
    ):
        if found is not None and (found[0] > 0) == (verb == "more") and found[0] != 0:
            bin_ = found[1]
            parts.append(f"{verb} {_values_in(bin_)} ({percent(bin_.baseline)} to {percent(bin_.current)})")
    return " and ".join(parts)


def _values_in(bin_: Bin) -> str:
    if bin_.kind == "missing":
        return "missing values"
    if bin_.kind == "unseen":
        return "categories that the baseline does not know"
    if bin_.kind == "category":
        return f"rows with {bin_.label!r}"
    if bin_.kind == "other":
        return f"rare categories {bin_.label}"
    if bin_.lower is None or bin_.upper is None:
        return f"values {bin_.label}"
    low, high = f"{bin_.lower:.3g}", f"{bin_.upper:.3g}"
    if low == high:
        low, _, high = bin_.label.partition(" – ")
    return f"values of {low} to {high}" if high else f"values of {low}"


def _missing(facts: Explanation) -> str:
    return rates_in_words(rate for rate in facts.rates if rate.name != facts.direction)


def rates_in_words(rates: Iterable[Rate]) -> str:
    """Shares of missing, unseen or out-of-range rows; only those that changed beyond their interval."""
    said = []
    for rate in rates:
        if rate.change is None or rate.lower is None or rate.upper is None:
            continue
        if rate.lower <= 0 <= rate.upper:
            continue
        what = {"out_of_range": "outside the baseline's range"}.get(rate.name, rate.name)
        said.append(
            f"{percent(rate.current)} of the rows are {what}, in the baseline {percent(rate.baseline)}"
        )
    return f"{'; '.join(said)}." if said else ""


def _other(change: str, status: str, reason: str) -> str:
    return (
        f"A finding of its own, {change.replace('_', ' ')}, is {status.replace('_', ' ')}: {_closed(reason)}"
    )


def _detectable(facts: Explanation) -> str:
    """What could not have been seen in one window; several together see smaller changes."""
    size = facts.minimum_detectable_effect
    if size is None or not size > 0:
        return ""
    if facts.field in SEVERAL:
        return ""
    if facts.direction == "location":
        return f"A shift smaller than {size:.2f} standard deviations may go unseen in a single window."
    shared = _share_of_direction(facts)
    if shared is None:
        return ""
    raised = math.sin(min(math.pi / 2, math.asin(math.sqrt(min(1.0, shared[0]))) + size / 2)) ** 2
    return (
        f"A rise from {percent(shared[0])} to anything below {percent(raised)} may go unseen in a single "
        "window."
    )


def _share_of_direction(facts: Explanation) -> tuple[float, float] | None:
    """Shares of the bin that the direction is about, before and now; ``None`` for a group of bins."""
    wanted = "(missing)" if facts.direction == "missing" else facts.direction
    for bin_ in facts.bins:
        if bin_.label == wanted and bin_.baseline is not None and bin_.current is not None:
            return bin_.baseline, bin_.current
    return None


def _when(facts: Explanation, windows: int) -> str:
    length = facts.window_end - facts.window_start
    begin = facts.window_end - max(1, windows) * length
    day = f"on {begin.day} {begin:%B %Y}"
    return f"the {span_in_words(facts.window_end - begin)} from {time_of_day(begin)} UTC {day}"


def _clock(moment: datetime, facts: Explanation) -> str:
    """The time of day, with the day when it is not that of the window."""
    time = time_of_day(moment)
    return time if moment.date() == facts.window_start.date() else f"{time} on {moment.day} {moment:%B}"


def time_of_day(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"


def _name(facts: Explanation) -> str:
    return f"{facts.field!r} of {facts.segment}" if facts.segment else repr(facts.field)


def _closed(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def percent(share: float | None) -> str:
    """A share in percent with as many digits as small ones need.

    >>> percent(0.1234), percent(0.0), percent(0.00041)
    ('12.3%', '0%', '0.041%')
    """
    if share is None:
        return "an unknown share"
    if share == 0:
        return "0%"
    return f"{share:.1%}" if share >= 0.01 else f"{float(f'{100 * share:.2g}'):g}%"


def _figure(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1f}"
