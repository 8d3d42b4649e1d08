"""What people said of actions and episodes: kept for ever, with their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from driftline.errors import InvalidInput
from driftline.store import Store, load_sql

InterventionKind = Literal[
    "approve", "deny", "acknowledge", "reset_breaker", "override_gate", "withdraw_override"
]


@dataclass(frozen=True, slots=True)
class Intervention:
    """One word of one person."""

    kind: InterventionKind
    subject: str
    author: str
    reason: str
    at: datetime


class Interventions:
    """The words of people in the database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def say(
        self, kind: InterventionKind, subject: str, *, model: str, author: str, reason: str
    ) -> Intervention:
        """Keep a word; :class:`InvalidInput` without the name of who says it.

        Parameters
        ----------
        subject
            Id of the action or episode; of a breaker :func:`breaker_subject`.
        """
        said = Intervention(kind, subject, author.strip(), reason.strip(), datetime.now(UTC))
        if not said.author:
            raise InvalidInput("say who you are: the author is empty")
        self._store.insert_rows(
            "interventions",
            [
                {
                    "kind": kind,
                    "subject": subject,
                    "model": model,
                    "author": said.author[:200],
                    "reason": said.reason[:2000],
                    "at": said.at,
                }
            ],
        )
        return said

    def newest(self, subjects: Iterable[str]) -> Mapping[str, Mapping[str, Intervention]]:
        """The newest word of each kind, by subject and kind."""
        found: dict[str, dict[str, Intervention]] = {}
        wanted = sorted(set(subjects))
        if not wanted:
            return found
        for row in self._store.query(load_sql(__file__, "interventions"), {"subjects": wanted}):
            found.setdefault(row["subject"], {})[row["kind"]] = Intervention(
                row["kind"], row["subject"], row["author"], row["reason"], row["at"]
            )
        return found


def breaker_subject(model: str, kind: str) -> str:
    """What the breaker of a model's actions of a kind is called.

    >>> breaker_subject("ocr-1", "retrain")
    'breaker:ocr-1:retrain'
    """
    return f"breaker:{model}:{kind}"


def gate_subject(model: str, version: str) -> str:
    """What the gate of a candidate is called.

    >>> gate_subject("ocr-1", "8")
    'gate:ocr-1:8'
    """
    return f"gate:{model}:{version}"
