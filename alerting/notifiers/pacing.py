"""How fast a target is told: singly while there is room, and as a digest when there is not."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta

from alerting.notifiers.specs import NotifierConfig
from alerting.outbox import Action

MINUTE = timedelta(minutes=1)
DIGEST_AT_ONCE = 500
"""Notifications that one digest is about, at most."""


class Pace:
    """What one target was told in the last minute; for one thread."""

    def __init__(self) -> None:
        self._sent: deque[datetime] = deque()

    def batches(
        self, actions: Sequence[Action], config: NotifierConfig, now: datetime
    ) -> list[tuple[Action, ...]]:
        """What is sent now, one message each; the others wait for room or for their digest.

        Parameters
        ----------
        actions
            Notifications that are due for the target, the oldest first.
        """
        room = config.at_most_a_minute - self._within_a_minute(now)
        if room < 1 or not actions:
            return []
        if config.takes_digests and config.digest:
            return self._noted(self._digested(actions, config, now), now)
        if len(actions) <= room or not config.takes_digests:
            return self._noted([(one,) for one in actions[:room]], now)
        # The last place is for a digest of all that would not find one.
        alone = room - 1
        return self._noted(
            [*((one,) for one in actions[:alone]), tuple(actions[alone : alone + DIGEST_AT_ONCE])], now
        )

    def _digested(
        self, actions: Sequence[Action], config: NotifierConfig, now: datetime
    ) -> list[tuple[Action, ...]]:
        waited = max(now - (one.wanted_at or one.at) for one in actions)
        urgent = any('"severity":"critical"' in one.payload for one in actions)
        if waited < config.digest and not urgent:
            return []
        return [tuple(actions[:DIGEST_AT_ONCE])]

    def _noted(self, batches: list[tuple[Action, ...]], now: datetime) -> list[tuple[Action, ...]]:
        self._sent.extend(now for _ in batches)
        return batches

    def _within_a_minute(self, now: datetime) -> int:
        while self._sent and self._sent[0] <= now - MINUTE:
            self._sent.popleft()
        return len(self._sent)
