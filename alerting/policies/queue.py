"""Who goes first when fewer actions may run than are wanted: a fair queue over teams."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from alerting.rules.document import SEVERITIES, Severity


@dataclass(frozen=True, slots=True)
class Waiting:
    """An action that could start if there were a place."""

    action_id: str
    team: str
    severity: Severity
    since: datetime


def fair_order(waiting: Iterable[Waiting], running: Mapping[str, int]) -> list[Waiting]:
    """The order in which waiting actions get places.

    A place goes to the team with the fewest running actions, counting those that just got one; in a team to
    the most severe, then to the one that waits longest. So a team whose three hundred models decay at once
    does not keep another team's only model waiting.

    Parameters
    ----------
    running
        Actions of the kind that run, by team.

    Notes
    -----
    O(n log n): each team's queue is sorted once, and teams are few.
    """
    queues: dict[str, list[Waiting]] = {}
    for one in sorted(waiting, key=lambda one: (-SEVERITIES.index(one.severity), one.since, one.action_id)):
        queues.setdefault(one.team, []).append(one)
    for queue in queues.values():
        queue.reverse()
    taken = Counter(running)
    order = []
    while queues:
        team = min(queues, key=lambda team: (taken[team], _rank(queues[team][-1])))
        order.append(queues[team].pop())
        taken[team] += 1
        if not queues[team]:
            del queues[team]
    return order


def _rank(one: Waiting) -> tuple[int, datetime, str]:
    return -SEVERITIES.index(one.severity), one.since, one.action_id
