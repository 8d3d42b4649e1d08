"""How ``driftline baseline`` shows a baseline and its quality report."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape

from driftline.readmodel.baseline_quality import FieldQuality, HistoryQuality, Quality
from driftline.readmodel.baselines import Baseline
from service.cli.output import figure, table

_COLOURS = {"good": "green", "usable": "yellow", "weak": "red"}
_SHOWN_FIELDS = 60


def baseline_json(model: str, one: Baseline) -> dict[str, Any]:
    """As ``--json`` prints it."""
    return {
        **one.model_dump(mode="json"),
        "model": model,
        "columns": list(one.fields),
        "accuracy": one.accuracy,
    }


def show_baseline(out: Console, model: str, one: Baseline) -> None:
    """Print a baseline for a person."""
    accuracy = "" if one.accuracy is None else f", accuracy {one.accuracy:.3f}"
    of = f" version {escape(one.version)}" if one.version else ""
    out.print(
        f"baseline [bold]{escape(one.name)}[/] of {escape(model)}{of}: {one.rows:,} rows, "
        f"{len(one.fields)} columns{accuracy}"
    )
    if one.quality is not None:
        _show_quality(out, one.quality)
    if one.proposal:
        out.print(f"[bold]Proposal:[/] {escape(one.proposal)}")


def _show_quality(out: Console, quality: Quality) -> None:
    colour = _COLOURS[quality.verdict]
    out.print(f"  made: {escape(quality.made)}")
    out.print(f"  quality: [{colour}]{quality.verdict}[/]")
    for reason in quality.reasons:
        out.print(f"    - {escape(reason)}")
    out.print(f"  {quality.effective_rows:,.0f} effective rows of {quality.rows:,}")
    if quality.history is not None:
        _show_history(out, quality.history)
    kept = [one for one in quality.segments if one.kept]
    if kept:
        out.print(f"  segments: {', '.join(f'{escape(one.segment)} ({one.rows:,} rows)' for one in kept)}")
    for one in quality.segments:
        if not one.kept:
            out.print(f"  segment {escape(one.segment)} is watched as part of the whole only: {one.why}")
    _show_fields(out, quality)
    for field in quality.fields:
        for trouble in field.trouble:
            out.print(f"  [yellow]{escape(field.field)}[/]: {escape(trouble)}")


def _show_history(out: Console, history: HistoryQuality) -> None:
    out.print(
        f"  {history.since:%Y-%m-%d %H:%M} to {history.until:%Y-%m-%d %H:%M} UTC: {history.taken} of "
        f"{history.windows} windows taken, {history.left_out} left out, {history.empty} without traffic; "
        f"{history.hours_of_week} of 168 hours of the week"
    )
    if history.kept_share is not None:
        lost = f", {history.dropped_share:.1%} lost" if history.dropped_share else ""
        out.print(f"  {history.kept_share:.1%} of the traffic was kept{lost}")
    for stretch in history.stretches_left_out:
        out.print(
            f"    left out {stretch.since:%Y-%m-%d %H:%M} to {stretch.until:%Y-%m-%d %H:%M}: {stretch.why}"
        )
    for stretch in history.stretches_noted:
        out.print(
            f"    not normal {stretch.since:%Y-%m-%d %H:%M} to {stretch.until:%Y-%m-%d %H:%M}: {stretch.why}"
        )


def _show_fields(out: Console, quality: Quality) -> None:
    if not quality.fields or not quality.fields[0].detects:
        return
    columns = [f"in {one.windows} window{'s' * (one.windows > 1)}" for one in quality.fields[0].detects]
    shown = table(
        f"smallest changes found in 95% of cases, windows of {quality.window_rows:,.0f} effective rows "
        f"({quality.window_rows_from})",
        "field",
        "change",
        *columns,
        "noise",
    )
    for one in quality.fields[:_SHOWN_FIELDS]:
        for change, cells in _changes(one):
            shown.add_row(escape(one.field), change, *cells, escape(one.noise))
    out.print(shown)
    if len(quality.fields) > _SHOWN_FIELDS:
        out.print(f"  and {len(quality.fields) - _SHOWN_FIELDS} fields more")


def _changes(one: FieldQuality) -> list[tuple[str, list[str]]]:
    """What can change in a field, and how much of it is found after each number of windows."""
    names = (("location_sd", "shift, sd", 3), ("category_points", "category, points", 2))
    rows = []
    for attribute, label, digits in (*names, ("missing_points", "missing, points", 2)):
        values = [getattr(detects, attribute) for detects in one.detects]
        if any(value is not None for value in values):
            rows.append((label, [figure(value, digits) for value in values]))
    return rows
