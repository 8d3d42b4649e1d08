"""``driftline explain``"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from driftline.errors import InvalidInput
from driftline.readmodel.explanation import Explanation
from driftline.store.opening import open_store
from service.attribution import model_attribution
from service.cli.attribution import COLOURS, print_attribution
from service.cli.explained_range import print_range
from service.cli.explained_tables import print_bins, print_measures, share_text
from service.cli.options import ConfigOption, JsonOption, ModelArgument, settings_for_command
from service.cli.output import console, print_json, table
from service.moments import parse_moment


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
    since: Annotated[
        str,
        typer.Option(
            help="Explain all windows that begin at or after this time as one, from what is stored of them.",
            metavar="TIME",
        ),
    ] = "",
    until: Annotated[
        str,
        typer.Option(
            help="With --since: windows that begin before this time; now when absent.", metavar="TIME"
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
    window side by side, where the change comes from, and some events to look at. With --since the same
    figures for a whole range of windows: evidence is weighed window by window, so a range has no status.

    Without a field: which fields and segments carry the drift of the model.
    """
    from detectors.explanation import Question, RangeQuestion, asked_span, explain, explain_range

    moment, first, end = (
        parse_moment(text, name) if text else None
        for text, name in ((window, "--window"), (since, "--since"), (until, "--until"))
    )
    span = asked_span(moment, first, end, datetime.now(UTC))
    if span is not None and not field:
        raise InvalidInput("--since needs a field: what is stored of a range is merged field by field")
    if not field and segment:
        raise InvalidInput("--segment needs a field: without one all segments are looked at")
    settings = settings_for_command(config)
    if span is not None:
        with open_store(settings) as store:
            merged = explain_range(store, RangeQuestion(model, field, span, version, segment))
        if as_json:
            print_json(merged)
        else:
            print_range(console(), merged)
        return
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
    sizes = f"{found.rows:,} rows now, {found.baseline_rows:,} in the baseline {escape(found.baseline_name)}"
    print_bins(out, sizes, found.bins)
    tests = [(one, "rows") for one in found.row_tests.tests]
    print_measures(out, found.rates, [*((one, "bins") for one in found.statistics), *tests])
    if found.row_tests.reason:
        out.print(f"[dim]No tests on single rows: {escape(found.row_tests.reason)}.[/]")
    out.print()
    alone = {kind for kind, count in Counter(one.kind for one in found.origins).items() if count == 1}
    several = [one for one in found.origins if one.kind not in alone]
    if several:
        shown = table("where the change comes from", "of", "name", "rows", "share of rows", "of the change")
        for one in several:
            shown.add_row(
                one.kind,
                escape(one.name) or "(none)",
                f"{one.rows:,}",
                share_text(one.share),
                share_text(one.carried),
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


command.__name__ = "explain"
