"""What the node agent tells about itself: failures of sources, samples left out, rows lost."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from collector.node.agent import NodeAgent


class NodeMetrics:
    """Counters of a running agent, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._failures = Counter(
            "driftline_node_source_failures",
            "Rounds in which a source gave nothing.",
            ("source", "reason"),
            registry=self.registry,
        )
        self._samples = Counter(
            "driftline_node_dropped_samples",
            "Samples of a source that were left out.",
            ("source", "reason"),
            registry=self.registry,
        )
        self._seconds = Gauge(
            "driftline_node_source_seconds",
            "Seconds that a source took to answer last.",
            ("source",),
            registry=self.registry,
        )
        self._cards = Gauge(
            "driftline_node_cards", "Cards of this node, without slices.", registry=self.registry
        )
        self._rows = Counter("driftline_node_rows", "Rows sampled.", ("table",), registry=self.registry)
        self._lost = Gauge(
            "driftline_node_dropped_rows",
            "Rows lost since the start because ClickHouse was away for too long or refused them.",
            registry=self.registry,
        )

    def count(self, agent: NodeAgent, rows: dict[str, int], dropped_rows: int) -> None:
        """Take over what the last round was like.

        Parameters
        ----------
        rows
            Number of rows by table.
        dropped_rows
            Rows lost since the start.
        """
        for answer in agent.answers:
            self._seconds.labels(answer.source).set(answer.seconds)
            if answer.reason is not None:
                self._failures.labels(answer.source, answer.reason).inc()
            elif answer.reading is not None:
                for reason, number in answer.reading.dropped.items():
                    self._samples.labels(answer.source, reason).inc(number)
        for (source, reason), number in agent.inventory.dropped.items():
            self._samples.labels(source, reason).inc(number)
        self._cards.set(sum(not card.reading.parent for card in agent.inventory.cards))
        for table, number in rows.items():
            self._rows.labels(table).inc(number)
        self._lost.set(dropped_rows)

    def serve(self, port: int) -> None:
        """Serve them on every address of this node, for Prometheus to fetch."""
        start_http_server(port, registry=self.registry)
