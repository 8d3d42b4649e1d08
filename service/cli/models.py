"""``driftline models``"""

from __future__ import annotations

from typing import Annotated

import typer

from driftline.quality_metrics import metric_of
from driftline.readmodel.fleet import FleetQuery, fleet
from driftline.store.opening import open_store
from service.cli.options import ConfigOption, JsonOption, settings_for_command
from service.cli.output import console, print_json, table


def command(
    search: Annotated[str, typer.Argument(help="Text in the model's or team's name; all when absent.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most models to list.")] = 200,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the models with their health, worst first, and why."""
    settings = settings_for_command(config)
    with open_store(settings) as store:
        page = fleet(store, settings, FleetQuery(search=search, limit=limit))
    if as_json:
        print_json(page)
        return
    if not page.items:
        console().print(
            "no model is registered: run `driftline register CONTRACT.yaml`, "
            "or let `driftline collect` infer one"
            if not search
            else f"no model matches {search!r}"
        )
        return
    shown = table(f"{page.total} models", "model", "team", "status", "version", "quality", "why")
    for one in page.items:
        quality = one.quality
        shown.add_row(
            one.model,
            one.team,
            one.status,
            ", ".join(one.versions),
            f"{metric_of(quality.metric).label} {metric_of(quality.metric).text(quality.value)}"
            if quality
            else "–",
            one.why,
        )
    console().print(shown)


command.__name__ = "models"
