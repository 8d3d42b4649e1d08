"""What can be said of two versions without a label: failures, speed, and how far answers agree."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from detectors.performance.labels.recipe import JoinRecipe
from detectors.versions.betting import Tally, lower_bound, upper_bound
from detectors.versions.decision import Decision, decide
from detectors.versions.evidence import UnpairedEvidence
from detectors.versions.latency import Latencies, QuantileBounds, quantile_bounds
from detectors.versions.pairing import VersionPair, Way
from detectors.versions.tallies import tally_of_levels
from driftline.readmodel.version_comparison import Agreement, FailureDifference, LatencyRatio
from driftline.store import Rows, Store, load_sql

QUANTILES: Final = (0.5, 0.95, 0.99)

MOST_COMPARED: Final = 1_000_000
"""Pairs whose answers are compared; of more a fixed part, drawn by the hash of the request."""


def answers(store: Store, pair: VersionPair) -> Rows:
    """Counts of both versions' answers, failed or not, by latency."""
    return store.query(load_sql(__file__, "answers"), pair.params())


def failures(rows: Sequence[Mapping[str, Any]], pair: VersionPair, alpha: float) -> FailureDifference:
    """Shares of requests that failed, and their difference."""
    champion, challenger = (_failed(rows, version) for version in (pair.champion, pair.challenger))
    decision: Decision | None = None
    if champion.rows and challenger.rows:
        decision = decide(UnpairedEvidence(challenger, champion), 0.0, alpha)
    return FailureDifference(
        champion_rows=answered_rows(rows, pair.champion),
        challenger_rows=answered_rows(rows, pair.challenger),
        champion=champion.mean,
        challenger=challenger.mean,
        difference=math.nan if decision is None else decision.estimate,
        lower=-1.0 if decision is None else decision.lower,
        upper=1.0 if decision is None else decision.upper,
        verdict={"worse": "more", "better": "fewer"}.get(decision.verdict if decision else "", "undecided"),
    )


def latencies(rows: Sequence[Mapping[str, Any]], pair: VersionPair, alpha: float) -> tuple[LatencyRatio, ...]:
    """Quantiles of the latencies of answers and their ratio; all together at one ``alpha``."""
    champion, challenger = (
        Latencies.of_levels([row for row in rows if row["version"] == version])
        for version in (pair.champion, pair.challenger)
    )
    if not champion.rows or not challenger.rows:
        return ()
    each = alpha / (2 * len(QUANTILES))
    return tuple(
        latency_ratio(p, quantile_bounds(champion, p, each), quantile_bounds(challenger, p, each))
        for p in QUANTILES
    )


def latency_ratio(p: float, champion: QuantileBounds, challenger: QuantileBounds) -> LatencyRatio:
    """The challenger's quantile by the champion's; below 1 it is faster."""
    lower = challenger.lower / champion.upper
    upper = challenger.upper / champion.lower if champion.lower > 0 else math.inf
    return LatencyRatio(
        quantile=p,
        champion_ms=champion.value,
        champion_lower_ms=champion.lower,
        champion_upper_ms=champion.upper,
        challenger_ms=challenger.value,
        challenger_lower_ms=challenger.lower,
        challenger_upper_ms=challenger.upper,
        ratio=challenger.value / champion.value,
        lower=lower,
        upper=upper,
        verdict="slower" if lower > 1 else "faster" if upper < 1 else "undecided",
    )


def agreement(
    store: Store, pair: VersionPair, recipe: JoinRecipe, way: Way, champion_rows: int, alpha: float
) -> Agreement | None:
    """How far both versions gave the same answers; ``None`` without pairs or when answers are no class."""
    if way == "unpaired" or recipe.task != "classification" or not recipe.category_slot:
        return None
    parts = 1 << max(0, math.ceil(math.log2(max(1.0, champion_rows / MOST_COMPARED))))
    rows = store.query(
        load_sql(__file__, "agreement"),
        {
            **pair.params(),
            "way": way,
            "key_slot": recipe.key_slot,
            "category_slot": recipe.category_slot,
            "score_slots": list(recipe.score_slots),
            "parts": parts,
            "part": 0,
        },
    )
    mine = [row for row in rows if row["what"] == "prediction"]
    differing = tally_of_levels(mine)
    distance = tally_of_levels(row for row in rows if row["what"] == "scores")
    if not differing.rows:
        return None
    return Agreement(
        pairs=sum(row["rows"] for row in mine),
        differing=differing.mean,
        differing_lower=lower_bound(differing, alpha / 4),
        differing_upper=upper_bound(differing, alpha / 4),
        score_distance=distance.mean,
        score_distance_lower=lower_bound(distance, alpha / 4) if distance.rows else math.nan,
        score_distance_upper=upper_bound(distance, alpha / 4) if distance.rows else math.nan,
    )


def _failed(rows: Sequence[Mapping[str, Any]], version: str) -> Tally:
    return tally_of_levels(
        {
            "value_level": 512 * row["failed"],
            "weight_level": row["weight_level"],
            "rows": row["rows"],
            "value_parts": 0.0,
            "weight_parts": row["weight_parts"],
            "both_parts": 0.0,
        }
        for row in rows
        if row["version"] == version
    )


def answered_rows(rows: Sequence[Mapping[str, Any]], version: str) -> int:
    """Requests of a version in :func:`answers`, failed ones too."""
    return sum(row["rows"] for row in rows if row["version"] == version)
