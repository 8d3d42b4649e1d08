"""Exporters that are broken, slow, huge or away; a clock that is set; nothing of it ends the agent."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.node.agent import NodeAgent
from collector.node.asking import Panel
from collector.node.build import build_agent
from collector.node.cgroup import CgroupTree
from collector.node.clock import Moment
from collector.node.containers import ContainerNames
from collector.node.exposition import parse_samples
from collector.node.metrics import NodeMetrics
from collector.node.reading import Reading, Round, SourceFailed
from collector.node.scrape import Scraper
from collector.node.sources.dcgm import DcgmDialect
from collector.node.sources.exporter import ExporterSource
from collector.node.sources.npu import NpuDialect
from collector.node.sources.nvml import NvmlSource
from collector.node.workloads import Finder
from driftline.engine.config import free_port
from driftline.node_settings import NodeExporter
from driftline.settings import Settings
from tests.exporter_stub import ExporterStub, exporter_stub, fixture
from tests.fake_nvml import FakeCard, FakeNvml, FakeProcess, no_driver


@pytest.fixture
def stub() -> Iterator[ExporterStub]:
    with exporter_stub() as running:
        yield running


def now(seconds: float = 2.0) -> Round:
    return Round(time.time(), time.monotonic() + seconds)


def dcgm(url: str, seconds: float = 2.0, **more: Any) -> ExporterSource:
    return ExporterSource("dcgm", Scraper(url, seconds, **more), DcgmDialect(), 30.0)


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("huge", "too_large"),
        ("redirect", "redirect"),
        ("gzip", "encoding"),
        ("openmetrics", "format"),
        ("error", "http_status"),
        ("empty", "no_metrics"),
        ("binary", "no_metrics"),
        ("truncated", "unreachable"),
    ],
)
def test_a_bad_answer_is_a_reason_and_the_next_good_one_is_read(
    stub: ExporterStub, way: str, reason: str
) -> None:
    source = dcgm(stub.url(f"bad/{way}"))
    with pytest.raises(SourceFailed) as failed:
        source.read(now())
    assert failed.value.reason == reason
    assert failed.value.message
    source.close()
    again = dcgm(stub.url("dcgm.prom"))
    assert len(again.read(now()).cards) == 2
    again.close()


def test_a_slow_answer_ends_at_the_deadline(stub: ExporterStub) -> None:
    for way in ("slow", "silent"):
        source = dcgm(stub.url(f"bad/{way}"), seconds=0.4)
        began = time.monotonic()
        with pytest.raises(SourceFailed) as failed:
            source.read(now(0.4))
        assert failed.value.reason == "timeout"
        assert time.monotonic() - began < 2.0
        source.close()


def test_nobody_listens_or_a_token_is_missing(stub: ExporterStub, tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match="cannot be asked") as failed:
        dcgm(f"http://127.0.0.1:{free_port()}/metrics").read(now())
    assert failed.value.reason == "unreachable"
    with pytest.raises(SourceFailed, match="token"):
        dcgm(stub.url("dcgm.prom"), token_file=tmp_path / "none").read(now())


def test_bad_lines_are_counted_and_the_good_ones_are_read() -> None:
    good = fixture("dcgm.prom")
    bad = 'DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-1"} many\nDCGM_FI_DEV_FB_USED{UUID="GPU-1} 1\n'
    long = 'DCGM_FI_DEV_GPU_UTIL{pod="' + "x" * 5000 + '"} 1\n'
    names = DcgmDialect().metrics
    samples, dropped = parse_samples(bad + long + good, names, deadline=time.monotonic() + 5)
    assert dropped == {"malformed": 2, "long_line": 1}
    assert len(samples) == len(parse_samples(good, names, deadline=time.monotonic() + 5)[0]) == 11


def test_a_text_that_takes_too_long_or_has_too_many_samples_is_left() -> None:
    costly = "up{" + ",".join(f'l{index}="{index}"' for index in range(300)) + "} 1\n"
    with pytest.raises(SourceFailed) as failed:
        parse_samples(costly * 3000, {"up"}, deadline=time.monotonic() + 0.1)
    assert failed.value.reason == "timeout"
    with pytest.raises(SourceFailed) as failed:
        parse_samples("up 1\n" * 20_001, {"up"}, deadline=time.monotonic() + 60)
    assert failed.value.reason == "too_large"


def test_samples_of_another_time_are_dropped_and_counted(stub: ExporterStub) -> None:
    source = ExporterSource("npu", Scraper(stub.url("npu.prom"), 2.0), NpuDialect(), 15.0)
    reading = source.read(now())
    assert (len(reading.cards), reading.dropped) == (2, {"stale": 1})
    # The clock of this node was set back by a day: the samples seem to come from the future.
    set_back = Round(time.time() - 86400.0, time.monotonic() + 2)
    reading = source.read(set_back)
    assert (list(reading.cards), reading.dropped["future"]) == ([], 12)
    source.close()


class Hanging:
    """A source that does not come back until it is let go; counts how often it was asked."""

    name = "hanging"

    def __init__(self) -> None:
        self.asked = 0
        self.let_go = threading.Event()

    def read(self, this: Round) -> Reading:
        self.asked += 1
        self.let_go.wait(20)
        return Reading(self.name)

    def close(self) -> None:
        """Nothing is held."""


class Broken(Hanging):
    """A source with a defect."""

    name = "broken"

    def read(self, this: Round) -> Reading:
        raise RuntimeError("a defect")


def test_a_source_that_hangs_or_breaks_holds_up_nobody(stub: ExporterStub) -> None:
    hanging = Hanging()
    panel = Panel([hanging, Broken(), dcgm(stub.url("dcgm.prom"))])
    began = time.monotonic()
    first = panel.ask(now(0.3))
    assert time.monotonic() - began < 1.5
    assert [answer.reason for answer in first] == ["timeout", "unreadable", None]
    second = panel.ask(now(0.3))
    assert [answer.reason for answer in second] == ["busy", "unreadable", None]
    assert hanging.asked == 1
    hanging.let_go.set()
    time.sleep(0.1)
    assert panel.ask(now(0.5))[0].reason is None
    panel.close()


def test_failures_and_left_out_samples_are_counted(
    settings: Settings, stub: ExporterStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_driver(monkeypatch)
    exporters = (
        NodeExporter(kind="dcgm", url=stub.url("bad/error")),
        NodeExporter(kind="npu", url=stub.url("npu.prom")),
        NodeExporter(kind="hami", url=stub.url("hami.prom")),
    )
    agent = build_agent(settings.model_copy(update={"node_exporters": exporters}))
    metrics = NodeMetrics()
    for _ in range(2):
        rows = agent.sample()
        metrics.count(agent, {table: len(of) for table, of in rows.items()}, 7)
    agent.close()

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(name, labels)

    failures = value("driftline_node_source_failures_total", source="dcgm", reason="http_status")
    assert failures == 2
    assert value("driftline_node_dropped_samples_total", source="npu", reason="stale") == 2
    # The scheduler's figure of a card elsewhere.
    assert value("driftline_node_dropped_samples_total", source="hami", reason="unknown_card") == 2
    assert value("driftline_node_cards") == 3
    assert value("driftline_node_rows_total", table="gpu_samples") == 3
    assert value("driftline_node_dropped_rows") == 7


class SetClock:
    """A clock that somebody sets: the time of day jumps, seconds pass as they do."""

    def __init__(self) -> None:
        self.wall, self.passed = 1_790_000_000.0, 1000.0

    def __call__(self) -> Moment:
        return Moment(self.wall, self.passed, self.passed)

    def go(self, seconds: float, jump: float = 0.0) -> None:
        self.wall += seconds + jump
        self.passed += seconds


@pytest.mark.parametrize("jump", [-86400.0, -1.0, 0.0, 3600.0, 10 * 365 * 86400.0])
def test_intervals_stay_right_when_the_clock_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    nvml = FakeNvml(monkeypatch, [FakeCard("GPU-1", processes=[FakeProcess(2**21 + 1, 500, 40)])])
    clock = SetClock()
    finder = Finder((), "n1", Path("/proc"), ContainerNames(tmp_path))
    source = NvmlSource()
    agent = NodeAgent("n1", finder, Panel([source]), CgroupTree(tmp_path), interval_seconds=10.0, clock=clock)
    told = []
    for step, jumped in enumerate((0.0, 0.0, jump, 0.0, 0.0)):
        nvml.now_microseconds = int((clock.wall + 0.5) * 1e6) if step else 0
        rows = agent.sample()
        assert agent.answers[0].reading is not None
        told += [user.core_share for user in agent.answers[0].reading.users]
        if step:
            assert [row["interval_seconds"] for row in rows["gpu_samples"]] == [pytest.approx(10.0)]
        clock.go(10.0, jumped)
    # The driver is never asked about a time that is still to come, so its samples go on being heard.
    assert told[-2:] == [0.4, 0.4]
    clock.go(3600.0)
    (late,) = agent.sample()["gpu_samples"]
    assert late["interval_seconds"] == 30.0
    agent.close()
