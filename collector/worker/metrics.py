"""The collector's Prometheus metrics, read from the stages when they are scraped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from collector.coverage import CoverageLedger
from collector.endpoint import Endpoint
from collector.sampling import Sampler
from collector.shipping import Shipper
from collector.worker.batches import Batches
from driftline.logs import get_logger

_log = get_logger(__name__)


class SpliceStats(Protocol):
    """Where the splice's own counters are."""

    splice_stats: dict[str, int]


class WorkerMetrics(Collector):
    """Serves ``/metrics`` of one worker.

    Parameters
    ----------
    address
        ``HOST:PORT``, or empty for none.
    ledger, shipper, batches, sampler, spliced
        Where the figures are.
    """

    def __init__(
        self,
        address: str,
        ledger: CoverageLedger,
        shipper: Shipper,
        batches: Batches,
        sampler: Sampler,
        spliced: SpliceStats,
    ) -> None:
        self._address = Endpoint.parse(address) if address else None
        self._ledger = ledger
        self._shipper = shipper
        self._batches = batches
        self._sampler = sampler
        self._spliced = spliced
        self._server: WSGIServer | None = None

    def start(self) -> list[str]:
        """Serve; return what is wrong when the address cannot be had, collecting goes on."""
        if self._address is None:
            return []
        registry = CollectorRegistry()
        registry.register(self)
        try:
            self._server, _ = start_http_server(self._address.port, self._address.host, registry)
        except OSError as error:
            _log.error("metrics cannot be served", address=str(self._address), error=str(error))
            return [f"cannot serve metrics on {self._address}: {error.strerror}; choose another --metrics"]
        return []

    def stop(self) -> None:
        """Stop serving."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def collect(self) -> Iterator[Metric]:
        """Every metric with its value now."""
        rows = CounterMetricFamily(
            "driftline_collector_rows",
            "Inferences by tap and fate: kept, unsampled or why they were dropped.",
            labels=["tap", "fate"],
        )
        for (tap, fate), count in self._ledger.totals().items():
            rows.add_metric([tap, fate], count)
        yield rows
        mismatches = CounterMetricFamily(
            "driftline_collector_mismatched_rows",
            "Rows in which a field was not what the contract says.",
            labels=["model", "field", "reason"],
        )
        for (model, field, reason), count in list(self._batches.mismatches.items()):
            mismatches.add_metric([model, field, reason], count)
        yield mismatches
        yield GaugeMetricFamily(
            "driftline_collector_sampling_factor",
            "Factor on all sampling rates that keeps the worker within its budgets, 0..1.",
            value=self._sampler.pressure_factor,
        )
        stats = self._shipper.stats()
        for name, text, value in (
            ("spool_bytes", "Bytes in the spool.", stats.spool_bytes),
            ("spool_segments", "Batches in the spool.", stats.segments),
            ("spool_oldest_seconds", "Age of the oldest batch in the spool.", stats.oldest_seconds),
        ):
            yield GaugeMetricFamily(f"driftline_collector_{name}", text, value=value)
        yield CounterMetricFamily(
            "driftline_collector_batches_sent", "Batches ClickHouse acknowledged.", value=stats.batches_sent
        )
        yield CounterMetricFamily(
            "driftline_collector_retries", "Attempts at a batch that failed.", value=stats.retries
        )
        for name, text in _SPLICE.items():
            if name in self._spliced.splice_stats:
                yield CounterMetricFamily(
                    f"driftline_collector_{name}", text, value=self._spliced.splice_stats[name]
                )


_SPLICE = {
    "connections": "Connections accepted by the splice.",
    "refused_connections": "Clients disconnected because there were too many.",
    "upstream_failures": "Connections to the model server that failed.",
    "tap_dropped_bytes": "Bytes that were forwarded but not copied to the worker.",
    "worker_restarts": "Times the worker was started again.",
}
