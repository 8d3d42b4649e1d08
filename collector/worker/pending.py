"""Decoded inferences of models whose contract is not known yet, within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from collector.codecs.decoded import Inference
from collector.coverage import Source
from collector.sampling import Draw
from driftline.events import EventStatus

PENDING_BYTES = 16 * 1024 * 1024
PENDING_INFERENCES = 4_000
OVERHEAD_BYTES = 1_000
"""What a decoded inference takes besides its values."""


@dataclass(frozen=True, slots=True)
class Sample:
    """An exchange that passed the screen, decoded, with everything its events need besides their values.

    Attributes
    ----------
    at_ms
        Time of the request in Unix milliseconds.
    size
        Bytes of both bodies, for bounds.
    """

    source: Source
    event_id: str
    trace_id: str
    at_ms: int
    latency_ms: float
    status: EventStatus
    draw: Draw
    inference: Inference
    size: int


@dataclass(slots=True)
class Waiting:
    """What waits for one model's contract; ``since`` is a monotonic time."""

    since: float
    samples: list[Sample] = field(default_factory=list)


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
        size = sample.size + OVERHEAD_BYTES
        if self._left <= 0 or size > self._left_bytes:
            return False
        self._left -= 1
        self._left_bytes -= size
        self._by_model.setdefault(sample.source.model, Waiting(now)).samples.append(sample)
        return True

    def models(self) -> Iterator[tuple[str, Waiting]]:
        """Every model that waits."""
        yield from list(self._by_model.items())

    def take(self, model: str) -> list[Sample]:
        """Remove and return what waits for a model."""
        waiting = self._by_model.pop(model, None)
        samples = waiting.samples if waiting else []
        self._left += len(samples)
        self._left_bytes += sum(sample.size + OVERHEAD_BYTES for sample in samples)
        return samples
