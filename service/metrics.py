"""What Driftline tells Prometheus about itself and the models it watches."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from detectors.evaluated_window import EvaluatedWindow


class Metrics:
    """Counters and gauges on a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.cycles = Counter(
            "driftline_cycles", "Runs of the control loop.", ["outcome"], registry=self.registry
        )
        self.cycle_seconds = Histogram(
            "driftline_cycle_duration_seconds",
            "Duration of a run of the control loop.",
            registry=self.registry,
        )
        self.windows = Counter(
            "driftline_windows_evaluated", "Windows evaluated, by status.", ["status"], registry=self.registry
        )
        self.model_failures = Counter(
            "driftline_model_failures",
            "Models whose evaluation failed in a run of the control loop.",
            ["model"],
            registry=self.registry,
        )
        self.evidence = Gauge(
            "driftline_evidence_ratio",
            "Strongest evidence of drift in the newest window over what the false-alarm budget asks for.",
            ["model", "version"],
            registry=self.registry,
        )
        self.open_episodes = Gauge(
            "driftline_open_episodes", "Episodes open now.", ["kind"], registry=self.registry
        )
        self.deliveries = Counter(
            "driftline_deliveries",
            "Attempts to deliver an action, by kind and result.",
            ["kind", "result"],
            registry=self.registry,
        )
        self.suppressions = Counter(
            "driftline_actions_not_started",
            "Actions held up or suppressed, by kind and reason.",
            ["kind", "reason"],
            registry=self.registry,
        )
        self.rules_fault = Gauge(
            "driftline_rules_fault",
            "1 while the file of rules has faults and the rules before it are in force.",
            registry=self.registry,
        )
        self.last_cycle = Gauge(
            "driftline_last_cycle_timestamp_seconds",
            "Unix time at which the last run of the control loop ended.",
            registry=self.registry,
        )

    def record_windows(self, windows: list[EvaluatedWindow]) -> None:
        """Note evaluated windows, oldest first."""
        for window in windows:
            self.windows.labels(window.status).inc()
            # One series a version: a fleet has a hundred thousand fields.
            ratios = [
                finding.decision.evidence / finding.decision.threshold
                for finding in window.findings
                if finding.decision.threshold > 0 and finding.decision.evidence >= 0
            ]
            if ratios:
                self.evidence.labels(window.model, window.version).set(max(ratios))
