"""Stage graphs as the pages ask for them."""

from __future__ import annotations

from datetime import datetime

from detectors.stages import StageGraphs, StageQuestion, stage_report, summary
from driftline.readmodel.stages import StageGraphSummary, StageReport
from driftline.settings import Settings
from driftline.store import Store


class PageStages:
    """Reports from the store that the pages read."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def graphs(self) -> list[StageGraphSummary]:
        """Every registered graph, by name."""
        return [summary(graph) for graph in StageGraphs(self._store).all()]

    def report(self, name: str, since: datetime | None, until: datetime | None) -> StageReport:
        """Where a change begins."""
        return stage_report(self._store, self._settings, StageQuestion(name, since, until))
