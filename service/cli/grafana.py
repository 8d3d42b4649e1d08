"""``driftline grafana``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import JsonOption
from service.cli.output import console, print_json

app = typer.Typer(help="Grafana dashboards and data source, as files.", no_args_is_help=True)


@app.command("export")
def export(
    folder: Annotated[Path, typer.Argument(help="Folder to write into; created when absent.")],
    as_json: JsonOption = False,
) -> None:
    """Write the dashboard and its provisioning files, ready for Grafana's provisioning folder."""
    from dashboards.grafana.build import write_files

    written = write_files(folder)
    if as_json:
        print_json({"files": [str(path) for path in written]})
        return
    for path in written:
        console().print(str(path))
