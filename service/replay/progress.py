"""How a back-test says how far it is; whoever runs it decides whether that is shown."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Stages one after another, each with a known amount of work."""

    def begin(self, stage: str, total: int) -> None:
        """A stage begins."""

    def advance(self, amount: int) -> None:
        """Some of the stage's work is done."""


class Silent:
    """Shows nothing."""

    def begin(self, stage: str, total: int) -> None:
        """Nothing."""

    def advance(self, amount: int) -> None:
        """Nothing."""
