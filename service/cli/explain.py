"""``driftline explain``"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from driftline.errors import InvalidInput
from driftline.readmodel.bins import Bin
from driftline.readmodel.explanation import Explanation, Measure
from driftline.store.opening import open_store
from service.attribution import model_attribution
from service.cli.attribution import COLOURS, print_attribution
from service.cli.options import ConfigOption, JsonOption, ModelArgument, settings_for_command
from service.cli.output import console, figure, print_json, table
from service.moments import parse_moment

_BAR_CELLS = 24


def command(
    model: ModelArgument,
    field: Annotated[
        str,
        typer.Argument(
            help="Name of the field, as the page of the model shows it; when absent: which fields and "
            "segments carry the model's drift."
        ),
    ] = "",
    version: Annotated[
        str,
        typer.Option(
            help="Version of the model; when absent the busiest in the window, without a field those that "
            "serve."
        ),
    ] = "",
    window: Annotated[
        str,
        typer.Option(
            help="Any moment in the window, as 2026-11-23T14:00 (UTC when it names no zone); "
            "the newest window when absent.",
            metavar="TIME",
        ),
    ] = "",
    segment: Annotated[
        str, typer.Option(help="Only the rows of a segment, written field=value.", metavar="FIELD=VALUE")
    ] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say in plain words why a field is ok, on watch or drifted, and show the figures behind it.

    What changed, since when, how sure that is, what could not have been seen, the bins of baseline and
    window side by side, where the change comes from, and some events to look at.

    Without a field: which fields and segments carry the drift of the model.
    """
    from detectors.explanation import Question, explain

    moment: datetime | None = parse_moment(window, "--window") if window else None
    if not field and segment:
        raise InvalidInput("--segment needs a field: without one all segments are looked at")
    settings = settings_for_command(config)
    if not field:
        with open_store(settings) as store:
            carried = model_attribution(store, settings, model, version, moment)
        if as_json:
            print_json(carried)
        else:
            print_attribution(console(), carried)
        return
    with open_store(settings) as store:
        found = explain(store, settings, Question(model, field, version, moment, segment))
    if as_json:
        print_json(found)
        return
    _show(console(), found)


def _show(out: Console, found: Explanation) -> None:
    colour = COLOURS.get(found.status, "green")
    of = f" of version {escape(found.version)}" if found.version else ""
    out.print(f"[bold]{escape(found.field)}[/]{of}: [{colour}]{found.status.replace('_', ' ')}[/]")
    for sentence in found.words:
        out.print(Padding(escape(sentence), (0, 0, 0, 2)))
    out.print()
    _show_bins(out, found)
    _show_measures(out, found)
    alone = {kind for kind, count in Counter(one.kind for one in found.origins).items() if count == 1}
    several = [one for one in found.origins if one.kind not in alone]
    if several:
        shown = table("where the change comes from", "of", "name", "rows", "share of rows", "of the change")
        for one in several:
            shown.add_row(
                one.kind,
                escape(one.name) or "(none)",
                f"{one.rows:,}",
                _percent(one.share),
                _percent(one.carried),
            )
        out.print(shown)
        out.print()
    if found.events:
        shown = table("events to look at", "time (UTC)", "event", "value", "bin")
        for event in found.events:
            value = (
                f"{event.value:.6g}" if isinstance(event.value, float) else escape(event.value or "missing")
            )
            shown.add_row(f"{event.ts:%Y-%m-%d %H:%M:%S}", escape(event.event_id), value, escape(event.bin))
        out.print(shown)


def _show_bins(out: Console, found: Explanation) -> None:
    shown = table(
        f"{found.rows:,} rows now, {found.baseline_rows:,} in the baseline {escape(found.baseline_name)}",
        "bin",
        "baseline",
        "now",
        "change",
        "",
    )
    most = max((share for one in found.bins for share in (one.baseline, one.current) if share), default=1.0)
    for one in found.bins:
        if not one.baseline and not one.current:
            continue
        change = None if one.current is None or one.baseline is None else 100 * (one.current - one.baseline)
        shown.add_row(
            escape(one.label),
            _percent(one.baseline),
            _percent(one.current),
            "–" if change is None else f"{change:+.1f}",
            _bars(one, most),
        )
    if shown.row_count:
        out.print(shown)
        out.print()


def _bars(one: Bin, most: float) -> str:
    """Both shares as one bar: the baseline's length, and where the window's goes beyond it or falls short."""
    before = round(_BAR_CELLS * (one.baseline or 0.0) / most)
    now = round(_BAR_CELLS * (one.current or 0.0) / most)
    both = "█" * min(before, now)
    if now > before:
        return f"[dim]{both}[/][blue]{'█' * (now - before)}[/]"
    return f"[dim]{both}{'░' * (before - now)}[/]"


def _show_measures(out: Console, found: Explanation) -> None:
    rows = [*((one, "bins") for one in found.statistics), *((one, "rows") for one in found.row_tests.tests)]
    if rows or found.rates:
        shown = table("measured", "", "value", "95% interval", "detectable", "p of one look", "from")
        for rate in found.rates:
            shown.add_row(
                f"change of {rate.name.replace('_', ' ')} share",
                figure(rate.change, 4),
                f"{figure(rate.lower, 4)} to {figure(rate.upper, 4)}",
                figure(rate.detectable, 4),
                "",
                "bins",
            )
        for one, source in rows:
            shown.add_row(
                one.name.replace("_", " "),
                figure(one.value, 4),
                _interval(one),
                figure(one.detectable, 4),
                _small(one.p_value),
                source,
            )
        out.print(shown)
    if found.row_tests.reason:
        out.print(f"[dim]No tests on single rows: {escape(found.row_tests.reason)}.[/]")
    out.print()


def _interval(one: Measure) -> str:
    return f"{figure(one.lower, 4)} to {figure(one.upper, 4)}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _small(chance: float | None) -> str:
    return "–" if chance is None else f"{chance:.2g}"


command.__name__ = "explain"
