"""Explanations as the pages ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from detectors.explanation import Question, explain
from driftline.readmodel.attribution import WindowAttribution
from driftline.readmodel.explanation import Explanation
from driftline.settings import Settings
from driftline.store import Store
from service.attribution import attributed


class PageExplanations:
    """Explains from the store that the pages read."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def explain(
        self, model: str, field: str, version: str, window: datetime | None, segment: str
    ) -> Explanation:
        """One field in one window."""
        question = Question(model, field, version, window, segment)
        return explain(self._store, self._settings, question)

    def attribution(self, model: str, versions: Sequence[str]) -> list[WindowAttribution]:
        """What carries the drift of these versions in their newest windows."""
        return attributed(self._store, model, versions)
