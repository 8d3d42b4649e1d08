"""The taps that are told instead of standing in the path; each listens on its own."""

from __future__ import annotations

from typing import Protocol

from collector.endpoint import Endpoint
from collector.exchange import BodyBudget
from collector.options import WorkerConfig
from collector.taps.sink import SelectiveSink
from driftline.errors import DependencyMissing, DriftlineError
from driftline.logs import get_logger

_log = get_logger(__name__)


class ListeningTap(Protocol):
    """A tap that others connect to."""

    async def start(self) -> object: ...

    async def stop(self) -> None: ...


class Sinks:
    """Starts the taps that are asked for; that one cannot listen does not keep the others from it."""

    def __init__(self, config: WorkerConfig, sink: SelectiveSink, budget: BodyBudget) -> None:
        self._config = config
        self._sink = sink
        self._budget = budget
        self._running: list[ListeningTap] = []

    async def start(self) -> list[str]:
        """Start every tap that has an address; return what was wrong with those that did not."""
        faults = []
        for name, address in (
            ("cloudevents", self._config.cloudevents),
            ("ext_proc", self._config.ext_proc),
            ("client", self._config.client),
        ):
            if not address:
                continue
            try:
                tap = self._tap(name, address)
                await tap.start()
            except DriftlineError as error:
                _log.error("a tap cannot be started", tap=name, error=error.message)
                faults.append(error.message)
                continue
            self._running.append(tap)
            _log.info("tap listens", tap=name, address=address)
        return faults

    async def stop(self) -> None:
        """Stop all of them; what they still hold is handed over."""
        for tap in self._running:
            await tap.stop()
        self._running.clear()

    def _tap(self, name: str, address: str) -> ListeningTap:
        # Imported where they are asked for: gRPC alone costs tens of megabytes.
        if name == "cloudevents":
            from collector.taps.cloudevents.server import CloudEventsTap

            return CloudEventsTap(Endpoint.parse(address), self._sink, budget=self._budget)
        if name == "client":
            from collector.taps.client_socket import ClientTap

            return ClientTap(address, self._sink, budget=self._budget)
        return _ext_proc(address, self._sink, self._budget)


def _ext_proc(address: str, sink: SelectiveSink, budget: BodyBudget) -> ListeningTap:
    try:
        from collector.taps.ext_proc.server import ExtProcTap
    except ImportError as error:
        raise DependencyMissing(
            f"--ext-proc needs the extra `envoy` ({error.name} is not installed): "
            "pip install 'driftline[envoy]'"
        ) from error
    return ExtProcTap(Endpoint.parse(address), sink, budget=budget)
