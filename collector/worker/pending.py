"""Decoded inferences of models whose contract is not known yet, within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from collector.codecs.decoded import Inference

PENDING_BYTES = 64 * 1024 * 1024
PENDING_INFERENCES = 20_000


@dataclass(frozen=True, slots=True)
class Sample:
    """A kept exchange, decoded, with everything an event needs besides its values.

    Attributes
    ----------
    size
        Bytes of both bodies, for bounds.
    """

    model: str
    version: str
    event_id: str
    trace_id: str
    at: datetime
    latency_ms: float
    weight: float
    status: Literal["ok", "error"]
    inference: Inference
    size: int


@dataclass(slots=True)
class Waiting:
    """What waits for one model's contract; ``since`` is a monotonic time."""

    since: float
    samples: list[Sample] = field(default_factory=list)
    rows: int = 0


class PendingSamples:
    """Keeps samples by model until their contract is known.

    Memory is bounded for all models together, in bytes of their bodies and in number.
    """

    def __init__(self, limit_bytes: int = PENDING_BYTES, limit: int = PENDING_INFERENCES) -> None:
        self._left_bytes = limit_bytes
        self._left = limit
        self._by_model: dict[str, Waiting] = {}

    def add(self, sample: Sample, now: float) -> bool:
        """Keep a sample; ``False`` when there is no room."""
        if self._left <= 0 or sample.size > self._left_bytes:
            return False
        self._left -= 1
        self._left_bytes -= sample.size
        waiting = self._by_model.setdefault(sample.model, Waiting(now))
        waiting.samples.append(sample)
        waiting.rows += sample.inference.rows
        return True

    def models(self) -> Iterator[tuple[str, Waiting]]:
        """Every model that waits."""
        yield from list(self._by_model.items())

    def take(self, model: str) -> list[Sample]:
        """Remove and return what waits for a model."""
        waiting = self._by_model.pop(model, None)
        samples = waiting.samples if waiting else []
        self._left += len(samples)
        self._left_bytes += sum(sample.size for sample in samples)
        return samples
