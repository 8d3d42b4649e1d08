"""The node agent with its sources, as the settings ask for it."""

from __future__ import annotations

import socket

import psutil

from collector.node.agent import NodeAgent
from collector.node.asking import Panel
from collector.node.cards import PRECEDENCE
from collector.node.cgroup import CgroupTree
from collector.node.containers import ContainerNames
from collector.node.reading import Source
from collector.node.scrape import Scraper
from collector.node.sources.custom import CustomDialect
from collector.node.sources.dcgm import DcgmDialect
from collector.node.sources.exporter import Dialect, ExporterSource
from collector.node.sources.gpumanager import GpuManagerDialect
from collector.node.sources.gpushare import GpushareSource
from collector.node.sources.hami import HamiDialect
from collector.node.sources.npu import NpuDialect
from collector.node.sources.nvml import NvmlSource
from collector.node.sources.pods import PodsSource
from collector.node.sources.triton import TritonDialect
from collector.node.workloads import Finder
from driftline.node_settings import NodeExporter
from driftline.settings import Settings

STALE_INTERVALS = 3
SHORTEST_AGE_SECONDS = 15.0


def build_agent(settings: Settings) -> NodeAgent:
    """The agent of these settings; nothing is asked yet."""
    psutil.PROCFS_PATH = str(settings.node_proc)
    node = settings.node_name or socket.gethostname()
    names = ContainerNames(settings.node_container_logs)
    return NodeAgent(
        node,
        Finder(settings.workloads, node, settings.node_proc, names),
        Panel(_sources(settings, names)),
        CgroupTree(settings.node_cgroup_root),
        proc=settings.node_proc,
        interval_seconds=settings.node_interval_seconds,
        answer_seconds=settings.node_scrape_seconds,
    )


def _sources(settings: Settings, names: ContainerNames) -> list[Source]:
    """NVML and gpushare, which need no address, and what is configured; the most believed first."""
    found: list[tuple[str, Source]] = [
        ("nvml", NvmlSource()),
        ("gpushare", GpushareSource(settings.node_proc)),
    ]
    if settings.node_pods is not None:
        pods = PodsSource(
            settings.node_pods,
            settings.node_scrape_seconds,
            names.tell,
            settings.node_pods_token_file,
            settings.node_pods_ca_file,
        )
        found.append(("pods", pods))
    longest_age = max(SHORTEST_AGE_SECONDS, STALE_INTERVALS * settings.node_interval_seconds)
    for exporter in settings.node_exporters:
        scraper = Scraper(exporter.url, settings.node_scrape_seconds, exporter.token_file, exporter.ca_file)
        source = ExporterSource(exporter.source, scraper, _dialect(exporter), longest_age)
        found.append((exporter.kind, source))
    return [source for _, source in sorted(found, key=lambda pair: PRECEDENCE.index(pair[0]))]


def _dialect(exporter: NodeExporter) -> Dialect:
    dialects: dict[str, type[Dialect]] = {
        "dcgm": DcgmDialect,
        "hami": HamiDialect,
        "gpumanager": GpuManagerDialect,
        "npu": NpuDialect,
        "triton": TritonDialect,
    }
    if exporter.kind == "custom":
        return CustomDialect(exporter.metrics, exporter.labels)
    return dialects[exporter.kind]()
