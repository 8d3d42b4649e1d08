"""A sink that remembers what taps handed over, from whatever thread."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from collector.codecs.routes import find_route
from collector.exchange import Exchange, Identity, Message, Request
from collector.reasons import DropReason, Tap


class RecordingSink:
    """Keeps exchanges as they were handed over: taps release bodies afterwards, so these are copies."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.losses: list[tuple[Identity, int, DropReason, Tap]] = []

    def wants(self, request: Request) -> bool:
        return find_route(request.method, request.target, request.headers.get("content-type", "")) is not None

    def exchange(self, exchange: Exchange) -> None:
        request, response = exchange.request, exchange.response
        self.exchanges.append(
            replace(
                exchange,
                request=None if request is None else replace(request, chunks=list(request.chunks)),
                response=None if response is None else replace(response, chunks=list(response.chunks)),
            )
        )

    def lost(self, identity: Identity, rows: int, reason: DropReason, tap: Tap) -> None:
        self.losses.append((identity, rows, reason, tap))

    def lost_rows(self) -> dict[DropReason, int]:
        """Rows lost, by reason."""
        rows: Counter[DropReason] = Counter()
        for _, count, reason, _ in self.losses:
            rows[reason] += count
        return dict(rows)


def body(half: Message | None) -> bytes:
    """Body of a half that must be there."""
    assert half is not None
    return half.body()
