"""Good, usable or weak: what a baseline is worth, and why it is no better."""

from __future__ import annotations

from collections.abc import Sequence

from driftline.readmodel.baseline_quality import FieldQuality, HistoryQuality, Verdict

ENOUGH_ROWS = 10_000.0
"""Effective rows beyond which more rows find nothing more: a reference counts for no more."""

TWO_WEEKS_HOURS = 336.0
LOST_SHARE = 0.05
EMPTY_SHARE = 0.1
LEFT_OUT_SHARE = 0.25
LEAST_WINDOWS = 24


def verdict(
    effective_rows: float,
    min_samples: float,
    history: HistoryQuality | None,
    fields: Sequence[FieldQuality],
) -> tuple[Verdict, tuple[str, ...]]:
    """Judge a baseline.

    Weak is what is blind or misleading: too few rows, no field to compare, mostly left out. Usable works
    with a limit that the reasons name. Good has two clean weeks of windows and enough rows.

    Parameters
    ----------
    min_samples
        Effective rows that a comparison needs at all.
    history
        The stretch it was made of; ``None`` for rows without an order in time.
    """
    weak, usable = _rows(effective_rows, min_samples)
    broken = [one.field for one in fields if one.missing_share >= 1 or "no value is finite" in _text(one)]
    if fields and len(broken) == len(fields):
        weak.append("no field has a value")
    elif broken:
        usable.append(f"{_some(broken)} without any value")
    others = [one.field for one in fields if one.trouble and one.field not in broken]
    if others:
        usable.append(f"trouble with {_some(others)}")
    if history is None:
        usable.append(
            "no order in time: noise is learned from live windows, so at first only gross change is found"
        )
    else:
        _history(history, weak, usable)
    if weak:
        return "weak", (*weak, *usable)
    return ("usable", tuple(usable)) if usable else ("good", ())


def _rows(effective_rows: float, min_samples: float) -> tuple[list[str], list[str]]:
    if effective_rows < min_samples:
        return [f"{effective_rows:,.0f} effective rows, {min_samples:,.0f} are needed to compare at all"], []
    if effective_rows < ENOUGH_ROWS:
        return [], [
            f"{effective_rows:,.0f} effective rows: up to {ENOUGH_ROWS:,.0f} would find smaller changes"
        ]
    return [], []


def _history(history: HistoryQuality, weak: list[str], usable: list[str]) -> None:
    hours = (history.until - history.since).total_seconds() / 3600
    if history.taken < LEAST_WINDOWS:
        usable.append(
            f"{history.taken} windows: too few to learn how much windows differ, {LEAST_WINDOWS} are needed"
        )
    if hours < TWO_WEEKS_HOURS:
        usable.append(
            f"{hours / 24:.3g} days of history: a daily or weekly cycle is known from two whole weeks on"
        )
    elif history.hours_of_week < 168:
        usable.append(f"traffic in {history.hours_of_week} of the 168 hours of the week")
    if history.left_out > 0.5 * history.windows:
        weak.append(f"{history.left_out} of {history.windows} windows left out")
    elif history.left_out > LEFT_OUT_SHARE * history.windows:
        usable.append(f"{history.left_out} of {history.windows} windows left out")
    if history.empty > EMPTY_SHARE * history.windows:
        usable.append(f"{history.empty} of {history.windows} windows without traffic")
    if history.dropped_share is not None and history.dropped_share > LOST_SHARE:
        usable.append(f"{history.dropped_share:.0%} of the traffic was lost on its way")
    if history.stretches_noted:
        usable.append(f"{len(history.stretches_noted)} stretches of it were not normal but are taken")


def _text(one: FieldQuality) -> str:
    return " ".join(one.trouble)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
