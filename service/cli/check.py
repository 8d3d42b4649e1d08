"""``driftline check``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from driftline.settings import Settings
from service.cli.options import ConfigOption, JsonOption, settings_for_command
from service.cli.output import console, figure, print_json, table

EXIT_CODES = {"ok": 0, "drifted": 1, "failed": 2, "insufficient_data": 2}


def command(
    baseline: Annotated[Path, typer.Option(help="File with the reference rows, CSV or Parquet.")],
    current: Annotated[Path, typer.Option(help="File with the rows to compare, CSV or Parquet.")],
    tolerance: Annotated[
        float | None,
        typer.Option(help="Smallest change that counts, in standard units.", show_default="0.05"),
    ] = None,
    min_samples: Annotated[
        int | None, typer.Option(help="Rows that each side needs.", show_default="100")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two files, field by field, and say whether the data drifted.

    Exit code as `diff`: 0 no drift, 1 drift, 2 trouble. Unchanged data is called drifted in at most 1 of
    100 comparisons (setting check_false_alarm_rate), whatever the number of fields.
    """
    from service.check import check_files

    settings: Settings = settings_for_command(config, drift_tolerance=tolerance, min_samples=min_samples)
    result = check_files(baseline, current, settings)
    if as_json:
        print_json(result)
        raise typer.Exit(EXIT_CODES[result.status])
    out = console()
    shown = table(
        f"{current.name} ({result.current_rows:,} rows) against "
        f"{baseline.name} ({result.baseline_rows:,} rows)",
        "field",
        "status",
        "effect",
        "evidence",
        "detectable",
        "PSI",
        "JS",
        "KS",
        "why",
    )
    colours = {"drifted": "red", "failed": "magenta", "watch": "yellow", "insufficient_data": "yellow"}
    for one in sorted(result.fields, key=lambda one: -(one.evidence or 0.0) / (one.threshold or 1.0)):
        colour = colours.get(one.status, "green")
        evidence = "–" if one.evidence is None else f"{figure(one.evidence, 1)} of {figure(one.threshold, 1)}"
        shown.add_row(
            one.field,
            f"[{colour}]{one.status}[/]",
            figure(one.effect, 2),
            evidence,
            figure(one.minimum_detectable_effect, 2),
            figure(one.statistics.get("psi")),
            figure(one.statistics.get("jensen_shannon")),
            figure(one.statistics.get("kolmogorov_smirnov")),
            one.direction if one.status in ("ok", "drifted") else one.reason,
        )
    out.print(shown)
    moved = sum(one.drifted for one in result.fields)
    said = {
        "drifted": f"[bold red]drift[/] in {moved} of {len(result.fields)} fields",
        "ok": f"[bold green]no drift[/] in {len(result.fields)} fields",
        "failed": "[bold magenta]trouble[/]: some fields could not be compared, the others did not drift",
        "insufficient_data": "[bold yellow]too few rows[/] to decide about any field",
    }
    out.print(said[result.status])
    raise typer.Exit(EXIT_CODES[result.status])


command.__name__ = "check"
