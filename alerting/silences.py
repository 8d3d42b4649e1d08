"""Silences: for a while nobody is told of some episodes and nothing is started for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any
from uuid import uuid4

from alerting.rules.matching import Subject
from driftline.errors import Conflict, InvalidInput, NotFound
from driftline.store import Store, load_sql


@dataclass(frozen=True, slots=True)
class Silence:
    """One revision of a silence.

    Attributes
    ----------
    models, teams
        Patterns; a subject has to match one of each.
    kinds
        Kinds of episodes; empty: all.
    """

    silence_id: str
    models: tuple[str, ...]
    teams: tuple[str, ...]
    kinds: tuple[str, ...]
    author: str
    reason: str
    since: datetime
    until: datetime
    revision: int = 1

    def covers(self, subject: Subject, now: datetime) -> bool:
        """Whether it holds for an episode now."""
        return (
            self.since <= now < self.until
            and any(fnmatchcase(subject.model, pattern) for pattern in self.models)
            and any(fnmatchcase(subject.team, pattern) for pattern in self.teams)
            and (not self.kinds or subject.kind in self.kinds)
        )


class Silences:
    """Silences in the database, revisions appended."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(
        self,
        *,
        models: Iterable[str],
        teams: Iterable[str] = ("*",),
        kinds: Iterable[str] = (),
        author: str,
        reason: str,
        since: datetime,
        until: datetime,
    ) -> Silence:
        """Keep a silence; :class:`InvalidInput` without author, reason, models, or an end after its start."""
        silence = Silence(
            f"si-{uuid4().hex}",
            tuple(models),
            tuple(teams),
            tuple(kinds),
            author.strip(),
            reason.strip(),
            since,
            until,
        )
        if not silence.author or not silence.reason:
            raise InvalidInput("a silence needs an author and a reason")
        if not silence.models or not silence.teams:
            raise InvalidInput("a silence needs patterns of models; '*' is all of them")
        if until <= since:
            raise InvalidInput(f"a silence ends after it starts, got {since} to {until}")
        self._append(silence)
        return silence

    def end(self, silence_id: str, author: str) -> Silence:
        """End a silence now; :class:`NotFound` when there is none, :class:`Conflict` when it is over."""
        found = self._read(datetime.fromtimestamp(0, UTC), silence_id)
        if not found:
            raise NotFound(f"silence {silence_id!r} is unknown")
        now = datetime.now(UTC)
        if found[0].until <= now:
            raise Conflict(f"silence {silence_id} was over at {found[0].until:%Y-%m-%d %H:%M} UTC")
        ended = replace(
            found[0],
            until=now,
            reason=f"{found[0].reason} (ended by {author.strip() or 'nobody named'})",
            revision=found[0].revision + 1,
        )
        self._append(ended)
        return ended

    def live(self, now: datetime) -> list[Silence]:
        """Silences that are not over; some may not have begun."""
        return self._read(now, "")

    def _read(self, after: datetime, silence_id: str) -> list[Silence]:
        rows = self._store.query(load_sql(__file__, "silences"), {"after": after, "silence_id": silence_id})
        return [_from_row(row) for row in rows]

    def _append(self, silence: Silence) -> None:
        self._store.insert_rows(
            "silences",
            [
                {
                    "silence_id": silence.silence_id,
                    "models": list(silence.models),
                    "teams": list(silence.teams),
                    "kinds": list(silence.kinds),
                    "author": silence.author[:200],
                    "reason": silence.reason[:2000],
                    "since": silence.since,
                    "until": silence.until,
                    "revision": silence.revision,
                }
            ],
        )


def silenced_by(silences: Iterable[Silence], subject: Subject, now: datetime) -> str:
    """Author of the first silence that covers an episode; empty when there is none."""
    return next((one.author for one in silences if one.covers(subject, now)), "")


def _from_row(row: Mapping[str, Any]) -> Silence:
    lists = {name: tuple(row[name]) for name in ("models", "teams", "kinds")}
    return Silence(**{**row, **lists})
