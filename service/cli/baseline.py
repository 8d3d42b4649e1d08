"""``driftline baseline``"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from detectors.baselines.recipe import hours
from detectors.baselines.spans import parse_span
from driftline.contract_store import ContractStore
from driftline.errors import InvalidInput
from driftline.readmodel.baseline_proposal import with_proposals
from driftline.readmodel.baselines import Baseline, baselines
from driftline.store.opening import open_store
from service.baseline_files import follow_file
from service.baselines import Followed, follow_recipe
from service.cli.baseline_report import baseline_json, show_baseline
from service.cli.options import ConfigOption, JsonOption, ModelArgument, settings_for_command
from service.cli.output import console, print_json
from service.cli.recipe_options import RecipeOptions


def _in_force(every_one: Sequence[Baseline]) -> list[Baseline]:
    """The newest of each version; the list comes newest first."""
    newest: dict[str, Baseline] = {}
    for one in every_one:
        newest.setdefault(one.version, one)
    return list(newest.values())


def command(
    model: ModelArgument,
    file: Annotated[
        Path | None, typer.Option(help="CSV or Parquet file whose columns are the contract's columns.")
    ] = None,
    since: Annotated[datetime | None, typer.Option(help="Or: own traffic from this time (UTC)…")] = None,
    until: Annotated[datetime | None, typer.Option(help="…to this one; now when absent.")] = None,
    first_hours: Annotated[
        float | None, typer.Option(help="Or: the first hours of traffic of each version, once it has them.")
    ] = None,
    rolling: Annotated[
        str | None, typer.Option(help="Or: the trailing time, as 28d, made again and again.")
    ] = None,
    weeks: Annotated[
        int | None, typer.Option(help="Or: whole trailing weeks, so that every hour is like last week's.")
    ] = None,
    every: Annotated[
        str | None, typer.Option(help="How often a trailing one is made again; rolling: 24h, weeks: never.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="A range to leave out, as 2026-11-01/2026-11-03T06:00.")
    ] = None,
    exclude_last: Annotated[
        str | None, typer.Option(help="End a trailing one so long ago; rolling: 24h, weeks: 0h.")
    ] = None,
    keep_drifted: Annotated[
        bool, typer.Option("--keep-drifted", help="Also take windows that drifted into a trailing one.")
    ] = False,
    segments: Annotated[bool, typer.Option(help="Count values of segment fields apart too.")] = True,
    label: Annotated[
        str | None, typer.Option(help="Column of the file with the true class, for the baseline's accuracy.")
    ] = None,
    version: Annotated[str, typer.Option(help="Version it stands for; any when empty.")] = "",
    name: Annotated[str, typer.Option(help="Name of the baseline.")] = "",
    show: Annotated[bool, typer.Option("--show", help="Only show the baselines in force.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set what a model is compared with, and show how good that is.

    A file, a past range of its traffic, the first hours of each version, the trailing days, or whole
    weeks with their daily and weekly course. See docs/baselines.md for which to choose.
    """
    options = RecipeOptions(
        since=since,
        until=until,
        first_hours=first_hours,
        rolling_hours=None if rolling is None else hours(rolling),
        weeks=weeks,
        every_hours=None if every is None else hours(every),
        exclude=tuple(parse_span(text) for text in exclude or ()),
        exclude_last_hours=None if exclude_last is None else hours(exclude_last),
        keep_drifted=keep_drifted,
        per_segment=segments,
    )
    chosen = options.kinds() + (["--file"] if file is not None else [])
    if len(chosen) > 1 or (show and chosen):
        raise InvalidInput(
            f"give one of --file, --since, --first-hours, --rolling, --weeks and --show, not "
            f"{' and '.join([*chosen, *(['--show'] if show else [])])}"
        )
    if not chosen and not show:
        raise InvalidInput("give --file, --since, --first-hours, --rolling, --weeks or --show")
    if file is not None:
        options.none_with_file()
    if label is not None and file is None:
        raise InvalidInput("--label goes with --file: the true classes of traffic come as labels")
    settings = settings_for_command(config)
    with open_store(settings) as store:
        contract = ContractStore(store).required(model)
        followed = Followed((), {})
        if file is not None:
            followed = follow_file(
                store, settings, contract, file, label=label, version=version, name=name, per_segment=segments
            )
        elif not show:
            recipe = options.recipe(datetime.now(UTC))
            followed = follow_recipe(store, settings, contract, recipe, version=version, name=name)
        made = {one.baseline_id for one in followed.made}
        every_one = with_proposals(store, model, baselines(store, model, limit=1000), datetime.now(UTC))
        shown = _in_force(every_one) if show else [one for one in every_one if one.baseline_id in made]
    if as_json:
        answers = [baseline_json(model, one) for one in shown]
        only = answers[0] if len(answers) == 1 else {}
        print_json({**only, "model": model, "baselines": answers, "waiting": dict(followed.waiting)})
        return
    out = console()
    for one in shown:
        show_baseline(out, model, one)
    for waiting_version, text in followed.waiting.items():
        out.print(f"{model}{f' version {waiting_version}' if waiting_version else ''}: {text}")
    if show and not shown:
        out.print(f"{model} has no baseline")


command.__name__ = "baseline"
