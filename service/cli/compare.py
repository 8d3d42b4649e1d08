"""``driftline compare``"""

from __future__ import annotations

from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape

from driftline.quality_metrics import metric_of
from driftline.readmodel.version_comparison import RiskDifference, VersionComparison
from driftline.store.opening import open_store
from service.cli.options import ConfigOption, JsonOption, ModelArgument, settings_for_command
from service.cli.output import console, figure, print_json, table
from service.moments import parse_moment

EXIT_CODES = {"better": 0, "not_worse": 0, "worse": 1, "undecided": 3}
_COLOURS = {"better": "green", "not_worse": "green", "worse": "red", "undecided": "yellow"}


def command(
    model: ModelArgument,
    champion: Annotated[str, typer.Argument(help="Version that serves.")],
    challenger: Annotated[str, typer.Argument(help="Version that would replace it.")],
    since: Annotated[
        str,
        typer.Option(
            help="Start of the traffic, as 2026-11-23T14:00 (UTC when it names no zone); the first answer of "
            "the version that came later when absent. Keep it when asking again.",
            metavar="TIME",
        ),
    ] = "",
    until: Annotated[str, typer.Option(help="End; now when absent.", metavar="TIME")] = "",
    metric: Annotated[
        str, typer.Option(help="Metric that is a mean over events; the contract's primary one when absent.")
    ] = "",
    margin: Annotated[
        float | None,
        typer.Option(
            help="Loss in the metric that is accepted, in its unit; the contract's tolerance when absent.",
            show_default=False,
        ),
    ] = None,
    paired: Annotated[
        Literal["auto", "yes", "no"],
        typer.Option(help="Whether both answered the same requests (shadow); auto finds out."),
    ] = "auto",
    segment: Annotated[
        str, typer.Option(help="Only the rows of a segment, written field=value.", metavar="FIELD=VALUE")
    ] = "",
    alpha: Annotated[float, typer.Option(help="Highest probability of ever giving a wrong verdict.")] = 0.05,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether a challenger is better or worse than the champion, on shadow or canary traffic.

    May be asked after every label: however often one looks and whenever one stops, a wrong verdict is ever
    given with a probability of at most --alpha.

    Exit code: 0 better, or not worse by the margin; 1 worse; 2 trouble; 3 not decided yet.
    """
    from detectors.versions import ComparisonQuestion, compare_versions

    question = ComparisonQuestion(
        model=model,
        champion=champion,
        challenger=challenger,
        since=parse_moment(since, "--since") if since else None,
        until=parse_moment(until, "--until") if until else None,
        metric=metric,
        margin=margin,
        pairing=paired,
        segment=segment,
        alpha=alpha,
    )
    settings = settings_for_command(config)
    with open_store(settings) as store:
        found = compare_versions(store, settings, question)
    if as_json:
        print_json(found)
    else:
        _print(console(), found)
    raise typer.Exit(EXIT_CODES[found.verdict])


def _print(out: Console, found: VersionComparison) -> None:
    out.print(f"[bold {_COLOURS[found.verdict]}]{found.verdict.replace('_', ' ')}[/]")
    for sentence in found.words:
        out.print(f"  {escape(sentence)}")
    out.print()
    if found.risk is not None:
        label = metric_of(found.metric).label
        shown = table(
            f"{label} of {found.challenger} less {found.champion}; above 0 is worse",
            "rows",
            "verdict",
            f"{found.champion}",
            f"{found.challenger}",
            "worse by",
            "interval at every look",
            "labels",
        )
        for one in (found.risk, *found.segments):
            shown.add_row(*_row(one))
        out.print(shown)
    if found.latency:
        speed = table("latency in ms", "quantile", found.champion, found.challenger, "ratio", "interval")
        for latency in found.latency:
            speed.add_row(
                f"{100 * latency.quantile:g}%",
                figure(latency.champion_ms, 1),
                figure(latency.challenger_ms, 1),
                figure(latency.ratio, 2),
                f"{figure(latency.lower, 2)} to {figure(latency.upper, 2)}",
            )
        out.print(speed)


def _row(one: RiskDifference) -> tuple[str, ...]:
    labels = (
        f"{one.champion_labels:,}"
        if one.champion_labels == one.challenger_labels
        else f"{one.champion_labels:,} and {one.challenger_labels:,}"
    )
    return (
        escape(one.segment) or "all",
        f"[{_COLOURS[one.verdict]}]{one.verdict.replace('_', ' ')}[/]",
        figure(one.champion, 4),
        figure(one.challenger, 4),
        figure(one.difference, 4),
        f"{figure(one.lower, 4)} to {figure(one.upper, 4)}",
        labels,
    )


command.__name__ = "compare"
