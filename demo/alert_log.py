"""The on-call person's inbox: every alert once, in a file."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from demo.webhooks import Message


class AlertLog:
    """A JSON-lines file of alerts; a redelivery is taken but not noted again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)

    def take(self, message: Message) -> None:
        """Note a message durably unless one of its id is noted."""
        with self._lock:
            if any(alert["id"] == message.id for alert in self.taken()):
                return
            line = {"id": message.id, "received_at": datetime.now(UTC), "message": message.body}
            with self._path.open("ab") as file:
                file.write(orjson.dumps(line) + b"\n")
                file.flush()
                os.fsync(file.fileno())

    def taken(self) -> list[dict[str, Any]]:
        """Every noted alert, oldest first: ``id``, ``received_at`` and ``message``."""
        if not self._path.exists():
            return []
        return [orjson.loads(line) for line in self._path.read_bytes().splitlines()]
