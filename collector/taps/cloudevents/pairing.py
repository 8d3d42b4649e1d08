"""Requests and responses that arrive as separate events, brought together in bounded memory."""

from __future__ import annotations

import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Literal, cast

from collector.exchange import Exchange, Identity, Request, Response
from collector.taps.cloudevents.half import Half, Key

WAIT_SECONDS = 30.0
WAITING_HALVES = 10_000
WAITING_BYTES = 16 * 1024 * 1024
REMEMBERED = 32_768
"""Finished pairs that are remembered, at least, to know duplicates by; at most twice as many."""

Outcome = Literal["paired", "waiting", "duplicate", "late"]
_Settled = Literal["paired", "request", "response"]


class Pairing:
    """Halves by key; each goes out once: with its other half, or alone when that does not come.

    When memory runs out the half that has waited longest goes out alone, before its time. What comes after
    its pair is settled is a duplicate, or late, and is only counted: the inference was handed over already.

    Parameters
    ----------
    deliver
        Takes the exchanges.
    wait_seconds
        Time a half waits for the other.
    halves, limit_bytes
        Bounds of what waits.
    """

    def __init__(
        self,
        deliver: Callable[[Exchange], None],
        *,
        wait_seconds: float = WAIT_SECONDS,
        halves: int = WAITING_HALVES,
        limit_bytes: int = WAITING_BYTES,
    ) -> None:
        self._deliver = deliver
        self._wait = wait_seconds
        self._most = halves
        self._limit = limit_bytes
        self._waiting: OrderedDict[Key, Half] = OrderedDict()
        self._settled = _Memory(REMEMBERED)
        self.waiting_bytes = 0
        self.counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, half: Half) -> Outcome:
        """Take a half; what became of it."""
        outcome = self._add(half)
        self.counts[outcome] += 1
        return outcome

    def _add(self, half: Half) -> Outcome:
        other = self._waiting.get(half.key)
        if other is None:
            settled = self._settled.get(half.key)
            if settled is not None:
                return "duplicate" if settled in ("paired", half.kind) else "late"
            self._keep(half)
            return "waiting"
        if other.kind == half.kind:
            return "duplicate"
        self._forget(other, "paired")
        request, response = (other, half) if half.kind == "response" else (half, other)
        self._deliver(_paired(request, response, self._wait))
        return "paired"

    def expire(self, now: float | None = None) -> None:
        """Hand over the halves that have waited long enough."""
        limit = (time.monotonic() if now is None else now) - self._wait
        while self._waiting:
            oldest = next(iter(self._waiting.values()))
            if oldest.arrived > limit:
                return
            self._alone(oldest, "expired")

    def flush(self) -> None:
        """Hand over everything that waits: the worker ends."""
        for half in list(self._waiting.values()):
            self._alone(half, "expired")

    def _keep(self, half: Half) -> None:
        self._waiting[half.key] = half
        self.waiting_bytes += half.size
        while len(self._waiting) > self._most or self.waiting_bytes > self._limit:
            self._alone(next(iter(self._waiting.values())), "evicted")

    def _alone(self, half: Half, why: str) -> None:
        self._forget(half, half.kind)
        self.counts[why] += 1
        self._deliver(_unpaired(half))

    def _forget(self, half: Half, settled: _Settled) -> None:
        del self._waiting[half.key]
        self.waiting_bytes -= half.size
        self._settled.put(half.key, settled)


class _Memory:
    """How the last pairs ended, by a 64-bit hash of their key, in two generations."""

    def __init__(self, generation: int) -> None:
        self._generation = generation
        self._young: dict[int, _Settled] = {}
        self._old: dict[int, _Settled] = {}

    def get(self, key: Key) -> _Settled | None:
        number = hash(key)
        return self._young.get(number) or self._old.get(number)

    def put(self, key: Key, settled: _Settled) -> None:
        if len(self._young) >= self._generation:
            self._old, self._young = self._young, {}
        self._young[hash(key)] = settled


def _paired(request: Half, response: Half, longest: float) -> Exchange:
    told = response.epoch_seconds - request.epoch_seconds
    # Clocks that jump, or differ, between the halves: the times of arrival are better than nonsense.
    took = told if 0 <= told <= longest else abs(response.arrived - request.arrived)
    return _exchange(request, request, response, took * 1000.0)


def _unpaired(half: Half) -> Exchange:
    return _exchange(
        half, half if half.kind == "request" else None, half if half.kind == "response" else None
    )


def _exchange(
    first: Half, request: Half | None, response: Half | None, took_ms: float = math.nan
) -> Exchange:
    identity = first.identity
    if request is None:
        # No request says the id, so the tap does.
        identity = Identity(identity.model, instance=identity.instance, event_id=first.key[-1])
    return Exchange(
        cast(Request, request.message) if request else None,
        cast(Response, response.message) if response else None,
        tap="cloudevents",
        identity=identity,
        at=_sane(first.epoch_seconds),
        took_ms=took_ms,
    )


def _sane(epoch_seconds: float) -> float:
    """NaN, which takes the time of arrival, for a clock that is ahead by more than a few minutes."""
    return epoch_seconds if epoch_seconds <= time.time() + 300.0 else math.nan
