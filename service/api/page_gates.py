"""The gate as the pages ask it."""

from __future__ import annotations

from alerting.rules.book import RuleBook
from driftline.readmodel.gates import GateAnswer, GateReport, gate_reports
from driftline.readmodel.health import require_model
from driftline.settings import Settings
from driftline.store import Store
from service.gates import Gates
from service.targets import target_kind


class PageGates:
    """Asks the gate of the store that the pages read."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        rules = RuleBook(settings, target_kind)
        self._gates = Gates(store, settings, lambda: rules.current().file, "")

    def answer(self, model: str, version: str) -> GateAnswer:
        """The newest report about a candidate, with who let it through."""
        return self._gates.answer(model, version)

    def reports(self, model: str) -> tuple[GateReport, ...]:
        """Reports of a model, the newest first."""
        require_model(self._store, model)
        return tuple(gate_reports(self._store, model))
