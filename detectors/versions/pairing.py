"""Whether two versions answered the same requests, and how their answers find each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from driftline.errors import InvalidInput, NotFound
from driftline.store import Store, load_sql

Way = Literal["event", "trace", "key", "unpaired"]
Pairing = Literal["auto", "yes", "no"]

LOOKED_UP: Final = 20_000
"""Answers of the challenger of which the champion's are looked up."""

SHARED_SHARE: Final = 0.5
"""Traffic counts as shadowed when so many of them have one; fewer are chance or an end of a shadow."""


@dataclass(frozen=True, slots=True)
class VersionPair:
    """Two versions of a model in a stretch of time, half-open."""

    model: str
    champion: str
    challenger: str
    since: datetime
    until: datetime

    def params(self) -> dict[str, object]:
        """As parameters of the statements of this package."""
        return {
            "model": self.model,
            "champion": self.champion,
            "challenger": self.challenger,
            "since": self.since,
            "until": self.until,
        }


@dataclass(frozen=True, slots=True)
class SharedAnswers:
    """How answers of the challenger find those of the champion, and what share of them does."""

    way: Way
    share: float


def version_pair(
    store: Store, model: str, champion: str, challenger: str, since: datetime | None, until: datetime
) -> VersionPair:
    """Both versions from ``since``, or from the first answer of the one that came later.

    The start has to stay the same from look to look: what was seen may not be forgotten again.

    Raises
    ------
    InvalidInput
        Both names are the same, or the range is empty.
    NotFound
        A version never answered; the message names those that did.
    """
    if champion == challenger:
        raise InvalidInput(f"a version is compared with another one, got {champion!r} twice")
    seen = versions_seen(store, model)
    for version in (champion, challenger):
        if version not in seen:
            known = ", ".join(repr(name) for name in sorted(seen)) or "none"
            raise NotFound(f"version {version!r} of {model!r} has no stored answer; those that have: {known}")
    start = since or max(seen[champion], seen[challenger])
    if start >= until:
        raise InvalidInput(f"since ({start.isoformat()}) must be before until ({until.isoformat()})")
    return VersionPair(model, champion, challenger, start, until)


def versions_seen(store: Store, model: str) -> dict[str, datetime]:
    """When each version of a model answered first, the oldest first."""
    return {
        row["version"]: row["first_at"]
        for row in store.query(load_sql(__file__, "first_seen"), {"model": model})
    }


def shared_answers(store: Store, pair: VersionPair, key_slot: int, pairing: Pairing) -> SharedAnswers:
    """How the two versions' answers are compared.

    Parameters
    ----------
    key_slot
        Position from 1 of the category that labels name in place of the event id; 0 for none.
    pairing
        ``yes`` asks for pairs, ``no`` for none; ``auto`` finds out.

    Raises
    ------
    InvalidInput
        Pairs are asked for and no request was answered by both.
    """
    if pairing == "no":
        return SharedAnswers("unpaired", 0.0)
    (found,) = store.query(
        load_sql(__file__, "pair_ways"), {**pair.params(), "key_slot": key_slot, "sample": LOOKED_UP}
    )
    sampled = found["sampled"]
    ways: tuple[tuple[Way, int], ...] = (
        ("event", found["by_event"]),
        ("trace", found["by_trace"]),
        ("key", found["by_key"] if key_slot else 0),
    )
    way, most = max(ways, key=lambda one: one[1])
    share = min(1.0, most / sampled) if sampled else 0.0
    if share >= SHARED_SHARE or (pairing == "yes" and most):
        return SharedAnswers(way, share)
    if pairing == "yes":
        raise InvalidInput(
            f"no request was answered by both {pair.champion!r} and {pair.challenger!r}: their answers share "
            "neither event ids nor traces nor keys; compare them unpaired"
        )
    return SharedAnswers("unpaired", share)
