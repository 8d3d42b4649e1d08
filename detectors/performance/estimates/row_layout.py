"""How stored events become rows of an estimator: which columns, which classes, which categories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detectors.performance.estimates.rows import NO_CLASS, Matrix, ScoredRows, Vector, scored_rows
from detectors.performance.labels.recipe import join_recipe
from driftline.contracts import Contract
from driftline.events import MISSING_CATEGORY

MOST_COLUMNS = 100
MOST_CATEGORIES = 250
"""Categories with a code of their own; the learner takes 255 codes, others share one."""


@dataclass(frozen=True, slots=True)
class EventArrays:
    """Events as they are read.

    Attributes
    ----------
    numbers
        Numeric slots, shape ``(n, width)``.
    texts
        Categorical slots, row by row.
    weights
        Shape ``(n,)``.
    total
        Events that these are a sample of.
    """

    numbers: Matrix
    texts: Sequence[str]
    weights: Vector
    total: int

    def column(self, slot: int, width: int) -> Sequence[str]:
        """Texts of one slot."""
        return self.texts[slot::width]


@dataclass(frozen=True, slots=True)
class RowLayout:
    """Columns and codes that a reference fixes.

    Attributes
    ----------
    classes
        Names of the classes; empty for a regression. Of two, the second is the positive one.
    numeric, categorical
        Names of the input columns.
    categories
        Of each categorical column, the most frequent first.
    """

    classes: tuple[str, ...]
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    categories: tuple[tuple[str, ...], ...]

    def rows(self, contract: Contract, events: EventArrays) -> ScoredRows:
        """Events as rows; columns that the contract no longer has are missing."""
        recipe = join_recipe(contract)
        assert recipe is not None, "only models with a quality section have estimators"
        width = contract.width("categorical")
        n = len(events.weights)
        slots = {column.name: column.slot for column in contract.columns()}
        features = np.full((n, len(self.numeric) + len(self.categorical)), np.nan)
        for place, name in enumerate(self.numeric):
            if name in slots:
                features[:, place] = events.numbers[:, slots[name]]
        for place, (name, known) in enumerate(
            zip(self.categorical, self.categories, strict=True), len(self.numeric)
        ):
            if name in slots:
                features[:, place] = _codes(events.column(slots[name], width), known, len(known))
        features[~np.isfinite(features)] = np.nan
        categorical = (False,) * len(self.numeric) + (True,) * len(self.categorical)
        if not self.classes:
            return scored_rows(
                predicted=events.numbers[:, recipe.number_slot - 1],
                features=features,
                categorical=categorical,
                weights=events.weights,
                total=events.total,
            )
        predicted = _codes(events.column(recipe.category_slot - 1, width), self.classes, NO_CLASS)
        scores, confidence = None, None
        given = {
            name: events.numbers[:, slot - 1]
            for name, slot in zip(recipe.scores, recipe.score_slots, strict=True)
        }
        if "" in given:
            confidence = given[""]
        elif len(given) == 1 and len(self.classes) == 2:
            ((name, values),) = given.items()
            scores = values if self.classes[1] == name else 1 - values
        elif given:
            scores = np.stack([given.get(name, np.zeros(n)) for name in self.classes], axis=1)
        return scored_rows(
            classes=self.classes,
            predicted=np.where(np.isnan(predicted), NO_CLASS, predicted),
            scores=scores,
            confidence=confidence,
            features=features,
            categorical=categorical,
            weights=events.weights,
            total=events.total,
        )

    def truth(self, texts: Sequence[str]) -> Vector:
        """Index of every true class, -1 for one that is not known."""
        found = _codes(texts, self.classes, NO_CLASS)
        return np.where(np.isnan(found), NO_CLASS, found)


def layout_of(contract: Contract, events: EventArrays, truth: Sequence[str]) -> RowLayout:
    """Layout of a reference.

    Parameters
    ----------
    truth
        True classes; empty for a regression.
    """
    quality, recipe = contract.quality_or_default(), join_recipe(contract)
    assert quality is not None
    assert recipe is not None
    width = contract.width("categorical")
    inputs = [column for column in contract.columns() if column.role != "output"][:MOST_COLUMNS]
    numeric = tuple(column.name for column in inputs if column.kind == "numeric")
    texts = [column for column in inputs if column.kind == "categorical"]
    categories = []
    for column in texts:
        seen = Counter(events.column(column.slot, width))
        seen.pop(MISSING_CATEGORY, None)
        categories.append(tuple(name for name, _ in seen.most_common(MOST_CATEGORIES)))
    classes: tuple[str, ...] = ()
    if quality.task == "classification":
        answers = set(truth) | set(events.column(recipe.category_slot - 1, width))
        answers -= {"", MISSING_CATEGORY}
        declared = tuple(name for name in recipe.scores if name)
        classes = declared if len(declared) > 1 else tuple(sorted(answers | set(declared)))
        if len(classes) == 2 and (
            classes[0] == quality.positive or (declared == classes[:1] and not quality.positive)
        ):
            classes = (classes[1], classes[0])
    return RowLayout(classes, numeric, tuple(column.name for column in texts), tuple(categories))


def _codes(texts: Sequence[str], known: Sequence[str], other: int) -> Vector:
    """Place of every text among the known ones, ``other`` for others, NaN for a missing one."""
    code: dict[str, float] = {name: float(place) for place, name in enumerate(known)}
    code.setdefault(MISSING_CATEGORY, np.nan)
    return np.fromiter((code.get(text, float(other)) for text in texts), dtype=np.float64, count=len(texts))
