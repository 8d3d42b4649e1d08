"""What a person sees of the story at one moment, through the HTTP APIs alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx2
import orjson

from demo.api import DriftlineApi
from demo.digits import MODEL


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a view comes from: Driftline, the model server, the pipeline, and the traffic's report."""

    api: DriftlineApi
    model_server: httpx2.Client
    pipeline: httpx2.Client
    traffic_report: Path


class View:
    """One look; every part is asked for once, when it is first needed.

    Parameters
    ----------
    fault_at
        When the scanner wore out; ``None`` before.
    """

    def __init__(self, sources: Sources, fault_at: datetime | None) -> None:
        self._sources = sources
        self.fault_at = fault_at

    @cached_property
    def health(self) -> dict[str, Any]:
        """Health of the model."""
        found: dict[str, Any] = self._sources.api.get(f"/models/{MODEL}/health")
        return found

    @cached_property
    def windows(self) -> list[dict[str, Any]]:
        """Closed windows, newest first."""
        return self._items("windows")

    @cached_property
    def performance(self) -> list[dict[str, Any]]:
        """Realised quality of the windows, newest first."""
        return self._items("performance")

    @cached_property
    def episodes(self) -> list[dict[str, Any]]:
        """Episodes, newest first."""
        return self._items("episodes")

    @cached_property
    def actions(self) -> list[dict[str, Any]]:
        """Actions, newest first."""
        return self._items("actions")

    @cached_property
    def alerts(self) -> list[dict[str, Any]]:
        """Alerts that have really arrived, oldest first."""
        found: list[dict[str, Any]] = self._sources.pipeline.get("/alerts").raise_for_status().json()
        return found

    @cached_property
    def served_version(self) -> str:
        """Version that the model server says it serves."""
        metadata = self._sources.model_server.get(f"/v2/models/{MODEL}").raise_for_status().json()
        return str(metadata["versions"][-1])

    @cached_property
    def traffic(self) -> dict[str, Any]:
        """What the traffic driver has sent; empty before its first report."""
        try:
            report: dict[str, Any] = orjson.loads(self._sources.traffic_report.read_bytes())
        except FileNotFoundError:
            return {}
        return report

    @property
    def first_episode(self) -> dict[str, Any] | None:
        """The episode that the fault has led to: the oldest."""
        return self.episodes[-1] if self.episodes else None

    @property
    def retrain(self) -> dict[str, Any] | None:
        """The newest retrain action."""
        return next((action for action in self.actions if action["kind"] == "retrain"), None)

    def since_fault(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Windows that end after the fault, oldest first; none before it."""
        if self.fault_at is None:
            return []
        return [row for row in reversed(rows) if moment(row["window_end"]) > self.fault_at]

    def _items(self, what: str) -> list[dict[str, Any]]:
        answer = self._sources.api.get(f"/models/{MODEL}/{what}", limit=200)
        items: list[dict[str, Any]] = answer["items"]
        return items


def moment(text: str) -> datetime:
    """A time as the API writes it."""
    return datetime.fromisoformat(text)
