"""Which model instance had which share of a card, from what every source says about its users.

The rules, for compute and for memory alike:

1. What a source measured for a process or container counts as ``measured``. Where the figures sum above the
   card, they are scaled to it and become ``apportioned``.
2. A process or container that nobody measured gets its part of what is left of the card's use: by memory
   held, else by memory allocated, else by compute allocated; all of it when it is alone on the card. That is
   ``apportioned``.
3. Where a source copied the card's value and nothing tells how to divide it, there is no share, and the
   grade is ``device-copied``; where nobody tells anything, ``unavailable``.
4. Of what is known by process (NVML) and by container (every other source) the better grade counts, the
   process first. One quantity of one instance comes from one of the two, so nothing is added up twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import isfinite, isnan, nan

from collector.node.cards import Card, Told
from collector.node.reading import GRADES, Grade, Owner, OwnerOf, User

BY_PROCESS = "nvml"
"""The source whose users are processes; every other source's are containers."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A share in 0..1 of the card or slice, NaN when unknown, with its grade and the source it came from."""

    value: float = nan
    grade: Grade = "unavailable"
    source: str = ""


UNKNOWN = Figure()


@dataclass(frozen=True, slots=True)
class Share:
    """An instance's part of a card or slice; what was allocated to it is NaN where nobody tells."""

    owner: Owner
    core: Figure
    memory: Figure
    core_allocated: float = nan
    memory_allocated: float = nan


@dataclass(frozen=True, slots=True)
class _Fact:
    """What is known of one user of the card.

    ``weights`` are what use may be divided by, the best first, NaN where unknown: bytes held, share of the
    memory allocated, bytes allocated, share of compute allocated.
    """

    user: User
    core: Figure
    memory: Figure
    weights: tuple[float, float, float, float]
    copied: bool


@dataclass(frozen=True, slots=True)
class _Claim:
    """One quantity of one user; ``weights`` are what it may be divided by, the best first."""

    user: User
    figure: Figure
    weights: tuple[float, ...]
    copied: bool


def attribute(card: Card, told: Sequence[Told], owner_of: OwnerOf) -> list[Share]:
    """Divide a card's use among the instances on it; see the rules above.

    The shares of a card never sum above 1. Users of no instance count in the divisions and are not
    returned.

    Parameters
    ----------
    told
        What the sources say of this card's users, the most believed source first.
    owner_of
        The instance of a user, or ``None``.
    """
    total = card.reading.memory_total_bytes
    processes = _merged([_fact(one, total) for one in told if one.source == BY_PROCESS])
    containers = _merged([_fact(one, total) for one in told if one.source != BY_PROCESS])
    cores = _divide(card.reading.utilization, _core_claims(processes), _core_claims(containers), owner_of)
    memories = _divide(
        card.reading.memory_used_bytes / total if total > 0 else nan,
        _memory_claims(processes),
        _memory_claims(containers),
        owner_of,
    )
    return [
        Share(
            owner,
            cores[owner],
            memories[owner],
            core_allocated=_allocated(owner, containers, owner_of, lambda fact: fact.weights[3]),
            memory_allocated=_allocated(owner, containers, owner_of, lambda fact: fact.weights[1]),
        )
        for owner in sorted(cores)
    ]


def bounded(figures: Sequence[Figure]) -> list[Figure]:
    """The figures scaled so that they sum to at most 1; what was measured is then apportioned."""
    total = sum(figure.value for figure in figures if isfinite(figure.value))
    return [_scaled(figure, total) for figure in figures] if total > 1.0 else list(figures)


def _fact(told: Told, memory_total: float) -> _Fact:
    user = told.user
    allocated = user.memory_allocated
    if isnan(allocated):
        allocated = _part(user.memory_allocated_bytes, memory_total)
    memory = _part(user.memory_bytes, memory_total)
    return _Fact(
        user=user.user,
        core=UNKNOWN if isnan(user.core_share) else Figure(user.core_share, user.core_grade, told.source),
        memory=UNKNOWN if isnan(memory) else Figure(memory, "measured", told.source),
        weights=(user.memory_bytes, allocated, user.memory_allocated_bytes, user.core_allocated),
        copied=user.copied,
    )


def _part(amount: float, total: float) -> float:
    return min(1.0, amount / total) if total > 0 and isfinite(amount) else nan


def _merged(facts: Sequence[_Fact]) -> list[_Fact]:
    """One fact a user: each quantity by the best grade, the most believed source first."""
    merged: dict[User, _Fact] = {}
    for fact in facts:
        known = merged.get(fact.user)
        merged[fact.user] = (
            fact
            if known is None
            else _Fact(
                user=fact.user,
                core=min(known.core, fact.core, key=_rank),
                memory=min(known.memory, fact.memory, key=_rank),
                weights=_first(known.weights, fact.weights),
                copied=known.copied or fact.copied,
            )
        )
    return list(merged.values())


def _core_claims(facts: Sequence[_Fact]) -> list[_Claim]:
    return [_Claim(fact.user, fact.core, fact.weights, fact.copied) for fact in facts]


def _memory_claims(facts: Sequence[_Fact]) -> list[_Claim]:
    return [_Claim(fact.user, fact.memory, fact.weights[1:], fact.copied) for fact in facts]


def _divide(
    total: float, processes: Sequence[_Claim], containers: Sequence[_Claim], owner_of: OwnerOf
) -> dict[Owner, Figure]:
    """One quantity by instance, from claims by process and by container (rule 4)."""
    by_process = _by_owner(_filled(processes, total, alone=len(processes) == 1), owner_of)
    measured = _by_owner(containers, owner_of)
    settled = {
        owner: figure
        for owner, figure in by_process.items()
        if isfinite(figure.value) and _rank(figure) <= _rank(measured.get(owner, UNKNOWN))
    }
    others = [claim for claim in containers if owner_of(claim.user) not in settled]
    left = total - sum(figure.value for figure in settled.values())
    alone = len(containers) == 1 and not by_process
    by_container = _by_owner(_filled(others, left, alone=alone), owner_of)
    result = by_process | by_container | settled
    return dict(zip(result, bounded(list(result.values())), strict=True))


def _filled(claims: Sequence[_Claim], total: float, *, alone: bool) -> list[_Claim]:
    """Claims whose unknown figures are filled in by division, and that sum to at most 1 (rules 1 and 2)."""
    known = [claim.figure.value for claim in claims if isfinite(claim.figure.value)]
    lacking = [claim for claim in claims if isnan(claim.figure.value)]
    parts = [] if isnan(total) else _parts(max(0.0, total - sum(known)), lacking, alone=alone)
    filled = dict(zip((claim.user for claim in lacking), parts, strict=True)) if parts else {}
    complete = [
        replace(claim, figure=_estimate(filled.get(claim.user, nan), copied=claim.copied and isfinite(total)))
        if isnan(claim.figure.value)
        else claim
        for claim in claims
    ]
    figures = bounded([claim.figure for claim in complete])
    return [replace(claim, figure=figure) for claim, figure in zip(complete, figures, strict=True)]


def _parts(left: float, lacking: Sequence[_Claim], *, alone: bool) -> list[float]:
    """What is left, divided by the first weight that is known of everyone; empty when there is none."""
    for weights in zip(*(claim.weights for claim in lacking), strict=True):
        if all(isfinite(weight) for weight in weights) and sum(weights) > 0:
            return [left * weight / sum(weights) for weight in weights]
    return [left] if alone and len(lacking) == 1 else []


def _estimate(part: float, *, copied: bool) -> Figure:
    if isfinite(part):
        return Figure(part, "apportioned", "division")
    return Figure(nan, "device-copied" if copied else "unavailable")


def _by_owner(claims: Sequence[_Claim], owner_of: OwnerOf) -> dict[Owner, Figure]:
    """Sums by instance; unknown when a part is, and graded by the weakest part."""
    found: dict[Owner, list[Figure]] = {}
    for claim in claims:
        owner = owner_of(claim.user)
        if owner is not None:
            found.setdefault(owner, []).append(claim.figure)
    return {
        owner: Figure(
            sum(figure.value for figure in figures),
            max((figure.grade for figure in figures), key=GRADES.index),
            "+".join(sorted({figure.source for figure in figures if figure.source})),
        )
        for owner, figures in found.items()
    }


def _allocated(
    owner: Owner, facts: Sequence[_Fact], owner_of: OwnerOf, what: Callable[[_Fact], float]
) -> float:
    parts = [what(fact) for fact in facts if owner_of(fact.user) == owner and isfinite(what(fact))]
    return min(1.0, sum(parts)) if parts else nan


def _rank(figure: Figure) -> int:
    return GRADES.index(figure.grade)


def _scaled(figure: Figure, total: float) -> Figure:
    grade: Grade = "apportioned" if figure.grade == "measured" else figure.grade
    return replace(figure, value=figure.value / total, grade=grade)


def _first(
    known: tuple[float, float, float, float], more: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    one, two, three, four = (
        other if isnan(value) else value for value, other in zip(known, more, strict=True)
    )
    return one, two, three, four
