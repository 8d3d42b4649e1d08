"""``driftline node``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Group

from driftline.errors import InvalidInput
from driftline.node_settings import NodeExporter, Workload
from driftline.settings import Settings, load_settings
from service.cli.options import ConfigOption, JsonOption, settings_for_command, settings_for_service
from service.cli.output import console, figure, print_json, table

ONCE_SECONDS = 1.0
"""Time between the two readings of ``--once`` unless --interval says another."""


def command(
    model: Annotated[
        list[str] | None, typer.Option(help="Model that the process of the same position serves; repeatable.")
    ] = None,
    pid: Annotated[list[int] | None, typer.Option(help="Process id; repeatable.")] = None,
    exporter: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND=URL",
            help="Exporter of this node: dcgm, hami, gpumanager, npu or triton, as "
            "dcgm=http://127.0.0.1:9400/metrics; repeatable, added to those of the settings.",
        ),
    ] = None,
    interval: Annotated[
        float | None, typer.Option(min=0.1, help="Seconds between two samples.", show_default=False)
    ] = None,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65535, help="Port for the agent's own Prometheus metrics.", show_default=False
        ),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Sample once, show it and stop; needs no database.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Sample the CPU, memory and GPU use of the processes and pods that serve models on this node.

    Once a node, not once a model. Workloads come from the settings, or as pairs of --model and --pid. Look
    at what can be seen here first: driftline node --once.
    """
    from collector.node.run import run_node, sample_once

    models, pids = model or [], pid or []
    if len(models) != len(pids):
        raise InvalidInput(f"give --model and --pid in pairs: got {len(models)} and {len(pids)}")
    if as_json and not once:
        raise InvalidInput("--json needs --once: rows of a running agent go to ClickHouse")
    overrides: dict[str, Any] = {
        "workloads": tuple(
            Workload(model=name, pid=number) for name, number in zip(models, pids, strict=True)
        )
        or None,
        "node_interval_seconds": interval if interval is not None or not once else ONCE_SECONDS,
        "node_metrics_port": metrics_port,
        "node_exporters": _exporters(exporter or [], config),
    }
    if not once:
        run_node(settings_for_service(config, **overrides))
        return
    sampled = sample_once(settings_for_command(config, **overrides))
    if as_json:
        print_json(sampled)
    else:
        console().print(_shown(sampled))


def _exporters(given: list[str], config: Path | None) -> tuple[NodeExporter, ...] | None:
    """Exporters of the settings and of the command line; ``None`` when the command line names none."""
    if not given:
        return None
    added = []
    for one in given:
        kind, equals, url = one.partition("=")
        try:
            if not equals or kind == "custom":
                raise ValueError(one)
            added.append(NodeExporter.model_validate({"kind": kind, "url": url}))
        except (ValueError, ValidationError) as error:
            raise InvalidInput(
                f"--exporter takes KIND=URL with kind dcgm, hami, gpumanager, npu or triton, got {one!r}; "
                "custom ones stand in driftline.yaml"
            ) from error
    settings: Settings = load_settings(config)
    return (*settings.node_exporters, *added)


def _shown(sampled: dict[str, Any]) -> Group:
    sources = table(f"node {sampled['node']}: sources", "source", "status", "cards", "users", "", "left out")
    for one in sampled["sources"]:
        left_out = ", ".join(f"{number} {reason}" for reason, number in one["dropped"].items())
        sources.add_row(
            one["source"], one["status"], str(one["cards"]), str(one["users"]), one["message"], left_out
        )
    cpu = table("CPU and memory of model instances", "model", "instance", "cores", "memory MiB", "from")
    for row in sampled.get("cpu_samples", ()):
        cores = figure(row["cpu_seconds"] / row["interval_seconds"])
        cpu.add_row(
            row["model"], row["instance"], cores, figure(row["memory_bytes"] / 2**20, 0), row["source"]
        )
    cards = table("cards", "device", "name", "utilization", "memory MiB", "of", "watts", "from")
    for row in sampled.get("gpu_samples", ()):
        cards.add_row(
            ("  " if row["parent"] else "") + row["device"],
            f"{row['device_name']} {row['profile']}".strip(),
            figure(row["utilization"]),
            figure(row["memory_used_bytes"] / 2**20, 0),
            figure(row["memory_total_bytes"] / 2**20, 0),
            figure(row["power_watts"], 0),
            row["source"],
        )
    shares = table("shares of cards", "model", "instance", "device", "compute", "grade", "memory", "grade")
    for row in sampled.get("gpu_shares", ()):
        shares.add_row(
            row["model"],
            row["instance"],
            row["slice"] or row["device"],
            figure(row["core_share"]),
            row["grade"],
            figure(row["memory_share"]),
            row["memory_grade"],
        )
    return Group(*(shown for shown in (sources, cpu, cards, shares) if shown.row_count))


command.__name__ = "node"
