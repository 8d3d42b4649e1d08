"""``driftline stages``"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from driftline.readmodel.stages import StageGraphSummary, StageReport
from driftline.store.opening import open_store
from service.cli.options import ConfigOption, JsonOption, settings_for_command
from service.cli.output import console, figure, print_json, table
from service.moments import parse_length, parse_moment

app = typer.Typer(
    help="Inference in several stages: which models a request runs through, and at which of them a change "
    "begins.",
    no_args_is_help=True,
)

_COLOURS = {"changed": "red", "unclear": "yellow", "follows": "cyan"}
_TIME = "TIME"


@app.command("register")
def register(
    file: Annotated[Path, typer.Argument(help="YAML file with name and stages: name, model, after.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Store a stage graph; one of the same name is replaced. The models must be registered."""
    from detectors.stages import StageGraphs, load_graph_file, summary

    graph = load_graph_file(file)
    with open_store(settings_for_command(config)) as store:
        registered = summary(StageGraphs(store).register(graph))
    if as_json:
        print_json(registered)
        return
    console().print(f"registered [bold]{escape(registered.name)}[/]: {escape(_chain(registered))}")


@app.command("list")
def list_graphs(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Registered stage graphs."""
    from detectors.stages import StageGraphs, summary

    with open_store(settings_for_command(config)) as store:
        graphs = [summary(graph) for graph in StageGraphs(store).all()]
    if as_json:
        print_json(graphs)
        return
    if not graphs:
        console().print("No stage graph yet: `driftline stages infer` shows what traces know.")
        return
    shown = table("stage graphs", "name", "stages", "description")
    for graph in graphs:
        shown.add_row(escape(graph.name), escape(_chain(graph)), escape(graph.description))
    console().print(shown)


@app.command("infer")
def infer(
    last: Annotated[str, typer.Option(help="How far back traces are read, as 24h or 7d.")] = "24h",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which models share trace ids, and in which order, as YAML that `register` takes."""
    from detectors.stages import infer_graphs

    until = datetime.now(UTC) + timedelta(minutes=1)
    since = until - parse_length(last, "--last")
    with open_store(settings_for_command(config)) as store:
        found = infer_graphs(store, since, until)
    if as_json:
        print_json(
            [{"graph": one.graph.model_dump(), "traces": one.traces, "words": one.words} for one in found]
        )
        return
    out = console()
    if not found:
        out.print(
            f"No two models shared 20 traces in the last {escape(last)}. Send `traceparent` with every "
            "request, and set sample_by_trace so that all stages of a trace are kept together."
        )
        return
    for one in found:
        out.print(f"# {one.words}", markup=False, highlight=False)
        stages = [
            {"name": stage.name, "model": stage.model, "after": list(stage.after)}
            for stage in one.graph.stages
        ]
        written = yaml.safe_dump({"name": one.graph.name, "stages": stages}, sort_keys=False)
        out.print(written, markup=False, highlight=False)


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="Name of the stage graph.")],
    since: Annotated[
        str,
        typer.Option(
            help="Begin of the range, compared with the time before it; where drift began when absent.",
            metavar=_TIME,
        ),
    ] = "",
    until: Annotated[
        str, typer.Option(help="End of the range; the newest event when absent.", metavar=_TIME)
    ] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say at which stage a change begins, and what each stage did before and since."""
    from detectors.stages import StageQuestion, stage_report

    question = StageQuestion(
        name,
        parse_moment(since, "--since") if since else None,
        parse_moment(until, "--until") if until else None,
    )
    settings = settings_for_command(config)
    with open_store(settings) as store:
        found = stage_report(store, settings, question)
    if as_json:
        print_json(found)
        return
    _show(console(), found)


def _show(out: Console, found: StageReport) -> None:
    out.print(f"[bold]{escape(found.graph.name)}[/]: {escape(_chain(found.graph))}")
    for sentence in (*found.words, found.trace_words):
        out.print(Padding(escape(sentence), (0, 0, 0, 2)))
    out.print()
    shown = table(
        "stages (before, now)", "stage", "", "failed", "mean ms", "share of time", "missing", "outputs"
    )
    for state in found.stages:
        colour = _COLOURS.get(state.verdict, "green")
        moved = state.outputs
        shown.add_row(
            escape(state.name),
            f"[{colour}]{state.verdict.replace('_', ' ')}[/]",
            _pair(state.before.error_rate, state.now.error_rate, 100, 1, "%"),
            _pair(state.before.latency_ms, state.now.latency_ms, 1, 1, ""),
            _pair(state.before.latency_share, state.now.latency_share, 100, 0, "%"),
            _pair(state.before.missing_rate, state.now.missing_rate, 100, 1, "%"),
            "–" if moved is None else f"{escape(moved.column)} {figure(moved.marginal, 2)}",
        )
    out.print(shown)
    for state in found.stages:
        out.print(f"[bold]{escape(state.name)}[/]: {escape(state.words)}")


def _pair(before: float | None, now: float | None, factor: float, digits: int, unit: str) -> str:
    one, two = (
        "–" if value is None else f"{figure(value * factor, digits)}{unit}" for value in (before, now)
    )
    return f"{one}, {two}"


def _chain(graph: StageGraphSummary) -> str:
    """Stages with what they come after."""
    return "; ".join(
        f"{stage.name} after {', '.join(stage.after)}" if stage.after else stage.name
        for stage in graph.stages
    )
