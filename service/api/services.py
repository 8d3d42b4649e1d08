"""What the HTTP routes work with."""

from __future__ import annotations

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from driftline.settings import Settings
from driftline.store import Store


@dataclass(frozen=True)
class ApiServices:
    """Everything a route may need; one instance an app, reached through ``app.state.services``."""

    store: Store
    settings: Settings
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
