"""``driftline node``"""

from __future__ import annotations

from typing import Annotated

import typer

from driftline.errors import InvalidInput
from driftline.settings import Workload
from service.cli.options import ConfigOption, settings_for_service


def command(
    model: Annotated[
        list[str] | None, typer.Option(help="Model that the process of the same position serves; repeatable.")
    ] = None,
    pid: Annotated[list[int] | None, typer.Option(help="Process id; repeatable.")] = None,
    config: ConfigOption = None,
) -> None:
    """Sample the CPU, memory and GPU use of the processes that serve models on this node.

    Once a node, not once a model. Workloads come from the settings, or as pairs of --model and --pid.
    """
    from collector.node.run import run_node

    models, pids = model or [], pid or []
    if len(models) != len(pids):
        raise InvalidInput(f"give --model and --pid in pairs: got {len(models)} and {len(pids)}")
    pairs = tuple(Workload(model=name, pid=number) for name, number in zip(models, pids, strict=True))
    settings = settings_for_service(config, workloads=pairs or None)
    if not settings.workloads:
        raise InvalidInput("nothing to watch: give --model and --pid, or workloads in driftline.yaml")
    run_node(settings)


command.__name__ = "node"
