"""``driftline serve``"""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli.options import ConfigOption, settings_for_service


def command(
    config: ConfigOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one.", show_default="8080")] = None,
) -> None:
    """Run the service: control loop, query API, web pages and /metrics.

    Without DRIFTLINE_CLICKHOUSE_URL it starts its own ClickHouse in the state folder.
    """
    from service.server import serve

    serve(settings_for_service(config, api_host=host, api_port=port))


command.__name__ = "serve"
