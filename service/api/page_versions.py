"""Two versions side by side as the pages ask for them."""

from __future__ import annotations

from detectors.versions import ComparisonQuestion, ParityQuestion, compare_versions
from detectors.versions.pairing import versions_seen
from driftline.readmodel.health import require_model
from driftline.readmodel.version_comparison import VersionComparison
from driftline.readmodel.version_parity import VersionParity
from driftline.settings import Settings
from driftline.store import Store
from service.parity import parity_with_cost


class PageVersions:
    """Compares versions in the store that the pages read."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def versions(self, model: str) -> tuple[str, ...]:
        """Versions that answered, the oldest first."""
        require_model(self._store, model)
        return tuple(versions_seen(self._store, model))

    def comparison(self, model: str, champion: str, challenger: str) -> VersionComparison:
        """A challenger against the champion."""
        return compare_versions(self._store, self._settings, ComparisonQuestion(model, champion, challenger))

    def parity(self, model: str, champion: str, challenger: str) -> VersionParity:
        """Whether both answer alike."""
        return parity_with_cost(self._store, self._settings, ParityQuestion(model, champion, challenger))
