"""What became of earlier actions: what cooldowns, caps and breakers rest on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from driftline.store import Store, load_sql

RUNNING = frozenset({"pending", "sending", "retrying", "sent", "running"})
FAILED = frozenset({"failed", "dead"})
EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class PastAction:
    """An action that started a run, or may."""

    action_id: str
    model: str
    kind: str
    state: str
    started_at: datetime
    ended_at: datetime


class Past:
    """Earlier actions of a fleet, oldest end first."""

    def __init__(self, actions: Iterable[PastAction]) -> None:
        self._by_model: dict[tuple[str, str], list[PastAction]] = {}
        for action in actions:
            self._by_model.setdefault((action.model, action.kind), []).append(action)

    def last_started(self, model: str, kind: str) -> datetime | None:
        """When the newest run of a model started; what was let go but not yet sent counts as starting."""
        started = [
            max(one.started_at, one.ended_at if one.state in RUNNING else EPOCH)
            for one in self._by_model.get((model, kind), ())
            if one.started_at > EPOCH or one.state in RUNNING
        ]
        return max(started, default=None)

    def failures_in_row(self, model: str, kind: str, since: datetime) -> int:
        """Failed ends in a row, the newest first, not counting those before a moment."""
        count = 0
        for one in reversed(self._by_model.get((model, kind), ())):
            if one.state == "succeeded" or one.ended_at <= since:
                break
            count += one.state in FAILED
        return count

    def running_by_model(self, kind: str) -> Counter[str]:
        """How many actions of a kind run or are on their way, by model."""
        return Counter(
            {
                model: running
                for (model, of_kind), actions in self._by_model.items()
                if of_kind == kind and (running := sum(one.state in RUNNING for one in actions))
            }
        )


def read_past(store: Store, since: datetime) -> Past:
    """Earlier actions, those that ended since a moment and all that have not ended."""
    rows = store.query(load_sql(__file__, "past"), {"since": since})
    return Past(PastAction(**row) for row in rows)
