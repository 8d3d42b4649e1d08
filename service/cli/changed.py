"""``driftline changed``"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from detectors.changed_models import DEFAULT_LEVEL, checked_level
from driftline.readmodel.fleet_changes import FleetChanges
from driftline.store.opening import open_store
from service.cli.options import ConfigOption, JsonOption, settings_for_command
from service.cli.output import console, figure, print_json, table
from service.fleet_changes import fleet_changes

_LEAST = 1e-300


def command(
    level: Annotated[
        float,
        typer.Option(help="Expected share of wrong ones among the listed models, at most; 0.1 is 10%."),
    ] = DEFAULT_LEVEL,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the models of the fleet that changed in their newest window.

    The false-alarm budget bounds how often each model cries wolf. This list bounds how many of its entries
    are wrong, also when one cause ties many models together (e-values and the procedure of Benjamini and
    Hochberg). A change is listed as long as the newest window still shows it.
    """
    checked_level(level)
    settings = settings_for_command(config)
    with open_store(settings) as store:
        found = fleet_changes(store, settings, level)
    if as_json:
        print_json(found)
        return
    _print(found)


def _print(found: FleetChanges) -> None:
    out = console()
    if found.models:
        shown = table(
            "models that changed",
            "model",
            "version",
            "window (UTC)",
            "p-value",
            "e-value",
            "strongest field",
            "evidence",
        )
        for one in found.models:
            where = f" where {one.segment}" if one.segment else ""
            shown.add_row(
                escape(one.model),
                escape(one.version),
                f"{one.window_start:%Y-%m-%d %H:%M:%S}",
                "< 1e-300" if one.p_value < _LEAST else f"{one.p_value:.2g}",
                "> 1e+290" if one.p_value < _LEAST else f"{one.e_value:.3g}",
                escape(f"{one.field}{where}"),
                f"{figure(one.evidence, 1)} of {figure(one.threshold, 1)}",
            )
        out.print(shown)
    out.print(found.words)


command.__name__ = "changed"
