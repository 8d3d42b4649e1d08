"""What the splice adds to requests of real Triton: latency and CPU, direct and tapped in the same run.

Triton's echo model on the CPU (16 numbers; one of 75,900 for the large body) is asked over connections that
stay open; the collector is `driftline collect` with its worker and an embedded ClickHouse that stores every
event, so all of it shares the processors with the client and with Triton. Rounds alternate, and what is
added is the median over the rounds of the difference of their medians: whatever else the machine does
falls on both sides of a round, and a burst of it on few rounds.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.process_figures import cpu_seconds
from bench.triton_load import Dialogue, GrpcDialogue, JsonDialogue, Load
from driftline.contract_store import ContractStore
from driftline.contracts import Contract, ContractField
from driftline.engine import EmbeddedClickHouse
from driftline.settings import Settings
from driftline.store.opening import open_store
from tests.e2e.collecting import Collecting, collecting
from tests.e2e.triton import VALUES, Triton, triton

LARGE = 75_900
"""Numbers of a request whose body has 600 KB."""
SMALL_P50_BAR_US = 100.0
LARGE_P50_BAR_US = 1000.0
CPU_BAR_US = 100.0
PAUSE_SECONDS = 0.02
"""Between two looks at whether the worker has done what the last round left it."""
IDLE_SHARE = 0.05
"""Of a processor: below it the worker only wakes to look at its clocks."""
LONGEST_PAUSE_SECONDS = 1.0
"""It flushes and ships now and then whatever is sent: no round waits longer."""


@dataclass(frozen=True)
class Case:
    """What is sent, and how often: ``rounds`` times ``requests`` on each side."""

    name: str
    dialogue: Callable[[], Dialogue]
    connections: int
    requests: int
    rounds: int
    p50_bar_us: float | None = None
    cpu_bar_us: float | None = None
    grpc: bool = False


def _small() -> Dialogue:
    return JsonDialogue("echo", VALUES)


def _large() -> Dialogue:
    return JsonDialogue("largest", LARGE)


def _grpc() -> Dialogue:
    return GrpcDialogue("echo", VALUES)


CASES = (
    Case("json_16", _small, 1, 150, 40, SMALL_P50_BAR_US, CPU_BAR_US),
    Case("json_16", _small, 8, 400, 20),
    Case("json_600kb", _large, 1, 6, 40, LARGE_P50_BAR_US),
    Case("json_600kb", _large, 8, 24, 12),
    Case("grpc_16", _grpc, 1, 150, 30, grpc=True),
    Case("grpc_16", _grpc, 8, 400, 12, grpc=True),
)


def run() -> list[dict[str, Any]]:
    """Measure every case; raises when Triton cannot be installed or started."""
    with (
        tempfile.TemporaryDirectory(prefix="driftline-bench-") as folder,
        stage(Path(folder)) as (server, of),
    ):
        return [result for case in CASES for result in _measure(case, server, of(case.grpc))]


@contextmanager
def stage(folder: Path) -> Iterator[tuple[Triton, Callable[[bool], Collecting]]]:
    """Triton, ClickHouse with the models' contracts, and a collector for each of Triton's two ports."""
    with ExitStack() as stack:
        (folder / "triton").mkdir()
        server = stack.enter_context(triton(folder / "triton"))
        settings = Settings(state_dir=folder / "state", log_level="error")
        stack.enter_context(EmbeddedClickHouse(settings.state_dir, memory_mib=1024))
        register(settings)
        http = stack.enter_context(collecting(settings, server.http_port, folder / "http", log_level="error"))
        grpc = stack.enter_context(collecting(settings, server.grpc_port, folder / "grpc", log_level="error"))
        yield server, lambda speaks_grpc: grpc if speaks_grpc else http


def register(settings: Settings, *, store_raw: bool = False) -> None:
    """Contracts as a collector would infer them; with ``store_raw`` large bodies are also stored whole."""
    numbers = tuple(ContractField(name=f"x_{n}", kind="numeric", source=f"x[{n}]") for n in range(VALUES))
    with open_store(settings) as store:
        ContractStore(store).register(Contract(model="echo", fields=numbers))
        ContractStore(store).register(
            Contract(model="largest", fields=(ContractField(name="x", kind="tensor", store_raw=store_raw),))
        )


def _measure(case: Case, server: Triton, collector: Collecting) -> list[dict[str, Any]]:
    splice, *workers = (process.pid for process in collector.processes())
    upstream = server.grpc_port if case.grpc else server.http_port
    direct: list[float] = []
    tapped: list[float] = []
    added: list[float] = []
    splice_cpu = worker_cpu = 0.0
    with (
        Load(case.dialogue, upstream, case.connections) as straight,
        Load(case.dialogue, collector.port, case.connections) as through,
    ):
        for _ in range(case.rounds):
            _until_idle(workers)
            direct += _took(straight, case.requests)
            before = cpu_seconds(splice), sum(map(cpu_seconds, workers))
            tapped += _took(through, case.requests)
            splice_cpu += cpu_seconds(splice) - before[0]
            worker_cpu += sum(map(cpu_seconds, workers)) - before[1]
            ours, theirs = (statistics.median(each[-case.requests :]) for each in (tapped, direct))
            added.append(ours - theirs)
    p50_direct, p50_tapped = (statistics.median(each) * 1e6 for each in (direct, tapped))
    sizes = {"requests": len(tapped), "rounds": case.rounds, "connections": case.connections}
    return [
        _result(case, "added_p50_latency", statistics.median(added) * 1e6, sizes, case.p50_bar_us)
        | {
            "baseline": "direct p50",
            "baseline_value": round(p50_direct, 1),
            "ratio": round(p50_tapped / p50_direct, 3),
        },
        _result(case, "splice_cpu_per_request", splice_cpu / len(tapped) * 1e6, sizes, case.cpu_bar_us),
        _result(case, "worker_cpu_per_request", worker_cpu / len(tapped) * 1e6, sizes, None),
    ]


def _until_idle(workers: Sequence[int]) -> None:
    deadline = time.monotonic() + LONGEST_PAUSE_SECONDS
    used = sum(map(cpu_seconds, workers))
    while time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
        before, used = used, sum(map(cpu_seconds, workers))
        if used - before < IDLE_SHARE * PAUSE_SECONDS:
            return


def _took(load: Load, requests: int) -> list[float]:
    outcome = load.send(requests)
    if outcome.failures:
        raise RuntimeError(f"{len(outcome.failures)} of {requests} requests failed: {outcome.failures[0]}")
    return outcome.took


def _result(
    case: Case, metric: str, value_us: float, sizes: dict[str, int], bar_us: float | None
) -> dict[str, Any]:
    result: dict[str, Any] = {
        "bench": "splice",
        "metric": f"{case.name}_{case.connections}_connections_{metric}",
        "value": round(value_us, 1),
        "unit": "us",
        "baseline": None,
        "baseline_value": None,
        "ratio": None,
        "sizes": sizes,
    }
    if bar_us is not None:
        result |= {"bar": bar_us, "met": value_us <= bar_us}
    return result
