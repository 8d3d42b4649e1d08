"""Ctrl-C and SIGTERM: raised at once, and remembered in case something swallows the exception."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """Whether the story was asked to end.

    An exception that a signal raises can be lost: code that runs at that moment may catch everything, as
    some libraries do while they are imported. So whoever waits calls :meth:`check` as well.
    """

    def __init__(self) -> None:
        self.came = False

    def check(self) -> None:
        """Raise ``KeyboardInterrupt`` when a signal has come."""
        if self.came:
            raise KeyboardInterrupt

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Let SIGINT and SIGTERM end the block as Ctrl-C does."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        previous = [signal.signal(number, self._interrupt) for number in numbers]
        try:
            yield
        finally:
            for number, handler in zip(numbers, previous, strict=True):
                signal.signal(number, handler)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self.came = True
        raise KeyboardInterrupt
