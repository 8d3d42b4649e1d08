"""What carries a model's drift, as ``driftline explain MODEL`` prints it."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from driftline.readmodel.attribution import ModelAttribution, WindowAttribution
from service.cli.output import table

COLOURS = {"drifted": "red", "failed": "magenta", "watch": "yellow", "insufficient_data": "yellow"}
"""Of a status that is not ok."""


def print_attribution(out: Console, found: ModelAttribution) -> None:
    """Print one window of each version: its status, a sentence, and the shares."""
    for window in found.windows:
        _print_window(out, found.model, window)


def _print_window(out: Console, model: str, window: WindowAttribution) -> None:
    of = f" version {escape(window.version)}" if window.version else ""
    status = f"[{COLOURS.get(window.status, 'green')}]{window.status.replace('_', ' ')}[/]"
    out.print(
        f"[bold]{escape(model)}[/]{of}: {status} in the window from "
        f"{window.window_start:%Y-%m-%d %H:%M:%S} to {window.window_end:%H:%M:%S} UTC"
    )
    out.print(Padding(escape(window.words), (0, 0, 0, 2)))
    out.print()
    if window.fields:
        shown = table("what carries it, over all rows", "field", "share", "in one segment")
        for one in window.fields:
            alone = window.concentration.get(one.name)
            shown.add_row(escape(one.name), f"{one.share:.0%}", "–" if alone is None else f"{alone:.0%}")
        out.print(shown)
        out.print()
    if window.segments:
        shown = table("where it is", "segment", "share", "fields there")
        for segment in window.segments:
            fields = ", ".join(f"{one.name} {one.share:.0%}" for one in segment.fields)
            shown.add_row(escape(segment.name), f"{segment.share:.0%}", escape(fields))
        out.print(shown)
        out.print()
