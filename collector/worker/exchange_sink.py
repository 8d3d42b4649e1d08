"""Where tapped connections hand over what they saw."""

from __future__ import annotations

from typing import Protocol

from collector.exchange import Exchange, Request


class ExchangeSink(Protocol):
    """Takes what a connection yields; every method returns soon and never raises."""

    def wants(self, request: Request) -> bool:
        """Whether the bodies of this request and of its response are worth keeping."""

    def exchange(self, exchange: Exchange) -> None:
        """A wanted request and its response are complete."""

    def unanswered(self, request: Request) -> None:
        """A wanted request will never get a response; it is complete if its ``ended_at`` is set."""

    def unparsable(self, request: Request | None) -> None:
        """The bytes are not HTTP; ``request`` is a wanted one that was being paired, if any."""

    def missed(self, like: Request | None, requests: int) -> None:
        """About so many requests were not copied; ``like`` is the last wanted one before them."""
