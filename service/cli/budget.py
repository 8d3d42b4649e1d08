"""``driftline budget``"""

from __future__ import annotations

from typing import Annotated

import typer

from driftline.readmodel.budget import Budget
from driftline.store.opening import open_store
from service.budget import model_budget
from service.cli.options import ConfigOption, JsonOption, ModelArgument, settings_for_command
from service.cli.output import console, figure, print_json, table


def command(
    model: ModelArgument,
    version: Annotated[str, typer.Option(help="Version; the newest with traffic when empty.")] = "",
    rows: Annotated[
        float | None,
        typer.Option(min=1, help="Rows of a window; what its windows usually have when absent."),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where a model's false-alarm budget goes, and what it can still find.

    The budget is the setting false_alarm_budget, in words, such as "one false episode per model in eight
    years" or "2 per fleet a month".
    """
    settings = settings_for_command(config)
    with open_store(settings) as store:
        report = model_budget(store, settings, model, version, rows)
    if as_json:
        print_json(report)
        return
    _print(report)


def _print(report: Budget) -> None:
    out = console()
    shared = f", shared by {report.models:,} models" if report.models > 1 else ""
    shown = table(
        f"{report.model}: {report.stated}{shared} = {_rarity(report.per_year)}",
        "what may cry wolf",
        "how many",
        "together",
        "evidence asked for",
        "undivided",
        "smallest effect grows by",
    )
    for part in report.parts:
        shown.add_row(
            part.about,
            f"{part.count:,}",
            _rarity(part.per_year),
            figure(part.threshold, 2),
            figure(part.undivided, 2),
            "–" if part.cost is None else f"{part.cost - 1:.0%}",
        )
    out.print(shown)
    found = ", ".join(
        f"{figure(one.shift_sd, 2)} within {one.windows} window{'s' if one.windows > 1 else ''}"
        for one in report.detectable
    )
    out.print(
        f"found in 95% of cases with {report.window_rows:,.0f} rows a window, as a shift of a numeric field "
        f"in standard deviations: {found}"
    )


def _rarity(per_year: float) -> str:
    """How rare something is, in words.

    >>> _rarity(0.125), _rarity(24.0)
    ('1 in 8 years', '24 a year')
    """
    return f"{per_year:.3g} a year" if per_year >= 1 else f"1 in {1 / per_year:,.3g} years"


command.__name__ = "budget"
