"""Evidence about the losses of two versions on labelled traffic, whole and by segment."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from detectors.performance.decay.loss import Loss
from detectors.performance.labels.recipe import JoinRecipe
from detectors.versions.evidence import Evidence, PairedEvidence, UnpairedEvidence
from detectors.versions.pairing import VersionPair, Way
from detectors.versions.tallies import tally_of_levels
from driftline.store import Rows, Store, load_sql

ROWS_OF_A_JOIN: Final = 2_000_000
"""Pairs are looked for in parts of at most so many, to be held in memory at once."""

MOST_SEGMENTS: Final = 20
"""Commonest values of a segment that are told apart."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Labelled events of two versions.

    Attributes
    ----------
    champion, challenger
        Events with a truth.
    unusable
        Of them those without a loss: no score, no number.
    high_loss
        99.9% quantile of the champion's losses, NaN without any.
    """

    champion: int
    challenger: int
    unusable: int
    high_loss: float


@dataclass(frozen=True)
class ComparedLosses:
    """Losses of both versions in the same rows.

    Attributes
    ----------
    champion, challenger
        Mean losses in parts of the largest; NaN without rows.
    champion_rows, challenger_rows
        Rows behind them; of pairs both are the same.
    """

    evidence: Evidence
    champion: float
    challenger: float
    champion_rows: int
    challenger_rows: int


class LossReader:
    """Reads the losses of two versions.

    Parameters
    ----------
    loss
        With a bound, but for :meth:`labelled`.
    way
        How their answers find each other.
    segment
        Column and value; only its rows are read. Empty: all.
    """

    def __init__(
        self,
        store: Store,
        pair: VersionPair,
        recipe: JoinRecipe,
        loss: Loss,
        way: Way,
        segment: tuple[str, str] | None,
    ) -> None:
        self._store, self._pair, self._recipe, self._loss, self._way = store, pair, recipe, loss, way
        self._params: Mapping[str, object] = {
            **pair.params(),
            **loss.params,
            "recipe": recipe.recipe,
            "name": loss.name,
            "segment_slot": recipe.segments.index(segment[0]) + 1 if segment else 0,
            "segment_value": segment[1] if segment else "",
            "by_slot": 0,
            "by_values": [],
        }

    def labelled(self) -> Labelled:
        """How much is labelled, and how large losses are."""
        rows = {row["version"]: row for row in self._run("labelled_versions", {})}
        champion, challenger = rows.get(self._pair.champion), rows.get(self._pair.challenger)
        return Labelled(
            champion["labelled"] if champion else 0,
            challenger["labelled"] if challenger else 0,
            sum(row["unusable"] for row in rows.values()),
            float(champion["high_loss"]) if champion else math.nan,
        )

    def whole(self, labelled: Labelled) -> ComparedLosses:
        """All rows."""
        return self._compared(labelled, {}).get("", _nothing())

    def by_segment(self, labelled: Labelled, column: str) -> dict[str, ComparedLosses]:
        """Rows of the commonest values of a segment column, by value."""
        slot = self._recipe.segments.index(column) + 1
        values = [
            row["value"] for row in self._run("segment_values", {"by_slot": slot, "most": MOST_SEGMENTS})
        ]
        return self._compared(labelled, {"by_slot": slot, "by_values": values}) if values else {}

    def _compared(self, labelled: Labelled, by: Mapping[str, object]) -> dict[str, ComparedLosses]:
        if self._way == "unpaired":
            return _unpaired(self._run("tally_of_labelled", by), self._pair)
        statement = "tally_of_pairs" if self._way == "event" else "tally_of_requests"
        fewer = labelled.champion
        if self._way == "event":
            fewer = min(fewer, labelled.challenger)
        parts = 1 << max(0, math.ceil(math.log2(max(1.0, fewer / ROWS_OF_A_JOIN))))
        how = {
            "parts": parts,
            "way": self._way,
            "key_slot": self._recipe.key_slot,
            "category_slot": self._recipe.category_slot,
            "number_slot": self._recipe.number_slot,
            "score_slots": list(self._recipe.score_slots),
        }
        rows: Rows = []
        for part in range(parts):
            rows += self._run(statement, {**by, **how, "part": part})
        return _paired(rows)

    def _run(self, statement: str, more: Mapping[str, object]) -> Rows:
        text = load_sql(__file__, statement)
        if "LOSS_OF_EVENT" in text:
            # Both expressions come from a closed set in the code; their values are parameters.
            text = text.replace("LOSS_OF_EVENT", f"({self._loss.expression})")
            text = text.replace("EVENT_COUNTS", f"({self._loss.counted})")
            text = text.replace("EVENT_FACTOR", f"({self._loss.weight})")
        return self._store.query(text, {**self._params, **more})


def _nothing() -> ComparedLosses:
    return ComparedLosses(PairedEvidence(tally_of_levels([])), math.nan, math.nan, 0, 0)


def _unpaired(rows: Sequence[Mapping[str, Any]], pair: VersionPair) -> dict[str, ComparedLosses]:
    found = {}
    for segment, mine in _by_segment(rows).items():
        of_version = {
            version: [row for row in mine if row["version"] == version]
            for version in (pair.champion, pair.challenger)
        }
        champion, challenger = (tally_of_levels(cells) for cells in of_version.values())
        both = champion.rows > 0 and challenger.rows > 0
        found[segment] = ComparedLosses(
            UnpairedEvidence(challenger, champion) if both else PairedEvidence(tally_of_levels([])),
            champion.mean,
            challenger.mean,
            *(sum(row["rows"] for row in cells) for cells in of_version.values()),
        )
    return found


def _paired(rows: Sequence[Mapping[str, Any]]) -> dict[str, ComparedLosses]:
    found = {}
    for segment, mine in _by_segment(rows).items():
        pairs, weights = int(_total(mine, "rows")), _total(mine, "weights")
        found[segment] = ComparedLosses(
            PairedEvidence(tally_of_levels(mine)),
            _total(mine, "champion_losses") / weights,
            _total(mine, "challenger_losses") / weights,
            pairs,
            pairs,
        )
    return found


def _total(rows: Sequence[Mapping[str, Any]], name: str) -> float:
    return float(sum(row[name] for row in rows))


def _by_segment(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        grouped.setdefault(row.get("segment", ""), []).append(row)
    return grouped
