"""``driftline collect``"""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli.options import ConfigOption, settings_for_service


def command(
    listen: Annotated[str, typer.Option(help="HOST:PORT that clients connect to.")],
    upstream: Annotated[str, typer.Option(help="HOST:PORT of the model server (V2 inference over HTTP).")],
    instance: Annotated[
        str, typer.Option(help="Name of this model instance; the host's name when empty.")
    ] = "",
    sample_rate: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of the requests that is kept, above 0.")
    ] = 1.0,
    config: ConfigOption = None,
) -> None:
    """Stand in front of a model server, pass every byte on, and sample what goes in and out.

    Parsing happens in another process: if that, or the database, fails, requests are answered all the
    same. Contracts are inferred from the traffic when none is registered.
    """
    from collector.options import CollectOptions
    from collector.run import run_collector

    options = CollectOptions(listen=listen, upstream=upstream, instance=instance, sample_rate=sample_rate)
    run_collector(settings_for_service(config), options)


command.__name__ = "collect"
