"""Parity of two versions with what is saved, for command, API and page alike."""

from __future__ import annotations

from detectors.versions import ParityQuestion, parity_of_versions
from detectors.versions.parity_words import cost_in_words
from driftline.readmodel.version_parity import VersionParity
from driftline.settings import Settings
from driftline.store import Store
from service.version_costs import cost_gain


def parity_with_cost(store: Store, settings: Settings, question: ParityQuestion) -> VersionParity:
    """Answers, speed and cost of two versions."""
    found = parity_of_versions(store, settings, question)
    assert found.since is not None, "versions are compared in a stretch of time"
    assert found.until is not None, "versions are compared in a stretch of time"
    cost = cost_gain(store, settings, found.model, found.a, found.b, found.since, found.until)
    return found.model_copy(update={"cost": cost, "words": cost_in_words(found, cost)})
