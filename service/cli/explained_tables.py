"""Tables that explanations share: bins side by side, and statistics with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from driftline.readmodel.bins import Bin
from driftline.readmodel.explanation import Measure, Rate
from service.cli.output import figure, table

_BAR_CELLS = 24


def print_bins(out: Console, title: str, bins: Sequence[Bin]) -> None:
    """Every bin that holds anything, with both shares and a bar; nothing without bins."""
    shown = table(title, "bin", "baseline", "now", "change", "")
    most = max((share for one in bins for share in (one.baseline, one.current) if share), default=1.0)
    for one in bins:
        if not one.baseline and not one.current:
            continue
        change = None if one.current is None or one.baseline is None else 100 * (one.current - one.baseline)
        shown.add_row(
            escape(one.label),
            share_text(one.baseline),
            share_text(one.current),
            "–" if change is None else f"{change:+.1f}",
            _bars(one, most),
        )
    if shown.row_count:
        out.print(shown)
        out.print()


def print_measures(out: Console, rates: Sequence[Rate], measures: Sequence[tuple[Measure, str]]) -> None:
    """Changes of rates, then statistics with what each was computed from; nothing without any."""
    if not measures and not rates:
        return
    shown = table("measured", "", "value", "95% interval", "detectable", "p of one look", "from")
    for rate in rates:
        shown.add_row(
            f"change of {rate.name.replace('_', ' ')} share",
            figure(rate.change, 4),
            f"{figure(rate.lower, 4)} to {figure(rate.upper, 4)}",
            figure(rate.detectable, 4),
            "",
            "bins",
        )
    for one, source in measures:
        shown.add_row(
            one.name.replace("_", " "),
            figure(one.value, 4),
            interval_text(one),
            figure(one.detectable, 4),
            "–" if one.p_value is None else f"{one.p_value:.2g}",
            source,
        )
    out.print(shown)


def interval_text(one: Measure) -> str:
    """Both ends of an interval; where only the upper one is not known there is none.

    >>> given = {"name": "psi", "value": 5.3, "detectable": 0.2, "p_value": 0.0}
    >>> interval_text(Measure(lower=1.25, upper=float("inf"), **given))
    '1.2500, no upper limit'
    >>> interval_text(Measure(lower=1.25, upper=6, **given))
    '1.2500 to 6.0000'
    """
    if one.upper is None:
        return "–" if one.lower is None else f"{figure(one.lower, 4)}, no upper limit"
    return f"{figure(one.lower, 4)} to {figure(one.upper, 4)}"


def share_text(share: float | None) -> str:
    """A share of 1 in percent; a dash when it is unknown."""
    return "–" if share is None else f"{share:.1%}"


def _bars(one: Bin, most: float) -> str:
    """Both shares as one bar: the baseline's length, and where the window's goes beyond it or falls short."""
    before = round(_BAR_CELLS * (one.baseline or 0.0) / most)
    now = round(_BAR_CELLS * (one.current or 0.0) / most)
    both = "█" * min(before, now)
    if now > before:
        return f"[dim]{both}[/][blue]{'█' * (now - before)}[/]"
    return f"[dim]{both}{'░' * (before - now)}[/]"
