"""Which models of the fleet changed: the newest windows from the store, judged together."""

from __future__ import annotations

from datetime import UTC, datetime

from detectors.changed_models import DEFAULT_LEVEL, changed_models
from driftline.readmodel.facts import Horizons
from driftline.readmodel.fleet_changes import FleetChanges
from driftline.readmodel.fleet_evidence import fleet_evidence
from driftline.settings import Settings
from driftline.store import Store


def fleet_changes(
    store: Store, settings: Settings, level: float = DEFAULT_LEVEL, now: datetime | None = None
) -> FleetChanges:
    """Models whose newest window shows a change; windows as old as a status may rest on are looked at.

    Raises
    ------
    InvalidInput
        The level is not between 0 and 1.
    """
    since = (now or datetime.now(UTC)) - Horizons.of(settings).history
    return changed_models(fleet_evidence(store, since), level)
