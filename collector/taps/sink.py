"""Where taps hand over what they saw."""

from __future__ import annotations

from typing import Protocol

from collector.exchange import Exchange, Identity, Request
from collector.reasons import DropReason, Tap


class TapSink(Protocol):
    """Takes what a tap yields; every method returns soon and never raises."""

    def exchange(self, exchange: Exchange) -> None:
        """A paired record, or a half whose other half never came."""

    def lost(self, identity: Identity, rows: int, reason: DropReason, tap: Tap) -> None:
        """About so many inferences passed that could not be handed over."""


class SelectiveSink(TapSink, Protocol):
    """A sink that is asked before a body is kept, by taps that see every request of a server."""

    def wants(self, request: Request) -> bool:
        """Whether the bodies of this request and of its response are worth keeping."""
