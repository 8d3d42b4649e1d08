"""Health of the fleet as Prometheus metrics, read from the store at each scrape."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from driftline.errors import StoreError
from driftline.logs import get_logger
from driftline.readmodel.facts import gather_facts
from driftline.readmodel.fleet import ModelSummary, summary
from driftline.readmodel.status import STATUSES, judge
from driftline.settings import Settings
from driftline.store import Store

_log = get_logger(__name__)


class FleetMetrics(Collector):
    """One series a model for its status, quality and traffic, and totals by status."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance: registering must not query the store."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Read the fleet; without a store only say that it is down, so that alerts can tell."""
        try:
            fleet = [summary(facts, judge(facts)) for facts in gather_facts(self._store, self._settings)]
        except StoreError as error:
            _log.warning("scrape without a store", error=error.message)
            yield GaugeMetricFamily("driftline_store_up", "1 when the store answers.", value=0)
            return
        yield GaugeMetricFamily("driftline_store_up", "1 when the store answers.", value=1)
        yield _status(fleet)
        yield _totals(fleet)
        yield _quality(fleet)
        yield _last_prediction(fleet)


def _status(fleet: list[ModelSummary]) -> Metric:
    family = GaugeMetricFamily(
        "driftline_model_status", "1 for the status a model has now.", labels=["model", "team", "status"]
    )
    for entry in fleet:
        family.add_metric([entry.model, entry.team, entry.status], 1)
    return family


def _totals(fleet: list[ModelSummary]) -> Metric:
    family = GaugeMetricFamily("driftline_models", "Registered models by status.", labels=["status"])
    for status in STATUSES:
        family.add_metric([status], sum(entry.status == status for entry in fleet))
    return family


def _quality(fleet: list[ModelSummary]) -> Metric:
    family = GaugeMetricFamily(
        "driftline_model_quality_ratio",
        "Newest conclusive realised quality of a serving version.",
        labels=["model", "team", "metric", "version"],
    )
    for entry in fleet:
        if entry.quality is not None and entry.quality.value is not None:
            family.add_metric(
                [entry.model, entry.team, entry.quality.metric, entry.quality.version], entry.quality.value
            )
    return family


def _last_prediction(fleet: list[ModelSummary]) -> Metric:
    family = GaugeMetricFamily(
        "driftline_model_last_prediction_timestamp_seconds",
        "Unix time of a model's newest prediction.",
        labels=["model", "team"],
    )
    for entry in fleet:
        if entry.last_event_at is not None:
            family.add_metric([entry.model, entry.team], entry.last_event_at.timestamp())
    return family
