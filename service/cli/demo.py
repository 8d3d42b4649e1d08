"""``driftline demo``"""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli.options import JsonOption


def command(
    headless: Annotated[
        bool, typer.Option("--headless", help="End by itself instead of leaving the page open.")
    ] = False,
    as_json: JsonOption = False,
    port: Annotated[
        int | None, typer.Option(help="Port of the page; a free one when absent.", show_default=False)
    ] = None,
) -> None:
    """Tell the whole story on real data in about 90 seconds.

    A digits OCR model is served, its traffic sampled; the scanner degrades, drift and decay are found,
    one alert goes out, a retrain runs through its gate and the new version brings the model back.
    """
    # The demo stands above the front door, so the command finds it by name.
    import importlib

    run_demo = importlib.import_module("demo.story").run_demo
    raise typer.Exit(run_demo(headless=headless, json_output=as_json, port=port))


command.__name__ = "demo"
