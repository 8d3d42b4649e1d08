"""What models used and served in a time range, read from the samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from driftline.errors import InvalidInput
from driftline.store import Store, load_sql

UseKey = tuple[int, str, str]
"""Bucket, model, instance."""


@dataclass(slots=True)
class ModelUse:
    """Use of one model instance in one bucket; see the ``.sql`` files for the columns.

    Attributes
    ----------
    gpu_seconds
        Whole-card seconds by device name.
    span
        Begin and end (epoch seconds) of what the samples cover; ``None`` without samples.
    """

    cpu_seconds: float | None = None
    memory_byte_seconds: float | None = None
    measured_seconds: float = 0.0
    gpu_seconds: dict[str, float] = field(default_factory=dict)
    predictions: int = 0
    grades: set[str] = field(default_factory=set)
    span: tuple[float, float] | None = None

    def merge(self, other: ModelUse, *, concurrent: bool) -> None:
        """Add the use of another instance in the same time (``concurrent``), or of another time."""
        self.cpu_seconds = _sum(self.cpu_seconds, other.cpu_seconds)
        self.memory_byte_seconds = _sum(self.memory_byte_seconds, other.memory_byte_seconds)
        if concurrent:
            self.measured_seconds = max(self.measured_seconds, other.measured_seconds)
        else:
            self.measured_seconds += other.measured_seconds
        for name, seconds in other.gpu_seconds.items():
            self.gpu_seconds[name] = self.gpu_seconds.get(name, 0.0) + seconds
        self.predictions += other.predictions
        self.grades |= other.grades
        if other.span is not None:
            self.widen(other.span)

    def widen(self, span: tuple[float, float]) -> None:
        """Let the covered time include ``span``."""
        mine = self.span or span
        self.span = min(mine[0], span[0]), max(mine[1], span[1])


def read_use(
    store: Store, model: str | None, since: datetime, until: datetime, step_seconds: float
) -> dict[UseKey, ModelUse]:
    """Use by bucket, model and instance; raises :class:`InvalidInput` for an empty range or step."""
    begin, end = since.timestamp(), until.timestamp()
    if end <= begin:
        raise InvalidInput(
            f"the time range is empty: until {until.isoformat()} is not after {since.isoformat()}"
        )
    if step_seconds <= 0:
        raise InvalidInput(f"step_seconds must be above 0, got {step_seconds!r}")
    params = {"model": model or "", "since": begin, "until": end, "step": float(step_seconds)}
    found: dict[UseKey, ModelUse] = {}

    def use_of(row: Mapping[str, Any]) -> ModelUse:
        return found.setdefault((row["bucket"], row["model"], row["instance"]), ModelUse())

    for row in store.query(load_sql(__file__, "per_model_cpu"), params):
        use = use_of(row)
        use.cpu_seconds = row["cpu_seconds"]
        use.memory_byte_seconds = row["memory_byte_seconds"]
        use.measured_seconds = row["measured_seconds"]
        use.grades.update(row["grades"])
        use.widen((row["first_at"], row["last_at"]))
    for row in store.query(load_sql(__file__, "per_model_gpu"), params):
        use = use_of(row)
        if row["measured_slices"]:
            use.gpu_seconds[row["device_name"]] = row["gpu_seconds"]
            use.widen((row["first_at"], row["last_at"]))
        use.grades.update(row["grades"])
    for row in store.query(load_sql(__file__, "per_model_predictions"), params):
        use_of(row).predictions = row["predictions"]
    return found


def _sum(left: float | None, right: float | None) -> float | None:
    if left is None or right is None:
        return right if left is None else left
    return left + right
