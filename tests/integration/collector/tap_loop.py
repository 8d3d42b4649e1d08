"""Taps in a real loop of their own thread, as the worker runs them, for tests that talk to them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Protocol, Self, TypeVar

import uvloop

Result = TypeVar("Result")


class Tap(Protocol):
    """What every tap is."""

    async def start(self) -> object: ...

    async def stop(self) -> None: ...


Started = TypeVar("Started", bound=Tap)


class TapLoop:
    """Runs taps until the block ends; a tap is made inside the loop and started there."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._taps: list[Tap] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for tap in self._taps:
            self.run(tap.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run ``work`` in the loop and return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def start(self, tap: Tap) -> int:
        """Start a tap and return its port, 0 when it has none."""
        told = self.run(tap.start())
        self._taps.append(tap)
        return told if isinstance(told, int) else 0
