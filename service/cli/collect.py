"""``driftline collect``"""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli.options import ConfigOption, settings_for_service


def command(
    listen: Annotated[
        str, typer.Option(help="Splice: HOST:PORT or unix:PATH that clients connect to.", metavar="ADDRESS")
    ] = "",
    upstream: Annotated[
        str, typer.Option(help="Splice: HOST:PORT or unix:PATH of the model server.", metavar="ADDRESS")
    ] = "",
    cloudevents: Annotated[
        str, typer.Option(help="Take CloudEvents of KServe's or Seldon's loggers here.", metavar="HOST:PORT")
    ] = "",
    ext_proc: Annotated[
        str, typer.Option(help="Serve Envoy's external processing (gRPC) here.", metavar="HOST:PORT")
    ] = "",
    client: Annotated[
        str, typer.Option(help="Take records of driftline.client on this unix socket.", metavar="PATH")
    ] = "",
    metrics: Annotated[str, typer.Option(help="Serve Prometheus metrics here.", metavar="HOST:PORT")] = "",
    instance: Annotated[
        str, typer.Option(help="Name of this model instance; the host's name when empty.")
    ] = "",
    sample_rate: Annotated[
        float | None,
        typer.Option(min=0.0001, max=1.0, help="Share of the inferences that is kept.", show_default="1.0"),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Sample what goes into and comes out of a model server, by one or more taps.

    The splice (--listen, --upstream) stands in front of the server and passes every byte on; the other taps
    are told by somebody else. Parsing happens in another process: if that, or the database, fails, requests
    are answered all the same. Contracts are inferred from the traffic when none is registered.
    """
    from collector.options import CollectOptions
    from collector.run import run_collector

    options = CollectOptions(
        listen=listen,
        upstream=upstream,
        cloudevents=cloudevents,
        ext_proc=ext_proc,
        client=client,
        metrics=metrics,
        instance=instance,
    )
    run_collector(settings_for_service(config, sample_rate=sample_rate), options)


command.__name__ = "collect"
